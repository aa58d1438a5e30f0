"""Events, kept: what happened, to what, by whom. Rows are only ever added."""

"""SLIs measured by clock: when each is due, who runs it, how it stands. Starts no session and knows none."""

"""What a Task shows."""

import json
from typing import Any

from RW import platform
from RW.Core import place


class Report:
    """Keywords that add to the report: one JSON line each, in order.

    Only ``Add To Report`` takes free named arguments: with them, Robot would read a text such as ``a=b`` as one.
    """

    def add_to_report(self, obj: Any, fmt: str = "p", **kwargs: Any) -> None:
        """Add anything JSON can carry. ``fmt``: p, pre, code, a, json, table."""
        line = {"obj": obj, "fmt": fmt, "kwargs": kwargs, **place.task()}
        place.append("report.jsonl", line)
        platform.emit("report", line)

    def add_pre_to_report(self, obj: Any) -> None:
        """Add text as it is."""
        self.add_to_report(str(obj), "pre")

    def add_code_to_report(self, obj: Any) -> None:
        """Add source text."""
        self.add_to_report(str(obj), "code")

    def add_url_to_report(self, url: Any, text: Any = None) -> None:
        """Add a link."""
        self.add_to_report(str(url), "a", text=str(text or url))

    def add_json_to_report(self, obj: Any) -> None:
        """Add an object, or a text that is JSON."""
        self.add_to_report(json.loads(obj) if isinstance(obj, str) else obj, "json")

    def add_table_to_report(self, about: Any, body: Any, head: Any = None) -> None:
        """Add a table: ``body`` is a list of rows, ``head`` a list of column names."""
        self.add_to_report(about, "table", body=body, head=head)

    def add_datagrid_to_report(
        self,
        about: Any,
        rows: Any,
        columns: Any,
        page_size: Any = 10,
        rows_per_page_options: Any = None,
    ) -> None:
        """Add a table that pages: ``rows`` are objects, ``columns`` their fields."""
        more = {"page_size": page_size, "rows_per_page_options": rows_per_page_options}
        self.add_to_report(about, "table", rows=rows, columns=columns, **more)

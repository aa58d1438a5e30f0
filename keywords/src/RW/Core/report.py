"""What a Task shows."""

import json
from typing import Any

from RW import platform
from RW.Core import place

_lines: list[dict[str, Any]] = []
"""What this process has reported: one suite, whatever the number of libraries that write."""


class Report:
    """Keywords that add to the report: one JSON line each, in order.

    Only ``Add To Report`` takes free named arguments: with them, Robot would read a text such as ``a=b`` as one.
    """

    def add_to_report(self, obj: Any, fmt: str = "p", **kwargs: Any) -> None:
        """Add anything JSON can carry. ``fmt``: p, pre, code, a, json, table."""
        line = {"obj": obj, "fmt": fmt, "kwargs": kwargs, **place.task()}
        _lines.append(line)
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
        """Add a table that pages: ``rows`` are objects, ``columns`` their fields, as names or ``{field, headerName}``.

        The entry is a table with ``head`` and ``body``, so that whoever shows tables can show it.
        """
        fields = [
            (one["field"], one.get("headerName", one["field"])) if isinstance(one, dict) else (one, one)
            for one in columns
        ]
        self.add_to_report(
            about,
            "table",
            head=[label for _, label in fields],
            body=[[row.get(name) for name, _ in fields] if isinstance(row, dict) else row for row in rows],
            rows=rows,
            columns=columns,
            page_size=page_size,
            rows_per_page_options=rows_per_page_options,
        )

    def get_report_data(self) -> list[dict[str, Any]]:
        """The entries so far, as in ``report.jsonl``; of the whole suite."""
        return list(_lines)

    def get_report_data_as_string(self) -> str:
        """The entries so far, as JSON."""
        return json.dumps(_lines, default=str, ensure_ascii=False)

    def export_report_as_string(self) -> str:
        """The entries so far, as a text for people: one paragraph each."""
        return "\n".join(
            one["obj"] if isinstance(one["obj"], str) else json.dumps(one["obj"], default=str) for one in _lines
        )

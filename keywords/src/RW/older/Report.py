"""RW.Report, which was a library of its own before RW.Core wrote the report. Its keywords write the same report.

RW.Core has keywords of the same names: those are meant where a suite that imports both does not say which.
"""

from typing import Any

from RW.Core.report import Report as _CoreReport


class Report:
    """The keyword library."""

    ROBOT_LIBRARY_SCOPE = "GLOBAL"

    def __init__(self) -> None:
        from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

        try:
            BuiltIn().set_library_search_order("RW.Core")
        except RobotNotRunningError:
            return

    def add_to_report(self, obj: Any, fmt: str = "p", **kwargs: Any) -> None:
        """``RW.Core.Add To Report``."""
        _CoreReport().add_to_report(obj, fmt, **kwargs)

    def add_json_to_report(self, obj: Any) -> None:
        """``RW.Core.Add Json To Report``."""
        _CoreReport().add_json_to_report(obj)

    def get_report(self) -> str:
        """The report so far, as text."""
        return _CoreReport().export_report_as_string()

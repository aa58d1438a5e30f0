"""RW.Core: what a Task imports, says and measures. One class, instantiable any number of times.

Every keyword is a public method of :class:`Core`, put together from one file per noun. Beyond the documented
behaviour of the original library these are Runstone's own additions, harmless elsewhere:

* ``Add Issue`` keeps every further named argument. Four of them have a meaning: ``resource`` (``Kind/namespace/name``;
  ``Kind//name`` outside namespaces), ``cause`` (a cause code), ``evidence`` (lines of output that show it, one a line),
  ``blames`` (resources where the reason lies, one a line or separated by commas).
* ``Rule Out    what    why    resource=…`` says what was looked at and is not the reason.
* ``Could Not Check    what    why    resource=…`` says what was not looked at, and why.
"""

from RW.Core.imports import Imports
from RW.Core.issue import Issues
from RW.Core.metric import Metrics
from RW.Core.remote import Remote
from RW.Core.report import Report
from RW.Core.say import Say


class Core(Imports, Issues, Report, Metrics, Say, Remote):
    """The keyword library."""

    ROBOT_LIBRARY_SCOPE = "GLOBAL"
    ROBOT_LIBRARY_DOC_FORMAT = "reST"

    SEV_1, SEV_2, SEV_3, SEV_4 = 1, 2, 3, 4
    """1: unavailable, needs a person now. 2: degraded. 3: look eventually. 4: for information."""

    GAUGE, COUNTER, HISTOGRAM, UNTYPED = "gauge", "counter", "histogram", "untyped"


__all__ = ["Core"]

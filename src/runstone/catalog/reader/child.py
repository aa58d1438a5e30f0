"""The reading process: one JSON object a line in, two lines out, each answer within its share of processor time.

The first line tells of the second (``problem`` empty when all is well, ``cpu_s``), which is the answer itself: whoever
asked can keep it without reading it.

Started by :mod:`process`; ends when its input does.
"""

import contextlib
import gc
import json
import math
import resource
import sys
from pathlib import Path
from typing import Any

from runstone.catalog.reader.work import Work
from runstone.errors import BadInput

_NO_CORE = (0, 0)


def main() -> None:
    """Answer requests until there are none. ``open`` says what the next ones are about, and has no answer."""
    answers = sys.stdout
    # What a library prints must not be taken for an answer.
    with contextlib.redirect_stdout(sys.stderr):
        # It lives for a few builds, and syntax trees make few cycles: collecting costs a fifth and gives back nothing.
        gc.disable()
        work, told_s = Work(Path()), 0.0
        for line in sys.stdin:
            asked = json.loads(line)
            if asked["do"] == "open":
                _bound(asked["memory"])
                work = Work(Path(asked["with"]))
                continue
            _allow(asked["cpu_s"])
            problem, answer = _answer(work, asked)
            # Since the last answer: starting up and taking in what was asked count too.
            used_s, told_s = _used() - told_s, _used()
            told = json.dumps({"problem": problem, "cpu_s": round(used_s, 4)})
            answers.write(f"{told}\n{answer}\n")
            answers.flush()


def _answer(work: Work, asked: dict[str, Any]) -> tuple[str, str]:
    """What is wrong, or the answer."""
    try:
        return "", json.dumps(getattr(work, asked["do"])(asked["with"]))
    except BadInput as err:
        return str(err), ""
    except MemoryError:
        return "Reading it needs more memory than is given to one collection. Make its files smaller.", ""
    except RecursionError:
        return "It is nested too deeply to be read. Flatten it.", ""
    except Exception as err:  # noqa: BLE001  one bundle that trips the reader must not hold back its neighbours
        return f"Reading it failed ({type(err).__name__}: {err}). That is a fault of Runstone: report it.", ""


def _bound(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, _NO_CORE)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # It reads and answers; it has no file to write.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _allow(cpu_s: float) -> None:
    """So many more seconds of processor time; the kernel ends the process after them."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(_used() + cpu_s), hard))


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

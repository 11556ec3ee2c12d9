"""The child process of a step: `python -m edgekit.work.worker job.json PARENT`."""

from __future__ import annotations

import ctypes
import fcntl
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from edgekit.errors import EdgekitError, one_line, os_error
from edgekit.machine.limits import Limits, bound
from edgekit.reason import advice, out_of_memory
from edgekit.units import size_text

IMPORTED = "imported.json"  # beside the job: the modules of edgekit that it has imported
REMEDY = "close other programs, or use a larger machine"
PR_SET_PDEATHSIG = 1  # from Linux' sys/prctl.h


def main(job_file: Path, parent: int) -> int:
    """Run the job; on an error of edgekit's own, leave it in error.json beside the job."""
    end_with(parent)
    with job_file.open() as file:
        with suppress(OSError):  # a file system without locks
            # One whose parent was killed a moment ago may still be ending in the same folder.
            fcntl.flock(file, fcntl.LOCK_EX)
        return run(json.load(file))


def run(job: dict[str, Any]) -> int:
    """Run the job as `main` has read it."""
    limits = msgspec.convert(job["limits"], Limits | None)
    if limits:
        bound(limits)
    output = Path(job["output"])
    try:
        look_in(job["path"])
        module, name = job["function"].split(":")
        function = getattr(importlib.import_module(module), name)
        result = function(output, **typed_arguments(function, job["arguments"]))
        if result is not None:
            (output / "result.json").write_text(json.dumps(msgspec.to_builtins(result)))
        (output / IMPORTED).write_text(json.dumps(sorted(filter(is_ours, sys.modules))))
    except EdgekitError as error:
        record(output, type(error).__name__, str(error))
        return 1
    except MemoryError:
        return no_memory(output, job["title"], limits)
    except OSError as error:
        if error.errno is None:  # a library's own, not the system's
            return unforeseen(output, job["title"], error)
        error.filename = error.filename or str(output.parent)
        record(output, "InputError", os_error(error))
        return 1
    except Exception as error:
        if out_of_memory(error):
            return no_memory(output, job["title"], limits)
        return unforeseen(output, job["title"], error)
    return 0


def is_ours(module: str) -> bool:
    """Whether a module is one of edgekit."""
    return module.partition(".")[0] == "edgekit"


def no_memory(output: Path, title: str, limits: Limits | None) -> int:
    """Tell that memory ran out, and how much there was."""
    free = f" ({size_text(limits.memory)} may be taken)" if limits and limits.memory else ""
    record(output, "PassError", f"{title}: out of memory{free}; {REMEDY}")
    return 1


def unforeseen(output: Path, title: str, error: Exception) -> int:
    """Tell how a library failed, in a way that we did not foresee."""
    traceback.print_exception(error)
    record(output, "PassError", f"{title}: {one_line(error)}{advice(error)}")
    return 1


def look_in(places: Sequence[str]) -> None:
    """Find modules where the parent does.

    Not in the current folder: what was named in it is found (own_modules.py), nothing else.
    """
    known = {"", str(Path.cwd()), *sys.path}
    sys.path += [place for place in places if place not in known]


def end_with(parent: int) -> None:
    """Be killed when the parent ends, even by SIGKILL: nobody would read the result.

    By the kernel, since a thread of our own may wait for long behind a converter. What it watches
    is the parent's thread that started this process, and that one waits for us.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def typed_arguments(function: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """JSON values as the types that the function declares."""
    hints = get_type_hints(function)
    return {
        name: msgspec.convert(value, hints[name], strict=False, dec_hook=as_path)
        for name, value in arguments.items()
    }


def as_path(kind: type, value: Any) -> Any:
    """Paths travel as text."""
    if kind is Path:
        return Path(value)
    raise NotImplementedError(kind)


def record(output: Path, kind: str, message: str) -> None:
    """Leave an error for the parent."""
    (output / "error.json").write_text(json.dumps({"type": kind, "message": message}))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))

"""Child processes that do steps: fresh ones, and copies of one that has its libraries loaded."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

LOG = "log.txt"  # beside the job: what the child printed
QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    "KERAS_HOME": os.devnull,  # no settings of the user's, and no file in the home folder
    "PYTHONWARNINGS": "ignore",
    "PYTHONUTF8": "1",  # whatever the user's terminal takes
    "PYTHONIOENCODING": "utf-8:replace",
}
# Graphics cards, which converters do not need and each would take for itself.
HIDDEN = {"CUDA_VISIBLE_DEVICES": "-1"}
# Libraries that take seconds to import, and what is best imported with each.
SLOW = {
    "tensorflow": ("tensorflow", "keras"),
    "nncf": ("nncf", "openvino"),
    "litert_quantizer": ("litert_quantizer",),
}
QUICK = ("numpy", "msgspec")  # what every step imports


class Child(Protocol):
    """A process that does one job."""

    def wait(self) -> int:
        """Wait for its end; its exit code, or the signal that ended it, negative."""

    def kill(self) -> None:
        """End it, if it still runs."""


class Fresh:
    """An interpreter of its own that has imported nothing yet."""

    def __init__(self, job: Path, *, gpu: bool = False) -> None:
        hidden = {} if gpu else HIDDEN
        with (job.parent / LOG).open("wb") as log:
            self._process = subprocess.Popen(
                # -P: a file of the current folder must not pass for a library
                [sys.executable, "-P", "-m", "edgekit.work.worker", str(job), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | QUIET | hidden,
                start_new_session=True,  # an interrupt reaches the parent, which ends the child
            )

    def wait(self) -> int:
        """See Child."""
        return self._process.wait()

    def kill(self) -> None:
        """See Child."""
        self._process.kill()


class Copy:
    """A copy of a ForkServer, which ends it when the connection's other end is shut."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def wait(self) -> int:
        """See Child."""
        told = self._connection.recv(64)
        self._connection.close()
        return int(told) if told else -signal.SIGKILL  # the server is gone, and all of its copies

    def kill(self) -> None:
        """See Child."""
        with suppress(OSError):  # it has ended already
            self._connection.shutdown(socket.SHUT_WR)


class ForkServer:
    """A process that has imported some libraries, and forks a copy of itself for each job.

    So libraries are imported once, and still no job meets what an earlier one left behind: one that
    crashes or leaks is gone when it ends.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self._control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        lifeline, self._lifeline = os.pipe()  # nothing is written to it: it breaks when we end
        told = {"modules": modules, "path": sys.path, "control": other.fileno(),
                "lifeline": lifeline}  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "edgekit.work.forkserver", json.dumps(told)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[other.fileno(), lifeline],
            env=os.environ | QUIET | HIDDEN,
            start_new_session=True,
        )
        other.close()
        os.close(lifeline)

    @property
    def runs(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def start(self, job: Path) -> Child:
        """A copy that does a job."""
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            try:
                socket.send_fds(self._control, [os.fsencode(job)], [its.fileno()])
            except OSError:  # it ended at this moment
                mine.close()
                return Fresh(job)
        return Copy(mine)

    def close(self) -> None:
        """End it, and all that it started."""
        os.close(self._lifeline)
        self._control.close()
        self._process.wait()


def preloaded(needs: Sequence[str]) -> tuple[str, ...]:
    """What a process has imported that a step which needs these modules is best copied from."""
    return next((SLOW[name] for name in SLOW if name in needs), QUICK)

"""Where a job is run: in a process of this machine."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from edgekit import errors
from edgekit.errors import EdgekitError, InputError, PassError, os_error
from edgekit.machine.limits import Limits
from edgekit.machine.limits import ended as told_end
from edgekit.reason import reason
from edgekit.work.children import LOG, Child, ForkServer, Fresh, preloaded
from edgekit.work.keys import as_json

JOB = "job.json"  # in the folder that a job writes into
LEAST_FREE = 1 << 20  # bytes; with less, a failed step failed for that


class Job(NamedTuple):
    """A function of a module's own level, called in another process with a folder to write into.

    `fresh`: in a process that is no copy of another, with which it would share memory. `gpu`: it
    sees the graphics cards of the machine, which are hidden from all others.
    """

    function: Callable[..., object]
    arguments: Mapping[str, Any]
    limits: Limits | None = None
    needs: Sequence[str] = ()
    fresh: bool = False
    gpu: bool = False

    @property
    def title(self) -> str:
        """What it is called in messages: its pass, else its module."""
        return str(self.arguments.get("name") or self.function.__module__.rpartition(".")[2])

    def write(self, output: Path) -> Path:
        """The job as a file in the folder that it writes into; for `edgekit.work.worker`."""
        told = {
            "title": self.title,
            "function": f"{self.function.__module__}:{self.function.__name__}",
            "output": str(output),
            "path": sys.path,
            "limits": self.limits,
            "arguments": dict(self.arguments),
        }
        for old in ("error.json", "result.json"):  # of an earlier process
            (output / old).unlink(missing_ok=True)
        file = output / JOB
        file.write_text(as_json(told))
        return file


class Executor(Protocol):
    """What runs jobs."""

    def run(self, job: Job, output: Path) -> None:
        """Run a job to its end, by `edgekit.work.worker`; all that it leaves is in `output` then.

        Raises:
            EdgekitError: what the function raised; PassError when it took its process down.
        """

    def stop(self) -> None:
        """End what still runs, and start no more."""


class Here:
    """Runs jobs in child processes: copies of one that has its libraries loaded, or fresh ones."""

    def __init__(self) -> None:
        self._running: set[Child] = set()
        self._servers: dict[tuple[str, ...], ForkServer] = {}
        self._starting, self._stopped = threading.Lock(), False
        weakref.finalize(self, close, self._servers)

    def run(self, job: Job, output: Path) -> None:
        """See Executor."""
        child = self._start(job.write(output), job)
        self._running.add(child)
        try:
            if self._stopped:  # while this child was started
                child.kill()
            code = child.wait()
        except BaseException:
            child.kill()
            child.wait()
            raise
        finally:
            self._running.discard(child)
        if code:
            raise child_error(job.title, code, output, job.limits)

    def stop(self) -> None:
        """See Executor."""
        self._stopped = True
        for child in list(self._running):
            child.kill()

    def _start(self, file: Path, job: Job) -> Child:
        if job.fresh or job.gpu:
            return Fresh(file, gpu=job.gpu)
        return self._server(preloaded(job.needs)).start(file)

    def _server(self, modules: tuple[str, ...]) -> ForkServer:
        with self._starting:
            server = self._servers.get(modules)
            if server is None or not server.runs:
                server = self._servers[modules] = ForkServer(modules)
            return server


def close(servers: Mapping[tuple[str, ...], ForkServer]) -> None:
    """End what waits for steps that will not come."""
    for server in servers.values():
        server.close()


def child_error(name: str, code: int, output: Path, limits: Limits | None) -> EdgekitError:
    """The error of a child that ended badly: its own, or what its end tells."""
    error = recorded(output) or ended(name, code, output, limits)
    if isinstance(error, PassError) and shutil.disk_usage(output).free < LEAST_FREE:
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(output.parent))
        return InputError(os_error(full))
    return error


def recorded(output: Path) -> EdgekitError | None:
    """The error that a child left; None when it left none, or not all of it on a full disk."""
    try:
        told = json.loads((output / "error.json").read_text())
    except (OSError, ValueError):
        return None
    kind: type[EdgekitError] = getattr(errors, told["type"], PassError)
    return kind(told["message"])


def ended(name: str, code: int, output: Path, limits: Limits | None) -> PassError:
    """The error of a child that left none."""
    if code < 0:
        return PassError(f"{name}: the process {told_end(code, limits)}")
    log = (output / LOG).read_text(errors="replace").strip()
    _, found, trace = log.rpartition("Traceback (most recent call last)")
    why = reason(trace if found else "".join(log.splitlines()[-1:]))
    return PassError(f"{name}: the process ended with code {code}: {why}")

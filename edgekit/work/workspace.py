"""Steps done in child processes, their results kept by the hash of all that went into them.

A converter may crash or leak: that is the failure of its step, not of the run. A step whose
inputs are unchanged is not done twice, so an interrupted conversion goes on where it stopped.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import json
import os
import shutil
import sys
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edgekit import errors
from edgekit.errors import EdgekitError, InputError, PassError, os_error
from edgekit.files.checksum import sha256
from edgekit.files.durable import put, sync, temporary
from edgekit.files.intact import intact, seal
from edgekit.machine.limits import Limits
from edgekit.machine.limits import ended as told_end
from edgekit.reason import reason
from edgekit.work.cache import DONE, MOST, enter
from edgekit.work.children import LOG, Child, ForkServer, Fresh, preloaded

LEAST_FREE = 1 << 20  # bytes; with less, a failed step failed for that


class Job(NamedTuple):
    """A function of a module's own level, called in a child process with a folder to write into.

    `fresh`: in a process that is no copy of another, with which it would share memory.
    """

    function: Callable[..., object]
    arguments: Mapping[str, Any]
    limits: Limits | None = None
    needs: Sequence[str] = ()
    fresh: bool = False

    @property
    def title(self) -> str:
        """What it is called in messages: its pass, else its module."""
        return str(self.arguments.get("name") or self.function.__module__.rpartition(".")[2])


class Workspace:
    """A folder of finished steps, each in a folder named by the hash of its inputs."""

    def __init__(self, root: Path, *, reuse: bool = True, most: int = MOST) -> None:
        """`most`: bytes of finished steps; the oldest beyond are removed first."""
        self.root, self._reuse, self._stopped = root, reuse, False
        self._known: set[str] = set()  # steps whose results this process may use
        self._running: set[Child] = set()
        self._servers: dict[tuple[str, ...], ForkServer] = {}
        self._starting = threading.Lock()
        weakref.finalize(self, close, self._servers)
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        root.mkdir(parents=True, exist_ok=True)
        handle = enter(root, most)
        if handle is not None:
            weakref.finalize(self, os.close, handle)

    def step(
        self,
        function: Callable[..., object],
        needs: Sequence[str] = (),
        also: Any = None,
        limits: Limits | None = None,
        *,
        fresh: bool = False,
        **arguments: Any,
    ) -> Path:
        """Run `function(output, **arguments)` in a child process, or find it done.

        Args:
            function: of a module's own level; writes its results into the folder `output`.
            needs: modules whose versions are part of the result's identity.
            also: further identity, for what the function reads but is not given as a path.
            limits: what the child may take, where it reads a file of somebody else's.
            fresh: in a process that is no copy of another, since it measures memory or time.
            **arguments: JSON-able values, typed structures, and paths. A path inside the work
                space stands for its own hash, any other for the content of its files.

        Returns:
            The folder with the results.

        Raises:
            EdgekitError: what the function raised; PassError when the child crashed.
        """
        key = step_key(function, needs, arguments | {" also": also}, self.root)
        with self._locks[key]:  # candidates share steps: each is done once
            return self._do(key, Job(function, arguments, limits, needs, fresh))

    def _do(self, key: str, job: Job) -> Path:
        folder = self.root / key
        if self._done(key):
            return folder
        with temporary(self.root, ".step-") as work:
            self._run(job, work)
            seal(work)
            sync(work)
            try:
                work.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
                # Another process was quicker, and may be reading its result: a good one stays.
                if not self._reuse or not intact(folder):
                    put(work, folder)
        self._known.add(key)
        return folder

    def _done(self, key: str) -> bool:
        """Whether a step's result is there: of this run, or of an earlier one and undamaged."""
        folder = self.root / key
        try:
            os.utime(folder)
        except FileNotFoundError:
            return False
        if self._reuse and key not in self._known and intact(folder):
            self._known.add(key)
        return key in self._known

    def call(
        self, function: Callable[..., object], limits: Limits | None = None, **arguments: Any
    ) -> Any:
        """Run a function in a child process every time; its JSON-able result is returned."""
        with temporary(self.root, ".call-") as work:
            self._run(Job(function, arguments, limits, fresh=True), work)
            return json.loads((work / "result.json").read_text())

    def identity(self, value: Any) -> Any:
        """What stands for a value in the hash of a step."""
        return identity(value, self.root)

    def stop(self) -> None:
        """End the children that still run, and start no more."""
        self._stopped = True
        for child in list(self._running):
            child.kill()

    def _run(self, job: Job, output: Path) -> None:
        told = {
            "title": job.title,
            "function": f"{job.function.__module__}:{job.function.__name__}",
            "output": str(output),
            "path": sys.path,
            "limits": job.limits,
            "arguments": dict(job.arguments),
        }
        (output / "job.json").write_text(as_json(told))
        child = self._start(output / "job.json", job)
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

    def _start(self, file: Path, job: Job) -> Child:
        """The process of a job: a copy of one that has its libraries loaded, or a fresh one."""
        if job.fresh:
            return Fresh(file)
        modules = preloaded(job.needs)
        with self._starting:
            server = self._servers.get(modules)
            if server is None or not server.runs:
                server = self._servers[modules] = ForkServer(modules)
        return server.start(file)


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


def step_key(
    function: Callable[..., object], needs: Sequence[str], arguments: Mapping[str, Any], root: Path
) -> str:
    """The hash of everything that determines a step's result."""
    material = {
        "function": f"{function.__module__}:{function.__name__}",
        "code": code_hash(),
        "tools": {module: tool_version(module) for module in needs},
        "arguments": {name: identity(value, root) for name, value in arguments.items()},
    }
    return hashlib.sha256(as_json(material).encode()).hexdigest()[:24]


def as_json(value: Any) -> str:
    """Plain values, structures and paths as JSON, which keeps names that are not UTF-8."""
    return json.dumps(msgspec.to_builtins(value, enc_hook=str), sort_keys=True)


def identity(value: Any, root: Path) -> Any:
    """What stands for an argument in the hash."""
    if not isinstance(value, Path):
        return value
    if value.is_relative_to(root) and DONE.match(value.relative_to(root).parts[0]):
        return str(value.relative_to(root))
    if value.is_dir():
        files = sorted(path for path in value.rglob("*") if path.is_file())
        return {path.relative_to(value).as_posix(): sha256(path) for path in files}
    return [value.suffix, sha256(value)] if value.is_file() else str(value)


@cache
def code_hash() -> str:
    """The hash of edgekit's own source: another version may compute another result."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def tool_version(module: str) -> str:
    """The version of the distribution that brings a module; for user modules, their file's hash."""
    for name in packages_distributions().get(module.split(".", maxsplit=1)[0], []):
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    try:
        spec = importlib.util.find_spec(module)
    except Exception:  # of the package that holds it; the step tells what is wrong
        spec = None
    origin = Path(spec.origin) if spec and spec.origin else None
    return sha256(origin) if origin and origin.is_file() else "none"

"""Features of the user's own, computed in a child process: a crafted net may crash its engine.

The child is started once, since a module may take long to import. It is told what to load, and
answers how the report names it; then every array is answered by another, or by an error.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgekit import plugin
from edgekit.engines._formats import engine_of
from edgekit.errors import InputError, one_line
from edgekit.machine.limits import Limits, bound_memory, ended, timed
from edgekit.measure.features import Features, load_features
from edgekit.work.worker import end_with, look_in

Array = NDArray[Any]
NOTHING = np.empty(0)


def features_in_child(spec: str | None) -> tuple[Features, str]:
    """As `load_features`; those that are not built in are computed in a child process."""
    if spec is None:
        return load_features(None)
    child = Child(spec)
    return child, child.name


class Child:
    """The process, called as the function that it computes; by one thread at a time."""

    def __init__(self, spec: str) -> None:
        self._spec, self._lock, self._limits = spec, threading.Lock(), limits_of(spec)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "edgekit.measure.features_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        weakref.finalize(self, end, self._process)
        limits = msgspec.to_builtins(self._limits)
        job = {"spec": spec, "path": sys.path, "parent": os.getpid(), "limits": limits}
        self.name = str(self._ask(job)[0]["name"])

    def __call__(self, samples: Array) -> Array:
        with self._lock:
            return self._ask({}, samples)[1]

    def _ask(self, line: dict[str, Any], array: Array = NOTHING) -> tuple[dict[str, Any], Array]:
        """Tell the child something; gives its answer, or raises what it answers or how it ended."""
        assert self._process.stdin
        assert self._process.stdout
        try:
            send(self._process.stdin, line, array)
            answer, found = receive(self._process.stdout)
        except (BrokenPipeError, EOFError):
            how = ended(self._process.wait(), self._limits)
            raise InputError(f"--features '{self._spec}': the process {how}") from None
        if "error" in answer:
            raise InputError(answer["error"])
        return answer, found


def limits_of(spec: str) -> Limits | None:
    """What a net may take; a module is the user's own."""
    engine = engine_of(Path(spec))
    if engine is None:
        return None
    return Limits.of_artifacts(plugin.part(engine, "runtime").files(Path(spec)))


def end(process: subprocess.Popen[bytes]) -> None:
    """End a child: nothing more is asked."""
    process.kill()
    process.communicate()


def send(file: IO[bytes], line: dict[str, Any], array: Array = NOTHING) -> None:
    """Write a message: a line of JSON, and an array."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    file.write(json.dumps({**line, "size": content.tell()}).encode() + b"\n")
    file.write(content.getbuffer())
    file.flush()


def receive(file: IO[bytes]) -> tuple[dict[str, Any], Array]:
    """Read a message; EOFError when the other side has gone."""
    text = file.readline()
    line: dict[str, Any] = json.loads(text) if text.endswith(b"\n") else {"size": 1}
    content = file.read(line["size"])
    if len(content) < line["size"]:
        raise EOFError
    return line, np.load(io.BytesIO(content), allow_pickle=False)


def main() -> None:
    """The child: answer until nothing more is asked."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a module prints is no answer
    job, _ = receive(sys.stdin.buffer)
    spec = job["spec"]
    end_with(job["parent"])
    look_in(job["path"])
    limits = msgspec.convert(job["limits"], Limits | None)
    if limits:
        bound_memory(limits)
    try:
        with timed(limits):
            features, name = load_features(spec)
    except Exception as error:
        return send(answers, {"error": told(error, spec)})
    send(answers, {"name": name})
    while True:
        try:
            _, samples = receive(sys.stdin.buffer)
        except EOFError:
            return None
        try:
            with timed(limits):
                found = features(samples)
            send(answers, {}, found)
        except Exception as error:
            send(answers, {"error": told(error, spec)})


def told(error: Exception, spec: str) -> str:
    """An error as the parent raises it."""
    return (
        str(error) if isinstance(error, InputError) else f"--features '{spec}': {one_line(error)}"
    )


if __name__ == "__main__":
    main()

"""Steps done by an executor, their results kept by the hash of all that went into them.

A converter may crash or leak: that is the failure of its step, not of the run. A step whose
inputs are unchanged is not done twice, so an interrupted conversion goes on where it stopped; one
that takes long goes on within itself.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from edgekit.files.durable import put, sync, temporary
from edgekit.files.intact import intact, seal
from edgekit.machine.limits import Limits
from edgekit.work.cache import MOST, enter
from edgekit.work.code import modules
from edgekit.work.executor import Executor, Here, Job
from edgekit.work.keys import identity, step_key
from edgekit.work.progress import Tell, watched
from edgekit.work.turns import Turns
from edgekit.work.unfinished import resumed
from edgekit.work.worker import IMPORTED


class Workspace:
    """A folder of finished steps, each in a folder named by the hash of its inputs."""

    def __init__(
        self,
        root: Path,
        *,
        reuse: bool = True,
        most: int = MOST,
        executor: Executor | None = None,
    ) -> None:
        """`most`: bytes of steps; the oldest beyond are removed first. `executor` runs them: this
        machine, without."""
        self.root, self._reuse = root, reuse
        self._executor, self._turns = executor or Here(), Turns()
        self._stopped = threading.Event()
        self._known: set[str] = set()  # steps whose results this process may use
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
        gpu: bool = False,
        alone: bool = False,
        resumes: bool = False,
        tell: Tell | None = None,
        **arguments: Any,
    ) -> Path:
        """Run `function(output, **arguments)` in another process, or find it done.

        Args:
            function: of a module's own level; writes its results into the folder `output`.
            needs: modules whose versions are part of the result's identity.
            also: further identity, for what the function reads but is not given as a path.
            limits: what the child may take, where it reads a file of somebody else's.
            fresh: in a process that is no copy of another, since it measures memory or time.
            gpu: it sees the graphics cards, which are hidden from others.
            alone: no other step of this work space runs at the same time.
            resumes: when it was interrupted, killed or failed, it finds in `output` what it left
                there, the next time that it is asked for. What it keeps there is whole at every
                moment (`edgekit.files.durable`), and what it ends in does not depend on it.
            tell: is told what the function says with `edgekit.work.progress.report`.
            **arguments: JSON-able values, typed structures, and paths. A path inside the work
                space stands for its own hash, any other for the content of its files.

        Returns:
            The folder with the results.

        Raises:
            EdgekitError: what the function raised; PassError when the child crashed.
        """
        how = [fresh, gpu, alone]  # may be seen in what it computes or measures
        key = step_key(function, needs, arguments | {" also": also, " how": how}, self.root)
        with self._locks[key]:  # candidates share steps: each is done once
            job = Job(function, arguments, limits, needs, fresh, gpu)
            return self._do(key, job, alone, resumes, tell)

    def _do(self, key: str, job: Job, alone: bool, resumes: bool, tell: Tell | None) -> Path:
        folder = self.root / key
        if self._done(key):
            return folder
        with self._folder(key, resumes) as work:
            if resumes and self._done(key):  # by the process that we waited for
                shutil.rmtree(work, ignore_errors=True)
                return folder
            with self._turns.taken(alone=alone), watched(work, tell):
                self._executor.run(job, work)
            if foreseen(job, work):
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
                shutil.rmtree(work, ignore_errors=True)
        self._known.add(key)
        return folder

    def _folder(self, key: str, resumes: bool) -> AbstractContextManager[Path]:
        """Where a step is done: in a place of its own if it resumes."""
        if resumes:
            return resumed(self.root, key, self._stopped, anew=not self._reuse)
        return temporary(self.root, ".step-")

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
            with self._turns.taken():
                self._executor.run(Job(function, arguments, limits, fresh=True), work)
            return json.loads((work / "result.json").read_text())

    def identity(self, value: Any) -> Any:
        """What stands for a value in the hash of a step."""
        return identity(value, self.root)

    def stop(self) -> None:
        """End the steps that still run, and start no more."""
        self._stopped.set()
        self._executor.stop()


def foreseen(job: Job, work: Path) -> bool:
    """Whether all of edgekit that a step has imported stands in its key.

    If not, a change of it would go unnoticed: the result is not sealed, and serves this run alone.
    """
    imported = json.loads((work / IMPORTED).read_text())
    return modules(job.function.__module__, job.arguments.get("engine")).issuperset(imported)

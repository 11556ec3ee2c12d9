"""A search on disk: Optuna's study in a log file that several processes read and append to."""

from __future__ import annotations

import fcntl
import logging
import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from edgekit.candidates.results import Result
from edgekit.errors import InputError
from edgekit.plan.steps import Step
from edgekit.typed import Typed

LOG, NAME = "study.log", "edgekit"
PARTING = 0.5  # seconds
GOALS = 3  # log size, log latency and minus the decibels, all to be minimized


class Entry(Typed, frozen=True):
    """A trial that ended: the options that were picked, the steps they mean, what was measured.

    `artifact` is the fingerprint of what was made, `seconds` how long the trial took. `queued`: it
    was not the sampler that picked the options.
    """

    options: dict[str, Any]
    result: Result
    steps: tuple[Step, ...] = ()
    artifact: str = ""
    seconds: float = 0.0
    queued: bool = False


def check_log(folder: Path, identity: Mapping[str, str], *, resume: bool) -> None:
    """Raise InputError when a search may not be gone on with, or there is none to go on with."""
    log = folder / LOG
    if not log.exists() or not log.stat().st_size:
        if resume:
            raise InputError(f"there is no search in '{folder}'; begin one without --resume")
        return
    found = load(folder)
    if not resume:
        ended = len([trial for trial in found.get_trials(deepcopy=False) if is_entry(trial)])
        raise InputError(
            f"'{folder}' holds a search with {ended} recipes tried; pass --resume to go on with "
            "it, or choose another -o"
        )
    check_identity(folder, found, identity)


def check_identity(folder: Path, study: Any, identity: Mapping[str, str]) -> None:
    """Raise InputError when the search is for something else than is asked for now."""
    known = study.user_attrs.get("identity", identity)
    other = [name for name in {**identity, **known} if known.get(name) != identity.get(name)]
    if other:
        raise InputError(
            f"the search in '{folder}' is with another {' and '.join(other)}; "
            "it cannot go on with this one: choose another -o"
        )


class Study:
    """The trials of one search."""

    def __init__(
        self,
        folder: Path,
        identity: Mapping[str, str],
        seeds: Mapping[str, Mapping[str, Any]],
        seed: int = 0,
    ) -> None:
        """Open the search in a folder, or begin it; `seeds` are options to try first, by name."""
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            fresh = not (folder / LOG).exists()
            # Of several processes, each must draw its own.
            self._smart, self._random = samplers(seed if fresh else seed + os.getpid())
            self._presence = (folder / LOG).open("a")
            alone = held_by_no_other(self._presence)
            if alone:
                cut_torn_line(folder / LOG)
            self._study = load(folder, self._smart, begin=True)
            check_identity(folder, self._study, identity)
            self._study.set_user_attr("identity", dict(identity))
            if alone:
                self._end_lost()
            self.enqueue(seeds)

    def _end_lost(self) -> None:
        """End what seems to be at work: it was lost when its process was killed."""
        from optuna.trial import TrialState

        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self.drop(trial.number)

    def enqueue(self, seeds: Mapping[str, Mapping[str, Any]]) -> None:
        """Queue what has neither been tried nor is waiting, nor is at work in another process."""
        from optuna.trial import TrialState

        underway = {TrialState.WAITING, TrialState.RUNNING}
        done = {
            trial.user_attrs.get("candidate")
            for trial in self._study.get_trials(deepcopy=False)
            if is_entry(trial) or trial.state in underway
        }
        for name, options in seeds.items():
            if name not in done:
                self._study.enqueue_trial(dict(options), user_attrs={"candidate": name})

    def waiting(self) -> int:
        """How many trials are queued."""
        from optuna.trial import TrialState

        return len(self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))

    def entries(self) -> list[Entry]:
        """Every trial that ended, of all processes, in order."""
        trials = self._study.get_trials(deepcopy=False)
        return [msgspec.convert(t.user_attrs["entry"], Entry) for t in trials if is_entry(t)]

    def ask(self, *, blindly: bool = False) -> Any:
        """A new trial, the next queued one first; `blindly` picks its options at random."""
        self._study.sampler = self._random if blindly else self._smart
        return self._study.ask()

    def tell(self, trial: Any, entry: Entry, goals: Sequence[float], *, good: bool = True) -> None:
        """End a trial. `good`: it may be chosen."""
        trial.set_user_attr("entry", msgspec.to_builtins(entry))
        trial.set_constraint("rejected", 0.0 if good else 1.0)
        self._study.tell(trial, list(goals))

    def drop(self, trial: Any) -> None:
        """End a trial, or the one of a number, that came to nothing."""
        from optuna.trial import TrialState

        self._study.tell(trial, state=TrialState.FAIL)


def is_entry(trial: Any) -> bool:
    """Whether a trial came to its end."""
    return "entry" in trial.user_attrs and trial.state.is_finished()


def samplers(seed: int) -> tuple[Any, Any]:
    """One that learns from what was measured, for options that depend on others; and chance.

    Replayed over 160 measured recipes of a GAN, TPE covered a little more of the front than chance
    after 20 trials and as much after 50; NSGA-II had not begun to learn by then.
    """
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        smart = optuna.samplers.TPESampler(multivariate=True, group=True, seed=seed)
    return smart, optuna.samplers.RandomSampler(seed=seed)


def load(folder: Path, sampler: Any = None, *, begin: bool = False) -> Any:
    """The study in a folder; InputError when its log is damaged.

    `begin` makes it when there is none, and writes into the log in any case.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    logging.getLogger("optuna").setLevel(logging.ERROR)
    try:
        # The lock is a link to this path; a relative one leads nowhere, and a lost lock stays.
        storage = JournalStorage(JournalFileBackend(str((folder / LOG).absolute())))
        if not begin:
            return optuna.load_study(storage=storage, study_name=NAME, sampler=sampler)
        return optuna.create_study(
            storage=storage,
            study_name=NAME,
            directions=["minimize"] * GOALS,
            load_if_exists=True,
            sampler=sampler,
        )
    except (ValueError, KeyError, AssertionError):
        raise InputError(f"'{folder / LOG}' is damaged; choose another -o") from None


def cut_torn_line(log: Path) -> None:
    """Take away a last record that a full disk or a kill cut short: what follows would be lost."""
    content = log.read_bytes()
    os.truncate(log, content.rfind(b"\n") + 1)


def held_by_no_other(log: IO[str]) -> bool:
    """Whether no other process works on a log; holds it, as long as the file is open.

    The lock of a process that was killed goes a moment after it.
    """
    alone, end = False, time.monotonic() + PARTING
    while not alone and time.monotonic() < end:
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except BlockingIOError:
            time.sleep(PARTING / 10)
    fcntl.flock(log, fcntl.LOCK_SH)
    return alone


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes that want it for themselves too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

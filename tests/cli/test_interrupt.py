"""Ctrl-C and `kill` end everything at once, leave nothing, and lose no finished step."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from .shell import Done, Shell, steps, wait_for

SIGNALS = [signal.SIGINT, signal.SIGTERM]
MESSAGE = "interrupted; finished steps are kept, run the same command to go on"


@pytest.fixture
def held(quick: Shell) -> Shell:
    """A recipe whose pass lasts as long as the file `held` is there."""
    place = quick.folder
    (place / "held").touch()
    quick.write(
        "slow.toml",
        'description = "slow"\n[[reference]]\npass = "fail"\nhow = "hold"\n'
        f'reached = "{place / "reached"}"\nheld = "{place / "held"}"\n',
    )
    return quick


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.long
def test_in_the_middle_of_a_pass(held: Shell, number: signal.Signals) -> None:
    shell, reached = held, held.folder / "reached"
    args = shell.conversion("latent.net", recipe="slow.toml")
    done = shell.interrupt(number, args, reached.exists)
    reached.unlink()
    ended(shell, done, {"slow.toml", "held"})

    finished = steps(shell.cache)
    assert len(finished) >= 3  # described, ran the original, lowered
    (shell.folder / "held").unlink()
    shell(*args).success()
    assert (shell.bundle / "manifest.json").is_file()
    assert finished.items() <= steps(shell.cache).items()


def ended(shell: Shell, done: Done, files: set[str]) -> None:
    """An interrupted command: its error, and nothing of it is left."""
    assert done.refusal(code=130) == MESSAGE
    wait_for(lambda: shell.processes() == [], seconds=5)
    assert shell.listing() == files
    assert shell.unfinished() == []


def test_as_json(held: Shell) -> None:
    args = held.conversion("latent.net", "--json", recipe="slow.toml")
    done = held.interrupt(signal.SIGINT, args, (held.folder / "reached").exists)
    assert json.loads(done.out) == {"error": MESSAGE, "exit_code": 130}


@pytest.mark.slow
def test_again_and_again(shell: Shell, tmp_path: Path) -> None:
    """Stopped in every step, each time taken up where it was: nothing is done twice."""
    shell.cache = tmp_path / "cache"
    args = shell.conversion("latent.keras")
    kept: dict[str, float] = {}
    for finished, number in enumerate(SIGNALS * 3):
        done = shell.interrupt(number, args, lambda least=finished: working(shell, least))  # type: ignore[misc]
        ended(shell, done, set())
        assert kept.items() <= steps(shell.cache).items()
        kept = dict(steps(shell.cache))
        assert len(kept) >= finished
    shell(*args).success()
    assert kept.items() <= steps(shell.cache).items()


def working(shell: Shell, finished: int) -> bool:
    """Whether so many steps are done, and the next one has begun."""
    return len(steps(shell.cache)) >= finished and any(shell.cache.glob(".step-*/job.json"))


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS)
def test_while_two_candidates_are_made(
    shell: Shell, tmp_path: Path, number: signal.Signals
) -> None:
    shell.cache = tmp_path / "cache"
    args = shell.conversion("latent.keras", recipe="auto")
    done = shell.interrupt(number, args, lambda: len(list(shell.cache.glob(".step-*"))) > 1)
    ended(shell, done, set())


@pytest.mark.parametrize("kind", ["EOFError", "KeyboardInterrupt"])
def test_a_librarys_own_end_is_no_interrupt(shell: Shell, kind: str) -> None:
    """To run the same command again would not help."""
    shell.plug(
        f"from edgekit.plan import target\ndef names(): raise {kind}('cut off')\n"
        "target.names = names"
    )
    assert shell("targets").refusal() == f"a library stopped: {kind}: cut off"


def test_a_signal_that_is_ignored_from_the_start_stays_so(shell: Shell) -> None:
    """As under nohup."""
    shell.plug(
        "import signal, os\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from edgekit.plan import target\nnames = target.names\n"
        "target.names = lambda: os.kill(os.getpid(), signal.SIGHUP) or names()"
    )
    assert "raspberry-pi-5" in shell("targets").success()

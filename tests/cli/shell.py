"""Runs the installed command as users do: in a folder of theirs, in a process of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

EDGEKIT = Path(sys.executable).with_name("edgekit")
# By size, since timings of tiny nets are too close to call, and would be taken again and again.
QUICK = ("--samples", "8", "--calibration", "4", "--objective", "size")
MARK = "EDGEKIT_TEST_SHELL"  # in the environment of all that a shell starts


def heed_interrupts() -> None:
    """Undo what a shell does to whatever it runs in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    def refusal(self, code: int = 1) -> str:
        """The one line of an error: progress may stand before it, a traceback may not."""
        assert "Traceback" not in self.out + self.err, self.err
        assert self.code == code, self
        *progress, last = self.err.splitlines()
        assert all(line.startswith("  ") for line in progress if line), self.err
        assert last.startswith("edgekit: "), self.err
        return last.removeprefix("edgekit: ")

    def success(self) -> str:
        """What was printed."""
        assert self.code == 0, self
        return self.out


class Shell:
    """A user's folder, and a cache of finished steps that may be shared with others.

    `target` is what is converted for unless told otherwise.
    """

    target = "linux-litert"

    def __init__(self, folder: Path, cache: Path, nets: Path) -> None:
        self.folder, self.cache, self.nets = folder, cache, nets
        self.env: dict[str, str] = {MARK: str(folder)}
        self.prefix: tuple[str, ...] = ()

    def __call__(self, *args: str | Path) -> Done:
        """Run `edgekit` with these arguments."""
        done = subprocess.run(
            self.command(args),
            cwd=self.folder,
            env=os.environ | self.env,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def command(self, args: Sequence[str | Path]) -> list[str]:
        """The whole command line."""
        return [*self.prefix, str(EDGEKIT), *map(str, args)]

    def convert(self, net: str, *more: str | Path, recipe: str = "float32") -> Done:
        """Convert one of the nets for the target into the folder `out`."""
        return self(*self.conversion(net, *more, recipe=recipe))

    def conversion(self, net: str, *more: str | Path, recipe: str = "float32") -> list[str | Path]:
        """The arguments of a quick conversion."""
        return ["convert", self.nets / net, "-t", self.target, "-r", recipe, "-o", "out",
                "--cache-dir", self.cache, *QUICK, *more]  # fmt: skip

    def write(self, name: str, text: str) -> str:
        """Write a text file into the folder; gives its name."""
        (self.folder / name).write_text(text)
        return name

    def listing(self) -> set[str]:
        """Every file and folder below, hidden ones too."""
        return {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*")}

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Nothing new may be left in the folder, and nothing unfinished in the cache."""
        before = self.listing()
        yield
        assert self.listing() == before
        assert self.unfinished() == []

    def unfinished(self) -> list[str]:
        """What an unclean end would leave in the cache."""
        return [path.name for path in self.cache.glob(".*")]

    def refuse(self, *args: str | Path, code: int = 1) -> str:
        """Run what must fail and leave nothing; gives its error."""
        with self.unchanged():
            return self(*args).refusal(code)

    def interrupt(self, number: signal.Signals, args: Sequence[str | Path],
                  when: Callable[[], bool]) -> Done:  # fmt: skip
        """Run a command and send it a signal once `when` holds."""
        with subprocess.Popen(
            self.command(args),
            cwd=self.folder,
            env=os.environ | self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_interrupts,  # noqa: PLW1509
        ) as process:
            try:
                wait_for(lambda: when() or process.poll() is not None)
                process.send_signal(number)
                out, err = process.communicate(timeout=30)
            finally:
                process.kill()
        return Done(process.returncode, out, err)

    def processes(self) -> list[int]:
        """Every process that a command in this folder has started."""
        mark = f"{MARK}={self.folder}\0".encode()
        found = []
        for place in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in place.read_bytes():
                    found.append(int(place.parent.name))
            except OSError:  # ended meanwhile, or another user's
                continue
        return found

    def plug(self, program: str) -> None:
        """Run a program at the start of every Python in this shell."""
        plugged = self.folder.with_name(self.folder.name + "-site")
        plugged.mkdir(exist_ok=True)
        with (plugged / "sitecustomize.py").open("a") as file:
            file.write(program + "\n")
        self.env["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(plugged), os.environ.get("PYTHONPATH", "")])
        )

    def mount(self, folder: str, options: str) -> None:
        """Run with an empty file system in memory on a folder, which this shell alone sees."""
        unshare = ["unshare", "--mount", "--map-root-user"]
        able = shutil.which("unshare") and subprocess.run([*unshare, "true"], check=False)
        if not able or able.returncode:
            pytest.skip("file systems cannot be mounted here")
        (self.folder / folder).mkdir(exist_ok=True)
        self.prefix = (*unshare, "sh", "-c", MOUNT, "sh", options, folder, str(self._left))

    def left(self) -> set[str]:
        """What the last command left in the file system that was mounted for it."""
        return set(self._left.read_text().splitlines())

    @property
    def bundle(self) -> Path:
        """What a conversion writes for the target."""
        return self.folder / "out" / Path(self.target).stem

    @property
    def _left(self) -> Path:
        return self.folder.with_name(self.folder.name + "-left")

    def hide(self, *packages: str) -> None:
        """Make packages look as if they were not installed."""
        self.plug(HIDE.format(packages=packages))


MOUNT = """
mount -t tmpfs -o "$1" none "$2" || exit 99
folder=$2 left=$3
shift 3
"$@"
code=$?
find "$folder" -mindepth 1 -printf '%P\n' > "$left"
exit $code
"""
HIDE = """
from importlib.machinery import PathFinder

class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.split(".")[0] in {packages!r}:
            return None
        return PathFinder.find_spec(name, path, target)

import sys
sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
"""


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Until something holds; it fails after so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def steps(cache: Path) -> Mapping[str, float]:
    """When each finished step of a cache was done.

    But packing, which is done again where the reference engine is found: there a process imports
    more than its key foresees.
    """
    done = [p for p in cache.glob("[!.]*/job.json") if '"title": "pack"' not in p.read_text()]
    return {path.parent.name: path.stat().st_mtime for path in done}


def unforeseen(cache: Path) -> list[str]:
    """The steps that imported more of edgekit than their keys hold: these are not sealed."""
    done = cache.glob("[!.]*/job.json")
    return [path.read_text() for path in done if not path.with_name("files.json").exists()]

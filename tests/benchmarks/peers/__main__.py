"""`python -m tests.benchmarks.peers [-o FOLDER] [--nets a,b] [--threads 1,2]`.

Converts the samples and the nets that others trained with edgekit and with every other tool's
defaults, runs all artifacts on the same inputs, times them in turns in one process, and writes
benchmark.md, benchmark.json and benchmark.png.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from edgekit.jobs.convert import tools as versions
from edgekit.measure.latency import machine
from tests.benchmarks.peers import page
from tests.benchmarks.peers.compare import Duel, duels
from tests.benchmarks.samples import MODELS, SAMPLES, THIRD_PARTY

OPEN_BATCH = "digits_dcgan.keras"  # the net that is also exported as most people do


class Pages(msgspec.Struct):
    """What benchmark.json holds: the machine with its tools, and everything measured."""

    host: str
    duels: list[Duel]


def nets(folder: Path, only: list[str]) -> dict[Path, dict[str, Any]]:
    """The files of all nets with the options they are converted with."""
    from tests.thirdparty import dcgan_faces, esrgan

    others = {"esrgan.keras": esrgan.build, "dcgan_faces.keras": dcgan_faces.build}
    found = {MODELS / name: options for name, options in SAMPLES.items()}
    for name, options in THIRD_PARTY.items():
        found[folder / name] = options
    known = [path.stem for path in found]
    if unknown := set(only) - set(known):
        raise SystemExit(
            f"--nets {','.join(sorted(unknown))}: unknown; known are {', '.join(known)}"
        )
    chosen = {path: o for path, o in found.items() if not only or path.stem in only}
    for path in chosen:
        if path.name in others:
            others[path.name]().save(path)
    return chosen


def compared(only: list[str], threads: list[int]) -> Pages:
    """Compare all nets, or some."""
    found: list[Duel] = []
    with tempfile.TemporaryDirectory() as scratch:
        for path, options in nets(Path(scratch), only).items():
            print(path.stem, flush=True)
            work = Path(scratch) / path.stem
            found += duels(path, options, work, threads, free=path.name == OPEN_BATCH)
    host = machine()
    tools = ", ".join(f"{name} {version}" for name, version in versions().items())
    return Pages(f"{host['cpu']}, {host['cores']} cores; {tools}", found)


def main() -> None:
    """Compare all nets and write the pages."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.peers",
        description="Compare edgekit's choice with what other tools make, net by net, on every "
        "engine. Takes about a quarter of an hour.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("out/benchmark"),
                        help="folder for benchmark.md, .json and .png")  # fmt: skip
    names = ", ".join(Path(name).stem for name in (SAMPLES | THIRD_PARTY))
    parser.add_argument("--nets", default="", help=f"some of {names}; all by default")
    parser.add_argument("--threads", default="1,2", help="numbers of threads to time with")
    parser.add_argument("--again", type=Path, help="a benchmark.json: only draw its pages again")
    asked = parser.parse_args()
    if asked.again:
        pages = msgspec.json.decode(asked.again.read_bytes(), type=Pages)
    else:
        only = [name for name in asked.nets.split(",") if name]
        pages = compared(only, [int(n) for n in asked.threads.split(",")])
    asked.output.mkdir(parents=True, exist_ok=True)
    (asked.output / "benchmark.json").write_bytes(msgspec.json.format(msgspec.json.encode(pages)))
    lines = list(page.lines(pages.duels))
    text = ["# edgekit beside other tools", "", page.summary(lines), ""]
    text += ["## Exported with a free batch size", "", page.free_batch(pages.duels)]
    for duel in pages.duels:
        text += ["", f"## {duel.net} on {duel.engine}", "", page.details(duel)]
    text += ["", f"Measured on {pages.host}."]
    (asked.output / "benchmark.md").write_text("\n".join(text) + "\n", encoding="utf-8")
    page.plot(lines, asked.output / "benchmark.png")
    print(page.summary(lines), page.free_batch(pages.duels), sep="\n\n")


if __name__ == "__main__":
    main()

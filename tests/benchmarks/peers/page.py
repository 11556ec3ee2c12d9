"""The comparison as Markdown tables and one picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tests.benchmarks.peers import tools
from tests.benchmarks.peers.compare import BASELINE, FREE_SUFFIX, Duel, Row

EQUAL = 1.0  # dB: fidelity within this is equal, to the advantage of the others


class Line(msgspec.Struct):
    """edgekit's choice beside the best that other tools reach at equal or better fidelity.

    Latencies are ratios, with the bounds of 95 % confidence; below 1 edgekit is faster or smaller.
    edgekit's size is that in its bundle, packed; others' is that of their files (`size_over`), or
    of these packed in the same way (`packed_over`).
    """

    net: str
    engine: str
    threads: int
    chosen: str
    size: int
    psnr: float
    over_float: tuple[float, float, float]
    fastest: str
    over_fastest: tuple[float, float, float]
    smallest: str
    size_over: float
    packed_over: float


def lines(found: Sequence[Duel]) -> Iterator[Line]:
    """One line for each net, engine and number of threads, but where nothing is as faithful."""
    for duel in found:
        mine = row(duel, tools.EDGEKIT)
        for threads in duel.threads:
            peers = [peer for peer in equals(duel, mine) if threads in peer.against]
            if not peers:
                continue
            fastest = min(peers, key=lambda peer: peer.against[threads][0])
            smallest = min(peers, key=lambda peer: peer.size)
            yield Line(
                net=duel.net,
                engine=duel.engine,
                threads=threads,
                chosen=duel.chosen,
                size=mine.packed,
                psnr=mine.psnr,
                over_float=inverse(row(duel, BASELINE[duel.engine]).against[threads]),
                fastest=fastest.tool,
                over_fastest=inverse(fastest.against[threads]),
                smallest=smallest.tool,
                size_over=mine.packed / smallest.size,
                packed_over=mine.packed / min(peer.packed for peer in peers),
            )


def row(duel: Duel, tool: str) -> Row:
    """The row of a tool."""
    return next(each for each in duel.rows if each.tool == tool)


def equals(duel: Duel, mine: Row) -> list[Row]:
    """What other tools made, used with static shapes, that is as faithful as edgekit's choice."""
    return [
        each
        for each in duel.rows
        if each.tool in tools.TOOLS[duel.engine]
        and not each.failure
        and each.psnr >= mine.psnr - EQUAL
    ]


def inverse(ratio: tuple[float, float, float]) -> tuple[float, float, float]:
    """The ratio the other way round, with its bounds."""
    middle, low, high = ratio
    return 1 / middle, 1 / high, 1 / low


def mean(values: Sequence[float]) -> float:
    """The geometric mean."""
    return math.exp(sum(map(math.log, values)) / len(values))


def summary(found: Sequence[Line]) -> str:
    """edgekit's choice beside the best of the others, as Markdown."""
    text = [
        "| net | engine | threads | edgekit chose | PSNR | latency × float32 | fastest other tool "
        "of equal or better fidelity | latency × it | smallest | size × it | × it, all packed |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for line in found:
        text.append(
            f"| {line.net} | {line.engine} | {line.threads} | {line.chosen} | {line.psnr:.1f} dB "
            f"| {bounded(line.over_float)} | {line.fastest} | {bounded(line.over_fastest)} "
            f"| {line.smallest} | {line.size_over:.2f} | {line.packed_over:.2f} |"
        )
    latency = mean([line.over_fastest[0] for line in found])
    size = mean([line.size_over for line in found])
    packed = mean([line.packed_over for line in found])
    means = f"**{latency:.2f}** | | **{size:.2f}** | **{packed:.2f}** |"
    text.append(f"| **geometric mean** | | | | | | | {means}")
    return "\n".join(text)


def bounded(ratio: tuple[float, float, float]) -> str:
    """A ratio with its bounds."""
    return f"{ratio[0]:.2f} ({ratio[1]:.2f}…{ratio[2]:.2f})"


def details(duel: Duel) -> str:
    """Every artifact of one net on one engine, as Markdown."""
    counts = duel.threads
    heads = " | ".join(f"latency × float32, {n} thread{'s' * (n > 1)}" for n in counts)
    text = [
        f"| tool | size kB | packed kB | PSNR dB | {heads} |",
        "|---|---|---|---|" + "---|" * len(counts),
    ]
    base = row(duel, BASELINE[duel.engine])
    for each in duel.rows:
        if each.failure:
            text.append(f"| {each.tool} | {each.failure[:120]} | | | " + " | " * len(counts))
            continue
        times = [
            f"{each.against[n][0] / base.against[n][0]:.2f}" if n in each.against else ""
            for n in counts
        ]
        text.append(
            f"| {each.tool} | {each.size / 1e3:.0f} | {each.packed / 1e3:.0f} | {each.psnr:.1f} "
            f"| {' | '.join(times)} |"
        )
    return "\n".join(text)


def free_batch(found: Sequence[Duel]) -> str:
    """How edgekit's choice compares with exports that leave the batch size open."""
    text = []
    for duel in found:
        for each in duel.rows:
            if each.tool.endswith(FREE_SUFFIX) and not each.failure:
                times = ", ".join(
                    f"{ratio[0]:.1f} ({ratio[1]:.1f}…{ratio[2]:.1f}) times as long on {n} "
                    f"thread{'s' * (n > 1)}"
                    for n, ratio in each.against.items()
                )
                text.append(f"- {duel.net}, {each.tool}: {times} as edgekit's choice")
    return "\n".join(text)


def color(ratio: float) -> str:
    """Blue where edgekit is better by 2 % or more, red where it is worse, grey between."""
    return "#4c78a8" if ratio < 0.98 else "#e45756" if ratio > 1.02 else "#b8bfcc"


def plot(found: Sequence[Line], path: Path) -> None:
    """Latency and size beside the best of the others; left of 1 edgekit is better."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.2 + 0.32 * len(found)), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    names = [f"{line.net} · {line.engine} · {line.threads}T" for line in found]
    places = list(range(len(found)))[::-1]
    latency = [line.over_fastest for line in found]
    for ax, values, title in (
        (axes[0], [middle for middle, _, _ in latency], "latency × fastest other tool"),
        (axes[1], [line.size_over for line in found], "size × smallest other tool"),
    ):
        colors = [color(value) for value in values]
        ax.barh(places, values, color=colors, height=0.6)
        ax.axvline(1.0, color="#555555", linewidth=1)
        ax.axvline(mean(values), color="#4c78a8", linewidth=1, linestyle=":")
        ax.set_title(f"{title} (mean {mean(values):.2f})", fontsize=10)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].hlines(places, [low for _, low, _ in latency], [high for _, _, high in latency],
                   color="#222222", linewidth=1.2)  # fmt: skip
    axes[0].set_yticks(places, names, fontsize=8)
    figure.suptitle("edgekit beside other tools at equal or better fidelity", fontsize=11)
    figure.savefig(path, dpi=150)

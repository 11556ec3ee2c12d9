"""Which candidate becomes the bundle: gates first, then never worse than float32, then a goal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from edgekit.compare import Gate
from edgekit.report import Result, TargetReport
from edgekit.request import Limits

OBJECTIVES = ("balanced", "size", "latency", "quality")
ANY = Limits()
LARGER = 1.01  # a rewrite may add a few shape constants
CLOSE = 0.05  # scores within this are equal: the better quality wins
ALIKE = 0.5  # dB
# What `balanced` trades: 10 dB of signal to noise for a factor of 1.35 in size or latency, up to
# the 45 dB beyond which differences are invisible in 8-bit pictures.
QUALITY_WORTH, QUALITY_ENOUGH = 0.03, 45.0


def decide(
    report: TargetReport,
    gates: Sequence[Gate],
    objective: str,
    *,
    limits: Limits = ANY,
    strict: bool = True,
    keep_going: bool = False,
) -> TargetReport:
    """Give every result its verdict, and the target its chosen candidate."""
    results = list(report.results)
    if results[0].failure:
        failure = f"{report.name}: {results[0].failure}"
        verdicts = {r.name: r.failure or "no float32 baseline to compare with" for r in results}
        return with_verdicts(report, verdicts, None, failure)
    out = reject(results, gates, strict=strict, memory_mb=report.memory_mb, limits=limits)
    left = [result for result in results if result.name not in out]
    failure = ""
    if not left:
        made = [result for result in results if result.offered and not result.failure]
        failure = f"{report.name}: no candidate is good enough ({nearest(made, out)})"
        left = made if keep_going else []
    chosen = best(left, results[0], objective).name if left else None
    verdicts = {r.name: out.get(r.name, "good, another is better") for r in results}
    if chosen:
        verdicts[chosen] = "chosen" + (f", although {out[chosen]}" if chosen in out else "")
    return with_verdicts(report, verdicts, chosen, failure)


def nearest(made: Sequence[Result], out: Mapping[str, str]) -> str:
    """The reason of the candidate that came nearest, for the error line."""
    if not made:
        return "every candidate failed"
    leader = max(made, key=lambda result: result.scores.get("sqnr", 0.0))
    return f"nearest: {leader.name}, {out[leader.name]}"


def with_verdicts(
    report: TargetReport, verdicts: Mapping[str, str], chosen: str | None, failure: str
) -> TargetReport:
    """The report of a target with its decision filled in."""
    results = tuple(
        msgspec.structs.replace(result, verdict=verdicts[result.name]) for result in report.results
    )
    return msgspec.structs.replace(report, results=results, chosen=chosen, failure=failure)


def reject(
    results: Sequence[Result],
    gates: Sequence[Gate],
    *,
    strict: bool,
    memory_mb: int = 0,
    limits: Limits = ANY,
) -> dict[str, str]:
    """Why each result that is out is out, by name.

    `strict` also refuses what is slower or larger than the float32 baseline.
    """
    base = results[0]
    reasons = {}
    offered = {result.name for result in results if result.offered}
    for result in results:
        missed = [gate for gate in gates if not gate.met(result.scores)]
        if result.failure:
            reasons[result.name] = result.failure
        elif result.same_as in offered:
            reasons[result.name] = f"the same artifact as {result.same_as}"
        elif not result.offered:
            reasons[result.name] = "baseline only"
        elif missed:
            reasons[result.name] = "gate missed: " + ", ".join(
                f"{gate.metric} {result.scores[gate.metric]:.4g}, wanted {gate.sign}{gate.bound:g}"
                for gate in missed
            )
        elif memory_mb and result.memory > memory_mb * 1e6:
            used = f"{result.memory / 1e6:.0f} MB"
            reasons[result.name] = f"takes {used}, the target allows {memory_mb} MB"
        elif broken := over(result, limits):
            reasons[result.name] = broken
        elif strict and result.latency and result is not base and slower(result):
            reasons[result.name] = f"slower than float32 ({result.latency.ratio:.2f} ×)"
        elif strict and result.size > LARGER * base.size:
            reasons[result.name] = f"larger than float32 ({result.size / base.size:.2f} ×)"
    return reasons


def over(result: Result, limits: Limits) -> str:
    """Which of the user's limits a result breaks; empty when none."""
    if limits.max_size is not None and result.size > limits.max_size:
        return f"{result.size} bytes, wanted at most {limits.max_size}"
    if result.latency and limits.max_latency is not None:
        limit, unit = limits.max_latency
        found = result.latency.ratio if unit == "x" else result.latency.seconds
        if found > limit:
            return f"latency {found:.3g} {unit}, wanted at most {limit:g} {unit}"
    return ""


def slower(result: Result) -> bool:
    """Slower than the baseline with 95 % confidence, or by more than noise explains."""
    latency = result.latency
    return latency is not None and (latency.ratio_low > 1.0 or latency.ratio > 1.02)


def best(results: Sequence[Result], base: Result, objective: str) -> Result:
    """The best of the remaining results; close ones are told apart by their quality, if any."""
    ranked = {result.name: rank(result, base, objective) for result in results}
    lowest = min(ranked.values())
    close = [result for result in results if ranked[result.name] <= lowest + CLOSE]
    finest = max(result.scores.get("sqnr", 0.0) for result in close)
    finest_ones = [r for r in close if r.scores.get("sqnr", 0.0) >= finest - ALIKE]
    return min(finest_ones, key=lambda r: (ranked[r.name], -r.scores.get("sqnr", 0.0)))


def rank(result: Result, base: Result, objective: str) -> float:
    """Lower is better: the logarithm of what the objective counts, relative to float32."""
    size = math.log(result.size / base.size) if base.size else 0.0
    time = math.log(result.latency.ratio) if result.latency else 0.0
    if objective == "size":
        return size
    if objective == "latency":
        return time
    if objective == "quality":
        return -result.scores.get("sqnr", 0.0)
    return size + time - QUALITY_WORTH * min(result.scores.get("sqnr", 0.0), QUALITY_ENOUGH)


def pareto(results: Sequence[Result], cost: str) -> list[str]:
    """Names on the front of quality (sqnr) against `cost` ("size" or "latency"), both useful."""
    points = [
        (result.size if cost == "size" else result.latency.ratio if result.latency else math.inf,
         result.scores.get("sqnr", -math.inf), result.name)
        for result in results if not result.failure
    ]  # fmt: skip
    return [
        name
        for c, q, name in points
        if not any((c2 <= c and q2 >= q) and (c2 < c or q2 > q) for c2, q2, _ in points)
    ]

"""Which candidate becomes the bundle: gates first, then never worse than float32, then a goal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from edgekit import pareto
from edgekit.candidates.ranking import best, equals, quality, slower, undecided
from edgekit.candidates.results import Result, TargetReport
from edgekit.measure.latency import Latency
from edgekit.plan.gate import Gate
from edgekit.plan.request import Budget
from edgekit.units import latency_text, size_text

OBJECTIVES = ("balanced", "size", "latency", "quality")
ANY = Budget()
FLOATS = ("float32", "float16")
LARGER = 1.01  # a rewrite may add a few shape constants


def decide(
    report: TargetReport,
    gates: Sequence[Gate],
    objective: str,
    *,
    limits: Budget = ANY,
    strict: bool = True,
    keep_going: bool = False,
) -> TargetReport:
    """Give every result its verdict, and the target its chosen candidate."""
    results = list(report.results)
    if results[0].failure:
        failure = f"{report.name}: {results[0].failure}"
        verdicts = {r.name: r.failure or "no float32 baseline to compare with" for r in results}
        return with_verdicts(report, verdicts, None, failure)
    rules = Rules(tuple(gates), limits, strict, report.memory_mb)
    out = reject(results, gates, strict=strict, memory_mb=report.memory_mb, limits=limits)
    left = [result for result in results if result.name not in out]
    failure, near = "", None
    if not left:
        offered = {r.name for r in results if r.offered}
        made = [r for r in results
                if r.offered and not r.failure and r.same_as not in offered]  # fmt: skip
        failure = f"{report.name}: no candidate is good enough "
        if made:
            near = min(made, key=lambda r: sum(m.part for m in rules.missed(r, results[0]))).name
            reasons = [f"nearest: {near}, {out[near]}", *hints(made, results[0], rules)]
            failure += f"({'; '.join(reasons)})"
        else:
            failure += "(every candidate failed)"
        left = [r for r in made if not r.doubt] if keep_going else []
    winner = best(left, results[0], objective) if left else None
    chosen = winner.name if winner else None
    equal = equals(winner, left, results[0], objective) if winner else ()
    verdicts = {r.name: out.get(r.name, good(r.name in equal)) for r in results}
    if chosen:
        verdicts[chosen] = "chosen" + (f", although {out[chosen]}" if chosen in out else "")
        failure += f"; kept all the same (--keep-going): {chosen}" if failure else ""
    judged = with_verdicts(report, verdicts, chosen, failure)
    slow = [r for r in results if r.name in out and only_slow(r, results[0], out, rules)]
    again: tuple[str, ...] = ()
    if winner and not failure:
        again = undecided(winner, left, slow, results[0], objective)
    return msgspec.structs.replace(judged, nearest=near, equal=equal, undecided=again)


def only_slow(result: Result, base: Result, out: Mapping[str, str], rules: Rules) -> bool:
    """Whether a result is out because it is slower than the baseline, and for nothing else."""
    missed = rules.missed(result, base)
    return len(missed) == 1 and missed[0].text == out[result.name] and slower(result)


def shortfall(report: TargetReport, gates: Sequence[Gate]) -> str:
    """Why none of the decided candidates below float16 is good enough, so that mixed precision may
    be; empty where one is, where none could be made, or where float32 itself misses a gate."""
    base, fine = report.baseline, ("chosen", good(equal=True), good(equal=False))
    if base is None or Rules(tuple(gates)).gates_missed(base):
        return ""
    offered = {result.name for result in report.results if result.offered}
    below = [r for r in report.results
             if r.offered and not r.failure and r.same_as not in offered
             and r.recipe not in FLOATS]  # fmt: skip
    if not below or any(result.verdict in fine for result in below):
        return ""
    best_one = max(below, key=quality)
    return (
        "no recipe that gives all layers one precision below float16 is good enough "
        f"(the most faithful: {best_one.name}, {best_one.verdict})"
    )


def merged(report: TargetReport, among: TargetReport, twins: Sequence[Result] = ()) -> TargetReport:
    """The report with a decision among its chosen candidate and some new ones.

    `twins` are new ones that are the same as others.
    """
    if among.chosen is None:
        return report
    told = [msgspec.structs.replace(twin, verdict=same_as(twin)) for twin in twins]
    base = among.results[0]  # what is told of it stands, but if it is no longer chosen
    others = among.results if report.chosen == base.name else among.results[1:]
    again = {result.name: result for result in (*others, *told)}
    kept = [again.pop(result.name, result) for result in report.results]
    rest = [name for name in report.equal if name not in (*among.equal, among.chosen)]
    return msgspec.structs.replace(
        report,
        results=(*kept, *again.values()),
        chosen=among.chosen,
        equal=(*among.equal, *rest),
        undecided=among.undecided,
    )


def same_as(result: Result) -> str:
    """The verdict on an artifact that was there before."""
    return f"the same artifact as {result.same_as}"


def good(equal: bool) -> str:
    """The verdict on what is good enough and was not chosen."""
    return "good, equal within noise" if equal else "good, another is better"


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
    limits: Budget = ANY,
) -> dict[str, str]:
    """Why each result that is out is out, by name.

    `strict` also refuses what is slower or larger than the float32 baseline.
    """
    rules = Rules(tuple(gates), limits, strict, memory_mb)
    reasons = {}
    offered = {result.name for result in results if result.offered}
    for result in results:
        if result.failure:
            reasons[result.name] = result.failure
        elif result.same_as in offered:
            reasons[result.name] = same_as(result)
        elif not result.offered:
            reasons[result.name] = "baseline only"
        elif result.doubt:
            reasons[result.name] = result.doubt
        elif missed := rules.missed(result, results[0]):
            reasons[result.name] = "; ".join(miss.text for miss in missed)
    return reasons


class Miss(NamedTuple):
    """A bound that a result is beyond: in words, and by which part of it."""

    text: str
    part: float


class Rules(NamedTuple):
    """What a candidate must keep to."""

    gates: tuple[Gate, ...] = ()
    limits: Budget = ANY
    strict: bool = True
    memory_mb: int = 0

    def missed(self, result: Result, base: Result) -> list[Miss]:
        """Every rule that a result breaks, the gates first."""
        return [*self.gates_missed(result), *self.costs_missed(result, base)]

    def gates_missed(self, result: Result) -> list[Miss]:
        """The gates together, as one."""
        missed = [gate for gate in self.gates if not gate.met(result.scores)]
        texts = [f"{g.metric} {result.scores[g.metric]:.4g}, wanted {g.sign}{g.bound:g}"
                 for g in missed]  # fmt: skip
        part = sum(beyond(result.scores[gate.metric], gate.bound) for gate in missed)
        return [Miss("gate missed: " + ", ".join(texts), part)] if missed else []

    def costs_missed(self, result: Result, base: Result) -> list[Miss]:
        """The target's memory, the user's limits, and the baseline's size and latency."""
        found, allowed = [], self.memory_mb * 1e6
        if allowed and result.memory > allowed:
            text = f"takes {result.memory / 1e6:.0f} MB, the target allows {self.memory_mb} MB"
            found.append(Miss(text, beyond(result.memory, allowed)))
        found += over(result, self.limits)
        same = result is base or result.same_as == base.name
        if self.strict and result.latency and not same and slower(result):
            ratio, interval = result.latency.ratio, result.latency.interval
            text = f"slower than float32 ({ratio:.2f} ×, {interval})"
            found.append(Miss(text, beyond(ratio, 1.0)))
        if self.strict and result.size > LARGER * base.size:
            ratio = result.size / base.size
            found.append(Miss(f"larger than float32 ({ratio:.2f} ×)", beyond(ratio, 1.0)))
        return found


def beyond(value: float, bound: float) -> float:
    """How far a value is from a bound, relative to the bound."""
    return math.inf if math.isnan(value) else abs(value - bound) / (abs(bound) or 1.0)


def over(result: Result, limits: Budget) -> list[Miss]:
    """Which of the user's limits a result breaks."""
    found = []
    if limits.max_size is not None and result.size > limits.max_size:
        text = f"{size_text(result.size)}, wanted at most {size_text(limits.max_size)}"
        found.append(Miss(text, beyond(result.size, limits.max_size)))
    if result.latency and limits.max_latency is not None:
        limit, unit = limits.max_latency
        value = taken(result.latency, unit)
        if value > limit:
            text = f"latency {latency_text(value, unit)}, wanted at most "
            found.append(Miss(text + latency_text(limit, unit), beyond(value, limit)))
    return found


def taken(latency: Latency, unit: str) -> float:
    """A latency in the unit of a limit."""
    return latency.ratio if unit == "x" else latency.seconds


def hints(made: Sequence[Result], base: Result, rules: Rules) -> list[str]:
    """What could be had for looser limits, and for looser gates."""
    told = []
    limits, good = rules.limits, [r for r in made if not rules.gates_missed(r)]
    if good and limits.max_size is not None:
        size = min(result.size for result in good)
        if size > limits.max_size:
            text = f"the smallest that meets every gate has {size_text(size)} (--max-size)"
            told.append(text)
    if limits.max_latency is not None:
        limit, unit = limits.max_latency
        times = [taken(result.latency, unit) for result in good if result.latency]
        if times and min(times) > limit:
            text = latency_text(min(times), unit)
            told.append(f"the fastest that meets every gate takes {text} (--max-latency)")
    within = [result for result in made if not rules.costs_missed(result, base)]
    where = " within the limits" if limits != ANY else ""
    for gate in rules.gates if within else ():
        values = [r.scores[gate.metric] for r in within if gate.metric in r.scores]
        if values and not any(gate.met({gate.metric: value}) for value in values):
            top = max(values) if ">" in gate.sign else min(values)
            told.append(f"the best{where} reaches {gate.metric} {top:.4g} (--gate)")
    return told


def leading(results: Sequence[Result], cost: str) -> list[str]:
    """Names on the front of quality (sqnr) against `cost` ("size" or "latency"), both useful."""

    def goals(result: Result) -> tuple[float, ...]:
        ratio = result.latency.ratio if result.latency else math.inf
        quality = result.scores.get("sqnr", -math.inf)
        return (result.size if cost == "size" else ratio, -quality)

    useful = [result for result in results if not result.failure and not result.same_as]
    return [result.name for result in pareto.front(useful, goals)]

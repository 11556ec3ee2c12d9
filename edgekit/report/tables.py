"""What a conversion measured, as tables and lines of text."""

from __future__ import annotations

from edgekit.candidates.results import Report, Result, TargetReport
from edgekit.measure.latency import Latency
from edgekit.plan.steps import REWRITE

ROUGH = 0.1  # of a ratio: its interval is shown where it is no better known
# Of the columns of `rows`, those that stand on a terminal of 100 columns.
NARROW = ("candidate", "size", "÷ float32", "× float32", "PSNR", "verdict")


def proxy(report: Report, target: TargetReport) -> str:
    """What the target's latencies are worth, where they were measured on another processor."""
    here = str(report.machine.get("architecture", ""))
    if not target.architecture or here in target.architecture:
        return ""
    device = " or ".join(target.architecture)
    return (
        f"latency is a proxy: measured on {here}, the target is {device}; "
        "run `edgekit bench` on the device"
    )


def threads(report: Report, target: TargetReport) -> str:
    """The threads that latencies were measured with, and why they are not the target's."""
    here, wanted = target.device.threads, target.target_threads
    if wanted <= here:
        return f"{here} thread{'' if here == 1 else 's'}"
    cores = report.machine.get("cores")
    why = f": this machine has {cores} core{'' if cores == 1 else 's'}" if cores == here else ""
    return f"{here} of the target's {wanted} threads{why}"


def variants(target: TargetReport) -> str:
    """What the names of candidates tell; empty where they are the recipes' own."""
    told = {
        "with “+rewrites”, exact rewrites changed the graph (docs/rewrites.md)": any(
            REWRITE in result.steps for result in target.results
        ),
        "with “without …”, all of them did but that one": any(r.left_out for r in target.results),
    }
    forms = {r.form: r.note for r in target.results if r.form}
    told |= {f"“{form}”: {note}": True for form, note in forms.items()}
    return "; ".join(text for text, holds in told.items() if holds)


def searched(target: TargetReport) -> str:
    """That and why mixed precision was searched without being asked for; else empty."""
    return f"mixed precision was searched: {target.searched}" if target.searched else ""


def equal(report: Report, target: TargetReport) -> str:
    """Which candidates only noise sets apart from the chosen one; empty where there is none."""
    if not target.equal:
        return ""
    return (
        f"equal within noise, by the objective '{report.objective}': "
        f"{', '.join((target.chosen or '', *target.equal))}; another run may choose another of them"
    )


def noise(target: TargetReport) -> str:
    """How much timings vary, and how exactly ratios are known for all that."""
    spreads = [result.latency.spread for result in target.results if result.latency]
    text = f"timings of one candidate vary by ±{target.noise:.0%} on this machine"
    return f"{text}, ratios are known to ±{max(spreads, default=0.0):.0%} at worst (95 %)"


def installation(target: TargetReport) -> str:
    """The command that makes a device ready for the bundle."""
    chosen = target.result(target.chosen)
    return target.install.replace("{engine}", chosen.engine) if chosen else ""


def rows(target: TargetReport) -> list[dict[str, str]]:
    """The table of one target, as text cells by column."""
    base = target.baseline
    table = []
    for result in target.results:
        table.append(
            {
                "candidate": result.name,
                "size": megabytes(result.size) if result.size else "–",
                "÷ float32": f"{result.size / base.size:.2f}" if base and result.size else "–",
                "unpacked": megabytes(result.unpacked) if result.unpacked else "–",
                "latency": milliseconds(result.latency.seconds) if result.latency else "–",
                "× float32": ratio(result.latency) if result.latency else "–",
                "memory": megabytes(result.memory) if result.size else "–",
                "PSNR": shown(result, "psnr", ".1f"),
                "SSIM": shown(result, "ssim", ".3f"),
                "Fréchet": shown(result, "frechet", ".3g"),
                "verdict": result.verdict,
            }
        )
    return table


def ratio(latency: Latency) -> str:
    """A latency relative to float32, with how exactly it is known where that is not exact."""
    if latency.spread <= ROUGH:
        return f"{latency.ratio:.2f}"
    return f"{latency.ratio:.2f} ({latency.interval})"


def narrow(table: list[dict[str, str]]) -> list[dict[str, str]]:
    """The columns that a choice is made by, as far as they tell something."""
    kept = [name for name in NARROW if any(row[name] != "–" for row in table)]
    return [{name: row[name] for name in kept} for row in table]


def shown(result: Result, metric: str, form: str) -> str:
    """A score as text, a dash where it does not apply."""
    return format(result.scores[metric], form) if metric in result.scores else "–"


def milliseconds(seconds: float) -> str:
    """A latency for people."""
    return f"{seconds * 1e3:.3g} ms"


def megabytes(size: int) -> str:
    """Bytes for people: kB below one megabyte."""
    return f"{size / 1e3:.0f} kB" if size < 1e6 else f"{size / 1e6:.2f} MB"

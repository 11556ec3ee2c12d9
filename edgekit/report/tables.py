"""What a conversion measured, as tables and lines of text."""

from __future__ import annotations

from edgekit.candidates.results import Report, Result, TargetReport


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
    here, wanted = target.threads, target.target_threads
    if wanted <= here:
        return f"{here} thread{'' if here == 1 else 's'}"
    cores = report.machine.get("cores")
    why = f": this machine has {cores} core{'' if cores == 1 else 's'}" if cores == here else ""
    return f"{here} of the target's {wanted} threads{why}"


def variants(target: TargetReport) -> str:
    """What the names of candidates tell; empty where they are the recipes' own."""
    told = {
        "+rewrites": "with “+rewrites”, exact rewrites changed the graph (docs/rewrites.md)",
        " without ": "with “without …”, all of them did but that one",
        " with shared scales": "with “shared scales”, dense layers have one scale for all channels",
    }
    return "; ".join(
        text for part, text in told.items() if any(part in result.name for result in target.results)
    )


def searched(target: TargetReport) -> str:
    """That and why mixed precision was searched without being asked for; else empty."""
    return f"mixed precision was searched: {target.searched}" if target.searched else ""


def equal(target: TargetReport) -> str:
    """Which candidates only noise sets apart from the chosen one; empty where there is none."""
    if not target.equal:
        return ""
    return (
        f"equal within noise: {', '.join((target.chosen or '', *target.equal))}; "
        "another run may choose another of them"
    )


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
                "latency": f"{result.latency.seconds * 1e3:.3g} ms" if result.latency else "–",
                "× float32": f"{result.latency.ratio:.2f}" if result.latency else "–",
                "memory": megabytes(result.memory) if result.size else "–",
                "PSNR": shown(result, "psnr", ".1f"),
                "SSIM": shown(result, "ssim", ".3f"),
                "Fréchet": shown(result, "frechet", ".3g"),
                "verdict": result.verdict,
            }
        )
    return table


def shown(result: Result, metric: str, form: str) -> str:
    """A score as text, a dash where it does not apply."""
    return format(result.scores[metric], form) if metric in result.scores else "–"


def megabytes(size: int) -> str:
    """Bytes for people: kB below one megabyte."""
    return f"{size / 1e3:.0f} kB" if size < 1e6 else f"{size / 1e6:.2f} MB"

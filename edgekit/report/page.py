"""report.html: one self-contained page of tables, plots and pictures."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.candidates.choose import leading
from edgekit.candidates.results import Report, TargetReport
from edgekit.data.images import grid, pictures, png, to_uint8
from edgekit.engines import Coverage
from edgekit.families._base import Family
from edgekit.measure.fidelity import span
from edgekit.model import Model
from edgekit.report.plots import front_plot
from edgekit.report.tables import (
    equal,
    installation,
    noise,
    proxy,
    rows,
    searched,
    threads,
    variants,
)

Arrays = Mapping[str, NDArray[Any]]
SHOWN, WORST, WORST_COLUMNS = 16, 6, 3
FACTORS = (100, 10, 1)  # that errors are shown with


def page(
    report: Report,
    family: type[Family],
    model: Model,
    draws: Arrays,
    original: Arrays,
    outputs: Mapping[str, Callable[[], Arrays]],
) -> str:
    """The page as text.

    Args:
        report: what was measured.
        family: knows which output is shown.
        model: the original's description.
        draws: the inputs of the trial.
        original: the original's outputs.
        outputs: for each target, what gives the shown candidate's outputs.
    """
    import jinja2

    template = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    shown = family.shown(model)
    tensor = family.output_tensor(model, shown)
    sections = []
    for target in report.targets:
        candidate = outputs[target.name]()[shown] if target.name in outputs else None
        sections.append(
            {
                "report": target,
                "threads": threads(report, target),
                "proxy": proxy(report, target),
                "installation": installation(target) if target.bundle else "",
                "rows": rows(target),
                "variants": variants(target),
                "equal": equal(report, target),
                "noise": noise(target),
                "searched": searched(target),
                "details": details(target),
                "plots": [
                    front_plot(target, cost, leading(target.results, cost))
                    for cost in ("size", "latency")
                    if target.baseline
                ],
                "pictures": compared(original[shown], candidate, tensor.range),
                "worst": worst_pairs(
                    original[shown], candidate, tensor.range, span(tensor, original[shown])
                ),
            }
        )
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    text: str = environment.from_string(template).render(
        report=report, sections=sections, model=model, inputs=inputs_text(draws)
    )
    return text


def inputs_text(draws: Arrays) -> str:
    """The trial's inputs in words."""
    return ", ".join(f"{name} {array.shape}" for name, array in draws.items())


def details(target: TargetReport) -> list[dict[str, Any]]:
    """Per candidate: its steps, fast-path share, fallbacks and all scores."""
    return [
        {
            "name": result.name,
            "steps": " → ".join(result.steps),
            "fast_path": fast_path(result.coverage) if result.coverage else "–",
            "fallbacks": result.coverage.fallbacks if result.coverage else (),
            "note": result.note,
            "interval": interval(result.latency) if result.latency else "–",
            "scores": {name: f"{value:.4g}" for name, value in result.scores.items()},
            "failure": result.failure,
        }
        for result in target.results
    ]


def fast_path(coverage: Coverage) -> str:
    """The shares that the engine's fast path took."""
    return f"{coverage.ops:.0%} of ops, {coverage.multiply_adds:.0%} of multiply-adds"


def interval(latency: Any) -> str:
    """The ratio's confidence interval and the machine's noise."""
    low, high = latency.ratio_low, latency.ratio_high
    return f"{low:.2f}…{high:.2f} (95 %), noise {latency.noise:.1%}, {latency.runs} runs"


def compared(
    original: NDArray[Any], candidate: NDArray[Any] | None, value_range: Any
) -> dict[str, str] | None:
    """Sample grids of original and candidate as data URIs; None when rows are no pictures."""
    if candidate is None or pictures(original) is None:
        return None
    return {
        "original": picture(original[:SHOWN], value_range),
        "candidate": picture(candidate[:SHOWN], value_range),
    }


def worst_pairs(
    original: NDArray[Any], candidate: NDArray[Any] | None, value_range: Any, width: float
) -> dict[str, Any] | None:
    """The pairs with the largest mean squared error: original, candidate, and error enlarged."""
    if candidate is None or pictures(original) is None:
        return None
    gap = np.abs(np.subtract(candidate, original, dtype=np.float64))
    error = np.square(gap).reshape(len(original), -1).mean(1)
    order = np.argsort(-error)[:WORST]
    gap = gap[order]
    factor = enlarged(gap, width)
    psnr = 10 * np.log10(width * width / np.maximum(error[order], 1e-300))
    return {
        "original": picture(original[order], value_range, WORST_COLUMNS),
        "candidate": picture(candidate[order], value_range, WORST_COLUMNS),
        "error": picture(gap * factor, (0.0, width), WORST_COLUMNS),
        "factor": factor,
        "rows": ", ".join(f"#{i} ({p:.1f} dB)" for i, p in zip(order, psnr, strict=True)),
    }


def enlarged(gap: NDArray[Any], width: float) -> int:
    """The largest factor with which all but a hundredth of the errors stay within the range."""
    typical = float(np.quantile(gap, 0.99))
    return next((factor for factor in FACTORS if typical * factor <= width), FACTORS[-1])


def picture(images: NDArray[Any], value_range: Any, columns: int | None = None) -> str:
    """A sheet of pictures as a data URI."""
    shaped = pictures(images)
    if shaped is None:
        raise ValueError(f"not pictures: {images.shape}")
    if shaped.shape[1] > 160:  # a page of large images stays a few megabytes
        step = -(-shaped.shape[1] // 160)
        shaped = shaped[:, ::step, ::step]
    content = png(grid(to_uint8(shaped, value_range), columns))
    return "data:image/png;base64," + base64.b64encode(content).decode()

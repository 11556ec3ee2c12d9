"""What the samples gain, by target: `python -m tests.benchmarks.samples OUTPUT [--third-party]`.

Converts the shipped samples (or the nets that others trained) for every target and prints, as
Markdown, what was chosen and what it costs and wins beside float32 on the same engine.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import edgekit
from edgekit.plan.target import names as target_names

MODELS = Path(__file__).parents[2] / "samples" / "models"
SAMPLES: dict[str, dict[str, Any]] = {
    "digits_dcgan.keras": {},
    "digits_vae": {},
    "super_resolution.keras": {"sizes": ((64, 64),)},
}
THIRD_PARTY: dict[str, dict[str, Any]] = {
    "esrgan.keras": {
        "sizes": ((64, 64),),
        "input_range": (0.0, 255.0),
        "output_range": (0.0, 255.0),
    },
    "dcgan_faces.keras": {},
}


def table(folder: Path, nets: dict[str, dict[str, Any]], output: Path) -> list[str]:
    """One Markdown row for each net and target."""
    rows = [
        "| net | target | chosen | size ÷ float32 | latency × float32 | PSNR dB |",
        "|---|---|---|---|---|---|",
    ]
    for name, options in nets.items():
        report = edgekit.convert(
            folder / name, targets=target_names(), output=output / name, force=True, **options
        )
        for target in report.targets:
            chosen, base = target.result(target.chosen), target.baseline
            if chosen is None or base is None or chosen.latency is None:
                rows.append(f"| {name} | {target.name} | none: {target.failure} | | | |")
                continue
            rows.append(
                f"| {name} | {target.name} | {chosen.name} | {chosen.size / base.size:.2f} "
                f"| {chosen.latency.ratio:.2f} ({chosen.latency.ratio_low:.2f}…"
                f"{chosen.latency.ratio_high:.2f}) | {chosen.scores['psnr']:.1f} |"
            )
    return rows


def main() -> None:
    """Convert and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--third-party", action="store_true")
    asked = parser.parse_args()
    if not asked.third_party:
        print("\n".join(table(MODELS, SAMPLES, asked.output)))
        return
    from tests.thirdparty import dcgan_faces, esrgan

    with tempfile.TemporaryDirectory() as scratch:
        esrgan.build().save(Path(scratch) / "esrgan.keras")
        dcgan_faces.build().save(Path(scratch) / "dcgan_faces.keras")
        print("\n".join(table(Path(scratch), THIRD_PARTY, asked.output)))


if __name__ == "__main__":
    main()

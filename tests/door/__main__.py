"""Convert nets for both engines and print, as a Markdown table, what came of each.

python -m tests.door                       the nets of this folder (a few minutes)
python -m tests.door NAME …                some of them
python -m tests.door model.keras … [--trust] [--custom-objects MODULE]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import edgekit
from edgekit.errors import EdgekitError
from tests.door import nets  # noqa: F401 - registers them
from tests.door.kinds import CASES

TARGETS = ("raspberry-pi-5", "intel-cpu")
FAST = {"samples": 8, "calibration": 8, "seconds": 0.05, "keep_going": True}


def main() -> None:
    """Read the command line and print a row a net; exit code 1 when one came out wrong."""
    parser = argparse.ArgumentParser(description="What comes of nets at edgekit's door.")
    parser.add_argument("models", nargs="*", help="names of this folder, or model files")
    parser.add_argument("--trust", action="store_true")
    parser.add_argument("--custom-objects", action="append", default=[])
    parser.add_argument("--recipe", action="append", help="default: float32, int8, int8-dynamic")
    asked = parser.parse_args()
    wrong = 0
    print("| net | result | what was said |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as home:
        for name in asked.models or CASES:
            case = CASES.get(name)
            options: dict[str, Any] = dict(case.options) if case else {}
            if asked.trust:
                options["trust"] = True
            if asked.custom_objects:
                options["custom_objects"] = asked.custom_objects
            path = case.save(Path(home)) if case else Path(name)
            result, said = outcome(path, Path(home), asked.recipe, options)
            wrong += bool(case) and not right(name, result, said)
            print(f"| {Path(name).name} | {result} | {said.replace('|', '/')} |", flush=True)
    sys.exit(bool(wrong))


def outcome(
    path: Path, home: Path, recipe: list[str] | None, options: dict[str, Any]
) -> tuple[str, str]:
    """What a conversion ended in, and what it said."""
    try:
        report = edgekit.convert(
            path,
            targets=TARGETS,
            recipe=recipe or ["float32", "int8", "int8-dynamic"],
            output=home / f"out-{path.name}",
            cache=home / "cache",
            # Untrained nets are all noise: what is tested is that every candidate is made and runs.
            gates=["psnr>=1", "cosine>=-1"],
            **(FAST | options),
        )
    except EdgekitError as error:
        return f"refused ({type(error).__name__})", str(error)
    chosen = ", ".join(f"{t.name}: {t.chosen}" for t in report.targets)
    failed = [
        f"{r.name} failed: {r.failure}" for t in report.targets for r in t.results if r.failure
    ]
    return f"{report.family}; {chosen}", "; ".join([*report.remarks, *failed])


def right(name: str, result: str, said: str) -> bool:
    """Whether it is what is right for one of our own nets."""
    import re

    case = CASES[name]
    if case.refusal:
        return result.startswith("refused") and bool(re.search(case.refusal, said, re.IGNORECASE))
    return result.startswith(case.family) and case.remark in said and "failed" not in said


if __name__ == "__main__":
    main()

"""edgekit doctor"""

from __future__ import annotations

import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import click

from edgekit.cli._options import json_option
from edgekit.cli._show import emit, table

# module → (distribution, what it is for, the extra that brings it)
PARTS = {
    "numpy": ("numpy", "everything", ""),
    "ai_edge_litert": ("ai-edge-litert", "engine litert", "litert"),
    "tflite_runtime": ("tflite-runtime", "engine litert, older", "tflite"),
    "openvino": ("openvino", "engine openvino", "openvino"),
    "tensorflow": ("tensorflow", "convert: load and lower", "convert"),
    "keras": ("keras", "convert: load", "convert"),
    "litert_quantizer": ("litert-quantizer", "convert: quantize for LiteRT", "convert"),
    "nncf": ("nncf", "convert: quantize for OpenVINO", "convert"),
    "scipy": ("scipy", "convert: choose precisions", "convert"),
    "PIL": ("pillow", "reading images", "images"),
    "matplotlib": ("matplotlib", "convert: report", "convert"),
}


@click.command("doctor", short_help="Tell what this machine can do and what is missing.")
@json_option
def command(as_json: bool) -> None:
    """Tell which engines and converters are installed, and what would bring the others."""
    from edgekit.measure import machine
    from edgekit.workspace import default_cache

    rows = [part(module, *about) for module, about in PARTS.items()]
    cache = default_cache()
    size = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file())
    place = next(path for path in (cache, *cache.parents) if path.exists())
    free = shutil.disk_usage(place).free
    value = {
        "python": platform.python_version(),
        "machine": machine(),
        "cache": {"folder": str(cache), "bytes": size, "free": free},
        "parts": rows,
    }
    host = value["machine"]
    text = "\n".join(
        [
            f"Python {value['python']}, {platform.platform()}",
            f"{host['cpu'] or host['architecture']}, {host['cores']} cores",  # type: ignore[index]
            f"cache: {cache} ({size / 1e6:.0f} MB, {free / 1e9:.0f} GB free)",
            "",
            table(rows),
        ]
    )
    emit(value, as_json, text)


def part(module: str, distribution: str, purpose: str, extra: str) -> dict[str, str]:
    """One line: what is installed, or the command that installs it."""
    state = "missing"
    if find_spec(module):
        try:
            state = version(distribution)
        except PackageNotFoundError:
            state = "installed"
    remedy = f"pip install 'edgekit[{extra}]'" if state == "missing" and extra else ""
    return {"part": distribution, "version": state, "for": purpose, "remedy": remedy}

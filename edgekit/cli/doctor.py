"""edgekit doctor"""

from __future__ import annotations

import platform
import shlex
import shutil
from importlib.metadata import PackageNotFoundError, version

import click

from edgekit.cli._options import json_option
from edgekit.cli._show import emit, table
from edgekit.errors import pip_install, requirements, there

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
    "optuna": ("optuna", "tune: propose recipes", "convert"),
    "PIL": ("pillow", "reading images", "images"),
    "matplotlib": ("matplotlib", "convert: report", "convert"),
}


ENGINES = {"litert": ("ai_edge_litert", "tflite_runtime"), "openvino": ("openvino",)}


@click.command("doctor", short_help="Tell what this machine can do and what is missing.")
@json_option
def command(as_json: bool) -> None:
    """Tell which engines and converters are installed, and what would bring the others."""
    from edgekit.measure.latency import machine
    from edgekit.work.cache import default_cache, usage

    rows = [part(module, *about) for module, about in PARTS.items()]
    engines = [engine for engine, modules in ENGINES.items() if any(map(there, modules))]
    missing = [name for name in requirements("convert") if not there(name)]
    cache = default_cache()
    size = usage(cache).size
    place = next(path for path in (cache, *cache.parents) if path.exists())
    free = shutil.disk_usage(place).free
    value = {
        "python": platform.python_version(),
        "machine": machine(),
        "cache": {"folder": str(cache), "bytes": size, "free": free},
        "parts": rows,
        "runs": engines,
        "converts": not missing and there("tensorflow"),
    }
    host = value["machine"]
    text = "\n".join(
        [
            f"Python {value['python']}, {platform.platform()}",
            f"{host['cpu'] or host['architecture']}, {host['cores']} cores",  # type: ignore[index]
            f"cache: {cache} ({size / 1e6:.0f} MB, {free / 1e9:.0f} GB free)",
            "",
            table(rows),
            "",
            f"runs bundles of: {', '.join(engines) or 'no engine'}",
            "converts models"
            if value["converts"]
            else "cannot convert models; for that run: " + pip_install("convert", "tensorflow"),
        ]
    )
    emit(value, as_json, text)


def part(module: str, distribution: str, purpose: str, extra: str) -> dict[str, str]:
    """One line: what is installed, or the command that installs it."""
    state, remedy = "missing", ""
    if there(module):
        try:
            state = version(distribution)
        except PackageNotFoundError:
            state = "installed"
    elif module == "tflite_runtime" and there("ai_edge_litert"):
        state = "not needed"
    elif extra:
        remedy = shlex.join(["pip", "install", requirements(extra).get(module, distribution)])
    return {"part": distribution, "version": state, "for": purpose, "remedy": remedy}

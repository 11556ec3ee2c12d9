"""edgekit doctor"""

from __future__ import annotations

import platform
import shlex
import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

import click

from edgekit.cli._options import json_option
from edgekit.cli._show import emit, table
from edgekit.errors import DISTRIBUTIONS, pip_install, requirements, there

# What no engine, source or pass asks for, and what it is for.
OTHERS = {
    "scipy": "convert: choose precisions",
    "optuna": "tune: propose recipes",
    "PIL": "reading images",
    "matplotlib": "convert: report",
}


@click.command("doctor", short_help="Tell what this machine can do and what is missing.")
@json_option
def command(as_json: bool) -> None:
    """Tell which engines and converters are installed, and what would bring the others."""
    from edgekit.measure.latency import machine
    from edgekit.work.cache import default_cache, usage

    modules = engine_modules()
    engines = [engine for engine, any_of in modules.items() if any(map(there, any_of))]
    rows = [part(module, use, needless(module, modules)) for module, use in uses(modules).items()]
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


def engine_modules() -> dict[str, Sequence[str]]:
    """The modules of every engine, any of which runs it, the usual one first."""
    from edgekit import plugin

    return {name: plugin.part(name, "runtime").MODULES for name in plugin.names("engines")}


def uses(engines: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Every module that something asks for, and what it is for, without importing any."""
    from edgekit import plugin
    from edgekit.passes import load_pass, pass_names

    run: dict[str, list[str]] = {"numpy": ["everything"]}
    for engine, (first, *others) in engines.items():
        run.setdefault(first, []).append(f"engine {engine}")
        for module in others:
            run.setdefault(module, []).append(f"engine {engine}, without {distribution(first)}")
    made: dict[str, list[str]] = {}
    for source in plugin.names("sources"):
        for module in plugin.load("sources", source).NEEDS:
            made.setdefault(module, []).append("load")
    for engine in engines:
        for name in pass_names(engine):
            step = name if name in plugin.names("passes") else f"{name} for {engine}"
            for module in load_pass(name, engine).NEEDS:
                made.setdefault(module, []).append(step)
    found = {module: "; ".join(words) for module, words in run.items()}
    for module, words in made.items():
        found.setdefault(module, "convert: " + ", ".join(dict.fromkeys(words)))
    return found | OTHERS


def needless(module: str, engines: Mapping[str, Sequence[str]]) -> bool:
    """Whether it is there for engines only that another module runs already."""
    served = [modules for modules in engines.values() if module in modules]
    return bool(served) and all(any(map(there, modules)) for modules in served)


def part(module: str, use: str, needless: bool) -> dict[str, str]:
    """One line: what is installed, or the command that installs it."""
    name, state, remedy = distribution(module), "missing", ""
    if there(module):
        try:
            state = version(name)
        except PackageNotFoundError:
            state = "installed"
    elif needless:
        state = "not needed"
    else:
        remedy = shlex.join(["pip", "install", requirements().get(module, name)])
    return {"part": name, "version": state, "for": use, "remedy": remedy}


def distribution(module: str) -> str:
    """What pip calls a module."""
    return DISTRIBUTIONS.get(module, module.replace("_", "-"))

"""Which of edgekit's own modules a step may run: a change of any other leaves its result as it is.

The modules that a file names are found in its text, as `edgekit.a.b` or `from edgekit.a import b`,
wherever they stand: in functions and in strings too, so rather too many than too few. What is found
by name at run time (`plugin.load(…)`) is every module of that folder; of the engines, only that of
the step, if it is told.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from edgekit import plugin

DOTTED = re.compile(r"\bedgekit(?:\.\w+)+")
FROM = re.compile(r"\bfrom (edgekit[\w.]*) import (\([^)]*\)|[^\n]*)")
BY_NAME = re.compile(r"\bplugin\.(?:load|names|part|has_part|inside)\(\s*(?:\"(\w+)\")?")
NAME = re.compile(r"\w+")
# What every step goes through, and what edgekit itself imports.
ALWAYS = ("edgekit.work.worker", "edgekit._version")


def code_hash(function_module: str, engine: str | None) -> str:
    """The hash of all modules of edgekit that a function of a module may run.

    Args:
        function_module: dotted name; outside of edgekit itself, all of edgekit counts.
        engine: the only engine whose parts are loaded by name; None for any.
    """
    digest = hashlib.sha256()
    for module in sorted(modules(function_module, engine)):
        digest.update(f"{module} {fingerprint(module)}\n".encode())
    return digest.hexdigest()


@cache
def modules(function_module: str, engine: str | None) -> frozenset[str]:
    """Every module of edgekit that importing and running a module may import."""
    if place(function_module) is None:
        return frozenset(every("edgekit"))
    found: set[str] = set()
    waiting = [function_module, *ALWAYS]
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        package = module.rpartition(".")[0]
        waiting += [package] if package else []
        if module == "edgekit":  # its functions are for users, no step calls them
            continue
        waiting += [name for name in named(module) if place(name)]
        for folder in found_by_name(module):
            waiting += loadable(folder, engine)
    return frozenset(found)


@cache
def named(module: str) -> frozenset[str]:
    """The modules, and other things, that the text of a module names."""
    source = text(module)
    found = set(DOTTED.findall(source))
    for package, listed in FROM.findall(source):
        found |= {package, *(f"{package}.{name}" for name in NAME.findall(listed))}
    # `edgekit.a.b.c` may be something in the module edgekit.a.b.
    return frozenset(name.rsplit(".", k)[0] for name in found for k in range(name.count(".")))


@cache
def found_by_name(module: str) -> frozenset[str]:
    """The folders in which a module looks for others by their names; "" for an unknown one."""
    if module == plugin.__name__:
        return frozenset()
    return frozenset(BY_NAME.findall(text(module)))


def loadable(folder: str, engine: str | None) -> list[str]:
    """What may be loaded by name from a folder; of the engines only one, where it is told."""
    if folder and folder != "engines":
        return every(f"edgekit.{folder}")
    others = (
        [] if folder else [name for name in plugin.KINDS if name not in ("engines", "rewrites")]
    )
    found = [module for other in others for module in every(f"edgekit.{other}")]
    if not engine:
        return [*found, *every("edgekit.engines")]
    return [*found, "edgekit.engines", *every(f"edgekit.{plugin.inside(engine)}")]


@cache
def every(package: str) -> list[str]:
    """A module and, of a package, all that is in it."""
    if place(package) is None:
        return []
    found, home = [package], importlib.import_module(package)
    for info in pkgutil.iter_modules(getattr(home, "__path__", ())):
        name = f"{package}.{info.name}"
        found += every(name) if info.ispkg else [name]
    return found


@cache
def place(module: str) -> Path | None:
    """The file of a module of edgekit; None for what is none."""
    head, _, name = module.rpartition(".")
    if not head:
        return Path(importlib.import_module(module).__file__ or "") if module == "edgekit" else None
    parent = place(head)
    if parent is None or parent.name != "__init__.py":
        return None
    for folder in folders(head):
        for file in (folder / f"{name}.py", folder / name / "__init__.py"):
            if file.is_file():
                return file
    return None


def folders(package: str) -> Iterator[Path]:
    """Where a package's modules are."""
    yield from map(Path, importlib.import_module(package).__path__)


@cache
def text(module: str) -> str:
    """The source of a module."""
    file = place(module)
    return file.read_text(encoding="utf-8") if file else ""


@cache
def fingerprint(module: str) -> str:
    """The hash of a module's source."""
    return hashlib.sha256(text(module).encode()).hexdigest()

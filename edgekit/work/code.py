"""Which of edgekit's own modules a step may run: a change of any other leaves its result as it is.

The modules that a file names are found in its text, wherever they stand and however they are laid
out: in functions and in strings too, so rather too many than too few, in a small part of the time
that a parser takes. What is found by name at run time (through `plugin`) is every module of that
folder; of the engines, only that of the step, if it is told, and what a file looks for in each.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

from edgekit import plugin

GAP = r"[\s\\]*"  # a backslash goes before the end of a line
DOTTED = re.compile(rf"edgekit(?:{GAP}\.{GAP}\w+)+")
FROM = re.compile(  # nothing after `import` is used up: other imports may follow in it
    rf"from\b({GAP}(?:\.{GAP})*(?:\w+(?:{GAP}\.{GAP}\w+)*)?){GAP}\bimport\b"
    rf"(?={GAP}(\((?:[^()#]|#.*)*\)|(?:[^\\\n#]|\\\n)*))"
)
COMMENT, WORD, UNSEEN = re.compile("#.*"), re.compile(r"\w+|\*"), re.compile(r"[\s\\]+")
BY_NAME = re.compile(r"plugin\.(?:load|names|part|has_part|inside)\b(?:\(\s*\"(\w+)\"\s*[,)])?")
OF_EACH = re.compile(r"plugin\.part_of_each\b(?:\(\s*\"(\w+)\"\s*\))?")
OTHERWISE = re.compile(r"plugin[\s\\]+(?:as|import)\b")  # plugin, but called something else
# What every step goes through, and what edgekit itself imports.
ALWAYS = ("edgekit.work.executor", "edgekit.work.forkserver", "edgekit._version")


def code_hash(function_module: str, engine: str | None) -> str:
    """The hash of all modules of edgekit that a function of a module may run.

    Args:
        function_module: dotted name; outside of edgekit itself, all of edgekit counts.
        engine: the only one whose parts are loaded by name; any, where it is none that there is.
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
        if module in ("edgekit", __name__):  # the one is for users, the other names what others run
            continue
        waiting += [name for name in named(module) if place(name)]
        waiting += loaded_by_name(module, engine)
    return frozenset(found)


@cache
def named(module: str) -> frozenset[str]:
    """The modules, and other things, that the text of a module names."""
    file = place(module)
    inside = file is not None and file.name == "__init__.py"
    return names(text(module), module if inside else module.rpartition(".")[0])


def names(source: str, package: str) -> frozenset[str]:
    """The modules, and other things, that the source of a module in a package names."""
    found = {UNSEEN.sub("", name) for name in DOTTED.findall(source)}
    for start, listed in FROM.findall(source):
        with suppress(ImportError):  # more dots than packages, as in prose
            origin = resolve_name(UNSEEN.sub("", start), package)
            words = WORD.findall(COMMENT.sub("", listed))
            found |= {origin, *(f"{origin}.{word}" for word in words)}
            found |= set(every(origin) if "*" in words else ())
    # `edgekit.a.b.c` may be something in the module edgekit.a.b.
    return frozenset(name.rsplit(".", k)[0] for name in found for k in range(name.count(".")))


def loaded_by_name(module: str, engine: str | None) -> list[str]:
    """The modules that a module may look for by their names; of the engines only one's, if told."""
    folders, parts = looked_in(module)
    found = [name for folder in folders for name in loadable(folder, engine)]
    for other in plugin.names("engines") if parts else ():
        found += [each for part in parts for each in every(f"edgekit.{plugin.inside(other, part)}")]
    return found


@cache
def looked_in(module: str) -> tuple[frozenset[str], frozenset[str]]:
    """The folders in which a module looks for others, and the parts of all engines; "" for any."""
    if module == plugin.__name__:
        return frozenset(), frozenset()
    source = text(module)
    otherwise = {""} if OTHERWISE.search(source) else set()
    return frozenset(otherwise.union(BY_NAME.findall(source))), frozenset(OF_EACH.findall(source))


def loadable(folder: str, engine: str | None) -> list[str]:
    """What may be loaded by name from a folder, or from any ("")."""
    if folder and folder != "engines":
        return every(f"edgekit.{folder}")
    others = () if folder else set(plugin.KINDS) - {"engines", "rewrites"}
    found = [module for other in others for module in every(f"edgekit.{other}")]
    own = every(f"edgekit.{plugin.inside(engine)}") if engine else []
    return [*found, "edgekit.engines", *(own or every("edgekit.engines"))]


@cache
def every(package: str) -> list[str]:
    """A module and, of a package, all that is in it."""
    file = place(package)
    if file is None:
        return []
    found = [package]
    if file.name == "__init__.py":
        for info in pkgutil.iter_modules(map(str, folders(package))):
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
        for file in (folder / name / "__init__.py", folder / f"{name}.py"):
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

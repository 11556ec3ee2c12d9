"""Imports go down only, the runtime stays light, and the public names are the public API."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import edgekit
import edgekit.runtime
from edgekit import plugin

HOME = Path(edgekit.__file__).parent
FILES = {
    ".".join(path.relative_to(HOME.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in HOME.rglob("*.py")
}
# Top to bottom. A room imports from lines below its own, and from itself. What runs artifacts is
# apart from the rest of its engine: it is all of it that a device needs.
LAYERS = """
cli
edgekit
jobs
search report
candidates
mixed
measure
plan
engines.litert engines.openvino
passes
original
runtime sources
bundle
engines.litert.runtime engines.openvino.runtime
engines
families
data
model work
domain device machine
typed own_modules plugin units naming pareto metrics recipes
files
errors _version
reason
"""
LAYER = {name: k for k, line in enumerate(LAYERS.split("\n")) for name in line.split()}


def unit(module: str) -> str:
    """The entry of LAYERS that a module belongs to."""
    name = module.removeprefix("edgekit.")
    while name not in LAYER and "." in name:
        name = name.rpartition(".")[0]
    assert name in LAYER, f"{module} has no place in LAYERS: give it one"
    return name


def imports(path: Path) -> Iterator[str]:
    """Every module of edgekit that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("edgekit"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("edgekit"):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in FILES else str(node.module)


def test_the_architecture_page_tells_this_order() -> None:
    page = (HOME.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    chain = page.split("## The rooms")[1].split("```")[1]
    told = [step.replace(",", " ").split() for step in chain.split("→")]
    known = [line.split() for line in LAYERS.strip().split("\n") if line != "edgekit"]
    assert len(told) == len(known)
    for names, line in zip(told, known, strict=True):
        assert set(names) <= set(line), f"docs/architecture.md: {names} are not in {line}"


@pytest.mark.parametrize("module", [name for name in FILES if any(imports(FILES[name]))])
def test_imports_go_down_only(module: str) -> None:
    above = unit(module)
    for imported in imports(FILES[module]):
        below = unit(imported)
        assert LAYER[below] > LAYER[above] or below == above, f"{module} imports {imported}"


@pytest.mark.parametrize("engine", plugin.names("engines"))
def test_what_runs_an_artifact_needs_little(engine: str) -> None:
    """A device installs the contract of engines, an engine's `__init__` and its `runtime`."""
    little = {"device", "engines", "errors", "model", "plugin", "reason", "typed"}
    for part in ("engines", f"engines.{engine}", f"engines.{engine}.runtime"):
        assert {unit(name) for name in imports(FILES[f"edgekit.{part}"])} <= little, part


def test_the_runtime_needs_no_converter(python: Callable[[str], str]) -> None:
    """What a device has: NumPy, msgspec and one engine, which is loaded when it is used."""
    program = """
import sys
import edgekit.runtime
from edgekit import plugin
for name in plugin.names("families"):
    plugin.load("families", name)
for name in plugin.names("engines"):
    plugin.part(name, "runtime")
heavy = {"tensorflow", "keras", "nncf", "click", "rich", "matplotlib", "openvino", "PIL",
         "ai_edge_litert", "litert_quantizer", "jinja2", "scipy", "h5py"}
print(sorted(heavy & set(sys.modules)))
"""
    assert python(program) == "[]"


def test_the_runtime_imports_what_loading_a_bundle_needs(python: Callable[[str], str]) -> None:
    """Beside an engine's own 0.1 s a few milliseconds are seen: what is for messages, for writing
    or for conversions comes late, and families and checksums with the bundle."""
    program = """
import sys
import msgspec, numpy
libraries = set(sys.modules)
import edgekit.runtime
from edgekit import plugin
for name in plugin.names("engines"):
    plugin.part(name, "runtime")
late = {"difflib", "hashlib", "importlib.metadata", "json", "shlex", "subprocess", "tempfile",
        "tomllib", "edgekit.data.rng", "edgekit.data.textures", "edgekit.families",
        "edgekit.files.durable", "edgekit.machine", "edgekit.reason"}
print(sorted(late & (set(sys.modules) - libraries)))
"""
    assert python(program) == "[]"


def test_importing_edgekit_is_instant(python: Callable[[str], str]) -> None:
    """Not even NumPy: `edgekit --help` waits for it."""
    program = "import edgekit, sys; print(sorted({'numpy', 'msgspec', 'click'} & set(sys.modules)))"
    assert python(program) == "[]"


def test_help_waits_for_click_alone(python: Callable[[str], str]) -> None:
    """What is not imported takes no time, however busy the machine is."""
    program = """
import contextlib, io, sys
from edgekit.cli import main
sys.argv = ["edgekit", "--help"]
with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
    main()
assert shown.getvalue().startswith("Usage: edgekit")
print(sorted({"numpy", "msgspec", "rich"} & set(sys.modules)))
"""
    assert python(program) == "[]"


def test_no_module_imports_a_heavy_library_at_its_top(python: Callable[[str], str]) -> None:
    """Plans, errors and help come before TensorFlow does."""
    program = f"""
import importlib, sys
for module in {sorted(name for name in FILES if not name.endswith("__main__"))}:
    importlib.import_module(module)
heavy = {{"tensorflow", "keras", "nncf", "openvino", "matplotlib", "ai_edge_litert", "optuna"}}
print(sorted(heavy & set(sys.modules)))
"""
    assert python(program) == "[]"


def own_names(module: ModuleType) -> set[str]:
    """What a module itself defines and does not mark as private."""
    return {
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__ and not name.startswith("_")
    }


@pytest.mark.parametrize("module", [edgekit, edgekit.runtime])
def test_public_names(module: ModuleType) -> None:
    assert own_names(module) == set(module.__all__) - {"__version__"}
    assert all(hasattr(module, name) for name in module.__all__)
    assert all(getattr(module, name).__doc__ for name in own_names(module))


def test_what_the_public_api_is() -> None:
    """A change here is one that users notice: say so in the changelog."""
    assert edgekit.__all__ == ["__version__", "convert", "load", "tune"]
    assert "load" in edgekit.runtime.__all__

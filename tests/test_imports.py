"""Imports go down only, the runtime stays light, and the public names are the public API."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import edgekit
import edgekit.runtime

HOME = Path(edgekit.__file__).parent
FILES = {
    ".".join(path.relative_to(HOME.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in HOME.rglob("*.py")
}
# Top to bottom. A module imports from lines below its own, or from its own package.
LAYERS = """
cli
edgekit
tuner
pipeline trials
publish inspect tuned
candidates report.page study
choose report.plots stopwatch
request
assign ranking variants
sensitivity
mixed tuning
describe passes reference report validate
batches inputs measure outputs proof ranges rewrites steady tiling
original
compare coverage features_child litert_edit plan save sources workspace
worker
data features litert_pack offers runtime
bundle families features_net litert_file recipe recipes target
artifacts consistency sounds
tensors
values
images
metrics model textures
domain layout
atomic
capacity limits
durable intact npz own_modules places plugin quantity rng typed
files memory
_version errors
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
    chain = page.split("## Imports go one way")[1].split("```")[1]
    told = [step.replace(",", " ").split() for step in chain.split("→")]
    known = [line.split() for line in LAYERS.strip().split("\n") if line != "edgekit"]
    assert len(told) == len(known)
    for names, line in zip(told, known, strict=True):
        assert set(names) <= set(line), f"docs/architecture.md: {names} are not in {line}"


@pytest.mark.parametrize("module", FILES)
def test_imports_go_down_only(module: str) -> None:
    above = unit(module)
    for imported in imports(FILES[module]):
        below = unit(imported)
        assert LAYER[below] > LAYER[above] or below == above, f"{module} imports {imported}"


def test_the_runtime_needs_no_converter(python: Callable[[str], str]) -> None:
    """What a device has: NumPy, msgspec and one engine, which is loaded when it is used."""
    program = """
import sys
import edgekit.runtime
from edgekit import plugin
for name in plugin.names("families"):
    plugin.load("families", name)
for name in plugin.names("runtime.engines"):
    plugin.load("runtime.engines", name)
heavy = {"tensorflow", "keras", "nncf", "click", "rich", "matplotlib", "openvino", "PIL",
         "ai_edge_litert", "litert_quantizer", "jinja2", "scipy", "h5py"}
print(sorted(heavy & set(sys.modules)))
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

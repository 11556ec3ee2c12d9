"""Whatever edgekit uses of a library beyond what is documented stands in the list of canaries."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import edgekit
from tests.canaries import USES

HOME = Path(edgekit.__file__).parent
OWN = re.compile(r"edgekit\b|__future__")
# Modules that their library does not document.
INTERNAL = ("ai_edge_litert.schema_py_generated", "litert_quantizer", "nncf.quantization.",
            "tensorflow.python", "tensorflow.lite.python", "tensorflow.core", "keras.src",
            "tf_keras.src", "openvino._")  # fmt: skip
# Python's own and named tuples', documented although they begin with an underscore.
DOCUMENTED = {"_exit", "_replace", "_getframe", "_fields", "_asdict"}
# Attributes of edgekit's own objects and texts that are no attributes.
NO_ATTRIBUTES = {"_", "_input", "_targets", "_class", "_test", "_CONSTANT_VALUE", "_0123456789"}


def private(tree: ast.AST) -> Iterator[str]:
    """Attributes of others that begin with one underscore, also as texts for `getattr`."""
    for node in ast.walk(tree):
        name, mine = "", False
        if isinstance(node, ast.Attribute):
            name = node.attr
            mine = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value if node.value.isidentifier() else ""
        if name.startswith("_") and not name.startswith("__") and not mine:
            yield name


def internal(tree: ast.AST) -> Iterator[str]:
    """What is imported of libraries though it is not documented, or begins with an underscore."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            hidden = any(part.startswith("_") for part in name.split(".")) and not OWN.match(name)
            if name.startswith(INTERNAL) or hidden:
                yield name


@pytest.mark.parametrize("path", sorted(HOME.rglob("*.py")), ids=lambda p: str(p.relative_to(HOME)))
def test_a_use_without_a_canary(path: Path) -> None:
    tree, where = ast.parse(path.read_text(encoding="utf-8")), path.relative_to(HOME).as_posix()
    listed = [use for use, files in USES.items() if where in files]
    attributes = {use.rpartition(".")[2] for use in listed}
    found = set(private(tree)) - DOCUMENTED - NO_ATTRIBUTES
    assert found <= attributes, f"add a canary for {found - attributes} of {where}"
    for module in internal(tree):
        assert any(module.startswith(use) for use in listed), (
            f"add a canary for {module} of {where}"
        )


@pytest.mark.parametrize(
    "line",
    [
        "net._nodes", "getattr(net, '_nodes')", "from numpy._core import umath",
        "import optuna.storages._rdb", "from msgspec import _core", "import keras.src.ops",
        "from tensorflow.python import framework",
    ],
)  # fmt: skip
def test_a_new_use_is_found(line: str) -> None:
    assert [*private(ast.parse(line)), *internal(ast.parse(line))]


def test_none_is_listed_in_vain() -> None:
    for use, files in USES.items():
        for file in files:
            last = use.rpartition(".")[2]
            assert last in (HOME / file).read_text(encoding="utf-8"), f"{file} has no {use}"

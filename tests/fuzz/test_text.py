"""Recipes, targets, model.toml and manifests."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from edgekit.bundle.reading import read_manifest
from edgekit.model import Model
from edgekit.plan import recipe, target
from edgekit.plan.plan import make_plan
from edgekit.plan.recipe import inline
from edgekit.sources import part_files, read_description
from tests.tiny import litert_bundle

from .harness import EXAMPLES, fuzz
from .mutate import broken_bytes, written

MODEL_TOML = """
family = "autoencoder"
prior = "normal"
classes = 10
input_range = [-1.0, 1.0]
notes = "a model of two nets"
[parts]
encoder = "encoder.keras"
decoder = "decoder.keras"
"""
DEEP = (b"a = " + b"[" * 100_000, b"a = " + b"{a = " * 100_000, b"[" + b"a." * 100_000 + b"a]")


def toml(tree: Any) -> bytes:
    """Plain values as TOML, as far as it has words for them."""
    fields = tree.items() if isinstance(tree, dict) else [("value", tree)]
    lines = [f"{json.dumps(str(key))} = {text(value)}" for key, value in fields]
    return "\n".join(lines).encode(errors="surrogatepass")


def text(value: Any) -> str:
    """A value on one line; TOML has no word for None."""
    return (
        "nan" if value is None else inline(value).replace("NaN", "nan").replace("Infinity", "inf")
    )


def texts(whole: str) -> st.SearchStrategy[bytes]:
    """Broken forms of a TOML file."""
    return st.one_of(
        written(tomllib.loads(whole), toml), broken_bytes(whole.encode()), st.sampled_from(DEEP)
    )


def recipes() -> list[str]:
    """Every built-in recipe."""
    return [recipe.find(name).read_text() for name in recipe.names()]


def targets() -> list[str]:
    """Every built-in target."""
    return [target.find(name).read_text() for name in target.names()]


def planned(path: Path) -> object:
    """What `--recipe` makes of a file."""
    return make_plan(["linux-litert", "intel-cpu"], [str(path)])


def aimed(path: Path) -> object:
    """What `--target` makes of a file."""
    return make_plan([str(path)], ["float32"])


def described(path: Path) -> object:
    """What a folder with this model.toml is."""
    return part_files(path.parent), read_description(path.parent)


@pytest.mark.parametrize(
    ("kind", "wholes", "name", "read"),
    [
        ("recipe", recipes(), "a.toml", planned),
        ("target", targets(), "a.toml", aimed),
        ("model.toml", [MODEL_TOML], "model.toml", described),
    ],
)
@EXAMPLES
def test_toml(
    place: Path,
    kind: str,
    wholes: list[str],
    name: str,
    read: Callable[[Path], object],
    examples: int,
) -> None:
    for part in ("encoder.keras", "decoder.keras"):
        (place / part).touch()

    def given(content: bytes) -> object:
        (place / name).write_bytes(content)
        return read(place / name)

    fuzz(kind, st.one_of(*map(texts, wholes)), given, examples, place)


@EXAMPLES
def test_manifests(place: Path, examples: int) -> None:
    """And the description of a model, which is a part of one."""
    bundle = litert_bundle(place / "bundle")
    whole = (bundle / "manifest.json").read_bytes()

    def given(content: bytes) -> None:
        (bundle / "manifest.json").write_bytes(content)
        read_manifest(bundle)

    inputs = st.one_of(
        written(json.loads(whole), lambda tree: json.dumps(tree).encode()),
        broken_bytes(whole),
        st.sampled_from([b"[" * 100_000, b'{"model": ' * 100_000, b"1" * 10_000]),
    )
    fuzz("manifest", inputs, given, examples, place)


@EXAMPLES
def test_descriptions(place: Path, examples: int) -> None:
    manifest = read_manifest(litert_bundle(place / "bundle"))
    manifest.model(manifest.artifacts[0]).save(place)
    tree = json.loads((place / "model.json").read_bytes())

    def given(content: bytes) -> None:
        (place / "model.json").write_bytes(content)
        Model.load(place)

    inputs = written(tree, lambda tree: json.dumps(tree).encode())
    fuzz("model.json", inputs, given, examples, place)

"""docs/bundle.schema.json is what edgekit writes and reads."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import edgekit
from tests.bundle.schema import schema
from tests.tiny import conditional_bundle, litert_bundle, upscaler_bundle

PAGE = Path(edgekit.__file__).parents[1] / "docs" / "bundle.schema.json"


def test_the_schema_is_that_of_the_structures() -> None:
    told = "run `python -m tests.bundle.schema > docs/bundle.schema.json`"
    assert in_order(json.loads(PAGE.read_text())) == in_order(schema()), told


def in_order(told: Any) -> Any:
    """A schema with its alternatives in one order: older versions of msgspec have another."""
    if isinstance(told, list):
        return sorted(map(in_order, told), key=json.dumps)
    return {key: in_order(value) for key, value in told.items()} if isinstance(told, dict) else told


@pytest.fixture
def check() -> Any:
    """What raises where an object is no manifest."""
    return jsonschema.Draft202012Validator(json.loads(PAGE.read_text())).validate


@pytest.mark.parametrize("make", [conditional_bundle, litert_bundle, upscaler_bundle])
def test_what_is_written_fits_it(make: Any, check: Any, tmp_path: Path) -> None:
    told = json.loads((make(tmp_path / "bundle") / "manifest.json").read_text())
    check(told)
    check(told | {"of the future": 1})
    with pytest.raises(jsonschema.ValidationError, match="'artifacts' is a required property"):
        check({name: value for name, value in told.items() if name != "artifacts"})
    with pytest.raises(jsonschema.ValidationError, match="2 was expected"):
        check(told | {"format": 3})

"""Blocks of weights that share a scale: for dense layers whose inputs are so many times a block."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from edgekit.engines.litert import space as litert
from edgekit.engines.litert.passes import quantize as quantize_litert
from edgekit.engines.litert.passes.quantize import Options, Rule, fitted, quantize
from edgekit.errors import PassError
from edgekit.model import Model, Signature
from edgekit.passes._context import Context

WIDTHS = {"first": 100, "net/second[0]": 96, "third": 256}
DECODER = Model(
    kind="tflite",
    family="autoencoder",
    signatures={"decode": Signature(part="decoder", inputs=(), outputs=())},
    files={"decode": "net.tflite"},
)


@pytest.fixture(autouse=True)
def net(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A net of three dense layers."""
    for module in (quantize_litert, litert):
        monkeypatch.setattr(module, "dense_widths", lambda path: WIDTHS)
    monkeypatch.setattr(litert, "may_be_left_out", lambda engine, files: ("none",))
    path = tmp_path / "net.tflite"
    path.touch()
    return path


def taken(net: Path, **rule: Any) -> list[str]:
    """The layers that a rule takes, as litert-quantizer searches for them."""
    found = fitted(Rule(**rule), net)
    assert found
    pattern = found.layers
    return [name for name in WIDTHS if re.search(pattern, f"{name};")]


def test_only_what_fits_is_taken(net: Path) -> None:
    assert taken(net, granularity="block-32") == ["net/second[0]", "third"]
    assert taken(net, granularity="block-128") == ["third"]
    assert taken(net, granularity="block-32", layers="second") == ["net/second[0]"]
    assert taken(net, granularity="channel") == list(WIDTHS)


def test_where_nothing_fits_it_is_told(net: Path) -> None:
    rule = Rule(granularity="block-64", layers="first|second")
    assert fitted(rule, net) is None
    with pytest.raises(PassError, match="blocks of 64 weights divide no dense layer's inputs"):
        quantize_litert.run(DECODER, Options(rules=(rule,)), Context(source=net.parent, output=net))


def test_a_part_without_such_layers_stays_as_it_is(
    net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net.write_bytes(b"a graph")
    monkeypatch.setattr(quantize_litert, "dense_widths", lambda path: {"first": 100})
    rules = Options(rules=(Rule(granularity="block-32"),))
    ctx = Context(source=net.parent, output=net)
    assert quantize("decode", DECODER.signatures["decode"], DECODER, rules, ctx) == b"a graph"


def test_a_search_offers_the_blocks_that_fit(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "4-block-128" in litert.narrowed([net.parent])["dense"]
    monkeypatch.setattr(litert, "dense_widths", lambda path: {"first": 100, "second": 96})
    assert litert.narrowed([net.parent])["dense"] == (
        "8", "8-tensor", "4", "4-block-32", "2-block-32",
    )  # fmt: skip

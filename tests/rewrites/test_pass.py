"""The pass: to the end, with a note of what was done."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.file import REWRITES, read_note
from edgekit.engines.litert.inspect import facts
from edgekit.engines.litert.passes.rewrite import Options, rewrite, run
from edgekit.errors import PassError
from edgekit.jobs.inspect import inspect
from edgekit.model import Model, Signature, Tensor
from edgekit.original.describe import Given
from edgekit.passes._context import Context
from edgekit.sources import Trust
from tests.rewrites.graphs import keras, lowered, quantized
from tests.tiny import bundled


def rewritten_by_the_pass(folder: Path, *rewrites: str) -> Path:
    net = keras.Sequential(
        [
            keras.Input((1, 1, 4), batch_size=1),
            keras.layers.Conv2DTranspose(4, 4),
            keras.layers.Conv2DTranspose(3, 4, 2, "same"),
        ]
    )
    path = lowered(net, folder)
    signature = Signature(part="net", inputs=(), outputs=())
    files = {"net": path.name}
    model = Model(kind="tflite", family="latent", signatures={"net": signature}, files=files)
    (folder / "out").mkdir()
    options = Options(rewrites=rewrites) if rewrites else Options()
    result = run(model, options, Context(source=folder, output=folder / "out"))
    return folder / "out" / result.files["net"]


def test_the_file_tells_what_was_rewritten(tmp_path: Path) -> None:
    path = rewritten_by_the_pass(tmp_path, "transposed-conv-to-dense", "transposed-conv")
    first, second = msgspec.json.decode(read_note(path, REWRITES))
    assert first["rewrite"] == "transposed-conv-to-dense"
    assert (first["count"], first["before"]) == (1, {"TRANSPOSE_CONV": 1})
    assert first["after"] == {"RESHAPE": 2, "FULLY_CONNECTED": 1}
    assert second["after"] == {"PAD": 1, "CONV_2D": 1, "DEPTH_TO_SPACE": 1, "SLICE": 1}
    rows = facts(path).tables["rewrites"]
    assert rows[1]["after"] == "1 PAD, 1 CONV_2D, 1 DEPTH_TO_SPACE, 1 SLICE"


def test_a_bundle_shows_them_by_signature(tmp_path: Path) -> None:
    folder = rewritten_by_the_pass(tmp_path, "transposed-conv-to-dense", "transposed-conv").parent
    (file,) = folder.glob("*.tflite")
    signature = Signature(
        part="net",
        inputs=(Tensor(name="z", shape=(1, 6), role="latent"),),
        outputs=(Tensor(name="sample", shape=(1, 8, 8, 1)),),
    )
    model = Model(kind="tflite", family="latent", signatures={"generate": signature},
                  files={"generate": file.name})  # fmt: skip
    bundled(folder, model, "litert")
    rows = inspect(folder, Given(), Trust()).tables["rewrites"]
    shown = [(row["signature"], row["rewrite"]) for row in rows]
    assert shown == [("generate", "transposed-conv-to-dense"), ("generate", "transposed-conv")]


def test_a_quantizer_keeps_the_note(tmp_path: Path) -> None:
    path = rewritten_by_the_pass(tmp_path)
    for mode in ("dynamic", "static"):
        assert read_note(quantized(path, mode), REWRITES) == read_note(path, REWRITES)


def test_a_graph_without_a_match_is_left_as_it_is(tmp_path: Path) -> None:
    path = rewritten_by_the_pass(tmp_path, "nearest-upsampling")
    assert path.read_bytes() == (tmp_path / "net.tflite").read_bytes()
    assert "rewrites" not in facts(path).tables


def test_rewrites_without_end_are_an_error(tmp_path: Path) -> None:
    path = rewritten_by_the_pass(tmp_path)
    again = SimpleNamespace(match=lambda graph, op: True, apply=lambda graph, op: None)
    with pytest.raises(PassError, match="no end after 50 rounds of again"):
        rewrite(Editor(path), {"again": again})  # type: ignore[dict-item]

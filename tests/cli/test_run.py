"""What `edgekit run` computes: each sample once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from edgekit import runtime
from edgekit.bundle.manifest import write_manifest
from edgekit.bundle.reading import parse_manifest
from edgekit.cli import inspect
from edgekit.cli.run import command
from edgekit.errors import InputError
from edgekit.runtime.runner import EngineRunner
from tests.tiny import upscaler_bundle


def test_a_large_picture_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside one batch, by which the engine is loaded."""
    rows: list[int] = []
    run = EngineRunner.run

    def counted(self: EngineRunner, name: str, inputs: Any) -> Any:
        rows.append(len(inputs["image"]))
        return run(self, name, inputs)

    monkeypatch.setattr(EngineRunner, "run", counted)
    picture = np.full((1, 40, 40, 3), 9, np.float32)
    np.save(tmp_path / "a.npy", picture)
    bundle = upscaler_bundle(tmp_path / "bundle")
    expected = runtime.load(bundle, threads=1).transform(picture)
    once = sum(rows)
    rows.clear()
    args = [str(bundle), "--input", str(tmp_path / "a.npy"), "-o", str(tmp_path / "b.npy")]
    done = CliRunner().invoke(command, [*args, "--threads", "1"])
    assert done.exit_code == 0, done.output
    assert sum(rows) == once + 1
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), expected)


DOUBT = ((-1.0, 1.0), (0.0, 1.0))


def in_doubt(folder: Path) -> Path:
    """A bundle whose input range was guessed, while two others fit as well."""
    bundle = upscaler_bundle(folder)
    manifest = parse_manifest(bundle)
    told = {"range_doubt": DOUBT, "remarks": ("input range was guessed",)}
    write_manifest(bundle, msgspec.structs.replace(manifest, **told))
    return bundle


def test_a_doubt_of_the_input_range_is_said_once(tmp_path: Path) -> None:
    Image.new("RGB", (16, 16), "red").save(tmp_path / "a.png")
    told = (
        "note: the input range, taken to be 0…255, may be wrong: -1…1 or 0…1 fits as well; "
        "convert with --input-range\n"
    )
    for bundle, count in ((in_doubt(tmp_path / "a"), 1), (upscaler_bundle(tmp_path / "b"), 0)):
        args = [str(bundle), "--input", str(tmp_path / "a.png"), "-o", str(tmp_path / "b.png")]
        done = CliRunner().invoke(command, args)
        assert done.exit_code == 0, done.output
        assert done.stderr.count(told) == done.stderr.count("may be wrong") == count
        assert "range" not in done.stdout


def test_a_refusal_of_values_tells_the_doubt(tmp_path: Path) -> None:
    net = runtime.load(in_doubt(tmp_path / "bundle"))
    with pytest.raises(InputError, match=r"takes 0…255 \(in doubt: -1…1 or 0…1 fits as well\);"):
        net.transform(np.full((1, 16, 16, 3), -200, np.float32))


def test_inspect_shows_doubt_and_remarks_of_a_bundle(tmp_path: Path) -> None:
    done = CliRunner().invoke(inspect.command, [str(in_doubt(tmp_path / "bundle"))])
    assert done.exit_code == 0, done.output
    assert (
        "\ndoubt: the input range is in doubt: taken to be 0…255, but -1…1 or 0…1 " in done.stdout
    )
    assert "\nremarks: input range was guessed\n" in done.stdout

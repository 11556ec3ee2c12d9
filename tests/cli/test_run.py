"""What `edgekit run` computes: each sample once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from edgekit import runtime
from edgekit.cli.run import command
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

"""Damaged SavedModels and odd files in them: one clear line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

tf = pytest.importorskip("tensorflow")

from edgekit.errors import ModelError  # noqa: E402
from edgekit.sources import Trust  # noqa: E402
from edgekit.sources.saved_model import check, open_parts  # noqa: E402
from tests.sources.saved_models import edited, refused  # noqa: E402


def damaged(folder: Path, word: str) -> None:
    with pytest.raises(ModelError) as caught:
        open_parts(folder, Trust(trust=True))
    text = str(caught.value)
    assert word in text
    assert "\n" not in text


def nested(depth: int) -> bytes:
    """A graph whose attributes are calls in calls."""
    inner = b""
    for number in (10, 2, 2) * depth:  # a call's attributes' value
        length = len(inner)
        size = b""
        while length > 127:
            size, length = size + bytes([length & 127 | 128]), length >> 7
        inner = bytes([number << 3 | 2]) + size + bytes([length]) + inner
    return inner


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (lambda proto: proto[: len(proto) // 2], "damaged"),
        (lambda proto: b"\xff" * 100, "damaged"),
        (lambda proto: b"", "0 graphs"),
        (lambda proto: proto + proto, "2 graphs"),
        (lambda proto: nested(2000), "damaged"),
    ],
    ids=["cut", "noise", "empty", "two", "deep"],
)
def test_a_damaged_graph_is_one_line(
    content: Callable[[bytes], bytes], word: str, plain: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(plain, tmp_path / "net")
    proto = (folder / "saved_model.pb").read_bytes()
    (folder / "saved_model.pb").write_bytes(content(proto))
    damaged(folder, word)


def test_names_from_the_file_cannot_fill_the_screen(plain: Path, tmp_path: Path) -> None:
    def change(graph: Any) -> None:
        graph.graph_def.node.add(name="harm", op="Two\nlines" + 5000 * "x")

    folder = edited(shutil.copytree(plain, tmp_path / "net"), change)
    refused(folder, "Two?lines")
    with pytest.raises(ModelError) as caught:
        check(folder, Trust())
    assert len(str(caught.value)) < 500


@given(st.data())
def test_no_damage_to_a_graph_is_a_traceback(
    plain: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray((plain / "saved_model.pb").read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        width = data.draw(st.integers(0, 30))
        content[place : place + width] = data.draw(st.binary(max_size=30))
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "saved_model.pb").write_bytes(content)
    try:
        check(folder, Trust())
    except ModelError as error:
        assert "\n" not in str(error)


def test_missing_or_damaged_variables_are_one_line(plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "net")
    (folder / "variables" / "variables.index").write_bytes(b"none")
    damaged(folder, "export it again")
    shutil.rmtree(folder / "variables")
    damaged(folder, "export it again")


@pytest.mark.parametrize("name", ["saved_model.pbtxt", "saved_model.cpb"])
def test_a_second_graph_beside_the_first_is_refused(name: str, plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "net")
    (folder / name).write_text("meta_graphs {}")
    damaged(folder, name)


def test_links_out_of_the_folder_are_refused(plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "net")
    shutil.move(folder / "variables", tmp_path / "elsewhere")
    (folder / "variables").symlink_to(tmp_path / "elsewhere")
    damaged(folder, "cp -rL")
    (folder / "variables").unlink()
    shutil.move(tmp_path / "elsewhere", folder / "variables")
    (folder / "within.pb").symlink_to("saved_model.pb")
    assert "" in open_parts(folder, Trust())
    (folder / "round").symlink_to(".")
    damaged(folder, "cp -rL")


def test_a_pipe_in_the_folder_is_refused(plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "net")
    os.mkfifo(folder / "assets" / "endless")
    damaged(folder, "pipe")


@pytest.mark.parametrize("name", ["/etc/passwd", "../../secret"])
def test_assets_lie_in_the_folder(name: str, plain: Path, tmp_path: Path) -> None:
    def change(graph: Any) -> None:
        graph.asset_file_def.add(filename=name)

    damaged(edited(shutil.copytree(plain, tmp_path / "net"), change), "outside")

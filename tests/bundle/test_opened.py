"""What is packed in a bundle is expanded when it is opened, checked, and gone when it is loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgekit.bundle import opened as module
from edgekit.bundle.manifest import (
    FORMAT,
    Artifact,
    Entry,
    Manifest,
    describe_files,
    write_manifest,
)
from edgekit.bundle.opened import opened
from edgekit.bundle.reading import foreign, read_manifest
from edgekit.errors import BundleError, EngineError, InputError
from edgekit.files.packing import packed
from edgekit.model import Signature, Tensor

WEIGHTS = bytes(range(16)) * 10_000
SIGNATURE = Signature(
    part="net",
    inputs=(Tensor(name="z", shape=(1, 4), role="latent"),),
    outputs=(Tensor(name="sample", shape=(1, 8, 8, 1)),),
)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A graph as it is, its weights packed."""
    folder, plain = tmp_path / "bundle", tmp_path / "generate.bin"
    folder.mkdir()
    (folder / "generate.xml").write_text("<net/>")
    plain.write_bytes(WEIGHTS)
    (folder / "generate.bin.zlib").write_bytes(packed(WEIGHTS) or b"")
    entries = {"generate": Entry(file="generate.xml")}
    manifest = Manifest(
        format=FORMAT,
        name="net",
        target="intel-cpu",
        recipe="int8",
        family="latent",
        signatures={"generate": SIGNATURE},
        artifacts=(Artifact(engine="openvino", format="openvino-ir", signatures=entries),),
        files=describe_files(folder, {"generate.bin": plain}),
    )
    write_manifest(folder, manifest)
    return folder


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change what the manifest tells of the packed file."""
    path = folder / "manifest.json"
    told = json.loads(path.read_text())
    change(told["files"]["generate.bin"])
    path.write_text(json.dumps(told))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


PLAIN = {"generate.xml": b"<net/>", "generate.bin": WEIGHTS}


def test_files_stand_under_their_names_while_the_engine_loads_them(bundle: Path) -> None:
    manifest = read_manifest(bundle)
    assert manifest.files["generate.bin"].size < len(WEIGHTS) / 10
    with opened(bundle, manifest, manifest.artifacts[0]) as folder:
        assert contents(folder) == PLAIN
    assert not folder.exists()


def test_into_memory_if_there_is_room(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = read_manifest(bundle)
    with opened(bundle, manifest, manifest.artifacts[0]) as folder:
        assert folder.is_relative_to(module.MEMORY)
    monkeypatch.setattr(module, "MEMORY", Path("/no/such/folder"))
    with opened(bundle, manifest, manifest.artifacts[0]) as folder:
        assert contents(folder) == PLAIN
    assert not folder.exists()


def test_where_there_is_no_room_it_is_told(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's bundle may tell of more than there is."""
    manifest = read_manifest(bundle)
    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=1000))
    with (
        pytest.raises(InputError, match=r"no room to unpack 160 kB in '/dev/shm' or '.*'; make"),
        opened(bundle, manifest, manifest.artifacts[0]),
    ):
        raise AssertionError("it was opened")


def test_once_for_all_into_a_folder_of_the_users(bundle: Path, tmp_path: Path) -> None:
    manifest = read_manifest(bundle)
    with opened(bundle, manifest, manifest.artifacts[0], tmp_path / "keep") as folder:
        assert contents(folder) == PLAIN
    before = (folder / "generate.bin").stat().st_mtime_ns
    with opened(bundle, manifest, manifest.artifacts[0], tmp_path / "keep") as again:
        assert (again / "generate.bin").stat().st_mtime_ns == before
    (folder / "generate.bin").write_bytes(bytes(len(WEIGHTS)))
    with opened(bundle, manifest, manifest.artifacts[0], tmp_path / "keep") as again:
        assert contents(again) == PLAIN, "one that was altered is made anew"


def test_messages_name_the_bundle(bundle: Path) -> None:
    manifest = read_manifest(bundle)
    with (
        pytest.raises(EngineError, match=f"cannot load '{bundle}/generate.xml'"),
        opened(bundle, manifest, manifest.artifacts[0]) as folder,
    ):
        raise EngineError(f"OpenVINO cannot load '{folder}/generate.xml'")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unpacked": 5}, "it holds more than 5 bytes"),
        ({"unpacked": len(WEIGHTS) + 1}, f"it holds {len(WEIGHTS)} bytes, not {len(WEIGHTS) + 1}"),
        ({"unpacked_sha256": "0" * 64}, "its content has another checksum"),
    ],
)
def test_what_is_not_what_the_manifest_says_is_refused(
    bundle: Path, change: dict[str, Any], reason: str
) -> None:
    edit(bundle, lambda file: file.update(change))
    manifest = read_manifest(bundle)
    told = rf"'{bundle}/generate\.bin\.zlib' cannot be unpacked: {reason}.*; copy the bundle again"
    with (
        pytest.raises(BundleError, match=told),
        opened(bundle, manifest, manifest.artifacts[0]),
    ):
        raise AssertionError("it was opened")


@pytest.mark.parametrize("field", ["unpacked", "unpacked_sha256"])
def test_what_is_in_a_packed_file_must_be_told(bundle: Path, field: str) -> None:
    edit(bundle, lambda file: file.pop(field))
    with pytest.raises(BundleError, match=r"does not tell what is in 'generate\.bin'"):
        read_manifest(bundle)


def test_a_packed_file_is_the_bundles_own_and_is_checked_as_it_is_stored(bundle: Path) -> None:
    assert foreign(bundle) == ""
    (bundle / "generate.bin.zlib").write_bytes(b"altered")
    with pytest.raises(BundleError, match=r"generate\.bin\.zlib' is not what the manifest says"):
        read_manifest(bundle)
    (bundle / "generate.bin.zlib").unlink()
    with pytest.raises(BundleError, match=r"generate\.bin\.zlib' is missing"):
        read_manifest(bundle)


def test_without_anything_packed_it_is_the_bundle_itself(bundle: Path) -> None:
    (bundle / "generate.bin.zlib").unlink()
    (bundle / "generate.bin").write_bytes(WEIGHTS)
    edited = json.loads((bundle / "manifest.json").read_text())
    edited["files"] = {n: {"size": f.size, "sha256": f.sha256}
                       for n, f in describe_files(bundle).items()}  # fmt: skip
    (bundle / "manifest.json").write_text(json.dumps(edited))
    manifest = read_manifest(bundle)
    with opened(bundle, manifest, manifest.artifacts[0]) as folder:
        assert folder == bundle

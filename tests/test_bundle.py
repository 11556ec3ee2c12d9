"""A bundle is refused when anything in it was altered, or points outside of it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.bundle import (
    FORMAT,
    File,
    Manifest,
    describe_files,
    read_manifest,
    sha256,
    write_manifest,
)
from edgekit.errors import BundleError, InputError
from edgekit.model import Model


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle of two files, one of them in a subfolder."""
    folder = tmp_path / "bundle"
    (folder / "assets").mkdir(parents=True)
    (folder / "generate.tflite").write_bytes(b"weights")
    (folder / "assets" / "labels.txt").write_bytes(b"cat\ndog\n")
    write_manifest(folder, manifest(folder))
    return folder


def manifest(folder: Path, **changes: Any) -> Manifest:
    files = {"generate": "generate.tflite"}
    fields: dict[str, Any] = {
        "format": FORMAT,
        "name": "net",
        "engine": "litert",
        "target": "raspberry-pi-5",
        "recipe": "int8",
        "model": Model(kind="litert", family="latent", signatures={}, files=files),
        "files": describe_files(folder),
    }
    return Manifest(**fields | changes)


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the JSON of the manifest."""
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def entry(content: bytes) -> dict[str, Any]:
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_what_was_written_is_read(bundle: Path) -> None:
    found = read_manifest(bundle)
    assert found == manifest(bundle)
    assert found.files == {
        "assets/labels.txt": File(**entry(b"cat\ndog\n")),
        "generate.tflite": File(**entry(b"weights")),
    }


def test_sha256_of_a_known_text(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")  # FIPS 180-2, example B.1
    assert sha256(tmp_path / "file").startswith("ba7816bf8f01cfea414140de5dae2223")


def test_a_file_altered_at_equal_size(bundle: Path) -> None:
    (bundle / "generate.tflite").write_bytes(b"Weights")
    with pytest.raises(BundleError, match=r"generate\.tflite' is not what the manifest says"):
        read_manifest(bundle)


def test_a_cut_file(bundle: Path) -> None:
    (bundle / "generate.tflite").write_bytes(b"weigh")
    with pytest.raises(BundleError, match="is not what the manifest says; copy the bundle again"):
        read_manifest(bundle)


def test_a_missing_file(bundle: Path) -> None:
    (bundle / "assets" / "labels.txt").unlink()
    with pytest.raises(BundleError, match=r"labels\.txt' is missing"):
        read_manifest(bundle)


@pytest.mark.parametrize("name", ["../secret", "assets/../../secret", "..\\secret"])
def test_paths_that_leave_the_folder_are_refused(bundle: Path, name: str) -> None:
    (bundle.parent / "secret").write_bytes(b"key")
    edit(bundle, lambda data: data["files"].update({name: entry(b"key")}))
    with pytest.raises(BundleError, match="outside the bundle; refused"):
        read_manifest(bundle)


def test_absolute_paths_are_refused(bundle: Path) -> None:
    name = str(bundle / "generate.tflite")
    edit(bundle, lambda data: data["files"].update({name: entry(b"weights")}))
    with pytest.raises(BundleError, match="outside the bundle; refused"):
        read_manifest(bundle)


@pytest.mark.parametrize("name", ["link", "folder/secret"])
def test_links_that_leave_the_folder_are_refused(bundle: Path, name: str) -> None:
    (bundle.parent / "secret").write_bytes(b"key")
    (bundle / "link").symlink_to(bundle.parent / "secret")
    (bundle / "folder").symlink_to(bundle.parent)
    edit(bundle, lambda data: data["files"].update({name: entry(b"key")}))
    with pytest.raises(BundleError, match="links outside the bundle; refused"):
        read_manifest(bundle)


def test_links_inside_the_folder_are_fine(bundle: Path) -> None:
    (bundle / "same").symlink_to("generate.tflite")
    edit(bundle, lambda data: data["files"].update({"same": entry(b"weights")}))
    assert "same" in read_manifest(bundle).files


def test_a_model_file_without_checksum(bundle: Path) -> None:
    edit(bundle, lambda data: data["files"].pop("generate.tflite"))
    with pytest.raises(BundleError, match=r"lists no checksum for 'generate\.tflite'"):
        read_manifest(bundle)


@pytest.mark.parametrize("found", [0, FORMAT + 1, "1", None])
def test_another_format(bundle: Path, found: Any) -> None:
    edit(bundle, lambda data: data.update({"format": found, "key of the future": 1}))
    with pytest.raises(BundleError, match=f"has format {found}, this edgekit reads {FORMAT}"):
        read_manifest(bundle)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', "\xff"])
def test_a_damaged_manifest(bundle: Path, text: str) -> None:
    (bundle / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(BundleError, match=r"manifest\.json"):
        read_manifest(bundle)


def test_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not an edgekit bundle"):
        read_manifest(tmp_path)
    with pytest.raises(InputError, match="is not a folder"):
        read_manifest(tmp_path / "none")


LONG = "x" * 5000


@pytest.mark.parametrize("name", ["loop", "a\0b", LONG, f"assets/{LONG}/x"])
def test_names_that_no_file_can_have(bundle: Path, name: str) -> None:
    (bundle / "loop").symlink_to("loop")
    edit(bundle, lambda data: data["files"].update({name: entry(b"key")}))
    with pytest.raises(BundleError) as caught:
        read_manifest(bundle)
    assert len(str(caught.value)) < 300 + len(str(bundle))


@pytest.mark.parametrize("name", ["../secret", "link"])
def test_paths_stay_inside_without_verification_too(bundle: Path, name: str) -> None:
    (bundle / "link").symlink_to(bundle.parent / "secret")
    (bundle / "generate.tflite").write_bytes(b"altered")
    assert read_manifest(bundle, verify=False).name == "net"
    edit(bundle, lambda data: data["files"].update({name: entry(b"key")}))
    with pytest.raises(BundleError, match="outside the bundle; refused"):
        read_manifest(bundle, verify=False)


def test_measured_scores_are_numbers(bundle: Path) -> None:
    measured = {"scores": {"psnr": 30.5, "kid": None}}
    assert manifest(bundle, measured=measured).scores == {"psnr": 30.5}
    assert manifest(bundle).scores == manifest(bundle, measured={"scores": []}).scores == {}

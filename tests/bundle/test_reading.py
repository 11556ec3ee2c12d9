"""A bundle is refused when anything in it was altered, or points outside of it."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.bundle.manifest import (
    FORMAT,
    Artifact,
    Entry,
    File,
    Manifest,
    describe_files,
    write_manifest,
)
from edgekit.bundle.reading import LARGEST, foreign, read_manifest
from edgekit.domain import parse_domain
from edgekit.errors import BundleError, InputError
from edgekit.files.checksum import sha256
from edgekit.jobs.validate import read_golden
from edgekit.model import Signature, Tensor
from tests.tiny import generator_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle of two files, one of them in a subfolder."""
    folder = tmp_path / "bundle"
    (folder / "assets").mkdir(parents=True)
    (folder / "generate.tflite").write_bytes(b"weights")
    (folder / "assets" / "labels.txt").write_bytes(b"cat\ndog\n")
    write_manifest(folder, manifest(folder))
    return folder


SIGNATURE = Signature(
    part="net",
    inputs=(Tensor(name="z", shape=(1, 4), role="latent"),),
    outputs=(Tensor(name="sample", shape=(1, 8, 8, 1)),),
)


def manifest(folder: Path, **changes: Any) -> Manifest:
    entries = {"generate": Entry(file="generate.tflite")}
    fields: dict[str, Any] = {
        "format": FORMAT,
        "name": "net",
        "target": "raspberry-pi-5",
        "recipe": "int8",
        "family": "latent",
        "signatures": {"generate": SIGNATURE},
        "artifacts": (Artifact(engine="litert", format="tflite", signatures=entries),),
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


def test_weights_without_checksum(tmp_path: Path) -> None:
    """OpenVINO reads them from beside the graph, whether they are listed or not."""
    folder = generator_bundle(tmp_path / "bundle")
    read_manifest(folder)
    edit(folder, lambda data: data["files"].pop("generate.bin"))
    with pytest.raises(BundleError, match=r"lists no checksum for 'generate\.bin'"):
        read_manifest(folder)


def test_golden_samples_without_checksum(bundle: Path) -> None:
    """They say whether a device computes right."""
    (bundle / "golden.npz").write_bytes(b"another net's")
    edit(bundle, lambda data: data.update(assets={"golden": "golden.npz"}))
    with pytest.raises(BundleError, match=r"lists no checksum for 'golden\.npz'"):
        read_manifest(bundle)


def test_no_golden_samples(bundle: Path) -> None:
    with pytest.raises(BundleError, match="has no golden samples"):
        read_golden(bundle, read_manifest(bundle))


def test_a_manifest_that_is_a_link_to_elsewhere(bundle: Path) -> None:
    (bundle / "manifest.json").rename(bundle.parent / "elsewhere.json")
    (bundle / "manifest.json").symlink_to(bundle.parent / "elsewhere.json")
    with pytest.raises(BundleError, match=r"manifest\.json' links outside the bundle; refused"):
        read_manifest(bundle)


def tensor(data: dict[str, Any], side: str = "inputs") -> dict[str, Any]:
    """The first tensor of a side in the JSON of a manifest."""
    found: dict[str, Any] = data["signatures"]["generate"][side][0]
    return found


def artifact(data: dict[str, Any]) -> dict[str, Any]:
    """The first artifact in the JSON of a manifest."""
    found: dict[str, Any] = data["artifacts"][0]
    return found


CONTRADICTIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "it has no artifact": lambda data: data.update(artifacts=[]),
    "unknown family 'gan'": lambda data: data.update(family="gan"),
    "one file for each signature": lambda data: data.update(signatures={}),
    "is none of engine 'litert'": lambda data: artifact(data).update(
        signatures={"generate": {"file": "a.xml"}}
    ),
    "the signature 'generate' alone": lambda data: (
        data.update(signatures={"make": data["signatures"]["generate"]}),
        artifact(data).update(signatures={"make": {"file": "generate.tflite"}}),
    ),
    "has no inputs": lambda data: data["signatures"]["generate"].update(inputs=[]),
    "or two of one name": lambda data: data["signatures"]["generate"].update(
        inputs=[tensor(data)] * 2
    ),
    "no name of a tensor": lambda data: tensor(data).update(name="z\n" + "z" * 5000),
    "unknown dtype 'float'": lambda data: tensor(data).update(dtype="float"),
    "unknown role 'noise'": lambda data: tensor(data).update(role="noise"),
    "the range 1…-1": lambda data: tensor(data).update(range=[1, -1]),
    "shape '(None, 4)'": lambda data: tensor(data).update(shape=[None, 4]),
    "shape '(1, 0)'": lambda data: tensor(data).update(shape=[1, 0]),
    "shape '()'": lambda data: tensor(data).update(shape=[]),
    "shape '(1, 99999999999)'": lambda data: tensor(data).update(shape=[1, 99999999999]),
    "batches of different sizes": lambda data: tensor(data, "outputs").update(shape=[2, 4]),
    "-1 threads": lambda data: artifact(data).update(device={"threads": -1}),
    "100000 threads": lambda data: artifact(data).update(device={"threads": 100_000}),
    "0 classes": lambda data: data.update(settings={"classes": 0}),
    "more than 500 letters": lambda data: data.update(name="x" * 5000),
}


@pytest.mark.parametrize("message", CONTRADICTIONS)
def test_a_manifest_that_contradicts_itself(bundle: Path, message: str) -> None:
    edit(bundle, CONTRADICTIONS[message])
    with pytest.raises(BundleError, match=re.escape(message)) as caught:
        read_manifest(bundle)
    told = str(caught.value)
    assert len(told) < 400 + len(str(bundle))
    assert told.isprintable()


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"format": 1e999}'])
def test_a_manifest_that_is_hard_to_read(bundle: Path, text: str) -> None:
    (bundle / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match=r"manifest\.json"):
        read_manifest(bundle)


def test_a_manifest_of_no_size_that_one_has(bundle: Path) -> None:
    with (bundle / "manifest.json").open("r+b") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(BundleError, match="larger than a manifest may be"):
        read_manifest(bundle)


def test_what_may_be_replaced(bundle: Path, tmp_path: Path) -> None:
    assert foreign(tmp_path / "none") == ""
    (tmp_path / "empty").mkdir()
    assert foreign(tmp_path / "empty") == ""
    assert foreign(bundle) == ""
    (bundle / "generate.tflite").write_bytes(b"damaged")  # the manifest still tells whose it is
    (bundle / "assets" / "labels.txt").unlink()
    assert foreign(bundle) == ""


@pytest.mark.parametrize("manifest", ['{"name": "My app", "icons": []}', "{}", "no JSON", None])
def test_a_folder_of_the_users_is_not_replaced(tmp_path: Path, manifest: str | None) -> None:
    """Every web app has a manifest.json."""
    (tmp_path / "index.html").write_text("precious")
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    assert foreign(tmp_path) == "is not a bundle"


@pytest.mark.parametrize("name", ["notes.txt", ".git/config", "assets/photo.png"])
def test_a_bundle_with_a_file_of_the_users_is_not_replaced(bundle: Path, name: str) -> None:
    (bundle / name).parent.mkdir(exist_ok=True)
    (bundle / name).write_text("precious")
    assert foreign(bundle) == f"holds '{name}', which is not part of a bundle"


def test_links_are_not_replaced(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(bundle)
    (tmp_path / "dangling").symlink_to("nowhere")
    assert foreign(tmp_path / "link") == foreign(tmp_path / "dangling") == "is a link"
    (bundle / "photos").symlink_to(tmp_path)
    assert foreign(bundle) == "holds 'photos', which is not part of a bundle"


def test_a_newer_format_says_what_to_install(bundle: Path) -> None:
    edit(bundle, lambda data: data.update({"format": FORMAT + 1, "key of the future": 1}))
    asked = (
        f"has format {FORMAT + 1}, this edgekit reads 1 to {FORMAT}; run: pip install -U edgekit"
    )
    with pytest.raises(BundleError, match=asked):
        read_manifest(bundle)


@pytest.mark.parametrize("found", [0, "2", True])
def test_what_is_no_format(bundle: Path, found: Any) -> None:
    edit(bundle, lambda data: data.update({"format": found}))
    with pytest.raises(BundleError, match=f"has format '{found}', which is none"):
        read_manifest(bundle)


def test_no_format_at_all(bundle: Path) -> None:
    edit(bundle, lambda data: data.pop("format"))
    with pytest.raises(BundleError, match="is no manifest of a bundle: it has no format"):
        read_manifest(bundle)


def test_what_a_later_edgekit_may_add_is_ignored(bundle: Path) -> None:
    """A field that may be ignored, wherever it stands."""

    def add(data: Any) -> None:
        if isinstance(data, dict):
            for value in list(data.values()):
                add(value)
            if not set(data) & {"generate", "generate.tflite", "assets/labels.txt"}:
                data["of the future"] = {"deep": [1]}
        for value in data if isinstance(data, list) else ():
            add(value)

    before = read_manifest(bundle)
    edit(bundle, add)
    assert "of the future" in (bundle / "manifest.json").read_text()
    assert read_manifest(bundle) == before


def test_a_file_that_is_packed_in_a_later_way(bundle: Path) -> None:
    edit(bundle, lambda data: data["files"]["generate.tflite"].update(encoding="zstd", unpacked=9))
    with pytest.raises(BundleError, match=r"packed as 'zstd'.*run: pip install -U edgekit"):
        read_manifest(bundle)


LATER = {"engine": "litert", "format": "tflite-npu"}


def test_a_format_that_the_engine_does_not_read(bundle: Path) -> None:
    edit(bundle, lambda data: artifact(data).update(format="openvino-ir"))
    with pytest.raises(BundleError, match="format 'openvino-ir', which engine 'litert' does not"):
        read_manifest(bundle)


def test_an_artifact_of_a_later_engine_stands_back(bundle: Path) -> None:
    edit(bundle, lambda data: data["artifacts"].insert(0, artifact(data) | {"engine": "abacus"}))
    assert [each.engine for each in read_manifest(bundle).artifacts] == ["litert"]
    edit(bundle, lambda data: data["artifacts"].insert(0, artifact(data) | LATER))
    assert [each.engine for each in read_manifest(bundle).artifacts] == ["litert"]
    edit(bundle, lambda data: data["artifacts"].pop(0))
    edit(bundle, lambda data: data["artifacts"].pop())
    with pytest.raises(BundleError, match=r"for engine 'abacus', which .* run: pip install -U"):
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


def test_measured_scores_are_numbers(bundle: Path) -> None:
    measured = {"scores": {"psnr": 30.5, "kid": None}}
    assert manifest(bundle, measured=measured).scores == {"psnr": 30.5}
    assert manifest(bundle).scores == manifest(bundle, measured={"scores": []}).scores == {}


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        ("one-hot:4..6", r"the input \(6,\) has the columns 0\.\.5"),
        ("normal@70..71", r"the input \(6,\) has the columns 0\.\.5"),
        ("one-hot:3..3", "one of several columns is 1"),
    ],
)
def test_a_domain_that_an_input_cannot_have(tmp_path: Path, domain: str, message: str) -> None:
    """It would be drawn, or its classes counted, in columns that are not there."""
    folder = generator_bundle(tmp_path / "bundle", (parse_domain(domain),))
    with pytest.raises(BundleError, match=rf"contradicts itself: .*'z': {domain}: {message}"):
        read_manifest(folder)

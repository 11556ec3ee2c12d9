"""manifest.json: what a bundle holds, how it was made and what was measured (docs/bundle.md)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekit.device import Device
from edgekit.files.checksum import sha256
from edgekit.files.packing import ENCODING
from edgekit.model import Model, Noise, Range, Settings, Signature
from edgekit.typed import Typed, to_json

FORMAT = 2
MANIFEST = "manifest.json"
GOLDEN = "golden"  # the asset with a few inputs and what became of them


class File(Typed, frozen=True):
    """One file as it is stored: its size in bytes and its SHA-256.

    `encoding` is how it is packed, empty where it is not; a packed one is stored under its name and
    this suffix. `unpacked` and `unpacked_sha256` are those of what is in it.
    """

    size: int
    sha256: str
    encoding: str = ""
    unpacked: int | None = None
    unpacked_sha256: str = ""

    def stored(self, name: str) -> str:
        """The path of the file of this name, below the bundle."""
        return f"{name}.{self.encoding}" if self.encoding else name


class Entry(Typed, frozen=True):
    """Where a signature is: its file, and its name in there if the file holds several."""

    file: str
    name: str = ""


class Artifact(Typed, frozen=True):
    """One form of the net: what an engine loads, and on which device.

    `format` is that of its files. `proven` are the packages that are known to run it, each with the
    least version that did.
    """

    engine: str
    format: str
    signatures: dict[str, Entry]
    device: Device = Device()
    proven: dict[str, str] = {}  # noqa: RUF012 - a struct field, copied for each instance


class Manifest(Typed, frozen=True):
    """The whole of manifest.json.

    `artifacts` compute the same signatures; of those that can run, the first is taken. `assets` are
    files beside them, by what they are for; `files` are all of the bundle but the manifest.
    """

    format: int
    name: str
    target: str
    recipe: str
    family: str
    signatures: dict[str, Signature]
    artifacts: tuple[Artifact, ...]
    files: dict[str, File]
    assets: dict[str, str] = {}  # noqa: RUF012
    settings: Settings = Settings()
    parameters: int = 0
    noise: Noise | None = None
    range_doubt: tuple[Range, ...] = ()
    license: str = ""
    notes: str = ""
    remarks: tuple[str, ...] = ()
    gates: dict[str, str] = {}  # noqa: RUF012
    measured: dict[str, Any] = {}  # noqa: RUF012
    tools: dict[str, str] = {}  # noqa: RUF012
    created: str = ""

    @property
    def scores(self) -> dict[str, float]:
        """What the conversion measured of fidelity, as far as it holds numbers."""
        found = self.measured.get("scores")
        pairs = found.items() if isinstance(found, dict) else ()
        return {str(name): value for name, value in pairs if isinstance(value, (int, float))}

    @property
    def seconds(self) -> float | None:
        """How long one pass took when it was converted, if that was noted."""
        found = (self.measured.get("latency") or {}).get("seconds")
        return found if isinstance(found, float) else None

    def model(self, artifact: Artifact) -> Model:
        """One of the artifacts as a model in hand."""
        shared = {name: getattr(self, name) for name in SHARED}
        return Model(
            kind=artifact.format,
            files={name: entry.file for name, entry in artifact.signatures.items()},
            entries={name: e.name for name, e in artifact.signatures.items() if e.name},
            **shared,
        )


# What a manifest tells of a net in the words of a model.
SHARED = ("family", "signatures", "settings", "parameters", "noise", "range_doubt", "license",
          "notes", "remarks")  # fmt: skip


def manifest_of(model: Model, artifact: Artifact, **told: Any) -> Manifest:
    """The manifest of a model that has one artifact; `told` are the fields beside the net's."""
    shared = {name: getattr(model, name) for name in SHARED}
    return Manifest(format=FORMAT, artifacts=(artifact,), **shared, **told)


def artifact_of(model: Model, engine: str, device: Device, proven: dict[str, str]) -> Artifact:
    """A model in hand as an artifact."""
    entries = {
        name: Entry(file=file, name=model.entries.get(name, ""))
        for name, file in model.files.items()
    }
    return Artifact(engine=engine, format=model.kind, signatures=entries, device=device,
                    proven=proven)  # fmt: skip


def describe_files(folder: Path, packed: Mapping[str, Path] | None = None) -> dict[str, File]:
    """Size and checksum of every file below `folder`, by POSIX path.

    `packed` are the names of those that are stored packed, and where they are as they were.
    """
    found = {}
    originals = {f"{name}.{ENCODING}": plain for name, plain in (packed or {}).items()}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or name == MANIFEST:
            continue
        file = File(size=path.stat().st_size, sha256=sha256(path))
        if plain := originals.get(name):
            name = name.removesuffix(f".{ENCODING}")
            file = File(
                size=file.size,
                sha256=file.sha256,
                encoding=ENCODING,
                unpacked=plain.stat().st_size,
                unpacked_sha256=sha256(plain),
            )
        found[name] = file
    return found


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json."""
    (folder / MANIFEST).write_text(to_json(manifest), encoding="utf-8")

"""Files that are often given for a model, and what to do with each instead."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

EXPORT = "export the net as a SavedModel (model.export('folder')) and convert that"
TORCH = "is of PyTorch, which edgekit does not read; rebuild the net in Keras with its weights"
CHECKPOINT = (
    "is a TensorFlow checkpoint, weights without the net; build the model, "
    "model.load_weights(...) and model.save('model.keras')"
)
CONVERTED = "is converted already; convert the Keras model or SavedModel that it was made from"
BY_SUFFIX = {
    ".pt": TORCH,
    ".pth": TORCH,
    ".ckpt": CHECKPOINT,
    ".index": CHECKPOINT,
    ".tflite": CONVERTED,
    ".onnx": f"is ONNX, which edgekit does not read; {EXPORT}",
    ".xml": CONVERTED,
    ".bin": "holds weights of another format; give the Keras model or SavedModel",
    ".safetensors": "holds weights only; load them into the Keras model and model.save('m.keras')",
    ".npz": "holds arrays, no net; load them into the Keras model and model.save('m.keras')",
    ".npy": "holds an array, no net; load it into the Keras model and model.save('m.keras')",
    ".json": (
        "is an architecture without weights; keras.models.model_from_json, load_weights "
        "and model.save('model.keras')"
    ),
    ".pb": (
        "is a graph in a file of its own; a SavedModel is the folder with saved_model.pb and "
        "variables in it, and a frozen graph must be exported again from its model"
    ),
    ".pkl": "is a pickle, which runs code when it is read; model.save('model.keras')",
    ".zip": "is an archive; unpack it and give what is in it",
    ".gz": "is an archive; unpack it and give what is in it",
    ".tar": "is an archive; unpack it and give what is in it",
}
BY_START = (
    (b"version https://git-lfs", "is a pointer of git-lfs, not the file; run git lfs pull"),
    (b"<", "is a web page or XML, not the model; download the file itself"),
)
HEAD = 32


class Foreign:
    """By the names in a folder or archive."""

    @staticmethod
    def of_archive(names: Iterable[str]) -> str:
        """What a zip file is, or an empty text."""
        names = list(names)
        if any(name.endswith("saved_model.pb") for name in names):
            return "is a zipped SavedModel; unpack it and give the folder"
        if any(name.endswith("data.pkl") for name in names):
            return TORCH
        return ""

    @staticmethod
    def of_folder(path: Path) -> str:
        """What a folder is, or an empty text."""
        names = {inner.name for inner in path.iterdir()}
        if any(name.endswith(".index") for name in names) or "checkpoint" in names:
            return CHECKPOINT.replace("is a", "holds a", 1)
        if "variables" in names:
            return "has variables but no saved_model.pb; copy the whole SavedModel"
        if "model.weights.h5" in names:
            return "holds weights only; load them into the model and model.save('m.keras')"
        if path.suffix.lower() == ".keras":
            return "is a folder without config.json, no Keras model; copy or unpack it again"
        models = sorted(name for name in names if name.lower().endswith((".keras", ".h5")))
        if models:
            return f"is a folder; give the model in it ('{models[0]}'), or name parts in model.toml"
        return ""


def what_it_is(path: Path) -> str:
    """What a path is that no source reads, and what to do: "is …; …". Empty when nobody knows."""
    try:
        if path.is_dir():
            return Foreign.of_folder(path)
        if not path.is_file():
            return "is neither a file nor a folder" if path.exists() else ""
        with path.open("rb") as file:
            head = file.read(HEAD).lstrip()
    except OSError:
        return ""
    if known := next((text for start, text in BY_START if head.startswith(start)), ""):
        return known if path.suffix.lower() != ".xml" else CONVERTED
    if ".data-" in path.name:
        return CHECKPOINT
    return BY_SUFFIX.get(path.suffix.lower(), "")

"""What is not installed is named before any work, with the command that installs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .shell import Shell

LITERT = "LiteRT is not installed; run: pip install 'ai-edge-litert>="
OPENVINO = "OpenVINO is not installed; run: pip install 'openvino>="
CONVERT = "run: pip install "


@pytest.mark.parametrize(
    ("package", "options", "message"),
    [
        ("ai_edge_litert", [], LITERT),
        ("openvino", ["-t", "linux-openvino"], OPENVINO),
        ("tensorflow", [], f"'tensorflow' is not installed; {CONVERT}"),
        ("keras", [], f"'keras' is not installed; {CONVERT}"),
        ("litert_quantizer", ["-r", "int8"], f"'litert_quantizer' is not installed; {CONVERT}"),
        ("nncf", ["-t", "linux-openvino", "-r", "int8"], f"'nncf' is not installed; {CONVERT}"),
        ("rich", [], f"'rich' is not installed; {CONVERT}"),
        ("jinja2", [], f"'jinja2' is not installed; {CONVERT}"),
        ("matplotlib", [], f"'matplotlib' is not installed; {CONVERT}"),
    ],
)
def test_convert(shell: Shell, package: str, options: list[str], message: str) -> None:
    shell.hide(package)
    assert shell.refuse(*shell.conversion("latent.keras", *options)).startswith(message)


@pytest.mark.parametrize(
    "args", [["validate"], ["bench"], ["run", "-o", "a.png"], ["inspect"]], ids=lambda args: args[0]
)
def test_an_engine_for_a_bundle(shell: Shell, tiny_bundle: Path, args: list[str]) -> None:
    shell.hide("ai_edge_litert", "tflite_runtime")
    error = shell.refuse(*args, tiny_bundle)
    assert "pip install 'ai-edge-litert>=" in error


def test_inspecting_a_model_needs_tensorflow(shell: Shell) -> None:
    shell.hide("tensorflow")
    error = shell.refuse("inspect", shell.nets / "latent.keras")
    assert error.startswith(f"'tensorflow' is not installed; {CONVERT}'tensorflow<")


def test_all_that_is_missing_is_named_at_once(shell: Shell) -> None:
    shell.hide("tensorflow", "nncf")
    error = shell.refuse(*shell.conversion("latent.keras"))
    assert re.search(r"run: pip install 'tensorflow<[^ ]*' 'nncf<[^ ]*'$", error)


@pytest.mark.long
def test_a_device_has_no_converter(shell: Shell, tiny_bundle: Path) -> None:
    """Everything that a device does works without what only a workstation has."""
    shell.hide("tensorflow", "keras", "openvino", "nncf", "litert_quantizer", "rich", "PIL",
               "jinja2", "matplotlib", "h5py")  # fmt: skip
    shell("validate", tiny_bundle).success()
    shell("bench", tiny_bundle, "--seconds", "0.1").success()
    shell("run", tiny_bundle, "-o", "a.png").success()
    shell("inspect", tiny_bundle).success()
    told = shell("doctor").success()
    assert re.search("runs bundles of: litert\ncannot convert models; for that run: pip in", told)
    assert re.search("tflite-runtime +not needed", told)
    shell("targets").success()
    shell("recipes").success()


@pytest.mark.long
def test_a_conversion_needs_what_its_own_source_and_engine_do(quick: Shell) -> None:
    """Neither another engine nor another source, here of a net and an engine in NumPy."""
    quick.hide("tensorflow", "keras", "ai_edge_litert", "openvino", "nncf", "litert_quantizer")
    quick.convert("latent.net").success()

"""Files of the current folder do not pass for libraries."""

import pytest

from tests.tiny import generator_bundle

from .shell import Shell

DECOY = "raise SystemExit('a file of the current folder ran as a library')\n"
# What NumPy, OpenVINO, LiteRT, click and Python's own modules import where they can.
OPTIONAL = ("org", "msvcrt", "winreg", "nt", "java", "colorama", "torch", "paddle", "jax", "cupy",
            "tflite_runtime", "numpy_distutils", "_overlapped", "vms_lib", "sitecustomize",
            "usercustomize", "brotli", "simplejson", "threadpoolctl", "pyarrow", "_winapi", "_wmi",
            "_scproxy", "orjson", "yaml")  # fmt: skip


@pytest.mark.long
def test_files_of_the_current_folder_do_not_pass_for_libraries(shell: Shell) -> None:
    generator_bundle(shell.folder / "bundle")
    for name in OPTIONAL:
        shell.write(f"{name}.py", DECOY)
    shell("run", "bundle", "-o", "samples.png").success()
    shell("inspect", "bundle").success()


@pytest.mark.slow
def test_nor_in_the_children_of_a_conversion(shell: Shell) -> None:
    for name in OPTIONAL:
        shell.write(f"{name}.py", DECOY)
    printed = shell("inspect", shell.nets / "latent.keras").success()
    assert "family: latent" in printed

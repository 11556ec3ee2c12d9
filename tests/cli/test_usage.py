"""What is refused before any work: one line each, and nothing is written."""

import os
import re
import sys
from pathlib import Path

import pytest

from edgekit.cli import COMMANDS

from .shell import Shell

RECIPE = 'description = "mine"\n'
TARGET = 'description = "mine"\nengines = ["litert"]\nrecipes = ["float32"]\n'


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["convrt"], r"unknown command 'convrt'; did you mean 'convert'\?"),
        (["frobnicate"], "unknown command 'frobnicate'; known: bench, cache, convert"),
        (["convert"], r"Missing argument 'MODEL'.*\(edgekit convert --help\)"),
        (["convert", "x.keras", "-o", "out"], r"Missing option '--target'"),
        (["convert", "x.keras", "--targt", "y"], r"No such option.*--target"),
        (["targets", "--jsn"], "No such option"),
        (["run", "x"], "Missing option '--output'"),
        (["run", "x", "-o", "y.png", "-n", "0"], "0 is not in the range"),
        (["bench", "x", "--threads", "one"], r"--threads 'one' is no list such as 1,2 "),
        (["bench", "x", "--threads", "1,0"], r"--threads '1,0' is no list such as 1,2 "),
        (["bench", "x", "--threads", "1,1", "--seconds", "0"], r"'--seconds': 0.0 is not in"),
    ],
)
def test_wrong_usage(shell: Shell, args: list[str], message: str) -> None:
    error = shell.refuse(*args, code=2)
    assert_matches(message, error)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--input-size", "12y"], "--input-size '12y' is not HxW, such as 128x96"),
        (["--input-size", "0x8"], "--input-size '0x8' is not HxW"),
        (["--output-range", "1,-1"], "--output-range '1,-1' is not LO,HI, such as -1,1"),
        (["--input-range", "nan,1"], "--input-range 'nan,1' is not LO,HI"),
        (["--prior", "cauchy"], "'cauchy' is not one of 'normal', 'uniform'"),
        (["--batch-size", "0"], "0 is not in the range"),
        (["--samples", "many"], "'many' is not a valid integer"),
    ],
)
def test_wrong_values_of_convert(shell: Shell, args: list[str], message: str) -> None:
    assert_matches(message, shell.refuse(*shell.conversion("latent.keras", *args), code=2))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["-t", "linux-liter"], r"unknown target 'linux-liter'; did you mean 'linux-litert'\?"),
        (["-t", "toaster"], "unknown target 'toaster'; known: intel-cpu, linux-cpu"),
        (["-t", "mine.toml"], "target 'mine.toml' does not exist"),
        (["-r", "int8-dynamc"], r"unknown recipe 'int8-dynamc'; did you mean 'int8-dynamic'\?"),
        (["-r", "mine.toml"], "recipe 'mine.toml' does not exist"),
        (["--objective", "balance"], r"unknown objective 'balance'; did you mean 'balanced'\?"),
        (["--family", "latant"], r"unknown family 'latant'; did you mean 'latent'\?"),
        (["--gate", "pnsr>=30"], r"unknown metric 'pnsr'; did you mean 'psnr'\?"),
        (["--gate", "psnr=30"], "gate 'psnr=30' is not of the form metric>=number"),
        (["--gate", "psnr>="], "gate 'psnr>=' is not of the form metric>=number"),
        (["--gate", "psnr"], "gate 'psnr' is not of .*, such as 'psnr>=30', in quotes"),
        (["--gate", "psnr>=1-2"], "gate 'psnr>=1-2': '1-2' is not a number"),
        (["--samples", "1"], "--samples must be at least 2"),
        (["--calibration", "0"], "--calibration at least 1"),
        (["--features", "net.tflite"], "--features 'net.tflite' does not exist"),
        (["--features", "nowhere:f"], "--features 'nowhere:f' is no file and no module:function"),
    ],
)
def test_names_that_nobody_knows(shell: Shell, args: list[str], message: str) -> None:
    assert_matches(message, shell.refuse(*shell.conversion("latent.keras", *args)))


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("-r", RECIPE + "litret = []", r"mine.toml'.*`litret`; did you mean 'litert'\?"),
        ("-r", RECIPE, "mine.toml' must have one of: candidates, passes"),
        ("-r", RECIPE + "litert = [", "recipe 'mine.toml' is not valid TOML"),
        ("-r", RECIPE + "litert = 3", r"mine.toml'.*`array.*\$.litert`"),
        ("-r", RECIPE + "litert = [{}]", r"mine.toml': a pass has no name; write pass ="),
        (
            "-r",
            RECIPE + '[[litert]]\npass = "quantise"',
            r"unknown pass of litert 'quantise'; did you mean 'quantize'\?",
        ),
        (
            "-r",
            RECIPE + '[[litert]]\npass = "lower"\nquantise = "int8"',
            r"mine.toml', pass 'lower': .*`quantise`; did you mean 'quantize'\?",
        ),
        (
            "-r",
            RECIPE + '[[litert]]\npass = "lower"\nquantize = "int3"',
            "mine.toml', pass 'lower': Invalid enum value 'int3'",
        ),
        (
            "-r",
            RECIPE + '[[litert]]\npass = "quantize"\n[[litert]]\npass = "lower"',
            "'lower' takes a saved-model model, but has a tflite one at that point",
        ),
        ("-r", RECIPE + 'candidates = ["int9"]', "unknown recipe 'int9'; did you mean 'int8'"),
        ("-t", TARGET + "device = { thread = 2 }", r"target 'mine.toml': .*`thread`.*'threads'\?"),
        ("-t", 'description = "mine"', "target 'mine.toml': .*missing required field `engines`"),
        ("-t", TARGET.replace("litert", "litret"), r"unknown engine 'litret'; did you mean"),
    ],
)
def test_files_of_the_users_own(shell: Shell, option: str, text: str, message: str) -> None:
    shell.write("mine.toml", text)
    error = shell.refuse(*shell.conversion("latent.keras", option, "mine.toml"))
    assert_matches(message, error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[parts]\ngenerator = "g.keras"', "model.toml': part 'generator' is '.*', not a file"),
        ("parts = {}\nfamly = 'latent'", r"model.toml': .*`famly`; did you mean 'family'\?"),
        ("family = 'latent'", "model.toml': .*missing required field `parts`"),
        ("parts = 'net.keras'", "model.toml': Expected `object`, got `str`"),
        ("[parts", "model.toml' is not valid TOML"),
        ("parts = {}", "model.toml': parts is empty; name the file of each part"),
    ],
)
def test_descriptions_of_models(shell: Shell, text: str, message: str) -> None:
    folder = shell.folder / "model"
    folder.mkdir()
    (folder / "model.toml").write_text(text)
    assert_matches(message, shell.refuse(*shell.conversion(folder)))


@pytest.mark.parametrize("command", ["convert", "inspect"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("latent.kears", r"latent.kears' does not exist; did you mean 'latent.keras'\?"),
        ("nowhere/latent.keras", "nowhere/latent.keras' does not exist$"),
        ("word.txt", "word.txt' does not exist$"),
        ("words.txt", r"words.txt' is no format edgekit reads: .keras, .h5, a SavedModel folder"),
        ("net.pt", "net.pt' is of PyTorch, which edgekit does not read; rebuild the net in Keras"),
        ("folder", "folder' is no format edgekit reads"),
    ],
)
def test_models_that_are_none(shell: Shell, command: str, name: str, message: str) -> None:
    for wrong in ("words.txt", "net.pt", "latent.keras"):
        shell.write(wrong, "no net\n")
    (shell.folder / "folder").mkdir()
    place = shell.folder / name
    args = shell.conversion(place) if command == "convert" else ["inspect", place]
    assert_matches(message, shell.refuse(*args))


def test_inspecting_a_bundle_as_a_model(shell: Shell, tiny_bundle: Path) -> None:
    error = shell.refuse("inspect", tiny_bundle, "--family", "latent")
    assert "is converted already; --family, --input-size, … are for models" in error


@pytest.mark.long
def test_a_model_is_inspected_as_it_would_be_converted(shell: Shell) -> None:
    """One that convert takes only with a size is inspected with that size."""
    printed = shell("inspect", shell.nets / "signal.keras", "--input-size", "256").success()
    assert "family: image-to-image" in printed
    assert "(1, 256, 1)" in printed


def test_an_output_that_exists(shell: Shell) -> None:
    (shell.folder / "out" / "linux-litert").mkdir(parents=True)
    message = "'out/linux-litert' exists; choose another -o or pass --force to replace it"
    assert shell.refuse(*shell.conversion("latent.keras")) == message


@pytest.mark.parametrize("name", ["linux-litert/photos/1.png", "linux-litert"])
def test_files_that_are_no_bundle_are_never_replaced(shell: Shell, name: str) -> None:
    place = shell.folder / "out" / name
    place.parent.mkdir(parents=True)
    place.write_text("precious")
    message = "'out/linux-litert' is not a bundle; remove it yourself or choose another -o"
    assert shell.refuse(*shell.conversion("latent.keras", "--force")) == message
    assert place.read_text() == "precious"


def test_an_output_that_is_a_file(shell: Shell) -> None:
    shell.write("out", "precious")
    error = shell.refuse(*shell.conversion("latent.keras", "--force"))
    assert error == "'out' is a file; choose another output folder"
    assert (shell.folder / "out").read_text() == "precious"


def test_an_output_inside_a_file(shell: Shell) -> None:
    shell.write("out", "precious")
    error = shell.refuse(*shell.conversion("latent.keras", "-o", "out/inner"))
    assert error == "'out' is a file; choose another output folder"


@pytest.mark.parametrize("place", ["out", "deep/out"])
def test_an_output_that_cannot_be_written(shell: Shell, place: str) -> None:
    locked = shell.folder / "locked"
    locked.mkdir()
    if os.geteuid() == 0:  # to root only a file system can be read-only
        shell.mount("locked", "ro")
    else:
        locked.chmod(0o555)
    error = shell.refuse(*shell.conversion("latent.keras", "-o", f"locked/{place}"))
    assert error == "permission denied ('locked'): choose a folder you may write to"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(shell: Shell, command: str) -> None:
    text = shell(command, "--help").success()
    assert text.startswith(f"Usage: edgekit {command} ")


def test_a_dry_run_shows_the_plan_and_imports_no_converter(shell: Shell) -> None:
    shell.prefix = (sys.executable, "-X", "importtime")
    with shell.unchanged():
        done = shell.convert("latent.keras", "--dry-run", "-t", "linux-openvino", recipe="auto")
    assert re.search("linux-litert +int8-dynamic +export → lower → quantize", done.out)
    assert re.search("linux-openvino +float16 +export → lower", done.out)
    imported = {line.split("|")[-1].strip().split(".")[0] for line in done.err.splitlines()}
    assert "edgekit" in imported
    assert not imported & {"tensorflow", "keras", "openvino", "nncf", "ai_edge_litert", "h5py"}


def test_a_dry_run_tells_what_the_real_run_refuses(shell: Shell) -> None:
    (shell.folder / "out" / "linux-litert").mkdir(parents=True)
    printed = shell.convert("latent.keras", "--dry-run").success()
    assert printed.endswith(
        "without --dry-run this is refused: 'out/linux-litert' exists; choose another -o or pass "
        "--force to replace it\n"
    )


def test_a_dry_run_tells_what_the_target_leaves_of_a_recipe(shell: Shell) -> None:
    shell.write("mine.toml", RECIPE + 'candidates = ["int8", "int8x16"]')
    printed = shell.convert("latent.keras", "--dry-run", recipe="mine.toml").success()
    assert "note: linux-litert: 'int8x16' of 'mine.toml' is left out; the target takes" in printed


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--data", "nowhere"], "--data 'nowhere' does not exist"),
        (["--data", "words.npy"], "--data 'words.npy' is not an npz or npy file"),
        (["--data", "empty"], "--data 'empty' holds no images or wav files"),
        (["--data", "nowhere:rows"], "--data nowhere:rows: ModuleNotFoundError: No module"),
        (["--features", "net.tflite"], "--features 'net.tflite' does not exist"),
        (["--features", "nowhere:f"], "--features 'nowhere:f' is no file and no module:function"),
        (["--custom-objects", "gians"], "--custom-objects gians: ModuleNotFoundError: No module"),
        (["--custom-objects", "no.gains"], "--custom-objects no.gains: ModuleNotFoundError"),
    ],
)
def test_a_dry_run_refuses_what_is_not_there(shell: Shell, args: list[str], message: str) -> None:
    shell.write("words.npy", "no arrays\n")
    (shell.folder / "empty").mkdir()
    error = shell.refuse(*shell.conversion("latent.keras", "--dry-run", *args))
    assert_matches(message, error)


def test_a_dry_run_refuses_a_damaged_model(shell: Shell) -> None:
    error = shell.refuse(*shell.conversion("cut.keras", "--dry-run"))
    assert_matches("is damaged, or not a .keras file", error)


def assert_matches(pattern: str, error: str) -> None:
    assert re.search(pattern, error), error

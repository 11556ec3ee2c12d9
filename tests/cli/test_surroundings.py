"""A terminal of few letters, closed streams, and numbers and places that cannot be."""

import os
from pathlib import Path

import pytest

from edgekit.errors import InputError
from edgekit.jobs.places import check_places
from edgekit.work.cache import default_cache
from tests.tiny import generator_bundle, upscaler_bundle

from .shell import Shell


@pytest.fixture
def home(shell: Shell) -> Shell:
    """A user with a bundle."""
    generator_bundle(shell.folder / "bundle")
    return shell


def within(redirection: str) -> tuple[str, ...]:
    """What runs a command with streams as the shell's words say."""
    return ("sh", "-c", f'exec "$@" {redirection}', "sh")


@pytest.mark.parametrize("env", [{"LANG": "C"}, {"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}])
@pytest.mark.long
def test_a_terminal_that_has_no_such_letters(home: Shell, env: dict[str, str]) -> None:
    home.env |= env
    assert "samples.npy" in home("run", "bundle", "-o", "samples.npy").success()
    assert "-1?1" in home("inspect", "bundle").success().replace("…", "?")
    home("run", "no…bundle", "-o", "samples.npy").refusal()


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams(home: Shell, redirection: str) -> None:
    """What is opened next would get their number, and what is printed would go there."""
    home.prefix = within(redirection)
    done = home("run", "bundle", "--count", "4", "-o", "samples.npy")
    assert (done.code, done.err) == (0, "")
    assert (home.folder / "samples.npy").read_bytes().startswith(b"\x93NUMPY")
    assert home("run", "none", "-o", "samples.npy").code == 1


def test_a_standard_output_that_is_full(home: Shell) -> None:
    home.prefix = within("> /dev/full")
    for command in (["inspect", "bundle"], ["run", "bundle", "-o", "samples.npy", "--json"]):
        error = home(*command).refusal()
        assert error.startswith("disk full ('standard output'): free some space")


TOO_MANY = ["10000000000", str(10**18), str(10**300)]


@pytest.mark.parametrize("count", TOO_MANY)
def test_more_samples_than_memory_holds(home: Shell, count: str) -> None:
    error = home.refuse("run", "bundle", "--count", count, "-o", "samples.npy")
    assert "samples take" in error or "can be made at once" in error
    assert len(error) < 120


@pytest.mark.parametrize(
    "command",
    [
        ["run", "bundle", "-o", "samples.npy", "--threads", "100000"],
        ["validate", "bundle", "--threads", "100000"],
        ["bench", "bundle", "--threads", "1,100000"],
        ["convert", "NET", "-t", "intel-cpu", "-o", "out", "--threads", "100000"],
        ["tune", "NET", "-t", "intel-cpu", "-o", "out", "--threads", "100000"],
    ],
)
def test_more_threads_than_can_be_meant(home: Shell, command: list[str]) -> None:
    """They would take every process slot of the machine, and end in a crash."""
    real = [str(home.nets / "latent.keras") if word == "NET" else word for word in command]
    error = home.refuse(*real)
    cores = os.cpu_count() or 1
    assert error == (
        f"threads is 100000; this machine has {cores} cores, give 1 to {max(16, 4 * cores)}"
    )


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "0", "1e9"])
def test_times_that_have_no_end(home: Shell, seconds: str) -> None:
    assert "--seconds" in home.refuse("bench", "bundle", "--seconds", seconds, code=2)


@pytest.mark.parametrize("minutes", ["nan", "inf", "-1"])
def test_a_timeout_that_has_no_end(home: Shell, minutes: str) -> None:
    command = ["tune", "net.keras", "-t", "intel-cpu", "-o", "out", "--timeout", minutes]
    assert "--timeout" in home.refuse(*command, code=2)


@pytest.mark.parametrize("option", ["samples", "calibration", "batch-size", "classes"])
def test_numbers_that_no_net_means(home: Shell, option: str) -> None:
    error = home.refuse(*home.conversion("latent.keras", f"--{option}", str(10**18)))
    assert error == f"--{option} 1000000000000000000 is too large; at most 1048576"


def test_a_picture_is_refused_before_the_work_when_it_cannot_be_written(home: Shell) -> None:
    upscaler_bundle(home.folder / "upscaler")
    (home.folder / "dangling.png").symlink_to("nowhere/x.png")
    (home.folder / "folder.png").mkdir()
    refused = {
        "samples.txt": "'samples.txt': write to .png, .wav, .npy or .npz",
        "none/samples.png": "'none' is not a folder; create it first",
        "dangling.png": "'dangling.png' is a link to nothing; remove it or give another -o",
        "folder.png": "'folder.png' is a folder; give the name of a file",
    }
    for name, message in refused.items():
        # The bundle is not there either: what is written is looked at before.
        assert home("run", "none", "-o", name).refusal() == message


def test_an_output_that_is_a_link_to_nothing(home: Shell) -> None:
    (home.folder / "out").symlink_to("nowhere")
    error = home.refuse(*home.conversion("latent.keras", "--force"))
    assert error == "'out' is a link to nothing; choose another output folder"


def test_places_that_lie_in_what_is_read_or_replaced(tmp_path: Path) -> None:
    model, out, cache = (tmp_path / name for name in ("model", "out", "cache"))
    model.mkdir()
    check_places(model, out, cache, ["intel-cpu"])
    with pytest.raises(InputError, match=r"lies in the model's folder .* another --cache-dir"):
        check_places(model, out, model / "cache", ["intel-cpu"])
    with pytest.raises(InputError, match=r"lies in the model's folder .* another -o"):
        check_places(model, model / "out", cache, ["intel-cpu"])
    with pytest.raises(InputError, match=r"lies in the cache .* another -o"):
        check_places(model, cache / "out", cache, ["intel-cpu"])
    with pytest.raises(InputError, match=r"lies in a bundle's folder .* another --cache-dir"):
        check_places(model, out, out / "intel-cpu" / "cache", ["intel-cpu"])
    (tmp_path / "link").symlink_to(model)
    with pytest.raises(InputError, match="lies in the model's folder"):
        check_places(model, tmp_path / "link" / "out", cache, ["intel-cpu"])


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(InputError, match=r"no home folder is set \(HOME\).*--cache-dir"):
        default_cache()


def test_an_empty_home(home: Shell) -> None:
    home.env |= {"HOME": "", "XDG_CACHE_HOME": ""}
    home("run", "bundle", "-o", "samples.npy").success()
    assert "no home folder is set (HOME)" in home("doctor").refusal()

"""What Python callers may ask for, and how wrong values are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.errors import InputError, in_python
from edgekit.jobs.convert import check
from edgekit.plan.request import Request


def of(**options: Any) -> Request:
    return Request.of("net.keras", **{"targets": ["intel-cpu"], "output": "out"} | options)


@pytest.mark.parametrize("targets", ["intel-cpu", ["intel-cpu"], ("intel-cpu",)])
def test_one_name_need_not_be_a_list(targets: Any) -> None:
    assert of(targets=targets).targets == ("intel-cpu",)
    assert of(recipe="int8").recipes == of(recipe=["int8"]).recipes == ("int8",)


def test_paths_and_numbers_of_numpy() -> None:
    request = of(recipe=Path("own.toml"), data=Path("rows.npz"), cache="cache", seed=np.int64(3))
    assert request.recipes == ("own.toml",)
    assert (request.model, request.output) == (Path("net.keras"), Path("out"))
    assert (request.data, request.cache, request.seed) == ("rows.npz", Path("cache"), 3)


def test_options_of_groups() -> None:
    request = of(sizes=[[32, 32]], input_range=(-1, 1), custom_objects=["mine"], trust=True)
    assert request.given.sizes == ((32, 32),)
    assert request.given.input_range == (-1.0, 1.0)
    assert request.trust.custom_objects == ("mine",)
    assert request.trust.trust


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": "a"}, r"`int \| null`, got `str` - at `\$.samples`"),
        ({"targets": 5}, r"`array`, got `int` - at `\$.targets`"),
        ({"targets": [5]}, r"`str`, got `int` - at `\$.targets\[0\]`"),
        ({"gates": 30}, r"`array`, got `int` - at `\$.gates`"),
        ({"max_size": "1TB"}, r"max_size '1TB' is not a number with a unit \(B, kB, MB, GB\)"),
        ({"max_latency": "fast"}, "max_latency 'fast' is not a number with a unit"),
        ({"batch": 1.5}, r"`int`, got `float` - at `\$.given.batch`"),
        ({"prior": "cauchy"}, r"'cauchy' - at `\$.given.prior`"),
        ({"input_range": (0, 1, 2)}, r"at `\$.given.input_range`"),
        ({"output": 3}, r"at `\$.output`"),
        ({"sample": 8}, "unknown option 'sample'; did you mean 'samples'"),
    ],
)
def test_wrong_values_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        of(**options)


def test_limits_and_gates_as_they_are_typed() -> None:
    request = of(max_size="1MB", max_latency="0.5x", gates="psnr>=30", custom_objects="mine")
    assert request == of(
        max_size=1_000_000, max_latency=(0.5, "x"), gates=["psnr>=30"], custom_objects=["mine"]
    )


def test_a_net_in_memory_is_to_be_saved() -> None:
    class Net:
        def save(self, path: str) -> None: ...

    with pytest.raises(InputError, match=r"save it first: model\.save\('m\.keras'\)"):
        Request.of(Net(), targets="intel-cpu", output="out")  # type: ignore[arg-type]


def test_errors_name_options_as_they_were_given(tmp_path: Path) -> None:
    (tmp_path / "out" / "intel-cpu").mkdir(parents=True)
    (tmp_path / "net.keras").touch()
    with pytest.raises(InputError) as caught:
        edgekit.convert(tmp_path / "net.keras", targets="intel-cpu", output="out", samples=1)
    assert str(caught.value) == "samples must be at least 2 and calibration at least 1"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("'out' exists; choose another -o or pass --force to replace it",
         "'out' exists; choose another output or pass force=True to replace it"),
        ("give --input-size (for example 128x128)", "give sizes (for example 128x128)"),
        ("misses psnr (--gate), or (--max-size)", "misses psnr (gates), or (max_size)"),
        ("'my--file -out' is no readable image", "'my--file -out' is no readable image"),
    ],
)  # fmt: skip
def test_options_as_keywords(message: str, told: str) -> None:
    assert in_python(message) == told


def test_a_negative_seed_is_refused_before_any_work() -> None:
    with pytest.raises(InputError, match="--seed -1 is negative"):
        check(of(seed=-1))

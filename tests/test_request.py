"""What Python callers may ask for, and how wrong values are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import InputError
from edgekit.pipeline import check
from edgekit.request import Request


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
        ({"gates": "psnr>=30"}, r"`array`, got `str` - at `\$.gates`"),
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


def test_a_negative_seed_is_refused_before_any_work() -> None:
    with pytest.raises(InputError, match="--seed -1 is negative"):
        check(of(seed=-1))

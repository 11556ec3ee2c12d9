"""Gates are read as users type them; every metric that applies is measured, the worst counts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit import plugin
from edgekit.errors import InputError, PassError
from edgekit.families import autoencoder, latent
from edgekit.measure.fidelity import gates_for, is_image, relative_error, score
from edgekit.model import Model, Signature, Tensor
from edgekit.plan.gate import Gate, parse_gate

# Metrics with the signs that a gate on them may have.
BOUNDED = st.sampled_from(plugin.names("metrics")).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(signs(name)))
)
BOUNDS = st.floats(-1e9, 1e9)
SPACES = st.sampled_from(["", " ", "  "])


def signs(metric: str) -> list[str]:
    return [">", ">="] if plugin.load("metrics", metric).BETTER == "higher" else ["<", "<="]


@given(BOUNDED, BOUNDS, SPACES)
def test_a_gate_is_read_as_written(bounded: tuple[str, str], bound: float, space: str) -> None:
    name, sign = bounded
    gate = parse_gate(f"{space}{name}{space}{sign}{space}{bound!r}{space}")
    assert gate == Gate(metric=name.replace("-", "_"), sign=sign, bound=bound)


@given(BOUNDED, st.integers(-1000, 1000))
def test_a_gate_shown_in_a_report_can_be_typed(bounded: tuple[str, str], bound: int) -> None:
    gate = parse_gate(f"{''.join(bounded)}{bound}")
    assert parse_gate(str(gate)) == gate


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("psnr", "is not of the form metric>=number, such as 'psnr>=30', in quotes"),
        ("psnr=30", "is not of the form"),
        ("psnr>=", "is not of the form"),
        ("30<=psnr", "is not of the form"),
        ("psnr>=30dB", "is not of the form"),
        ("psnr>=nan", "is not of the form"),
        ("psnr>=1e", "'1e' is not a number"),
        ("psnr>=1e999", "'1e999' is not a number"),
        ("", "is not of the form"),
        ("psnr<=10", "gate 'psnr<=10': higher is better; write 'psnr>=10'"),
        ("max-error>.5", "gate 'max-error>.5': lower is better; write 'max-error<.5'"),
        ("pnsr>=30", "unknown metric 'pnsr'; did you mean 'psnr'?"),
    ],
)
def test_a_gate_that_is_none(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_gate(text)
    assert message in str(caught.value)


@given(st.text(max_size=20))
def test_any_text_is_a_gate_or_an_input_error(text: str) -> None:
    try:
        gate = parse_gate(text)
    except InputError:
        return
    assert gate.metric.replace("_", "-") in plugin.names("metrics")


@pytest.mark.parametrize(
    ("sign", "met"),
    [(">=", [False, True, True]), (">", [False, False, True]),
     ("<=", [True, True, False]), ("<", [True, False, False])],
)  # fmt: skip
def test_gates_at_their_bound(sign: str, met: list[bool]) -> None:
    gate = Gate(metric="psnr", sign=sign, bound=30)
    assert [gate.met({"psnr": value}) for value in (29.0, 30.0, 31.0)] == met


def test_gates_and_missing_values() -> None:
    gate = Gate(metric="ssim", sign=">=", bound=0.9)
    assert gate.met({"psnr": 1.0}), "a metric that does not apply does not bind"
    assert not gate.met({"ssim": float("nan")}), "a value that is none does"


def test_asked_gates_replace_the_familys_own() -> None:
    asked = [parse_gate("psnr>=20"), parse_gate("kid<1")]
    gates = {gate.metric: str(gate) for gate in gates_for(latent.Family, asked)}
    defaults = {name: name + bound for name, bound in latent.Family.gates.items()}
    assert gates == defaults | {"psnr": "psnr>=20", "kid": "kid<1"}


def pictures(seed: int = 0, count: int = 9) -> Any:
    return np.random.default_rng(seed).random((count, 8, 8, 1), np.float32)


def described(shape: tuple[int, ...] = (1, 8, 8, 1), **more: Any) -> Model:
    output = Tensor(name="sample", shape=shape, **more)
    signature = Signature(part="net", inputs=(Tensor(name="z", shape=(1, 4)),), outputs=(output,))
    return Model(kind="tflite", family="latent", signatures={"generate": signature}, files={})


def scores(model: Model, a: Any, b: Any, features: Any = None) -> dict[str, float]:
    return score(latent.Family, model, {"generate": a}, {"generate": b}, features)


def flat(samples: Any) -> Any:
    return samples.reshape(len(samples), -1)


PLAIN = {"psnr", "sqnr", "cosine", "max_error", "p999_error"}


def test_which_metrics_apply() -> None:
    a = pictures()
    assert set(scores(described(), a, a)) == PLAIN | {"ssim"}
    assert set(scores(described(), a, a, flat)) == PLAIN | {"ssim", "frechet", "kid"}
    assert set(scores(described(), a[:7], a[:7], flat)) == PLAIN | {"ssim"}, "too few rows"
    assert set(scores(described(), flat(a), flat(a))) == PLAIN, "no pictures"


def test_the_worst_output_counts() -> None:
    """Codes have no peak, so psnr is that of the samples; errors are the worst of all outputs."""

    def sign(part: str, name: str, role: str) -> Signature:
        return Signature(part=part, inputs=(), outputs=(Tensor(name=name, shape=(1,), role=role),))

    model = described().replace(
        signatures={
            "encode": sign("encoder", "code", "code"),
            "decode": sign("decoder", "sample", "sample"),
        }
    )
    a, codes = pictures(), np.ones((9, 4))
    reference = {"encode": codes, "decode": a, "reconstruct": a}
    candidate = {"encode": codes + 7, "decode": a + 0.1, "reconstruct": a + 0.2}
    found = score(autoencoder.Family, model, reference, candidate, None)
    assert found["max_error"] == pytest.approx(7, abs=1e-6)
    span = float(np.ptp(a))
    assert found["psnr"] == pytest.approx(20 * np.log10(span / 0.2), abs=1e-4)  # float32 inputs


def test_psnr_is_over_the_models_range() -> None:
    a = np.zeros((2, 8, 8, 1), np.float32)
    b = a + np.float32(0.2)
    known = scores(described(range=(-1.0, 1.0)), a, b)["psnr"]
    assert known == pytest.approx(20, abs=1e-5)  # float32 0.2 is off by 1e-8
    # Without a range, that of the reference, which is 0 here.
    assert scores(described(), a, b)["psnr"] < -100


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((2, 7, 7, 1), True), ((2, 6, 9, 1), False), ((2, 9, 9), False), ((2, 90), False)],
)
def test_what_is_a_picture(shape: tuple[int, ...], expected: bool) -> None:
    assert is_image(np.zeros(shape)) is expected


def test_relative_error_is_to_the_largest_value_of_each_output() -> None:
    reference = {"a": np.array([[1.0, -10.0]]), "b": np.array([[0.5]])}
    candidate = {"a": np.array([[2.0, -10.0]]), "b": np.array([[0.6]])}
    assert relative_error(reference, candidate) == pytest.approx(0.2, abs=1e-12)
    assert relative_error(reference, reference) == 0


def test_outputs_of_another_shape() -> None:
    a = pictures()
    message = r"output 'generate' is \(9, 8, 9, 1\), the original's \(9, 8, 8, 1\)"
    with pytest.raises(PassError, match=message):
        scores(described(), a, np.zeros((9, 8, 9, 1)))
    with pytest.raises(PassError, match=message):
        relative_error({"generate": a}, {"generate": np.zeros((9, 8, 9, 1))})


def test_distances_need_no_pairs() -> None:
    a = {"generate": pictures()}
    b = {"generate": pictures(1, count=20)}
    found = score(latent.Family, described(), a, b, flat, only=("frechet", "kid"))
    assert set(found) == {"frechet", "kid"}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_score_that_is_no_number_is_an_error() -> None:
    """A gate on it would pass for want of a value, and JSON has no word for it."""
    a = pictures()
    with pytest.raises(PassError, match="frechet of the outputs is not finite"):
        scores(described(), a, a + 1, lambda x: flat(np.where(x > 1, np.inf, x)))


def test_features_that_tell_nothing_give_no_distance() -> None:
    a = pictures()
    found = scores(described(), a, pictures(1), lambda x: np.ones((len(x), 4)))
    assert set(found) == PLAIN | {"ssim"}

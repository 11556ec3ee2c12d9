"""Silent failures of the libraries underneath: each is reproduced, and shown not to reach a user.

The conversions here share one cache folder; TensorFlow is imported once, in this process.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from edgekit.bundle.reading import read_manifest  # noqa: E402
from edgekit.candidates.results import Report, Result  # noqa: E402
from edgekit.device import Device  # noqa: E402
from edgekit.engines.litert import runtime as litert  # noqa: E402
from edgekit.engines.litert.coverage import executed, float_leftovers  # noqa: E402
from edgekit.engines.litert.file import check_weights_present, parse, read_graph  # noqa: E402
from edgekit.engines.litert.runtime import interpreter_class  # noqa: E402
from edgekit.errors import PassError  # noqa: E402
from edgekit.jobs.convert import run  # noqa: E402
from edgekit.measure.latency import interleaved  # noqa: E402
from edgekit.plan.request import Request  # noqa: E402

pytestmark = pytest.mark.slow

Layers = keras.layers


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traps")


@pytest.fixture(scope="module")
def dcgan() -> Any:
    """A generator like those people train: dense, reshape, two transposed convolutions."""
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((32,)),
            Layers.Dense(7 * 7 * 64),
            Layers.Reshape((7, 7, 64)),
            Layers.ReLU(),
            Layers.Conv2DTranspose(64, 4, strides=2, padding="same", activation="relu"),
            Layers.Conv2DTranspose(32, 4, strides=2, padding="same", activation="relu"),
            Layers.Conv2D(1, 3, padding="same", activation="tanh"),
        ]
    )


@pytest.fixture(scope="module")
def converted(home: Path, dcgan: Any) -> Report:
    return convert(home, dcgan, "dcgan", "float32", "int8-dynamic", "int4-weights")


def convert(home: Path, net: Any, name: str, *recipes: str, target: str = "linux-litert") -> Report:
    """Convert by the public pipeline; gates are set that everything meets."""
    gates = ["psnr>=0", "cosine>=-1", "frechet<=1e9"]
    gates += ["ssim>=-1"] if len(net.outputs[0].shape) == 4 else []
    net.save(home / f"{name}.keras")
    request = Request.of(
        home / f"{name}.keras",
        targets=[target],
        output=home / name,
        packed=False,  # files are looked into
        recipe=recipes,
        samples=8,
        calibration=4,
        seconds=0.2,
        gates=gates,
        cache=home / "cache",
        force=True,
    )
    return run(request)


def result(report: Report, name: str) -> Result:
    found = report.targets[0].result(name)
    assert found is not None
    return found


def naive_litert(net: Any, *, dynamic: bool = False) -> bytes:
    """As the converter's documentation shows it: a free batch size."""
    converter = tf.lite.TFLiteConverter.from_keras_model(net)
    if dynamic:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())


def runner(content: bytes) -> Any:
    """A function that runs an artifact once on zeros."""
    interpreter = interpreter_class()(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    zeros = np.zeros(detail["shape"], detail["dtype"])

    def call() -> None:
        interpreter.set_tensor(detail["index"], zeros)
        interpreter.invoke()

    return call


def test_a_lowering_that_loses_all_weights_is_caught(home: Path, dcgan: Any) -> None:
    # Trap 1: no error, and a file of a few kilobytes for a net of megabytes.
    function = tf.function(
        lambda z: dcgan(z, training=False), input_signature=[tf.TensorSpec((1, 32), tf.float32)]
    )
    module = tf.Module()
    module.net = dcgan.variables  # Keras' wrappers, not TensorFlow's variables
    concrete = function.get_concrete_function()
    content = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module).convert()
    lost = home / "lost.tflite"
    lost.write_bytes(content)
    assert len(content) < 0.05 * 4 * dcgan.count_params()
    with pytest.raises(PassError, match="lost"):
        check_weights_present([lost], dcgan.count_params())


def test_edgekit_keeps_every_weight(converted: Report, dcgan: Any) -> None:
    # Zero biases, as this net has them, are left out of the file.
    assert result(converted, "float32").size > 0.95 * 4 * dcgan.count_params()


def test_a_free_batch_size_is_slow_and_edgekit_leaves_none(
    home: Path, dcgan: Any, converted: Report
) -> None:
    # Trap 2: the output shapes are computed, so XNNPACK refuses the transposed convolutions.
    naive = home / "naive.tflite"
    naive.write_bytes(naive_litert(dcgan, dynamic=True))
    _, reasons = executed(naive)
    assert any("TRANSPOSE_CONV" in reason and "computed" in reason for reason in reasons)

    ours = result(converted, "int8-dynamic")
    assert ours.coverage.ops == ours.coverage.multiply_adds == 1.0
    assert not ours.coverage.fallbacks
    artifact = home / "dcgan" / "linux-litert" / "generate.tflite"
    slow, fast = interleaved([runner(naive.read_bytes()), runner(artifact.read_bytes())], 0.5)
    assert slow.seconds > 4 * fast.seconds  # 20 to 150 times, by the net: far from the noise


def test_int4_that_is_larger_than_int8_does_not_happen(home: Path, converted: Report) -> None:
    # Trap 3: the quantizer leaves in float what it cannot take at 4 bits.
    from litert_quantizer import quantizer, recipe

    work = next(
        path
        for path in (home / "cache").glob("*/generate.tflite")
        if path.stat().st_size == result(converted, "float32").size
    )
    sizes = {
        bits: len(quantizer.Quantizer(str(work), rules()).quantize().quantized_model)
        for bits, rules in ((4, recipe.dynamic_wi4_afp32), (8, recipe.dynamic_wi8_afp32))
    }
    assert sizes[4] > sizes[8]
    assert result(converted, "int4-weights").size < result(converted, "int8-dynamic").size


def test_float_leftovers_of_a_full_int8_graph_are_named(home: Path) -> None:
    # Trap 8: the converter is asked for int8 only, leaves float ops, and reports success.
    net = keras.Sequential(
        [
            keras.Input((8, 8, 4)),
            Layers.Conv2D(8, 3, padding="same"),
            Layers.GroupNormalization(groups=-1),
            Layers.Conv2D(4, 3, padding="same", activation="sigmoid"),
        ]
    )
    fixed = keras.Model(i := keras.Input((8, 8, 4), batch_size=1), net(i))
    converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = lambda: [[np.ones((1, 8, 8, 4), np.float32)]]
    artifact = home / "full_int8.tflite"
    artifact.write_bytes(converter.convert())
    in_float = {op.name for op in read_graph(artifact).float_ops()}
    named = {reason.split()[2].rstrip(":") for reason in float_leftovers(artifact)}
    assert in_float
    assert named == in_float


def test_openvino_computes_in_float32_whatever_the_processor(home: Path, dcgan: Any) -> None:
    # Trap 9: on recent processors the default is bfloat16, two to three digits.
    import openvino

    from edgekit.engines.openvino.runtime import CONFIG

    report = convert(home, dcgan, "openvino", "float32", target="linux-openvino")
    artifact = home / "openvino" / "linux-openvino" / "generate.xml"
    default = openvino.Core().compile_model(str(artifact), "CPU")
    ours = openvino.Core().compile_model(str(artifact), "CPU", CONFIG)
    assert ours.get_property("INFERENCE_PRECISION_HINT").get_type_name() == "f32"
    z = np.random.default_rng(0).standard_normal((1, 32)).astype(np.float32)
    truth = dcgan(z, training=False).numpy()
    error = {
        name: float(np.abs(compiled(z)[0] - truth).max())
        for name, compiled in (("default", default), ("ours", ours))
    }
    assert error["ours"] < 1e-5
    if default.get_property("INFERENCE_PRECISION_HINT").get_type_name() == "bf16":
        assert error["default"] > 10 * error["ours"]
    assert result(report, "float32").scores["psnr"] > 90


class Rescaling(interpreter_class()):  # type: ignore[misc]
    """LiteRT where XNNPACK has changed the scales of inputs and outputs, as some versions do."""

    allocated = False

    def allocate_tensors(self) -> None:
        super().allocate_tensors()
        self.allocated = True

    def get_input_details(self) -> Any:
        return self.told(super().get_input_details())

    def get_output_details(self) -> Any:
        return self.told(super().get_output_details())

    def told(self, details: Any) -> Any:
        changed = {"quantization": (0.125, 3)} if self.allocated else {}
        return [detail | changed for detail in details]


def test_scales_come_from_the_file_not_from_xnnpack(
    home: Path, dcgan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Trap 11: after allocation XNNPACK may report scales of its own; I/O must use the file's.
    convert(home, dcgan, "static", "int8")
    folder = home / "static" / "linux-litert"
    artifact, signature = folder / "generate.tflite", read_manifest(folder).signatures
    monkeypatch.setattr(litert, "interpreter_class", lambda: Rescaling)
    call = litert.load(artifact, signature["generate"], Device())
    told = call._interpreter.get_input_details()[0]["quantization"]

    graph = parse(artifact).subgraphs[0]
    for binding, index in (
        (call._inputs[0], graph.inputs[0]),
        (call._outputs[0], graph.outputs[0]),
    ):
        quantization = graph.tensors[index].quantization
        assert binding.integer
        assert (binding.scale, binding.zero) == (quantization.scale[0], quantization.zeroPoint[0])
        assert (binding.scale, binding.zero) != told


def test_a_converter_that_segfaults_is_one_failed_candidate(home: Path, tmp_path: Path) -> None:
    # Trap 13: static int8 of a Keras recurrent loop kills the converter with signal 11.
    net = keras.Sequential(
        [
            keras.Input((8,)),
            Layers.RepeatVector(6),
            Layers.GRU(12, return_sequences=True),
            Layers.Dense(3, activation="tanh"),
        ]
    )
    crashing = tmp_path / "tf-int8.toml"
    crashing.write_text(
        'description = "TensorFlow\'s own int8"\nlitert = [{ pass = "lower", quantize = "int8" }]\n'
    )
    report = convert(home, net, "gru", "float32", str(crashing), "int8-dynamic")
    assert "crashed (SIGSEGV)" in result(report, "tf-int8").failure
    assert report.targets[0].bundle is not None
    assert not result(report, "int8-dynamic").failure
    shutil.rmtree(home / "gru")

"""The sentence that matters in what libraries print: messages as the libraries wrote them."""

import pytest

from edgekit.reason import LONGEST, advice, reason

FRAME = """    File "/x/lib/site-packages/keras/src/utils/traceback_utils.py", line 122, in h  **
        raise e.with_traceback(filtered_tb) from None
"""
IN_LAMBDA = f"""in user code:

    File "/home/me/gan.py", line 17, in None  *
        lambda x: net(x)
{FRAME}
    NameError: Exception encountered when calling Lambda.call().
    \n    \x1b[1mname 'tf' is not defined\x1b[0m
    \n    Arguments received by Lambda.call():
      • inputs=tf.Tensor(shape=(1, 128, 128, 64), dtype=float32)
      • mask=None
"""
CLOSURE = IN_LAMBDA.replace("name 'tf' is not defined", "'dict' object has no attribute 'nn'")
ODD_SIZE = f"""in user code:

{FRAME}
    ValueError: Exception encountered when calling Add.call().
    \n    \x1b[1mDimensions must be equal, but are 32 and 33 for '{{{{node net/add/Add}}}} = \
AddV2[T=DT_FLOAT](net/up/Reshape_1, net/conv2d/BiasAdd)' with input shapes: [1,32,32,4], \
[1,33,33,4].\x1b[0m
    \n    Arguments received by Add.call():
      • inputs=['tf.Tensor(shape=(1, 32, 32, 4), dtype=float32)']
"""
KEY = f"""in user code:

{FRAME}
    KeyError: 'Exception encountered when calling Lay.call().\\n\\n\\x1b[1mno such thing\\x1b[0m\\n\
\\nArguments received by Lay.call():\\n  • x=tf.Tensor(shape=(1, 8), dtype=float32)'
"""
CONFIG = "{'module': 'keras', 'class_name': 'Sequential', 'config': {" + "'name': 'x', " * 30 + "}}"
DESERIALIZE = f"""<class 'keras.src.models.sequential.Sequential'> could not be deserialized \
properly. Please ensure that components that are Python object instances returned by \
`get_config()` are explicitly deserialized in the model's `from_config()` method.

config={CONFIG}.

Exception encountered: Error when deserializing class 'Conv2DTranspose' using config={CONFIG}.

Exception encountered: Unrecognized keyword arguments passed to Conv2DTranspose: {{'groups': 1}}"""
NO_CLASS = f"""<class 'keras.src.models.sequential.Sequential'> could not be deserialized \
properly. Please ensure that components (layers, models, etc.) are explicitly deserialized.

config={CONFIG}.

Exception encountered: Could not locate class 'Foo'. Full object config: {CONFIG}"""
WEIGHTS = """A total of 1 objects could not be loaded. Example error message for object <Dense \
name=d, built=True>:

Layer 'd' expected 2 variables, but received 0 variables during loading. Expected: ['kernel']

List of objects that could not be loaded:
[<Dense name=d, built=True>]"""
KERAS_2 = """Exception encountered when calling layer "lambda" (type Lambda).

name 'K' is not defined

Call arguments received by layer "lambda" (type Lambda):
  • inputs=tf.Tensor(shape=(1, 4), dtype=float32)"""
EAGER = """Exception encountered when calling Concatenate.call().

\x1b[1m{{function_node __wrapped__ConcatV2_N_2_device_/job:localhost/task:0/device:CPU:0}} \
ConcatOp : Dimension 1 in both shapes must be equal: shape[0] = [1,32] vs. shape[1] = [1,33] \
[Op:ConcatV2] name: concat\x1b[0m

Arguments received by Concatenate.call():
  • inputs=['tf.Tensor(shape=(1, 32), dtype=float32)']"""
GRAPH = """Graph execution error:

Detected at node Cholesky defined at (most recent call last):
<stack traces unavailable>
Cholesky decomposition was not successful. The input might not be valid.
\t [[{{node Cholesky}}]] [Op:__inference_x_12]"""
MLIR = """Could not translate MLIR to FlatBuffer.<unknown>:0: error: loc(callsite(fused["Solve:", \
"map/while/Solve@b"] at fused["While:", "map"])): 'tf.MatrixSolve' op is neither a custom op nor a \
flex op
<unknown>:0: note: loc(fused["MatrixSolve:", "x"]): Error code: ERROR_NEEDS_CUSTOM_OPS
<unknown>:0: error: failed while converting: 'main': 
Some ops in the model are custom ops
<unknown>:0: note: see current operation: 
"func.func"() <{sym_name = "main"}> ({"""
UNRANKED = """/x/lib/site-packages/tensorflow/python/eager/tracing.py:283:1: error: failed to \
legalize unresolved materialization from ('tensor<?x?xf32>') to ('tensor<?x3xf32>')
        concrete_function = _create_concrete_function(
^
/x/net.py:310:1: note: called from
    return net(x)"""
OV_RULE = """Check 'false' failed at src/frontends/common_translators/src/unconverted.cpp:151:
FrontEnd API failed with OpConversionFailure:
Model wasn't fully converted.
Summary:
-- No conversion rule found for operations: MatrixDeterminant
To facilitate the conversion of unsupported operations, refer to Frontend Extension documentation: \
https://docs.openvino.ai/latest/x.html 
"""
OV_TYPE = """Check 'false' failed at src/frontends/common_translators/src/unconverted.cpp:151:
FrontEnd API failed with OpConversionFailure:
Model wasn't fully converted. Failed operations detailed log:
-- Const with a message:
Check 'false' failed at src/frontends/tensorflow/src/tf_utils.cpp:347:
FrontEnd API failed with GeneralFailure:
Encountered unknown element type bf16

Summary:
-- Conversion is failed for: Const
"""
OV_SHAPE = """Check 'DimType::merge(merged, a, b) || a.is_dynamic()' failed at src/core/m.hpp:65:
While validating node 'opset1::MatMul MatMul_3 (opset1::Parameter P[0]:f32[1,4]) -> ()' with \
friendly_name 'MatMul_3':
Incompatible MatMul matrix dimension. First input dimension=4 at COL_INDEX_DIM=1
"""
OV_FILE = """Exception from src/inference/src/cpp/core.cpp:84:
Check 'util::file_exists(path)' failed at src/frontends/common/src/frontend.cpp:117:
FrontEnd API failed with GeneralFailure:
ir: Could not open the file: "nowhere.xml"
"""
LITERT = "tensorflow/lite/kernels/conv.cc:357 a % b != 0 (1 != 0)Node number 3 (CONV_2D) failed."
CHILD = f"""2026-01-01 12:00:00: I started
Traceback (most recent call last):
  File "/x/worker.py", line 3, in main
    raise ValueError(
    ^^^^^^^^^^^^^^^^^
{FRAME}ImportError: libX.so: cannot open shared object file"""

MESSAGES = [
    (IN_LAMBDA, "name 'tf' is not defined"),
    (CLOSURE, "'dict' object has no attribute 'nn'"),
    (ODD_SIZE, "Dimensions must be equal, but are 32 and 33 in 'net/add/Add', "
               "inputs: [1,32,32,4], [1,33,33,4]."),
    (KEY, "no such thing"),
    (DESERIALIZE, "Unrecognized keyword arguments passed to Conv2DTranspose: {'groups': 1}"),
    (NO_CLASS, "Could not locate class 'Foo'."),
    (WEIGHTS, "Layer 'd' expected 2 variables, but received 0 variables during loading. "
              "Expected: ['kernel']"),
    (KERAS_2, "name 'K' is not defined"),
    (EAGER, "ConcatOp : Dimension 1 in both shapes must be equal: "
            "shape[0] = [1,32] vs. shape[1] = [1,33]"),
    (GRAPH, "Cholesky decomposition was not successful. The input might not be valid."),
    (MLIR, "'tf.MatrixSolve' op is neither a custom op nor a flex op"),
    (UNRANKED, "failed to legalize unresolved materialization from ('tensor<?x?xf32>') "
               "to ('tensor<?x3xf32>')"),
    (OV_RULE, "it has no conversion rule for the operation MatrixDeterminant"),
    (OV_TYPE, "Const: Encountered unknown element type bf16"),
    (OV_SHAPE, "Incompatible MatMul matrix dimension. First input dimension=4 at COL_INDEX_DIM=1"),
    (OV_FILE, 'ir: Could not open the file: "nowhere.xml"'),
    (LITERT, "a % b != 0 (1 != 0); node number 3 (CONV_2D) failed."),
    (CHILD, "libX.so: cannot open shared object file"),
    ("\nIgnored nodes ['foo'] were not found.\n", "Ignored nodes ['foo'] were not found."),
    ("Unable to open file (file signature not found)",
     "Unable to open file (file signature not found)"),
    ("", "no reason was given"),
]  # fmt: skip


@pytest.mark.parametrize("printed, meant", MESSAGES)
def test_the_last_real_error_is_found(printed: str, meant: str) -> None:
    assert reason(printed) == meant
    assert reason(RuntimeError(printed)) == (
        meant if printed else "RuntimeError, without a message"
    )


def test_where_a_message_says_nothing_its_cause_does() -> None:
    outer = RuntimeError("in user code:")
    outer.__cause__ = NotImplementedError("no complex numbers")
    assert reason(outer) == "no complex numbers"
    outer.__cause__ = KeyError("weights")
    assert reason(outer) == "KeyError: 'weights'"
    outer.__cause__ = AssertionError()
    assert reason(outer) == "AssertionError, without a message"
    outer.__cause__ = outer
    assert reason(outer) == "RuntimeError, without a message"


def test_a_reason_is_one_bounded_printable_line() -> None:
    told = reason("no\x00 \x1b[31msuch\x07 " + "x" * 5000)
    assert told.startswith("no such xxx") and len(told) == LONGEST and told.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "UnimplementedError: The Conv2D op currently only supports the NHWC tensor format",
        "InvalidArgumentError: Default MaxPoolingOp only supports NHWC on device type CPU",
    ],
)
def test_channels_first_on_a_cpu(text: str) -> None:
    assert "data_format='channels_last'" in advice(text)


def test_advice_fits_the_reason() -> None:
    """A size helps where one is free and shapes differ; not against a name that is missing."""
    assert "--input-size" in advice(ODD_SIZE, sizes=True)
    assert advice(ODD_SIZE) == ""
    assert advice(GRAPH, sizes=True) == ""
    for text, what in ((IN_LAMBDA, "the global `tf`"), (CLOSURE, "a variable of the code")):
        told = advice(text, sizes=True)
        assert what in told and "not in the file" in told and "--input-size" not in told
    custom = IN_LAMBDA.replace("Lambda.call()", "Mine.call()").replace("lambda x: ", "")
    assert "import `tf` in the module" in advice(custom, sizes=True)


def test_it_is_what_keras_says_today() -> None:
    """Real wrappers of the installed Keras, in a graph and without one."""
    import keras
    import tensorflow as tf

    class Fails(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: object) -> object:
            return undefined_name(x)  # type: ignore[name-defined]  # noqa: F821

        def compute_output_shape(self, shape: object) -> object:
            return shape

    layer = Fails()
    for call in (layer, tf.function(layer)):
        with pytest.raises(NameError) as raised:
            call(tf.zeros((1, 4)))
        assert reason(raised.value) == "name 'undefined_name' is not defined"

"""TensorFlow's own results through the public names: values, dtypes, static shapes and gradients.

What the ops' own tests excuse in TensorFlow's elementwise functions is excused here too, by the same tables; the rest
is excused below, by name and with the reason.
"""

import numpy as np
import pytest

import weft as tf
from tests.golden import recipes
from tests.ops import test_math_goldens as elementwise
from tests.traced import assert_traced

GOLDENS = {topic: recipes.Golden(topic) for topic in ("math_ops", "tensor_ops", "nn_ops", "signal_ops")}

#: namespaces that Weft does not have; a function of any other one must be there
ABSENT = ("experimental.numpy.", "image.", "sparse.")
#: function -> how much rougher than usual: ill-conditioned systems, and TensorFlow's own float32 kernels
ROUGH = {"linalg.lstsq": 50, "linalg.sqrtm": 50, "linalg.pinv": 50, "linalg.expm": 20, "linalg.inv": 10,
         "linalg.solve": 10, "linalg.cholesky_solve": 10, "linalg.triangular_solve": 10, "linalg.det": 10,
         "linalg.cholesky": 10, "signal.linear_to_mel_weight_matrix": 20, "nn.elu": 1e3, "nn.selu": 1e3,
         "signal.kaiser_bessel_derived_window": 10, "signal.kaiser_window": 10}  # fmt: skip
WRONG_VALUES = {
    "saturate_cast_float32_int64": "TensorFlow wraps what is too large into the least integer",
    "saturate_cast_float64_int64": "TensorFlow wraps what is too large into the least integer",
}
WRONG_GRADIENTS = {
    "cumprod_zeros": "TensorFlow takes the derivative of a product at a zero factor to be 0",
    "reduce_logsumexp_infinite": "NaN where ours is 0; the share is taken from the result, which has rounded to 1e-5",
    "weighted_cross_entropy": "TensorFlow's slope at a logit of exactly 0 is that of one side",
    "max_pool3d": "in three dimensions TensorFlow gives the gradient to all of equals, in two to the first",
}
#: functions whose result's size depends on values
SIZED_BY_VALUES = {"math.bincount", "unique", "unique_with_counts", "boolean_mask", "where", "dynamic_partition",
                   "math.segment_sum", "math.segment_mean", "math.segment_max", "math.segment_min",
                   "math.segment_prod", "sparse.segment_sum", "sparse.segment_mean", "sparse.segment_sqrt_n",
                   "math.confusion_matrix", "range", "repeat"}  # fmt: skip
#: functions whose graph depends on sizes: windows of filters, the number of results, frames put together
NEEDS_SIZES = {"nn.conv1d", "nn.conv2d", "nn.conv3d", "nn.conv1d_transpose", "nn.conv2d_transpose",
               "nn.conv3d_transpose", "nn.depthwise_conv2d", "nn.separable_conv2d", "nn.dilation2d", "nn.erosion2d",
               "signal.inverse_mdct", "unstack"}  # fmt: skip
#: of math_ops, those that are not elementwise
REDUCING = {"math.lbeta"}
TOLERANCE = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 1e-5, "complex64": 1e-5, "float64": 1e-11,
             "complex128": 1e-11}  # fmt: skip


def _public(path):
    found = tf
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _is_there(path):
    try:
        _public(path)
    except AttributeError:
        return False
    return True


CASES = [(topic, name) for topic, golden in GOLDENS.items() for name, case in golden.cases.items()
         if not case.get("undefined") and _is_there(case["function"])]  # fmt: skip


def test_only_known_namespaces_are_absent():
    stored = {case["function"] for golden in GOLDENS.values() for case in golden.cases.values()}
    assert [path for path in sorted(stored) if not _is_there(path) and not path.startswith(ABSENT)] == []


def _call(case):
    function = _public(case["function"])

    def call(*tensors):
        operands = [list(tensors)] if case["packed"] else tensors
        return tf.nest.flatten(function(*case["leading"], *operands, **case["attrs"]))

    return call


def _carries_gradient(tensor):
    return tensor.dtype.is_floating or tensor.dtype.is_complex


def _tolerance(function, dtype):
    if function in elementwise.ROUGH and dtype.name in ("float32", "float64"):
        return elementwise.ROUGH[function][dtype.name == "float64"]
    return TOLERANCE.get(dtype.name, 0.0) * ROUGH.get(function, 1)


def _differences(topic, actual, expected, tolerance):
    """Where arrays differ; sums of many terms are measured by their largest."""
    if actual.dtype.kind not in "fc":
        return actual != expected
    if topic == "math_ops":
        return elementwise._differences(actual, expected, tolerance)
    size = np.abs(expected[np.isfinite(expected)])
    with np.errstate(all="ignore"):
        close = np.abs(actual - expected) <= tolerance * np.abs(expected) + tolerance / 5 * np.max(size, initial=0)
    return ~(close | (actual == expected) | (np.isnan(actual) & np.isnan(expected)))


@pytest.mark.parametrize("topic, name", CASES, ids=[f"{topic}-{name}" for topic, name in CASES])
def test_it_is_tensorflows(topic, name):
    golden = GOLDENS[topic]
    case = golden.cases[name]
    inputs = golden.series(f"{name}/input")
    tensors = [tf.constant(array) for array in inputs]
    call = _call(case)
    with tf.GradientTape() as tape:
        for tensor in tensors:
            if _carries_gradient(tensor):
                tape.watch(tensor)
        outputs = call(*tensors)
    expected = golden.series(f"{name}/output")
    assert [(o.dtype.name, tuple(o.shape)) for o in outputs] == [(e.dtype.name, e.shape) for e in expected]
    if name not in WRONG_VALUES:
        _compare_values(topic, name, case, inputs, [o.numpy() for o in outputs], expected)
    if case["gradient"]:
        _compare_gradients(topic, name, case, tape, tensors, outputs, inputs)
    _compare_static_shapes(case, call, tensors, outputs)


def _compare_values(topic, name, case, inputs, actual, expected):
    for number, (array, wanted) in enumerate(zip(actual, expected, strict=True)):
        tolerance = _tolerance(case["function"], array.dtype)
        different = _differences(topic, array, wanted, tolerance)
        key = f"{name}/exact/0"
        if number == 0 and key in GOLDENS[topic]:
            with np.errstate(all="ignore"):
                different &= _differences(topic, array, GOLDENS[topic][key].astype(array.dtype), tolerance)
        if topic == "math_ops" and case["function"] not in REDUCING:
            different &= ~elementwise._denormal(*inputs, wanted) & ~elementwise._excused(
                case["function"], inputs, wanted
            )
        assert not different.any(), elementwise._explain(name, f"gives ({number})", different, array, wanted, [])


def _compare_gradients(topic, name, case, tape, tensors, outputs, inputs):
    golden = GOLDENS[topic]
    given = golden.series(f"{name}/cotangent")
    seeds = [tf.constant(array) for array in given] or [tf.ones_like(output) for output in outputs]
    found = tape.gradient(outputs, tensors, output_gradients=seeds)
    for position, gradient in enumerate(found):
        key = f"{name}/grad/{position}"
        assert (gradient is not None) == (key in golden), f"gradient {position} of {name}"
        if gradient is None or name in WRONG_GRADIENTS:
            continue
        actual, expected = tf.convert_to_tensor(gradient).numpy(), golden[key]
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
        different = _differences(topic, actual, expected, 10 * _tolerance(case["function"], actual.dtype))
        if topic == "math_ops" and all(array.shape == actual.shape for array in inputs):
            different &= ~elementwise._excused_gradient(case["function"], inputs, position, actual, expected)
        assert not different.any(), elementwise._explain(name, f"gradient {position}", different, actual, expected, [])


def _compare_static_shapes(case, call, tensors, outputs):
    """Traced with all sizes known, all is known that could be; with none known, the values are the same."""
    known = tf.function(call).get_concrete_function(*(tf.TensorSpec(t.shape, t.dtype) for t in tensors))
    _check_specs(known, outputs)
    if case["function"] not in SIZED_BY_VALUES:
        assert all(spec.shape.is_fully_defined() for spec in tf.nest.flatten(known.structured_outputs))
    if case["function"] not in NEEDS_SIZES:
        specs = [tf.TensorSpec([None] * len(t.shape), t.dtype) for t in tensors]
        unknown = tf.function(call).get_concrete_function(*specs)
        _check_specs(unknown, outputs)
        for found, output in zip(tf.nest.flatten(unknown(*tensors)), outputs, strict=True):
            number = output.numpy()
            aside = elementwise._denormal(number, *(t.numpy() for t in tensors if t.shape == number.shape))
            assert_traced(found.numpy(), number, aside)


def _check_specs(traced, outputs):
    for spec, output in zip(tf.nest.flatten(traced.structured_outputs), outputs, strict=True):
        assert spec.dtype == output.dtype and spec.shape.is_compatible_with(output.shape)

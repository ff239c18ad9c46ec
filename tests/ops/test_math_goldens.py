"""Elementwise and special functions against TensorFlow's own results, gradients included.

The inputs hold zeros of both signs, denormals, the neighbourhood of overflow, infinities and NaN. TensorFlow is not
right everywhere (`tests/golden/README.md` tells where): what is excused here is excused by name and with the reason.
"""

import numpy as np
import pytest

from tests.golden import recipes
from weft.autodiff.subgraph import gradient_graph
from weft.base import dtypes
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder

GOLDEN = recipes.Golden("math_ops")
OTHER_NAMES = {"mod": "floormod", "rint": "round", "swish": "silu"}
#: compositions of the public API, not ops
COMPOSED = {"experimental.numpy.sinc", "math.angle", "math.lbeta", "math.reciprocal_no_nan", "saturate_cast"}

TOLERANCE = {"float32": 1e-5, "float64": 1e-12, "complex64": 1e-5, "complex128": 1e-12}
#: function -> (tolerance of float32, of float64): how exact TensorFlow's own kernel is
ROUGH = {
    "nn.gelu": (1e-4, 1e-6),  # its float64 uses constants rounded to float32
    "nn.leaky_relu": (1e-6, 1e-7),  # its slope is a float32
    "math.erfinv": (2e-1, 1e-8),
    "math.ndtri": (1e-3, 1e-7),
    "math.igamma": (2e-4, 1e-6),
    "math.igammac": (2e-4, 1e-6),
    "math.betainc": (1e-3, 1e-9),
    "math.special.fresnel_cos": (1e-3, 1e-9),
    "math.special.fresnel_sin": (1e-3, 1e-9),
    "math.tan": (1e-4, 1e-12),
}
#: functions whose value TensorFlow calls NaN where it has a limit: i0 and i1 at infinity, the Bessel functions of the
#: first and second kind, which vanish there, spence, which falls to minus infinity
NAN_THOUGH_KNOWN = {
    "math.bessel_i0", "math.bessel_i1", "math.special.bessel_j0", "math.special.bessel_j1", "math.special.bessel_y0",
    "math.special.bessel_y1", "math.special.spence",
}  # fmt: skip
#: from which size on TensorFlow's (and SciPy's) Bessel functions lose the phase of the oscillation; ours keep it
LOST_PHASE = {f"math.special.bessel_{kind}": 1e4 for kind in ("j0", "j1", "y0", "y1")}
#: elements of gradients that differ by convention: at the ends of the domain, or because TensorFlow gives up there
CONVENTIONS = {
    "math.bessel_i0", "math.bessel_i1", "math.digamma", "math.lgamma", "math.igamma", "math.igammac", "math.zeta",
    "math.polygamma", "math.special.expint", "math.special.bessel_k1e", "math.betainc", "nn.elu",
    "nn.selu",
}  # fmt: skip
#: functions whose gradient TensorFlow takes to be flat next to 0, because its value loses all digits there; that of
#: bessel_i1 at 0 is 1/2
FLAT_NEAR_0 = {"nn.selu", "math.bessel_i1"}
#: gradients that TensorFlow gets wrong for negative operands: digamma's must be positive, dawsn's vanishes far out
WRONG_BELOW_0 = {"math.digamma", "math.special.dawsn"}


def _op(function):
    name = function.rpartition(".")[2]
    return OTHER_NAMES.get(name, name)


def _attrs(case):
    attrs = dict(case["attrs"])
    if "dtype" in attrs:
        attrs["dtype"] = dtypes.as_dtype(attrs["dtype"])
    known = opdef.get(_op(case["function"])).attrs
    return {key: value for key, value in attrs.items() if key in known}


#: integers divided into floats: casts that the public function inserts
CAST_FIRST = {name for name in GOLDEN.cases if name.startswith("divide_int")}
CASES = [name for name, case in GOLDEN.cases.items()
         if case["function"] not in COMPOSED and not case.get("undefined") and name not in CAST_FIRST
         and set(case["attrs"]) <= set(opdef.get(_op(case["function"])).attrs)]  # fmt: skip


def _graph(case, inputs):
    graph = Graph(case["name"])
    values = [graph.add_input(TensorType(a.shape, dtypes.as_dtype(a.dtype))) for a in inputs]
    graph.outputs = [GraphBuilder(graph).call(_op(case["function"]), *case["leading"], *values, **_attrs(case))]
    return graph


def _tiny(array):
    return float(np.finfo(array.real.dtype).tiny)


def _denormal(*arrays):
    """Where an element is so small that TensorFlow's kernels take it for 0."""
    found = np.zeros(np.broadcast_shapes(*(a.shape for a in arrays)), bool)
    for array in arrays:
        if array.dtype.kind in "fc":
            size = np.maximum(np.abs(array.real), np.abs(array.imag))
            found |= (size > 0) & (size < 4 * _tiny(array))
    return found


def _differences(actual, expected, tolerance):
    """Where two arrays differ: relatively, and absolutely by no more than a few roundings of 1."""
    if actual.dtype.kind not in "fc":
        return actual != expected
    if actual.dtype.kind == "c":
        return _differences(actual.real, expected.real, tolerance) | _differences(actual.imag, expected.imag, tolerance)
    a, e = actual.astype(np.float64), expected.astype(np.float64)
    slack = 8 * float(np.finfo(actual.dtype).eps)
    with np.errstate(all="ignore"):
        return ~((np.abs(a - e) <= tolerance * np.abs(e) + slack) | (a == e) | (np.isnan(a) & np.isnan(e)))


def _excused(function, inputs, expected):
    """Where TensorFlow's value is known to be wrong."""
    found = np.isnan(expected) if function in NAN_THOUGH_KNOWN else np.zeros(expected.shape, bool)
    if function in LOST_PHASE:
        found |= np.abs(inputs[0]) > LOST_PHASE[function]
    return found


def _tolerance(function, dtype):
    if function in ROUGH and dtype.name in ("float32", "float64"):
        return ROUGH[function][dtype.name == "float64"]
    return TOLERANCE.get(dtype.name, 0.0)


def _explain(name, what, different, actual, expected, inputs):
    lines = []
    for position in np.argwhere(different)[:4]:
        at = tuple(int(i) for i in position)
        given = [np.broadcast_to(a, different.shape)[at] for a in inputs]
        lines.append(f"at {at} of {given}: {actual[at]}, expected {expected[at]}")
    return f"{name} {what}, {int(different.sum())} of {different.size} elements: " + "; ".join(lines)


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_tensorflows(name):
    case, inputs = GOLDEN.cases[name], GOLDEN.series(f"{name}/input")
    graph = _graph(case, inputs)
    with np.errstate(all="ignore"):
        (actual,) = interpreter.run(graph, inputs)
    expected = GOLDEN[f"{name}/output/0"]
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    tolerance = _tolerance(case["function"], actual.dtype)
    different = _differences(actual, expected, tolerance)
    if f"{name}/exact/0" in GOLDEN:
        with np.errstate(all="ignore"):
            exact = GOLDEN[f"{name}/exact/0"].astype(actual.dtype)
        different &= _differences(actual, exact, tolerance)
    different &= ~_denormal(*inputs, expected) & ~_excused(case["function"], inputs, expected)
    assert not different.any(), _explain(name, "gives", different, actual, expected, inputs)
    if case["gradient"]:
        _check_gradients(name, case, graph, inputs, actual)


def _excused_gradient(function, inputs, position, actual, expected):
    """Where TensorFlow's gradient is known to be wrong, or follows another convention."""
    found = _denormal(*inputs, expected) | _excused(function, inputs, expected)
    if function == "nn.gelu":  # TensorFlow's tanh is flat where it is nearly -1
        found |= (expected == 0) & (np.abs(actual) <= 1e-5)
    if function in FLAT_NEAR_0:
        found |= np.abs(inputs[position]) <= 1e-7
    if function in CONVENTIONS:
        found |= ~np.isfinite(expected) | ~np.isfinite(actual)
    if function in WRONG_BELOW_0:
        found |= inputs[position] < 0
    return found


def _check_gradients(name, case, graph, inputs, output):
    wrt = [i for i in range(len(inputs)) if f"{name}/grad/{i}" in GOLDEN]
    if not wrt:
        return
    cotangent = GOLDEN[f"{name}/cotangent/0"] if f"{name}/cotangent/0" in GOLDEN else np.ones_like(output)
    with np.errstate(all="ignore"):
        found = interpreter.run(gradient_graph(graph, wrt), [*inputs, cotangent])
    for position, actual in zip(wrt, found, strict=True):
        expected = GOLDEN[f"{name}/grad/{position}"]
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
        different = _differences(actual, expected, 10 * _tolerance(case["function"], actual.dtype))
        if all(a.shape == actual.shape for a in inputs):
            different &= ~_excused_gradient(case["function"], inputs, position, actual, expected)
        assert not different.any(), _explain(name, f"has gradient {position}", different, actual, expected, inputs)


def test_every_function_is_compared():
    compared = {GOLDEN.cases[name]["function"] for name in CASES}
    stored = {case["function"] for case in GOLDEN.cases.values() if not case.get("undefined")}
    assert stored - compared - COMPOSED == set()

"""Reductions, running reductions, products of matrices, systems, decompositions, Fourier transforms and softmax against
numbers from TensorFlow, with their gradients."""

import numpy as np
import pytest

from tests.golden import recipes
from weft.autodiff.subgraph import gradient_graph
from weft.base import dtypes
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter
from weft.ops.builder import GraphBuilder

TENSORS = recipes.Golden("tensor_ops")
NETWORKS = recipes.Golden("nn_ops")


def _axes(attrs, rank):
    axis = attrs.get("axis", attrs.get("axes"))
    if axis is None:
        return tuple(range(rank))
    return tuple(axis) if isinstance(axis, list) else (axis,)


def _reduction(name):
    def apply(b, values, case):
        attrs = case["attrs"]
        axis = _axes(attrs, len(b.shape(values[0])))
        return b.call(name, values[0], axis=axis, keepdims=attrs.get("keepdims", False))

    return apply


def _count_nonzero(b, values, case):
    return b.count_nonzero(values[0], axis=_axes(case["attrs"], 2), keepdims=False, dtype=dtypes.int64)


def _extreme_place(name):
    def apply(b, values, case):
        attrs = case["attrs"]
        wanted = dtypes.as_dtype(attrs.get("output_type", "int64"))
        return b.call(name, values[0], axis=attrs["axis"], output_type=wanted)

    return apply


def _moments(b, values, case):
    attrs = {"axis": tuple(case["attrs"]["axes"]), "keepdims": case["attrs"].get("keepdims", False)}
    return b.reduce_mean(values[0], **attrs), b.reduce_variance(values[0], **attrs)


def _same(name):
    def apply(b, values, case):
        attrs = {k: tuple(v) if isinstance(v, list) else v for k, v in case["attrs"].items()}
        return b.call(name, *values, **attrs)

    return apply


def _tensordot(b, values, case):
    axes = case["attrs"]["axes"]
    if isinstance(axes, int):
        rank = len(b.shape(values[0]))
        axes = [list(range(rank - axes, rank)), list(range(axes))]
    return b.tensordot(*values, axes=tuple(tuple(part) for part in axes))


def _matvec(b, values, case):
    x, y = values
    product = b.matmul(x, b.expand_dims(y, axis=(-1,)), **case["attrs"])
    return b.squeeze(product, axis=(-1,))


def _cholesky_solve(b, values, case):
    factor, rhs = values
    return b.triangular_solve(factor, b.triangular_solve(factor, rhs), adjoint=True)


FUNCTIONS = {
    **{f"math.{name}": _reduction(name) for name in (
        "reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod", "reduce_variance", "reduce_std",
        "reduce_logsumexp", "reduce_euclidean_norm", "reduce_all", "reduce_any")},
    "math.count_nonzero": _count_nonzero,
    "math.argmax": _extreme_place("argmax"),
    "math.argmin": _extreme_place("argmin"),
    "nn.moments": _moments,
    **{f"math.{name}": _same(name) for name in ("cumsum", "cumprod", "cumulative_logsumexp")},
    **{f"linalg.{name}": _same(name) for name in (
        "matmul", "cholesky", "det", "slogdet", "solve", "triangular_solve", "svd", "eigvalsh", "lstsq", "expm",
        "sqrtm", "pinv", "trace", "cross")},
    "linalg.inv": _same("inverse"),
    "linalg.logdet": lambda b, v, case: b.slogdet(*v)[1],
    "linalg.cholesky_solve": _cholesky_solve,
    "linalg.matvec": _matvec,
    "tensordot": _tensordot,
    "einsum": lambda b, v, case: b.einsum(*v, equation=case["leading"][0]),
    **{f"signal.{name}": _same(name) for name in ("fft", "fft2d", "ifft", "ifft2d", "rfft", "irfft", "rfft2d")},
    "nn.softmax": _same("softmax"),
    "nn.log_softmax": _same("log_softmax"),
}  # fmt: skip

CASES = [(golden, name) for golden in (TENSORS, NETWORKS) for name, case in golden.cases.items()
         if case["function"] in FUNCTIONS]  # fmt: skip
EXACT = {"float32": 2e-6, "float64": 1e-12, "complex64": 2e-6, "complex128": 1e-12}
#: gradients that TensorFlow gets wrong: it takes the derivative of a product at a zero factor to be 0
WRONG_GRADIENTS = {"cumprod_zeros"}
#: where TensorFlow's own float32 results are rough, or the condition of the matrices lets both stray
ROUGH = {"linalg.lstsq": 50, "linalg.sqrtm": 50, "linalg.pinv": 50, "linalg.expm": 10, "linalg.inv": 10,
         "linalg.solve": 10, "linalg.cholesky_solve": 10, "linalg.triangular_solve": 10, "linalg.det": 5}  # fmt: skip


def _built(golden, name):
    case, inputs = golden.cases[name], golden.series(f"{name}/input")
    graph = Graph(name)
    values = [graph.add_input(TensorType(a.shape, dtypes.as_dtype(a.dtype))) for a in inputs]
    made = FUNCTIONS[case["function"]](GraphBuilder(graph), values, case)
    graph.outputs = list(made) if isinstance(made, tuple) else [made]
    return graph, inputs


def _close(actual, expected, tolerance):
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    if actual.dtype.kind not in "fc":
        np.testing.assert_array_equal(actual, expected)
        return
    finite = np.abs(expected[np.isfinite(expected)])
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * max(1.0, finite.max(initial=0)))


@pytest.mark.parametrize(("golden", "name"), CASES, ids=[name for _, name in CASES])
def test_values_and_gradients_are_tensorflows(golden, name):
    case = golden.cases[name]
    graph, inputs = _built(golden, name)
    rough = ROUGH.get(case["function"], 1)
    expected = golden.series(f"{name}/output")
    found = interpreter.run(graph, inputs)
    assert len(found) == len(expected)
    for actual, wanted in zip(found, expected, strict=True):
        _close(actual, wanted, rough * EXACT.get(wanted.dtype.name, 0))
    wrt = [i for i in range(len(inputs)) if f"{name}/grad/{i}" in golden]
    if not case["gradient"] or not wrt or name in WRONG_GRADIENTS:
        return
    cotangents = golden.series(f"{name}/cotangent") or [np.ones_like(a) for a in found]
    for actual, index in zip(interpreter.run(gradient_graph(graph, wrt), [*inputs, *cotangents]), wrt, strict=True):
        wanted = golden[f"{name}/grad/{index}"]
        if name == "reduce_logsumexp_infinite":  # of nothing but -inf the gradient is 0 here, NaN there
            actual = np.where(np.isneginf(inputs[0]).all(axis=-1, keepdims=True), np.nan, actual)
        _close(actual, wanted, 10 * rough * EXACT[wanted.dtype.name])


def test_many_cases_are_found():
    assert len(CASES) > 140

"""Gradients of decompositions through what does not depend on free signs and phases, against differences."""

import numpy as np
import pytest

from weft.autodiff.subgraph import gradient_graph
from weft.base import dtypes
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder, inline

RANDOM = np.random.default_rng(7)


def _matrix(rows, columns, kind):
    x = RANDOM.normal(size=(rows, columns))
    return x + 1j * RANDOM.normal(size=(rows, columns)) if kind == "complex" else x


def _hermitian(b, x):
    """A Hermitian positive definite matrix made of any matrix."""
    gram = b.matmul(x, x, adjoint_b=True)
    return b.add(gram, b.matrix_diag(b.full(b.shape(gram)[-1:], 1, b.dtype(gram))))


def _weighted(b, x):
    """A real number in which every element counts differently."""
    places = np.arange(1, 1 + int(np.prod(b.shape(x)))).reshape(b.shape(x))
    weights = np.sin(places) + (1j * np.cos(places) if b.dtype(x).is_complex else 0)
    total = b.reduce_sum(b.multiply(x, b.constant(weights, b.dtype(x))), axis=tuple(range(len(b.shape(x)))))
    return b.real(total) if b.dtype(x).is_complex else total


def _projector(b, vectors, column):
    """The projection on one vector, whatever its phase."""
    rows = b.shape(vectors)[0]
    one = b.slice(vectors, begin=(0, column), size=(rows, 1))
    return b.matmul(one, one, adjoint_b=True)


def _cholesky(b, x):
    return b.cholesky(_hermitian(b, x))


def _eigh(b, x):
    w, v = b.eigh(_hermitian(b, x))
    scaled = b.reshape(b.exp(b.multiply(w, 0.1)), shape=(1, 3))
    scaled = b.complex(scaled, b.zeros_like(scaled)) if b.dtype(v).is_complex else scaled
    return b.add(b.matmul(b.multiply(v, scaled), v, adjoint_b=True), _projector(b, v, 1))


def _svd(b, x):
    s, u, v = b.svd(x)
    s = b.reshape(b.square(s), shape=(1, b.shape(s)[0]))
    s = b.complex(s, b.zeros_like(s)) if b.dtype(u).is_complex else s
    return b.matmul(b.multiply(u, s), v, adjoint_b=True)


def _svd_vectors(b, x):
    _, u, v = b.svd(x)
    return b.concat(_projector(b, u, 0), _projector(b, v, 1), axis=0)


def _eig(b, x):
    w, v = b.eig(x)
    power = b.reduce_sum(b.multiply(w, b.multiply(w, w)), axis=(0,), keepdims=True)
    places = b.reduce_sum(_projector_of_all(b, v, w), axis=(0,))
    return b.concat(power, b.reshape(places, shape=(9,)), axis=0)


def _projector_of_all(b, v, w):
    """The projections on all eigenvectors, each weighted by its eigenvalue so that their order does not matter."""
    columns = b.transpose(v, perm=(1, 0))
    outer = b.multiply(b.reshape(columns, shape=(3, 3, 1)), b.conj(b.reshape(columns, shape=(3, 1, 3))))
    return b.multiply(outer, b.reshape(w, shape=(3, 1, 1)))


def _qr(b, x):
    q, r = b.qr(x)
    return b.concat(q, b.transpose(r, perm=(1, 0)), axis=0)


FUNCTIONS = {
    "cholesky": (_cholesky, (3, 3)),
    "eigh": (_eigh, (3, 3)),
    "svd": (_svd, (4, 3)),
    "svd_wide": (_svd, (2, 3)),
    "svd_vectors": (_svd_vectors, (3, 3)),
    "eig": (_eig, (3, 3)),
    "qr": (_qr, (4, 3)),
    "qr_wide": (_qr, (2, 4)),
}


def _loss_graph(function, x):
    graph = Graph("loss")
    b = GraphBuilder(graph)
    value = graph.add_input(TensorType(x.shape, dtypes.as_dtype(x.dtype)))
    graph.outputs = [_weighted(b, function(b, value))]
    return graph


def _slope_along(graph, x, direction, step=1e-6):
    ahead, behind = (interpreter.run(graph, [x + sign * step * direction])[0] for sign in (1, -1))
    return float(ahead - behind) / (2 * step)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradient(name, kind):
    function, shape = FUNCTIONS[name]
    x = _matrix(*shape, kind)
    graph = _loss_graph(function, x)
    (gradient,) = interpreter.run(gradient_graph(graph, [0]), [x, np.float64(1)])
    for _ in range(3):
        direction = _matrix(*shape, kind)
        expected = _slope_along(graph, x, direction)
        assert np.isclose(np.real(np.vdot(gradient, direction)), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["cholesky", "eigh", "svd", "svd_vectors", "qr"])
def test_second_order(name):
    function, shape = FUNCTIONS[name]
    x, direction = _matrix(*shape, "real"), _matrix(*shape, "real")
    graph = _loss_graph(function, x)
    slope = Graph("slope")
    b = GraphBuilder(slope)
    value = slope.add_input(TensorType(x.shape, dtypes.float64))


    (gradient,) = inline(b, gradient_graph(graph, [0]), [value, b.constant(1.0, dtypes.float64)])
    slope.outputs = [b.reduce_sum(b.multiply(gradient, b.constant(direction)), axis=(0, 1))]
    (second,) = interpreter.run(gradient_graph(slope, [0]), [x, np.float64(1)])
    other = _matrix(*shape, "real")
    assert np.isclose(np.vdot(second, other), _slope_along(slope, x, other), rtol=1e-5, atol=1e-6)


def test_what_is_arbitrary_has_no_gradient():
    graph = Graph("full")
    value = graph.add_input(TensorType((4, 2), dtypes.float64))
    graph.outputs = list(GraphBuilder(graph).qr(value, full_matrices=True))
    with pytest.raises(LookupError, match="full_matrices=False"):
        gradient_graph(graph, [0])


def _apply(name, *arrays, **attrs):
    record = opdef.get(name)
    return interpreter.evaluate(record, arrays, record.complete(attrs))


def test_singular_matrices_are_named():
    stack = np.stack([np.eye(2), np.ones((2, 2))])
    for name, arrays in (("inverse", [stack]), ("solve", [stack, stack]), ("lu", [stack]), ("cholesky", [-stack])):
        with pytest.raises(ValueError, match="matrix"):
            _apply(name, *arrays)
    with pytest.raises(ValueError, match=r"matrix \(1,\) is not invertible: it is singular"):
        _apply("inverse", stack)
    with pytest.raises(ValueError, match=r"matrix \(1,\) is not positive definite"):
        _apply("cholesky", np.stack([np.eye(2), -np.eye(2)]))


def test_decompositions_compose():
    x = RANDOM.normal(size=(2, 5, 5)) + 1j * RANDOM.normal(size=(2, 5, 5))
    both, rows = _apply("lu", x)
    lower, upper = np.tril(both, -1) + np.eye(5), np.triu(both)
    np.testing.assert_allclose(lower @ upper, np.take_along_axis(x, rows[..., None], 1), atol=1e-13)
    (root,) = _apply("sqrtm", x)
    np.testing.assert_allclose(root @ root, x, atol=1e-12)
    (log,) = _apply("logm", x)
    np.testing.assert_allclose(_apply("expm", log)[0], x, atol=1e-12)
    w, v = _apply("eig", x)
    np.testing.assert_allclose(x @ v, v * w[:, None, :], atol=1e-12)


def test_broken_numbers_give_nan():
    x = np.stack([np.eye(3), np.full((3, 3), np.inf)])
    for name in ("svd", "eigh", "eig", "eigvals", "eigvalsh", "pinv"):
        first = _apply(name, x)[0]
        assert np.isfinite(first[0]).all() and np.isnan(first[1]).all(), name

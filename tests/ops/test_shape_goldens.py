"""Shape, index, segment and sort ops against numbers from TensorFlow, with their gradients."""

import numpy as np
import pytest

from tests.golden import recipes
from weft.autodiff.subgraph import gradient_graph
from weft.base import dtypes
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter
from weft.ops.builder import GraphBuilder

GOLDEN = recipes.Golden("tensor_ops")


def _same(name, *attributes):
    """The op of that name with attributes as TensorFlow has them, lists as tuples."""

    def apply(b, values, attrs):
        return b.call(name, *values, **{key: _tuple(attrs[key]) for key in attributes if key in attrs})

    return apply


def _tuple(value):
    return tuple(_tuple(v) for v in value) if isinstance(value, list) else value


def _gather(b, values, attrs):
    return b.gather(*values, axis=attrs.get("axis", attrs.get("batch_dims", 0)), batch_dims=attrs.get("batch_dims", 0))


def _unsorted_mean(power):
    def apply(b, values, attrs):
        data, ids = values
        total = b.unsorted_segment_sum(data, ids, num_segments=attrs["num_segments"])
        ones = b.full(b.shape(ids), 1, b.dtype(data))
        count = b.maximum(b.unsorted_segment_sum(ones, ids, num_segments=attrs["num_segments"]), 1)
        count = b.expand_dims(count, axis=tuple(range(1, len(b.shape(total)))))
        return b.divide(total, count if power == 1 else b.sqrt(count))

    return apply


def _sparse(kind):
    return lambda b, v, attrs: b.call(f"segment_{kind}", b.gather(v[0], v[1]), v[2])


def _strided(b, values, attrs):
    begin, end, strides = attrs["begin"], attrs["end"], attrs["strides"]
    masks = {name: attrs.get(f"{name}_mask", 0) for name in ("begin", "end", "ellipsis", "shrink_axis")}
    index = []
    for i in range(len(begin)):
        bit = 1 << i
        if masks["ellipsis"] & bit:
            index.append(("ellipsis",))
        elif masks["shrink_axis"] & bit:
            index.append(("int", begin[i]))
        else:
            index.append(("slice", None if masks["begin"] & bit else begin[i],
                          None if masks["end"] & bit else end[i], strides[i]))  # fmt: skip
    return b.strided_slice(values[0], index=tuple(index))


def _one_hot(b, values, attrs):
    return b.one_hot(values[0], depth=attrs["depth"], axis=attrs.get("axis", -1), on_value=attrs.get("on_value", 1),
                     off_value=attrs.get("off_value", 0))  # fmt: skip


def _pad(b, values, attrs):
    return b.pad(values[0], paddings=_tuple(attrs["paddings"]), mode=attrs.get("mode", "CONSTANT").lower(),
                 constant_value=attrs.get("constant_values", 0))  # fmt: skip


def _repeat(b, values, attrs):
    (x,) = values
    if isinstance(attrs["repeats"], int):
        return b.repeat(b.reshape(x, shape=(12,)), repeats=attrs["repeats"], axis=0)
    return b.gather(x, b.repeat_indices(b.constant(attrs["repeats"], dtypes.int32)), axis=attrs["axis"])


def _diagonals(name):
    def apply(b, values, attrs):
        k = attrs.get("k", 0)
        extra = {"padding_value": attrs["padding_value"]} if "padding_value" in attrs else {}
        return b.call(name, *values, k=_tuple(k) if isinstance(k, list) else (k, k), **extra)

    return apply


FUNCTIONS = {
    **{f"math.segment_{kind}": _same(f"segment_{kind}") for kind in ("sum", "mean", "max", "min", "prod")},
    **{f"math.unsorted_segment_{kind}": _same(f"unsorted_segment_{kind}", "num_segments")
       for kind in ("sum", "max", "min", "prod")},
    "math.unsorted_segment_mean": _unsorted_mean(1),
    "math.unsorted_segment_sqrt_n": _unsorted_mean(0.5),
    "sparse.segment_sum": _sparse("sum"),
    "sparse.segment_mean": _sparse("mean"),
    "math.bincount": lambda b, v, attrs: b.bincount(
        v[0], *([b.constant(attrs["weights"], dtypes.float32)] if "weights" in attrs else []),
        minlength=attrs.get("minlength", 0), maxlength=attrs.get("maxlength")),
    "math.top_k": _same("top_k", "k"),
    "sort": _same("sort", "axis", "direction"),
    "argsort": _same("argsort", "axis", "direction"),
    "math.in_top_k": _same("in_top_k", "k"),
    "unique": _same("unique"),
    "unique_with_counts": _same("unique_with_counts"),
    "searchsorted": _same("searchsorted", "side"),
    "math.invert_permutation": _same("invert_permutation"),
    "where": lambda b, v, attrs: b.where(*v) if len(v) == 1 else b.select(*v),
    "boolean_mask": _same("boolean_mask", "axis"),
    "gather": _gather,
    "gather_nd": _same("gather_nd", "batch_dims"),
    "scatter_nd": _same("scatter_nd", "shape"),
    **{f"tensor_scatter_nd_{kind}": _same(f"tensor_scatter_{kind}") for kind in ("update", "add", "sub", "max", "min")},
    "one_hot": _one_hot,
    "nn.embedding_lookup": _same("gather"),
    "strided_slice": _strided,
    "slice": _same("slice", "begin", "size"),
    "pad": _pad,
    "roll": _same("roll", "shift", "axis"),
    "reverse": _same("reverse", "axis"),
    "reverse_sequence": lambda b, v, attrs: b.reverse_sequence(
        v[0], b.constant(attrs["seq_lengths"], dtypes.int32), seq_axis=attrs["seq_axis"],
        batch_axis=attrs["batch_axis"]),
    "tile": _same("tile", "multiples"),
    "repeat": _repeat,
    "transpose": _same("transpose", "perm"),
    "concat": _same("concat", "axis"),
    "stack": _same("stack", "axis"),
    "split": lambda b, v, attrs: b.split(v[0], num_or_sizes=_tuple(attrs["num_or_size_splits"]), axis=attrs["axis"]),
    "unstack": _same("unstack", "axis"),
    "broadcast_to": _same("broadcast_to", "shape"),
    "nn.space_to_depth": _same("space_to_depth", "block_size"),
    "nn.depth_to_space": _same("depth_to_space", "block_size"),
    "space_to_batch": _same("space_to_batch", "block_shape", "paddings"),
    "batch_to_space": _same("batch_to_space", "block_shape", "crops"),
    "range": _same("range"),
    "histogram_fixed_width": lambda b, v, attrs: b.histogram_fixed_width(
        v[0], b.constant(attrs["value_range"], dtypes.float32), nbins=attrs["nbins"]),
    "linalg.band_part": lambda b, v, attrs: b.matrix_band_part(
        v[0], lower=attrs["num_lower"], upper=attrs["num_upper"]),
    "linalg.diag": _diagonals("matrix_diag"),
    "linalg.diag_part": _diagonals("matrix_diag_part"),
    "linalg.set_diag": _diagonals("matrix_set_diag"),
}  # fmt: skip

CASES = [name for name, case in GOLDEN.cases.items() if case["function"] in FUNCTIONS]


def _built(name):
    case = GOLDEN.cases[name]
    inputs = GOLDEN.series(f"{name}/input")
    graph = Graph(name)
    b = GraphBuilder(graph)
    values = [graph.add_input(TensorType(a.shape, dtypes.as_dtype(a.dtype))) for a in inputs]
    made = FUNCTIONS[case["function"]](b, values, case["attrs"])
    graph.outputs = list(made) if isinstance(made, tuple) else [made]
    return graph, inputs


@pytest.mark.parametrize("name", CASES)
def test_outputs(name):
    graph, inputs = _built(name)
    expected = GOLDEN.series(f"{name}/output")
    found = interpreter.run(graph, inputs)
    assert len(found) == len(expected)
    for actual, wanted in zip(found, expected, strict=True):
        assert actual.dtype == wanted.dtype
        np.testing.assert_allclose(actual, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", [n for n in CASES if GOLDEN.cases[n]["gradient"]])
def test_gradients(name):
    graph, inputs = _built(name)
    wrt = [i for i in range(len(inputs)) if f"{name}/grad/{i}" in GOLDEN]
    expected = [GOLDEN[f"{name}/grad/{i}"] for i in wrt]
    cotangents = [ct for ct in GOLDEN.series(f"{name}/cotangent") if ct.dtype.kind == "f"]
    found = interpreter.run(gradient_graph(graph, wrt), [*inputs, *cotangents])
    for actual, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=1e-5, atol=1e-6)


def test_many_cases_are_found():
    assert len(CASES) > 90

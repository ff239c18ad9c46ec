"""What the case table cannot say about shape ops: sizes that are not known, Python's slices, the wording of errors."""

import itertools

import numpy as np
import pytest

from weft.base import dims, dtypes
from weft.base.dims import Dim
from weft.base.errors import InvalidArgumentError
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder

F = dtypes.float32


def infer(name, *types, **attrs):
    record = opdef.get(name)
    found = record.infer([t if isinstance(t, TensorType) else TensorType(t, F) for t in types], record.complete(attrs))
    return found[0].shape if len(found) == 1 else [t.shape for t in found]


def run(name, *arrays, **attrs):
    """Through a graph whose sizes are all unknown, as traced code meets them."""
    graph = Graph("test")
    b = GraphBuilder(graph)
    arrays = [np.asarray(a) for a in arrays]
    values = [graph.add_input(TensorType(tuple(Dim.fresh() for _ in a.shape), dtypes.as_dtype(a.dtype)))
              for a in arrays]  # fmt: skip
    made = b.call(name, *values, **attrs)
    graph.outputs = list(made) if isinstance(made, tuple) else [made]
    found = interpreter.run(graph, arrays)
    return found if isinstance(made, tuple) else found[0]


# Sizes ---------------------------------------------------------------------------------------------------------------


def test_every_slice_of_an_unknown_size_is_as_long_as_pythons():
    size = Dim.fresh()
    bounds = [None, *range(-4, 5)]
    for start, stop, step in itertools.product(bounds, bounds, (None, 1, 2, 3, -1, -2, -3)):
        (found,) = infer("strided_slice", (size,), index=(("slice", start, stop, step),))
        for n in range(6):
            expected = len(range(*slice(start, stop, step).indices(n)))
            assert dims.evaluate(found, {size.symbol: n}) == expected, (start, stop, step, n)


def test_slices_of_one_size_share_it():
    time = Dim.fresh("time")
    first = infer("strided_slice", (2, time), index=(("ellipsis",), ("slice", 1, None, None)))
    second = infer("strided_slice", (2, time), index=(("slice", None, None, None), ("slice", None, -1, None)))
    assert first == second


def test_joined_sizes_add_up():
    batch = Dim.fresh("batch")
    assert infer("concat", (batch, 3), (batch, 4), axis=1) == (batch, 7)
    assert infer("concat", (batch, 3), (2, 3), axis=0) == (batch + 2, 3)
    assert infer("concat", (batch, 3), (5, 4), axis=-1) == (5, 7)
    assert infer("split", (batch * 2, 3), num_or_sizes=2, axis=0) == [(batch, 3), (batch, 3)]
    assert infer("split", (batch, 5), num_or_sizes=(2, -1), axis=1) == [(batch, 2), (batch, 3)]
    assert infer("repeat", (batch, 3), repeats=2) == (batch * 2, 3)
    assert infer("pad", (batch, 3), paddings=((1, 1), (0, 0))) == (batch + 2, 3)


def test_bounds_may_be_tensors():
    index = (("slice", ("operand", 0), None, ("operand", 1)), ("int", ("operand", 0)))
    x = np.arange(20.0).reshape(5, 4)
    np.testing.assert_array_equal(run("strided_slice", x, np.int32(1), np.int32(2), index=index), x[1::2, 1])


def test_dynamic_reshape_finds_the_open_size():
    x = np.arange(12.0)
    assert run("reshape_dynamic", x, np.array([2, -1, 3], np.int32)).shape == (2, 2, 3)
    assert run("reshape_dynamic", np.zeros((0, 3)), np.array([-1, 3], np.int32)).shape == (0, 3)
    with pytest.raises(InvalidArgumentError, match="12 elements, which do not fill"):
        run("reshape_dynamic", x, np.array([5, -1], np.int32))


def test_range_counts_as_tensorflow_does():
    found = run("range", np.float32(0.0), np.float32(1.0), np.float32(0.1))
    np.testing.assert_array_equal(found, np.float32(0.1) * np.arange(10, dtype=np.float32))
    np.testing.assert_array_equal(run("range", np.int32(3), np.int32(0), np.int32(-1)), [3, 2, 1])
    for start, limit, delta in ((5, 1, 1), (1, 5, -1), (1, 5, 0)):
        with pytest.raises(InvalidArgumentError, match="delta|step"):
            run("range", np.int32(start), np.int32(limit), np.int32(delta))


# Semantics -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("align", "expected"),
    [
        ("RIGHT_LEFT", [[0, 0, 3], [0, 2, 7], [1, 6, 11], [0, 5, 10], [4, 9, 0], [8, 0, 0]]),
        ("LEFT_RIGHT", [[3, 0, 0], [2, 7, 0], [1, 6, 11], [0, 5, 10], [0, 4, 9], [0, 0, 8]]),
        ("LEFT_LEFT", [[3, 0, 0], [2, 7, 0], [1, 6, 11], [0, 5, 10], [4, 9, 0], [8, 0, 0]]),
        ("RIGHT_RIGHT", [[0, 0, 3], [0, 2, 7], [1, 6, 11], [0, 5, 10], [0, 4, 9], [0, 0, 8]]),
    ],
)
def test_bands_align_as_in_tensorflow(align, expected):
    x = np.arange(12).reshape(3, 4)
    found = run("matrix_diag_part", x, k=(-2, 3), align=align)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(run("matrix_set_diag", np.zeros_like(x), found, k=(-2, 3), align=align), x)
    np.testing.assert_array_equal(run("matrix_diag", found, k=(-2, 3), cols=4, align=align), x)


def test_nan_counts_as_the_greatest():
    x = np.array([2.0, np.nan, 3.0, np.nan])
    np.testing.assert_array_equal(run("sort", x), [2.0, 3.0, np.nan, np.nan])
    np.testing.assert_array_equal(run("argsort", x, direction="DESCENDING"), [1, 3, 2, 0])
    values, indices = run("top_k", x, k=3)
    np.testing.assert_array_equal(values, [np.nan, np.nan, 3.0])
    np.testing.assert_array_equal(indices, [1, 3, 2])
    np.testing.assert_array_equal(run("searchsorted", np.array([1.0, 2.0]), np.array([np.nan, 1.5])), [0, 1])


def test_unsigned_and_least_integers_sort():
    np.testing.assert_array_equal(
        run("sort", np.array([-128, 5, 127], np.int8), direction="DESCENDING"), [127, 5, -128]
    )
    np.testing.assert_array_equal(run("top_k", np.array([0, 255, 7], np.uint8), k=2)[0], [255, 7])


def test_segments_without_rows():
    ids = np.array([0, 0, 2], np.int32)
    data = np.array([1.0, 2.0, 3.0], np.float32)
    expected = {"sum": [3, 0, 3], "mean": [1.5, 0, 3], "max": [2, 0, 3], "min": [1, 0, 3], "prod": [2, 1, 3]}
    for kind, result in expected.items():
        np.testing.assert_array_equal(run(f"segment_{kind}", data, ids), result)
    limits = np.finfo(np.float32)
    np.testing.assert_array_equal(run("unsorted_segment_max", data, ids, num_segments=3), [2, limits.min, 3])
    np.testing.assert_array_equal(run("unsorted_segment_min", data, ids, num_segments=3), [1, limits.max, 3])
    np.testing.assert_array_equal(run("segment_mean", np.array([-1, -2, 7]), ids), [-1, 0, 7])


def test_a_product_with_zeros_keeps_its_gradient():
    from weft.autodiff.subgraph import gradient_graph

    graph = Graph("test")
    b = GraphBuilder(graph)
    data, ids = graph.add_input(TensorType((5,), F)), graph.add_input(TensorType((5,), dtypes.int32))
    graph.outputs = [b.unsorted_segment_prod(data, ids, num_segments=3)]
    arrays = [np.array([0.0, 2.0, 0.0, 0.0, 3.0], np.float32), np.array([0, 0, 1, 1, 1], np.int32)]
    (found,) = interpreter.run(gradient_graph(graph, [0]), [*arrays, np.ones(3, np.float32)])
    np.testing.assert_array_equal(found, [2.0, 0.0, 0.0, 0.0, 0.0])


def test_repeated_rows_are_added_in_order():
    x = np.zeros((2, 1), np.float32)
    values = np.array([[1e8], [1.0], [-1e8], [1.0]], np.float32)
    found = run("scatter_add_rows", x, np.array([1, 1, 1, 1], np.int32), values)
    total = np.float32(0)
    for value in values[:, 0]:
        total = total + value
    assert found[1, 0] == total


def test_half_precision_rows_are_rounded_once():
    x = np.zeros((1, 1), np.float16)
    values = np.full((5000, 1), 1, np.float16)
    assert run("scatter_add_rows", x, np.zeros(5000, np.int32), values)[0, 0] == 5000


def test_strings_are_gathered_and_told_apart():
    words = np.array([b"b", b"a", b"b"], object)
    assert run("gather", words, np.int32(1)).item() == b"a"
    y, idx, count = run("unique_with_counts", words)
    assert (y.tolist(), idx.tolist(), count.tolist()) == ([b"b", b"a"], [0, 1, 0], [2, 1])


def test_rows_that_are_not_finite_are_in_no_top():
    rows = np.array([[1.0, -np.inf, 3.0], [1.0, np.nan, 3.0], [1.0, 2.0, 3.0]], np.float32)
    np.testing.assert_array_equal(run("in_top_k", np.array([2, 2, 2], np.int32), rows, k=1), [False, False, True])


def test_writing_into_a_slice_broadcasts():
    x = np.zeros((3, 4), np.float32)
    found = run(
        "tensor_strided_slice_update", x, np.float32(2), index=(("slice", 1, None, None), ("slice", None, 2, None))
    )
    expected = x.copy()
    expected[1:, :2] = 2
    np.testing.assert_array_equal(found, expected)


# Errors --------------------------------------------------------------------------------------------------------------

_INT = np.int32


@pytest.mark.parametrize(
    ("name", "arrays", "attrs", "words"),
    [
        ("gather", (np.zeros(3), _INT([[0, 5]])), {}, ["holds 5", "[0, 1]", "0 to 2"]),
        ("gather", (np.zeros(3), _INT([-1])), {}, ["holds -1", "0 to 2"]),
        ("gather_nd", (np.zeros((2, 3)), _INT([[1, 3]])), {}, ["holds [1, 3]", "[0]", "0 to 1, 0 to 2"]),
        ("scatter_nd", (_INT([[7]]), np.ones(1)), {"shape": (3,)}, ["holds [7]", "0 to 2"]),
        ("scatter_add_rows", (np.zeros((2, 1)), _INT([2]), np.ones((1, 1))), {}, ["holds 2", "0 to 1"]),
        ("take_along_axis", (np.zeros((1, 2)), _INT([[2]])), {}, ["holds 2", "axis 1", "0 to 1"]),
        ("segment_sum", (np.zeros(3), _INT([0, 2, 1])), {}, ["falls from 2 to 1", "position 2", "ascending"]),
        ("unsorted_segment_sum", (np.zeros(2), _INT([0, 5])), {"num_segments": 2}, ["holds 5", "[1]", "below 2"]),
        ("dynamic_partition", (np.zeros(2), _INT([0, 4])), {"num_partitions": 2}, ["holds 4", "[1]", "0 to 1"]),
        ("invert_permutation", (_INT([1, 1]),), {}, ["holds 1 more than once"]),
        ("bincount", (_INT([1, -2]),), {}, ["holds -2", "[1]"]),
        ("strided_slice", (np.zeros(3), _INT(3)), {"index": (("int", ("operand", 0)),)}, ["index 3", "-3 to 2"]),
        ("dynamic_slice", (np.zeros(3), _INT(2)), {"sizes": (2,)}, ["2 elements from 2", "0 to 1"]),
        ("top_k", (np.zeros(2), _INT(3)), {}, ["k is 3", "0 to 2"]),
        ("pad", (np.zeros(2),), {"paddings": ((2, 0),), "mode": "reflect"}, ["size 2", "padded by 2", "reflect"]),
    ],
)
def test_bad_data_is_named(name, arrays, attrs, words):
    with pytest.raises(InvalidArgumentError) as caught:
        run(name, *arrays, **attrs)
    for word in (name, *words):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("name", "types", "attrs", "words"),
    [
        ("concat", [(2, 3), (2, 4)], {"axis": 0}, ["values[1]", "(2, 4)", "axis 1 is 4, expected 3"]),
        ("concat", [(2,), (2, 4)], {"axis": 0}, ["rank 1", "rank 2"]),
        ("concat", [()], {"axis": 0}, ["scalars", "tf.stack"]),
        ("stack", [(2,), (3,)], {"axis": 0}, ["values[1]", "one shape for all"]),
        ("transpose", [(2, 3)], {"perm": (0, 0)}, ["perm (0, 0)", "each of 0 to 1 once"]),
        ("squeeze", [(2, 1)], {"axis": (0,)}, ["axis 0", "size 2", "axes of size 1"]),
        ("split", [(5,)], {"num_or_sizes": 2, "axis": 0}, ["size 5", "2 equal parts"]),
        ("split", [(5,)], {"num_or_sizes": (2, 2), "axis": 0}, ["make 4", "size 5"]),
        ("strided_slice", [(3,)], {"index": (("int", 3),)}, ["index 3", "axis 0", "-3 to 2"]),
        ("strided_slice", [(3,)], {"index": (("int", 0), ("int", 0))}, ["2 entries", "rank 1"]),
        ("expand_dims", [(3,)], {"axis": 3}, ["axis 3", "-2 to 1"]),
        ("pad", [(2, 3)], {"paddings": ((1, 1),)}, ["1 axes", "rank 2"]),
        ("reshape", [(2, 3)], {"shape": (4,)}, ["6 elements", "would have 4", "-1"]),
        ("gather", [(2, 3), TensorType((2,), dtypes.int32)], {"axis": 2}, ["axis 2", "-2 to 1"]),
        ("matrix_diag_part", [(3, 4)], {"k": (4, 4)}, ["diagonal 4", "outside"]),
        ("top_k", [(3,)], {"k": 4}, ["k is 4", "3 elements"]),
    ],
)  # fmt: skip
def test_refusals_say_what_is_wrong(name, types, attrs, words):
    with pytest.raises(InvalidArgumentError) as caught:
        infer(name, *types, **attrs)
    for word in (name, *words):
        assert word in str(caught.value)

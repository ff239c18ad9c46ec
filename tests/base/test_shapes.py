"""Shapes: broadcasting against numpy's, and TensorShape as users see it."""

import copy
import pickle

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from weft.base import shapes
from weft.base.dims import Dim
from weft.base.shapes import TensorShape

SHAPES = st.lists(st.sampled_from([0, 1, 2, 3]), max_size=4).map(tuple)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(SHAPES, SHAPES)
def test_broadcast_is_numpys(first, second):
    try:
        expected = np.broadcast_shapes(first, second)
    except ValueError:
        expected = None
    assert shapes.broadcast(first, second) == expected


@settings(deadline=None, derandomize=True)
@given(st.integers(-5, 5), st.integers(0, 4))
def test_normalize_axis(axis, rank):
    found = shapes.normalize_axis(axis, rank)
    assert found == (range(rank)[axis] if -rank <= axis < rank else None)


def test_show():
    n = Dim.fresh()
    assert shapes.show((n, 3)) == "(None, 3)"
    assert shapes.show((2,)) == "(2,)"
    assert shapes.show(()) == "()"
    assert shapes.show(None) == "<unknown>"


def test_fresh_and_compatible():
    shape = shapes.fresh([None, 3, None])
    assert shape[1] == 3 and shape[0] != shape[2]
    assert shapes.compatible(shape, (5, 3, 6)) and shapes.compatible(None, (1,))
    assert not shapes.compatible(shape, (5, 4, 6)) and not shapes.compatible((1,), (1, 1))
    assert shapes.is_static((2, 3)) and not shapes.is_static(shape) and not shapes.is_static(None)


def test_tensor_shape_reads():
    shape = TensorShape([None, 3, 4])
    assert shape.rank == shape.ndims == len(shape) == 3
    assert shape.as_list() == list(shape) == [None, 3, 4]
    assert [size.value for size in shape.dims] == [None, 3, 4]  # Dimensions in both versions, as in TensorFlow
    assert shape[0] is None and shape[1] == 3 and shape[1:] == TensorShape([3, 4])
    assert str(shape) == "(None, 3, 4)" and repr(shape) == "TensorShape([None, 3, 4])"
    assert shape.num_elements() is None and TensorShape([2, 3]).num_elements() == 6
    assert not shape.is_fully_defined() and TensorShape([]).is_fully_defined()
    assert shape == [None, 3, 4] and shape != [2, 3, 4] and TensorShape([2]) == (2,)
    assert TensorShape(5) == [5] and TensorShape(-1 * np.int64(1) + 3) == [2]
    assert TensorShape([2.0, -1]).as_list() == [2, None]


def test_tensor_shape_of_unknown_rank():
    unknown = TensorShape(None)
    assert unknown.rank is None and unknown.dims is None and not unknown and TensorShape([])
    assert unknown[0] is None and unknown[1:].rank is None
    for action in (len, list, TensorShape.as_list):
        with pytest.raises(ValueError, match="unknown rank"):
            action(unknown)


def test_tensor_shape_arithmetic():
    assert TensorShape([2, None]) + [3] == [2, None, 3]
    assert [1] + TensorShape([2]) == [1, 2]
    assert (TensorShape(None) + [1]).rank is None
    assert TensorShape([None, 3]).merge_with([2, None]) == [2, 3]
    assert TensorShape(None).merge_with([2]) == [2]
    assert TensorShape([2, 3]).most_specific_compatible_shape([2, 4]) == [2, None]
    assert TensorShape([2, 3]).most_specific_compatible_shape([2]).rank is None
    assert TensorShape([None, 3]).is_compatible_with([7, 3])
    assert TensorShape([None, None]).with_rank(2).rank == 2 and TensorShape(None).with_rank(2) == [None, None]
    assert TensorShape([1, 2]).with_rank_at_least(2) == [1, 2]


@pytest.mark.parametrize(("action", "message"), [
    (lambda: TensorShape([2]).merge_with([3]), r"Shapes \(2,\) and \(3,\) are incompatible"),
    (lambda: TensorShape([None]).assert_is_fully_defined(), "not fully defined"),
    (lambda: TensorShape([1]).assert_has_rank(2), "must have rank 2"),
    (lambda: TensorShape([1]).with_rank_at_least(2), "rank at least 2"),
    (lambda: TensorShape([-2]), "must not be negative"),
])  # fmt: skip
def test_tensor_shape_refuses(action, message):
    with pytest.raises(ValueError, match=message):
        action()


def test_tensor_shape_refuses_what_is_no_size():
    with pytest.raises(TypeError, match="integer or None"):
        TensorShape(["three"])
    with pytest.raises(TypeError, match="integer or None"):
        TensorShape([2.5])


def test_symbols_survive_inside_but_not_in_pickles():
    shape = TensorShape([None, 3])
    assert TensorShape(shape).symbolic == shape.symbolic
    assert copy.copy(shape) == shape and pickle.loads(pickle.dumps(shape)) == shape
    assert hash(TensorShape([None, 3])) == hash(shape)

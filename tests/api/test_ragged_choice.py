"""Choosing from ragged tensors, cutting and multiplying them."""

import numpy as np
import pytest

import weft as tf

R = tf.ragged.constant([[1.0, 2.0], [], [3.0, -4.0, 5.0]])
M = tf.ragged.constant([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]]], ragged_rank=1)


def both(function):
    """What a function gives at once; it must give the same when traced."""
    here = function()
    traced = tf.function(function)()
    for one, other in zip(tf.nest.flatten(here), tf.nest.flatten(traced), strict=True):
        rows = [x.to_list() if isinstance(x, tf.RaggedTensor) else x.numpy().tolist() for x in (one, other)]
        assert rows[0] == rows[1]
    return here


def test_each_row_by_its_own_indices():
    indices = tf.ragged.constant([[1], [], [0, 2]])
    assert both(lambda: tf.gather(R, indices, batch_dims=1)).to_list() == [[2], [], [3, 5]]
    x = tf.ragged.constant([[1, 2], [3], [4, 5]])
    assert both(lambda: tf.gather(x, [[0], [0], [1]], batch_dims=1)).numpy().tolist() == [[1], [3], [5]]
    assert both(lambda: tf.gather(x, [0, 0, 1], batch_dims=1)).numpy().tolist() == [1, 3, 5]
    dense = tf.constant([[1, 2], [3, 4]])
    assert both(lambda: tf.gather(dense, tf.ragged.constant([[0], [1, 0]]), batch_dims=1)).to_list() == [[1], [4, 3]]
    inner = both(lambda: tf.gather(M, tf.ragged.constant([[0], [1]]), axis=2, batch_dims=1))
    assert inner.to_list() == [[[1], [3]], [[6]]]
    even = tf.ragged.constant([[1, 2], [3, 6]])
    assert both(lambda: tf.gather(even, [1, 0], axis=1)).numpy().tolist() == [[2, 1], [6, 3]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="outside of its row"):
        tf.gather(x, [[0], [1], [1]], batch_dims=1)  # there is a value at that place: it belongs to the next row


def test_elements_by_coordinates():
    assert both(lambda: tf.gather_nd(R, [[0, 1], [2, 2]])).numpy().tolist() == [2, 5]
    assert both(lambda: tf.gather_nd(R, [[0], [2]])).to_list() == [[1, 2], [3, -4, 5]]
    assert both(lambda: tf.gather_nd(M, [[0, 1, 0]])).numpy().tolist() == [3]
    where = tf.ragged.constant([[[0, 1]], [[2, 0], [2, 1]]], ragged_rank=1)
    assert both(lambda: tf.gather_nd(R, where)).to_list() == [[2], [3, -4]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="outside of its row"):
        tf.gather_nd(R, [[0, 2]])


def test_parts():
    assert [part.to_list() for part in both(lambda: tf.split(R, 3))] == [[[1, 2]], [[]], [[3, -4, 5]]]
    assert [part.to_list() for part in both(lambda: tf.split(R, [1, 2]))] == [[[1, 2]], [[], [3, -4, 5]]]
    columns = [part.to_list() for part in both(lambda: tf.split(M, 2, axis=2))]
    assert columns == [[[[1], [3]], [[5]]], [[[2], [4]], [[6]]]]
    with pytest.raises(ValueError, match="along a ragged axis"):
        tf.split(R, 2, axis=1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="2 equal parts"):
        tf.split(R, 2)
    parts = both(lambda: tf.dynamic_partition(R, [0, 1, 0], 2))
    assert [part.to_list() for part in parts] == [[[1, 2], [3, -4, 5]], [[]]]


def test_products():
    square = tf.ragged.constant([[[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0], [1.0, 1.0]]], ragged_rank=1)
    assert both(lambda: tf.matmul(M, square)).to_list() == [[[7, 10], [15, 22]], [[11, 11]]]
    assert both(lambda: tf.matmul(M, M, transpose_b=True)).to_list() == [[[5, 11], [11, 25]], [[61]]]
    assert both(lambda: tf.matmul(M, M, transpose_a=True)).shape.as_list() == [2, 2, 2]
    assert both(lambda: tf.matmul(M, tf.ones([2, 2, 3]))).shape.as_list() == [2, None, 3]
    uneven = tf.ragged.constant([[[1.0, 2.0]], [[3.0]]]), tf.ragged.constant([[[1.0], [2.0]], [[3.0]]])
    assert both(lambda: tf.matmul(*uneven)).to_list() == [[[5]], [[9]]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="differ in number"):
        tf.matmul(uneven[0], uneven[0])
    with pytest.raises(ValueError, match="batches of matrices"):
        tf.matmul(M, tf.ones([2, 3]))


def test_products_have_gradients():
    with tf.GradientTape() as tape:
        tape.watch(M.flat_values)
        total = tf.reduce_sum(tf.matmul(M, M, transpose_b=True))
    assert tape.gradient(total, M.flat_values).numpy().tolist() == [[8, 12], [8, 12], [10, 12]]


def test_counts():
    x = tf.ragged.constant([[1, 2], [], [3, 4, 5]])
    assert both(lambda: tf.math.bincount(x)).numpy().tolist() == [0, 1, 1, 1, 1, 1]
    rows = both(lambda: tf.math.bincount(x, axis=-1))
    assert rows.numpy().tolist() == [[0, 1, 1, 0, 0, 0], [0] * 6, [0, 0, 0, 1, 1, 1]] and rows.dtype == tf.int32
    assert both(lambda: tf.math.bincount(x, axis=-1, weights=R)).numpy()[2].tolist() == [0, 0, 0, 3, -4, 5]
    assert tf.sparse.to_dense(tf.sparse.bincount(x, axis=-1)).numpy()[0].tolist() == [0, 1, 1, 0, 0, 0]


def test_segments_and_rows():
    numbers = tf.ragged.constant([[0, 1], [], [0, 1, 1]])
    assert both(lambda: tf.math.unsorted_segment_sum(R, numbers, 2)).numpy().tolist() == [4, 3]
    assert both(lambda: tf.math.unsorted_segment_max(R, [0, 1, 0], 2)).to_list() == [[3, 2, 5], []]
    assert both(lambda: tf.cumsum(R, 1)).to_list() == [[1, 3], [], [3, -1, 4]]
    np.testing.assert_allclose(tf.reduce_logsumexp(R, axis=1), [2.3132617, -np.inf, 5.1270366], rtol=1e-6)
    table = tf.reshape(tf.range(12.0), [6, 2])
    ids = tf.ragged.constant([[1, 2], [3]])
    assert tf.nn.embedding_lookup_sparse(table, ids, None, combiner="sum").numpy().tolist() == [[6, 8], [6, 7]]
    assert tf.nn.safe_embedding_lookup_sparse(table, ids).numpy().tolist() == [[3, 4], [6, 7]]


def test_a_mask_has_the_rows_of_the_data():
    with pytest.raises(tf.errors.InvalidArgumentError, match="rows of the mask"):
        tf.ragged.boolean_mask(R, tf.ragged.constant([[True, False], [], [True]]))


def test_shapes_values_and_sums_of_ragged_tensors():
    words = tf.ragged.constant([["a", "bb"], [], ["ccc"]])
    assert both(lambda: tf.reshape(R, [-1])).numpy().tolist() == [1, 2, 3, -4, 5]
    assert both(lambda: tf.zeros_like(words)).to_list() == [[b"", b""], [], [b""]]
    assert both(lambda: tf.cumsum(R)).to_list() == [[1, 2], [], [4, -2, 5]]
    assert both(lambda: tf.strings.reduce_join(words, axis=0, separator="+")).numpy().tolist() == [b"a+ccc", b"bb"]
    numbers = tf.ragged.constant([[0, 1], [], [1, 0, 1]])
    assert [part.numpy().tolist() for part in both(lambda: tf.dynamic_partition(R, numbers, 2))] == [[1, -4], [2, 3, 5]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="numbers of parts differ"):
        tf.dynamic_partition(R, tf.ragged.constant([[0, 1], [1], [0, 1]]), 2)
    tf.debugging.assert_equal(R, R)
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.debugging.assert_equal(R, R + 1)


def test_axes_that_are_not_there():
    for wrong in (lambda: tf.expand_dims(R, 5), lambda: tf.reverse(R, [2]), lambda: tf.squeeze(R, [3]),
                  lambda: tf.split(R, 3, axis=-3), lambda: tf.cumsum(R, 2), lambda: tf.nn.softmax(R, 4)):  # fmt: skip
        with pytest.raises(tf.errors.InvalidArgumentError, match="no such axis"):
            wrong()


def test_what_takes_no_ragged_tensors_raises_what_tensorflow_raises():
    for wrong in (lambda: tf.sort(R), lambda: tf.argmax(R), lambda: tf.unique(R), lambda: tf.math.top_k(R, 1)):
        with pytest.raises(ValueError, match="does not take a RaggedTensor"):
            wrong()

"""Sparse tensors beyond single calls: in traced functions, loops, datasets, sessions and under tapes."""

import numpy as np
import pytest

import weft as tf
import weft.compat.v1 as v1


@pytest.fixture
def matrix():
    return tf.SparseTensor([[0, 1], [2, 0]], [1.0, 2.0], [3, 4])


def dense(x):
    return tf.sparse.to_dense(x).numpy().tolist()


def test_traced_functions_take_and_return_them(matrix):
    shapes = []

    @tf.function
    def doubled(x):
        shapes.append(x.shape.as_list())
        return x * 2.0, tf.sparse.reduce_sum(x)

    again, total = doubled(matrix)
    assert dense(again) == [[0, 2, 0, 0], [0, 0, 0, 0], [4, 0, 0, 0]] and float(total) == 3
    doubled(tf.SparseTensor([[1, 1]], [5.0], [3, 4]))
    assert shapes == [[3, 4]]  # entries may vary in number, shapes are a trace's own


def test_signatures_describe_them(matrix):
    spec = tf.SparseTensorSpec([None, 4])

    @tf.function(input_signature=[spec])
    def transposed(x):
        assert x.shape.as_list() == [None, 4]
        return tf.sparse.to_dense(tf.sparse.transpose(x))

    assert transposed(matrix).shape == [4, 3]
    assert transposed.get_concrete_function()(matrix).shape == [4, 3]
    with pytest.raises(TypeError, match="input_signature"):
        transposed(tf.SparseTensor([[0, 1]], [1.0], [3, 5]))


def test_branches_and_loops_carry_them(matrix):
    @tf.function
    def grown(x, n):
        for _ in tf.range(n):
            x = tf.sparse.concat(0, [x, x])
        if n > 5:
            x = x * 0.0
        return x

    result = grown(matrix, tf.constant(2))
    assert result.shape.as_list() == [12, 4] and len(result.values) == 8


def test_gradients_flow_through_values(matrix):
    table = tf.Variable([[1.0], [2.0], [3.0], [4.0]])
    values = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(values)
        product = tf.sparse.sparse_dense_matmul(tf.sparse.reorder(matrix.with_values(values)), table)
        loss = tf.reduce_sum(product * product)
    by_table, by_values = tape.gradient(loss, [table, values])
    assert tf.convert_to_tensor(by_table).numpy().tolist() == [[8], [4], [0], [0]]
    assert by_values.numpy().tolist() == [8, 4]


def test_datasets_hold_them(matrix):
    rows = tf.data.Dataset.from_tensor_slices((matrix, [1, 2, 3]))
    assert rows.element_spec[0] == tf.SparseTensorSpec([4])
    batches = list(rows.map(lambda x, n: (x * 3.0, n)).batch(2))
    assert [dense(x) for x, _ in batches] == [[[0, 3, 0, 0], [0, 0, 0, 0]], [[6, 0, 0, 0]]]
    values = [x.values.numpy().tolist() for x in rows.map(lambda x, n: x).batch(2).unbatch()]
    assert values == [[1], [], [2]]
    made = tf.data.Dataset.range(2).map(lambda i: tf.sparse.from_dense(tf.one_hot(i, 3))).batch(2)
    assert [dense(x) for x in made] == [[[1, 0, 0], [0, 1, 0]]]

    @tf.function
    def total(dataset):
        found = 0.0
        for x, _ in dataset:
            found += tf.reduce_sum(x.values)
        return found

    assert float(total(rows)) == 3

    def yielding():
        yield tf.SparseTensor([[2]], [1.0], [3])

    source = tf.data.Dataset.from_generator(yielding, output_signature=tf.SparseTensorSpec([3], tf.float32))
    assert [dense(x) for x in source] == [[0, 0, 1]]


def test_sessions_feed_and_fetch_them():
    with v1.Graph().as_default(), v1.Session() as session:
        x = tf.SparseTensor(v1.placeholder(tf.int64, [None, 2]), v1.placeholder(tf.float32), [3, 4])
        given = v1.SparseTensorValue(np.array([[0, 1], [2, 0]]), np.array([1.0, 2.0], np.float32), [3, 4])
        fetched, whole = session.run([x, tf.sparse.to_dense(x)], {x: given})
        assert fetched.values.tolist() == [1, 2] and fetched.dense_shape.tolist() == [3, 4]
        assert whole.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [2, 0, 0, 0]]


def test_what_is_dense_only_says_what_to_do(matrix):
    with pytest.raises(TypeError, match="tf.sparse.to_dense"):
        tf.exp(matrix)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[1\] = \[0,1\] is out of order"):
        tf.sparse.to_dense(tf.SparseTensor([[2, 0], [0, 1]], [1, 2], [3, 4]))


def test_version_1_has_its_own_names():
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.sparse_placeholder(tf.float32, [2, 3], name="x")
        y = v1.sparse_placeholder(tf.float32)
        total = v1.sparse_tensor_to_dense(v1.sparse_add(x, x))
        fed = v1.SparseTensorValue([[0, 1], [1, 2]], [1.0, 2.0], [2, 3])
        assert session.run(total, {x: fed}).tolist() == [[0, 2, 0], [0, 0, 4]]
        product = v1.sparse_tensor_dense_matmul(y, v1.ones([3, 1]))
        assert session.run(product, {y: ([[0, 1], [1, 2]], [1.0, 2.0], [2, 3])}).tolist() == [[1], [2]]
        placed = v1.sparse_to_dense([[0, 1], [1, 0]], [2, 2], [5, 6], -1)
        assert session.run(placed).tolist() == [[-1, 5], [6, -1]]
        assert session.run(v1.sparse_to_dense([1, 3], [5], 1.0)).tolist() == [0, 1, 0, 1, 0]
        kept = v1.sparse_reduce_sum(x, reduction_axes=1, keep_dims=True)
        assert session.run(kept, {x: fed}).tolist() == [[1], [2]]

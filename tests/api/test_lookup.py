"""Tables in functions that are traced, in sessions, and those that change."""

import pytest

import weft as tf
import weft.compat.v1 as v1

lookup = tf.lookup


def test_traced_functions_change_tables():
    counts = lookup.experimental.MutableHashTable(tf.string, tf.int64, default_value=0)

    @tf.function
    def count(words):
        for word in words:
            counts.insert(word[None], counts.lookup(word[None]) + 1)
        return counts.size()

    assert int(count(tf.constant(["a", "b", "a"]))) == 2
    assert counts.lookup(["a", "b", "c"]).numpy().tolist() == [2, 1, 0]


def test_graphs_fill_tables_by_an_operation():
    with v1.Graph().as_default(), v1.Session() as session:
        keys = lookup.KeyValueTensorInitializer(["a", "b"], [1, 2])
        table = v1.lookup.StaticHashTable(keys, -1)
        found = table.lookup(v1.constant(["b", "x"]))
        with pytest.raises(tf.errors.FailedPreconditionError, match="tables_initializer"):
            session.run(found)
        session.run(v1.tables_initializer())
        assert session.run(found).tolist() == [2, -1]


def test_gradients_pass_by_tables():
    table = lookup.StaticHashTable(lookup.KeyValueTensorInitializer([1, 2], [0, 1]), -1)
    weights = tf.Variable([[1.0], [3.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.gather(weights, table.lookup(tf.constant([2, 2]))))
    assert tf.convert_to_tensor(tape.gradient(loss, weights)).numpy().tolist() == [[0], [2]]


def test_what_a_dense_table_cannot_hold():
    table = lookup.experimental.DenseHashTable(tf.int64, tf.int64, -1, empty_key=0, deleted_key=-1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="empty_key"):
        table.insert(tf.constant([0], tf.int64), tf.constant([1], tf.int64))
    with pytest.raises(TypeError, match="Dtype of argument `keys` must be int64"):
        table.lookup(tf.constant(["a"]))

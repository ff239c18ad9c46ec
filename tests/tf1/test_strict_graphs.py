"""What graphs of TensorFlow 1 refuse: names, rows that are written twice, gradients that do not match, shared cells.

Which are refused, and with what error, is TensorFlow 1.15.5's.
"""

import numpy as np
import pytest

import weft.compat.v1 as tf


def scoped(name):
    with tf.name_scope(name):
        return tf.constant(1)


BAD = ["b c", "/a", "_a", "a:0", "-a", "a\\b", ">a", "a>b", "\u00e9", "a b/"]


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize(
    "make",
    [
        scoped,
        lambda name: tf.constant(1, name=name),
        lambda name: tf.add(1, 2, name=name),
        lambda name: tf.placeholder(tf.float32, name=name),
        lambda name: tf.Variable(1.0, name=name),
        lambda name: tf.get_variable(name, [1]),
        lambda name: tf.get_variable(name, [1], use_resource=True),
        lambda name: tf.layers.dense(tf.zeros([1, 2]), 3, name=name),
        lambda name: tf.group(tf.constant(1), name=name),
        lambda name: tf.no_op(name=name),
    ],
    ids="scope constant add placeholder Variable get_variable resource dense group no_op".split(),
)
def test_names_that_files_cannot_have_are_refused(make, name):
    with pytest.raises(ValueError, match="is not a valid (node|scope) name"):
        make(name)


def test_other_names_are_taken():
    names = ["a", "a/b", "a.b", "a-b", "0a", "A_", ".a"]
    assert [tf.constant(1, name=name).op.name for name in names] == names
    with tf.name_scope("outer"):
        assert tf.constant(1, name="_a").op.name == "outer/_a"  # what follows others may begin with anything
        assert scoped("_b").op.name == "outer/_b/Const"
    assert tf.placeholder(tf.float32, name="exactly/").op.name == "exactly"
    assert tf.layers.dense(tf.zeros([1, 2]), 3, name="").op.name == "dense/BiasAdd"


def test_a_name_that_is_only_asked_for_stays_free():
    graph = tf.get_default_graph()
    asked = [graph.unique_name("z", mark_as_used=mark) for mark in (False, False, True, False, True)]
    assert asked == ["z", "z", "z", "z_1", "z_1"]
    assert tf.constant(1, name="z").op.name == "z_2"


def test_a_row_is_written_once():
    rows = tf.TensorArray(tf.float32, 3).write(0, 1.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="row 0 of .* was written before"):
        rows.write(0, 2.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="row 0 of .* was written before"):
        rows.scatter([1, 0], [1.0, 2.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="row 2 of .* was written before"):
        tf.TensorArray(tf.float32, 3).unstack([1.0, 2.0, 3.0]).write(2, 1.0)
    with tf.Session() as session:
        assert session.run(rows.write(1, 5.0).write(2, 6.0).stack()).tolist() == [1.0, 5.0, 6.0]


def test_a_row_of_a_tensor_is_written_once():
    place = tf.placeholder(tf.int32, [])
    for index in (place, tf.constant(1)):
        rows = tf.TensorArray(tf.float32, 3).write(index, 1.0)
        with pytest.raises(tf.errors.InvalidArgumentError, match="was written before"):
            rows.write(index, 2.0)


def test_a_row_is_read_once_in_a_run():
    place = tf.placeholder_with_default(2, [])
    rows = tf.TensorArray(tf.float32, 3).unstack([1.0, 2.0, 3.0])
    kept = tf.TensorArray(tf.float32, 3, clear_after_read=False).unstack([1.0, 2.0, 3.0])
    with tf.Session() as session:
        for index in (0, tf.constant(1), place):
            first, again = rows.read(index), rows.read(index)
            with pytest.raises(tf.errors.InvalidArgumentError, match="was read before"):
                session.run([first, again])
            assert session.run(first) == session.run(again)  # each run has rows of its own
        assert session.run([rows.read(0), rows.read(1)]) == [1.0, 2.0]
        assert session.run([kept.read(0), kept.read(0)]) == [1.0, 1.0]
        with pytest.raises(tf.errors.InvalidArgumentError, match="was read before"):
            session.run(rows.gather([0, 0]))


def test_the_gradient_of_rows_that_are_read_is_that_of_all_of_them():
    x = tf.constant([1.0, 2.0, 3.0])
    rows = tf.TensorArray(tf.float32, 3).unstack(x)
    gradient = tf.gradients(rows.read(2) * 3.0 + rows.read(0), x)[0]
    with tf.Session() as session:
        assert session.run(gradient).tolist() == [1.0, 0.0, 3.0]


def test_a_result_of_another_dtype_than_was_announced_raises_where_it_is_asked_for():
    x = tf.constant([1.0, 2.0])
    same, other = tf.map_fn(lambda row: [row, tf.cast(row, tf.int32)], x, dtype=[tf.float32, tf.float32])
    none = tf.map_fn(lambda row: tf.as_string(row), tf.zeros([0]))
    with tf.Session() as session:
        assert session.run(same).tolist() == [1.0, 2.0]
        assert session.run(tf.gradients(same, x)[0]).tolist() == [1.0, 1.0]
        assert session.run(none).shape == (0,)
        assert other.dtype is tf.float32
        with pytest.raises(tf.errors.InvalidArgumentError, match="the function gives int32, and float32 was announced"):
            session.run(other)


def test_a_row_behind_the_last_one_is_refused_whatever_is_fetched():
    for number in (3, -1):
        with pytest.raises(tf.errors.InvalidArgumentError, match="has no such row"):
            tf.TensorArray(tf.float32, 3).write(number, 1.0)
    with tf.Session() as session:
        assert session.run(tf.TensorArray(tf.float32, 3, dynamic_size=True).write(5, 1.0).size()) == 6


def test_branches_may_write_different_rows():
    first = tf.placeholder(tf.bool, [])
    rows = tf.TensorArray(tf.float32, 2)
    flow = tf.cond(first, lambda: rows.write(0, 1.0).stack(), lambda: rows.write(1, 1.0).stack())
    with tf.Session() as session:
        assert session.run(flow, {first: True}).tolist() == [1.0, 0.0]
        assert session.run(flow, {first: False}).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("count", [0, 2])
def test_gradients_to_begin_with_are_as_many_as_targets(count):
    x = tf.Variable([1.0, 2.0])
    with pytest.raises(ValueError, match="one gradient for each tensor of ys"):
        tf.gradients([x * 2], x, grad_ys=[np.ones(2, np.float32)] * count)


@pytest.mark.parametrize(
    "axis, shape, kind", [(None, [3], tf.IndexedSlices), (0, [3, 3], tf.IndexedSlices), (-1, [3], tf.Tensor),
                          (-2, [3, 3], tf.Tensor), (1, [3, 3], tf.Tensor)],
)  # fmt: skip
def test_the_gradient_of_gather_is_of_some_rows_only_along_axis_0(axis, shape, kind):
    x = tf.ones(shape)
    gradient = tf.gradients(tf.gather(x, [2, 0, 0], axis=axis), x)[0]
    assert isinstance(gradient, kind)
    with tf.Session() as session:
        total = session.run(tf.convert_to_tensor(gradient))
    across = {1: [[2.0, 0.0, 1.0]] * 3, -2: [[2.0] * 3, [0.0] * 3, [1.0] * 3], 0: [[2.0] * 3, [0.0] * 3, [1.0] * 3]}
    assert total.tolist() == (across[axis] if len(shape) == 2 else [2.0, 0.0, 1.0])


def test_one_cell_at_two_places_is_explained():
    with pytest.raises(ValueError, match=r"(?s)cells 0 and 1 are one object.*BasicLSTMCell.* for _ in range"):
        cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(4)] * 2)
        tf.nn.dynamic_rnn(cell, tf.zeros([2, 3, 5]), dtype=tf.float32)


def test_float_labels_are_told_what_they_should_be():
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits
    with pytest.raises(TypeError, match=r"next: .*tf.cast\(labels, tf.int32\)"):
        loss(labels=tf.zeros([2]), logits=tf.zeros([2, 3]))
    with pytest.raises(ValueError, match="next: .*softmax_cross_entropy_with_logits"):
        loss(labels=tf.zeros([2, 3]), logits=tf.zeros([2, 3]))


def test_the_commonest_name_is_proposed():
    with pytest.raises(AttributeError, match="Did you mean `placeholder`"):
        tf.placholder(tf.float32)  # type: ignore[attr-defined]


def test_names_in_files_stay_as_they_are():
    message = tf.GraphDef()
    for name, op, inputs in [("x>y", "Placeholder", []), ("q>r", "Relu", ["x>y"]), ("_s", "Add", ["x>y", "q>r"])]:
        node = message.node.add(name=name, op=op)
        node.input.extend(inputs)
        node.attr["dtype" if op == "Placeholder" else "T"].type = 1
    tf.import_graph_def(message, name="")
    with tf.Session() as session:
        assert session.run("_s:0", {"x>y:0": 2.0}) == 4.0

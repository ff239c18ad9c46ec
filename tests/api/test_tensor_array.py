"""tf.TensorArray where nothing is traced, and what it refuses; traced ones are among the programs of AutoGraph."""

import pytest

import weft as tf


def test_eager_writing_changes_the_array_itself():
    rows = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    rows.write(2, 1.0)
    rows = rows.write(0, 5.0)
    assert rows.stack().numpy().tolist() == [5.0, 0.0, 1.0]
    assert int(rows.size()) == 3 and float(rows.read(2)) == 1.0
    assert rows.element_shape.as_list() == [] and rows.dtype is tf.float32 and rows.dynamic_size


def test_splitting_and_joining():
    rows = tf.TensorArray(tf.int32, size=2).split(tf.range(6), [3, 3])
    assert rows.read(1).numpy().tolist() == [3, 4, 5]
    assert rows.concat().numpy().tolist() == [0, 1, 2, 3, 4, 5]
    assert rows.identity().gather([1, 0]).numpy().tolist() == [[3, 4, 5], [0, 1, 2]]
    assert tf.TensorArray(tf.int32, size=2).split(tf.range(3), [1, 2]).read(1).numpy().tolist() == [1, 2]
    with pytest.raises(tf.errors.InvalidArgumentError, match="several lengths"):
        tf.function(lambda: tf.TensorArray(tf.int32, size=2).split(tf.range(3), [1, 2]).stack())()


def test_parts_of_several_lengths_in_a_graph():
    @tf.function
    def run(x, lengths):
        rows = tf.TensorArray(tf.float32, size=3, infer_shape=False).split(x, lengths)
        total = tf.while_loop(lambda i, rows, total: i < 3,
                              lambda i, rows, total: (i + 1, rows, total + tf.reduce_max(rows.read(i))),
                              [0, rows, 0.0])[2]  # fmt: skip
        return rows.read(1), rows.concat(), rows.size(), total

    part, whole, size, total = run(tf.constant([1.0, 2, 3, 4]), tf.constant([1, 2, 1]))
    assert part.numpy().tolist() == [2, 3] and whole.numpy().tolist() == [1, 2, 3, 4]
    assert int(size) == 3 and float(total) == 8
    with pytest.raises(tf.errors.InvalidArgumentError, match="do not add up"):
        run(tf.constant([1.0, 2, 3, 4]), tf.constant([1, 2, 2]))


def test_a_row_is_read_once_outside_of_graphs():
    rows = tf.TensorArray(tf.float32, size=2).unstack([1.0, 2.0])
    assert float(rows.read(0)) == 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="clear_after_read=False"):
        rows.read(0)
    assert float(rows.write(0, 3.0).read(0)) == 3
    kept = tf.TensorArray(tf.float32, size=1, clear_after_read=False).write(0, 1.0)
    assert float(kept.read(0)) + float(kept.read(0)) == 2


def test_a_row_is_read_again_in_graphs():
    @tf.function
    def run():
        rows = tf.TensorArray(tf.float32, 1).write(0, 1.0)
        return rows.read(0) + rows.read(0)

    assert float(run()) == 2


def test_what_does_not_fit_is_refused():
    rows = tf.TensorArray(tf.float32, size=2, name="scores")
    with pytest.raises(tf.errors.InvalidArgumentError, match="nothing was written to `scores`"):
        rows.stack()
    with pytest.raises(tf.errors.InvalidArgumentError, match="`scores` are float32"):
        rows.write(0, tf.constant(1))
    rows.write(0, [1.0, 2.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="one shape"):
        rows.write(1, [1.0, 2.0, 3.0])
    with pytest.raises(tf.errors.OutOfRangeError, match="`scores` has no such row"):
        rows.write(5, [1.0, 2.0])
    assert tf.TensorArray(tf.float32, size=2, element_shape=[3]).stack().shape == [2, 3]


def test_arrays_go_in_and_out_of_traced_functions():
    @tf.function
    def fill(rows):
        return rows.write(1, 7.0)

    rows = tf.TensorArray(tf.float32, size=2).write(0, 1.0)
    assert fill(rows).stack().numpy().tolist() == [1.0, 7.0]
    assert rows.stack().numpy().tolist() == [1.0, 0.0]


def test_sizes_that_only_the_graph_knows():
    @tf.function
    def turned(x):
        rows = tf.TensorArray(tf.float32, size=tf.shape(x)[1])
        for step in tf.range(tf.shape(x)[1]):
            rows = rows.write(step, x[:, step])
        return rows.stack()

    assert turned(tf.ones([3, 7, 2])).shape == [7, 3, 2]
    with pytest.raises(tf.errors.InvalidArgumentError, match="another number of rows"):
        tf.TensorArray(tf.float32, 3).unstack([1.0, 2.0, 3.0, 4.0])

"""Names from before 1.0, tf.contrib, and what has no place of its own."""

import logging

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.compat.v1 import old_names


def value(tensor, **options):
    with tf.Session() as session:
        return session.run(tensor, **options)


def test_an_old_name_works_and_says_once_what_it_is_called_since(caplog):
    old_names._told.clear()
    with caplog.at_level(logging.WARNING, "tensorflow"):
        for _ in range(2):
            assert value(tf.mul(2.0, 3.0)) == 6.0
            assert value(tf.concat(1, [[[1]], [[2]]])).tolist() == [[1, 2]]
        assert value(tf.sub(2.0, 3.0)) == -1.0 and value(tf.pack([1, 2])).tolist() == [1, 2]
    assert [record.message.split(" is ")[0] for record in caplog.records] == [
        "tf.mul", "tf.concat(concat_dim, values)", "tf.sub", "tf.pack",
    ]  # fmt: skip


def test_every_old_name_stands_for_something():
    for old in old_names.RENAMED:
        assert old_names.find(old) is not None
    assert old_names.find("nothing") is None


def test_draws_of_samplers_and_what_is_expected_of_them():
    true = tf.constant([[0], [7]], tf.int64)
    drawn, of_true, of_drawn = tf.nn.log_uniform_candidate_sampler(true, 1, 5, True, 8)
    with tf.Session() as session:
        ids, expected, counts = session.run([drawn, of_true, of_drawn])
        assert len(set(ids.tolist())) == 5 and 0 <= ids.min() <= ids.max() < 8
        assert expected[0, 0] > expected[1, 0] and counts.shape == (5,)  # the first classes are drawn most
    with pytest.raises(ValueError, match="cannot draw 9 different ones of 8"):
        tf.nn.log_uniform_candidate_sampler(true, 1, 9, True, 8)


def test_contribs_training_step_in_one_call():
    w = tf.get_variable("w", initializer=[2.0, 0.0])
    step = tf.contrib.framework.get_or_create_global_step()
    loss = tf.contrib.losses.mean_squared_error(w, tf.zeros([2]))
    train = tf.contrib.layers.optimize_loss(loss, step, 0.5, "SGD", clip_gradients=1.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(train) == 2.0
        np.testing.assert_allclose(session.run(w), [1.5, 0.0])
        assert session.run(step) == 1
    with pytest.raises(ValueError, match="Optimizer name should be one of"):
        tf.contrib.layers.optimize_loss(loss, step, 0.5, "Newton")
    with pytest.raises(AttributeError, match="contrib.tpu"):
        tf.contrib.tpu


def test_contribs_initializers_keep_the_variance():
    numbers = value(tf.contrib.layers.xavier_initializer(seed=1)([300, 200]))
    assert abs(numbers).max() <= (6 / 500) ** 0.5 and numbers.var() == pytest.approx(2 / 500, rel=0.05)
    numbers = value(tf.contrib.layers.variance_scaling_initializer(seed=1)([300, 200]))
    assert numbers.var() == pytest.approx(2 / 300, rel=0.1)


def test_an_old_path_has_moving_averages():
    from weft.compat.modules import stand_in

    average = tf.Variable(1.0)
    step = stand_in("v1", "python.training.moving_averages").assign_moving_average(average, 3.0, 0.5, zero_debias=False)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(step) == 2.0


def test_a_random_part_of_a_tensor():
    whole = np.arange(20).reshape(4, 5)
    part = value(tf.random_crop(whole, [2, 3], seed=3))
    row, column = divmod(int(part[0, 0]), 5)
    assert part.tolist() == whole[row : row + 2, column : column + 3].tolist()
    with pytest.raises(ValueError, match="Need value.shape >= size"):
        tf.random_crop(whole, [5, 3])


def test_files_are_read_and_written_by_operations(tmp_path):
    path = str(tmp_path / "folder" / "note")
    with tf.Session() as session:
        session.run(tf.io.write_file(path, "text"))
        assert session.run(tf.read_file(path)) == b"text"
        with pytest.raises(tf.errors.NotFoundError):
            session.run(tf.read_file(path + "s"))
    with tf.python_io.TFRecordWriter(path) as writer:
        writer.write(b"one")
        writer.write(b"two")
    assert list(tf.python_io.tf_record_iterator(path)) == [b"one", b"two"]

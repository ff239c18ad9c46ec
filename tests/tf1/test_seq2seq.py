"""Decoders with attention."""

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.compat.v1.contrib import seq2seq
from weft.compat.v1.contrib.framework import add_arg_scope, arg_scope


def decoder_state(mechanism, cell, encoded, lengths, state, rows):
    cell = seq2seq.AttentionWrapper(cell, mechanism(3, encoded, lengths), attention_layer_size=4)
    return cell, cell.zero_state(rows, tf.float32).clone(cell_state=state)


@pytest.mark.parametrize("mechanism", [seq2seq.LuongAttention, seq2seq.BahdanauAttention])
def test_training_learns_to_copy_and_a_beam_of_one_finds_what_greed_finds(mechanism):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(5)
        table = tf.one_hot(tf.range(6), 6)
        x, lengths = tf.placeholder(tf.int32, [None, None]), tf.placeholder(tf.int32, [None])
        encoded, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(8), tf.gather(table, x), lengths, dtype=tf.float32)
        rows = tf.shape(x)[0]
        cell = tf.nn.rnn_cell.LSTMCell(8)
        words = tf.layers.Dense(6, name="words")
        looking, first = decoder_state(lambda n, *more: mechanism(8, *more), cell, encoded, lengths, state, rows)
        shifted = tf.concat([tf.fill([rows, 1], 1), x[:, :-1]], 1)
        helper = seq2seq.TrainingHelper(tf.gather(table, shifted), lengths)
        outputs, _, counts = seq2seq.dynamic_decode(seq2seq.BasicDecoder(looking, helper, first, words))
        mask = tf.sequence_mask(lengths, dtype=tf.float32)
        loss = seq2seq.sequence_loss(outputs.rnn_output, x, mask)
        train = tf.train.AdamOptimizer(0.05).minimize(loss)
        greed = seq2seq.GreedyEmbeddingHelper(table, tf.fill([rows], 1), 2)
        with tf.variable_scope(tf.get_variable_scope(), reuse=True):
            found, _, steps = seq2seq.dynamic_decode(seq2seq.BasicDecoder(looking, greed, first, words),
                                                     maximum_iterations=4)
            beam = seq2seq.BeamSearchDecoder(looking, table, tf.fill([rows], 1), 2, first, 1, words)
            best, _, _ = seq2seq.dynamic_decode(beam, maximum_iterations=4)
        session.run(tf.global_variables_initializer())
        given = {x: [[3, 4, 2, 2], [5, 3, 4, 2], [4, 5, 2, 2]], lengths: [3, 4, 3]}
        before = session.run(loss, given)
        for _ in range(60):
            session.run(train, given)
        assert session.run(loss, given) < 0.2 * before
        assert session.run(counts, given).tolist() == [3, 4, 3]
        one, several, took = session.run([found.sample_id, best.predicted_ids, steps], given)
        for row, n in enumerate(took):
            assert one[row, :n].tolist() == several[row, :n, 0].tolist()


def test_a_tree_is_read_backwards():
    with tf.Graph().as_default(), tf.Session() as session:
        found = seq2seq.gather_tree([[[1, 2]], [[3, 4]], [[5, 6]]], [[[0, 0]], [[1, 0]], [[1, 0]]], [3], 0)
        assert session.run(found)[:, 0].tolist() == [[1, 2], [4, 3], [5, 6]]


def test_errors_say_what_to_do():
    with tf.Graph().as_default():
        wrong = seq2seq.LuongAttention(4, tf.zeros([2, 5, 3]))
        with pytest.raises(ValueError, match="num_units=6"):
            wrong(tf.zeros([2, 6]), None)
        cell = seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(4), wrong)
        with pytest.raises(TypeError, match="zero_state"):
            cell(tf.zeros([2, 3]), tf.zeros([2, 4]))


def test_a_mask_as_long_as_an_axis_inside_of_a_loop_and_its_gradient():
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.placeholder(tf.float32, [None, None, 4]), tf.placeholder(tf.float32, [None, 4])
        keys = x * tf.cast(tf.range(0, tf.shape(x)[1]) < 2, tf.float32)[None, :, None]

        def body(turn, state):
            share = tf.nn.softmax(tf.matmul(keys, state[:, :, None])[:, :, 0])
            return turn + 1, tf.reduce_sum(keys * share[:, :, None], 1)

        _, last = tf.while_loop(lambda turn, state: turn < 3, body, [0, y])
        slopes = tf.gradients(last, [x, y])
        draw = np.random.RandomState(0)
        found = session.run(slopes, {x: draw.rand(2, 5, 4), y: draw.rand(2, 4)})
        assert [part.shape for part in found] == [(2, 5, 4), (2, 4)]
        assert not found[0][:, 2:].any() and found[0][:, :2].all()


def test_defaults_of_a_scope():
    @add_arg_scope
    def line(x, slope=1.0, start=0.0):
        return start + slope * x

    with arg_scope([line], slope=3.0) as steep:
        assert line(2.0) == 6.0 and line(2.0, slope=5.0) == 10.0
    with arg_scope(steep):
        assert line(2.0, start=1.0) == 7.0
    assert line(2.0) == 2.0
    with pytest.raises(ValueError, match="add_arg_scope"), arg_scope([len], x=1):
        pass


def test_the_order_of_version_1():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        rows = tf.gather(x, [1], None, "rows", 1)
        sums = tf.math.reduce_sum(x, reduction_indices=1)
        angles = tf.atan2(y=1.0, x=2.0), tf.atan2(1.0, 2.0)
        assert rows.name == "rows:0"
        found, added, (one, other) = session.run([rows, sums, angles])
        assert found.tolist() == [[2.0], [4.0]] and added.tolist() == [3.0, 7.0] and one == other
        with pytest.raises(TypeError, match="multiple values"):
            tf.gather(x, [1], params=x)


def test_sessions_take_objects_of_classes_that_packages_register():
    from weft.compat.v1.inner import register_session_run_conversion_functions

    class Held:
        def __init__(self, tensor):
            self.tensor = tensor

    with tf.Graph().as_default(), tf.Session() as session:
        place = Held(tf.placeholder(tf.float32, []))
        register_session_run_conversion_functions(
            Held, lambda held: ([held.tensor], lambda values: values[0]), lambda held, value: [(held.tensor, value)]
        )
        assert session.run([place.tensor * 2, place], {place: 3.0}) == [6.0, 3.0]

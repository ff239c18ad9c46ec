"""What contrib has beside the rest: collections, optimizers from outside, cells; and names with an underscore."""

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.compat.v1.contrib import opt


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default():
        yield


def test_variables_and_results_join_collections():
    slim = tf.contrib.slim
    x = tf.placeholder(tf.float32, [2, 8, 8, 3])
    with slim.arg_scope([slim.conv2d, slim.max_pool2d, slim.batch_norm], outputs_collections="ends"):
        net = slim.conv2d(x, 4, 3, scope="first", variables_collections={"weights": ["penalised"], "biases": "free"})
        net = slim.max_pool2d(slim.batch_norm(net, scope="norm"), 2, scope="pool")
    slim.separable_conv2d(net, None, 3, 1, scope="apart", variables_collections=["penalised"])
    assert [v.op.name for v in tf.get_collection("penalised")] == [
        "first/weights", "apart/depthwise_weights", "apart/biases"
    ]  # fmt: skip
    assert [v.op.name for v in tf.get_collection("free")] == ["first/biases"]
    assert list(slim.utils.convert_collection_to_dict("ends")) == ["first", "norm", "pool"]


def test_a_convolution_refuses_another_rank():
    with pytest.raises(ValueError, match="rank 4, got 3"):
        tf.contrib.layers.conv2d(tf.zeros([1, 2, 3]), 4, 3)
    with pytest.raises(ValueError, match="groups of one size"):
        tf.contrib.layers.group_norm(tf.zeros([1, 2, 2, 5]), 2)


def test_scipy_minimizes_within_bounds_and_constraints():
    pytest.importorskip("scipy")
    x = tf.Variable([7.0, 7.0])
    shift = tf.placeholder(tf.float32)
    loss = tf.reduce_sum(tf.square(x - shift))
    free = opt.ScipyOptimizerInterface(loss, options={"maxiter": 50})
    bounded = opt.ScipyOptimizerInterface(loss, var_to_bounds={x: (3.0, np.inf)})
    held = opt.ScipyOptimizerInterface(loss, equalities=[x[1] - 1.0], inequalities=[x[0] - 2.0], method="SLSQP")
    told, steps = [], []
    with tf.Session() as session:
        for optimizer, expected in ((free, [1.0, 1.0]), (bounded, [3.0, 3.0]), (held, [2.0, 1.0])):
            session.run(tf.global_variables_initializer())
            optimizer.minimize(session, {shift: 1.0}, fetches=[loss, x], step_callback=steps.append,
                               loss_callback=lambda *values: told.append(values))  # fmt: skip
            np.testing.assert_allclose(session.run(x), expected, atol=1e-4)
    np.testing.assert_allclose(told[0][0], 72.0)
    assert steps and steps[0].shape == (2,)
    with pytest.raises(ValueError, match="needs a session"):
        free.minimize()


def test_decay_spares_other_variables():
    w, b = tf.Variable([1.0]), tf.Variable([1.0])
    train = opt.AdamWOptimizer(0.5, learning_rate=0.0).minimize(tf.reduce_sum(w + b), decay_var_list=[w])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        assert session.run([w, b]) == [0.5, 1.0]


def test_attention_over_past_outputs_needs_tuples_to_agree():
    cell = tf.nn.rnn_cell.BasicLSTMCell(3)
    with pytest.raises(ValueError, match="tuple of states"):
        tf.contrib.rnn.AttentionCellWrapper(cell, 2, state_is_tuple=False)
    outputs, (state, mean, past) = tf.nn.dynamic_rnn(
        tf.contrib.rnn.AttentionCellWrapper(cell, 2), tf.zeros([2, 4, 3]), dtype=tf.float32
    )
    assert [part.shape.as_list() for part in (outputs, state.c, mean, past)] == [[2, 4, 3], [2, 3], [2, 3], [2, 6]]


def test_the_size_of_a_constant_is_known():
    one_hot = tf.sparse_to_dense([[0, 1], [1, 0]], tf.stack([tf.size([4, 5]), 3]), 1.0)
    assert one_hot.shape.as_list() == [2, 3]
    assert tf.zeros([tf.size(tf.placeholder(tf.float32, [None, 3]))]).shape.as_list() == [None]


def test_operations_answer_to_private_names():
    x = tf.placeholder(tf.float32, name="x")
    total = tf.identity(x, name="total")
    assert [t.name for t in total.op._inputs] == ["x:0"] and total._op is total.op and total._value_index == 0
    assert total.op._id == 1 and total.op._outputs == [total] and total.op._input_types == [tf.float32]
    assert 'op: "Identity"' in str(total.op)


def test_layers_of_both_directions_lie_in_their_cell_s_scope():
    cells = [[tf.nn.rnn_cell.GRUCell(2)] for _ in range(2)]
    tf.contrib.rnn.stack_bidirectional_rnn(*cells, [tf.zeros([1, 3])], dtype=tf.float32)
    assert tf.trainable_variables()[0].op.name == "stack_bidirectional_rnn/cell_0/fw/gru_cell/gates/kernel"

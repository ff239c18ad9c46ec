"""`tf.contrib.slim` and what stands beside it: argument scopes around layers, training steps, lists of variables."""

import numpy as np
import pytest

import weft.compat.v1 as tf


def test_layers_in_argument_scopes():
    slim = tf.contrib.slim
    x = tf.placeholder(tf.float32, [2, 8, 8, 3])
    with (
        slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=slim.l2_regularizer(0.5),
                       normalizer_fn=slim.batch_norm, normalizer_params={"is_training": True}),
        slim.arg_scope([slim.conv2d], padding="SAME"),
    ):  # fmt: skip
        net = slim.conv2d(x, 4, [3, 3], stride=2, scope="conv1")
        net = slim.repeat(net, 2, slim.conv2d, 5, [3, 3], scope="conv2")
        net = slim.conv2d_transpose(net, 2, [4, 4], stride=2, activation_fn=None)
    assert net.shape.as_list() == [2, 8, 8, 2]
    logits = slim.fully_connected(slim.flatten(slim.max_pool2d(net, [2, 2])), 3, activation_fn=None, scope="logits")
    assert [variable.op.name for variable in tf.trainable_variables()] == [
        "conv1/weights", "conv1/BatchNorm/beta", "conv2/conv2_1/weights", "conv2/conv2_1/BatchNorm/beta",
        "conv2/conv2_2/weights", "conv2/conv2_2/BatchNorm/beta", "Conv2d_transpose/weights", "Conv2d_transpose/biases",
        "logits/weights", "logits/biases",
    ]  # fmt: skip
    assert len(tf.losses.get_regularization_losses()) == 3
    loss = tf.reduce_mean(tf.square(logits))
    train = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.1), clip_gradient_norm=1.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        feeds = {x: np.random.default_rng(0).normal(size=(2, 8, 8, 3))}
        first, *_, last = [session.run(train, feeds) for _ in range(5)]
        assert last < first and session.run(slim.get_global_step()) == 5


def test_variables_are_listed(capsys):
    variables = [tf.Variable(tf.zeros([3, 4]), name="w"), tf.Variable(1, name="n")]
    count = tf.contrib.slim.model_analyzer.analyze_vars(variables, True)
    assert count == (13, 52)
    assert capsys.readouterr().out.splitlines() == [
        "---------", "Variables: name (type shape) [size]", "---------", "w:0 (float32_ref 3x4) [12, bytes: 48]",
        "n:0 (int32_ref ) [1, bytes: 4]", "Total size of variables: 13", "Total bytes of variables: 52",
    ]  # fmt: skip


def test_distributions_and_ctc_are_found_where_they_came_from():
    normal = tf.contrib.distributions.Normal(1.0, 2.0)
    logits, labels = tf.zeros([4, 1, 3]), tf.SparseTensor([[0, 0]], [1], [1, 1])
    loss = tf.contrib.ctc.ctc_loss(logits, labels, [4])
    with tf.Session() as session:
        assert session.run(normal.log_prob(1.0)) == pytest.approx(-np.log(2.0) - 0.5 * np.log(2 * np.pi))
        assert session.run(loss) == pytest.approx([-np.log(10 / 81)])

"""Version 1's training where ops run at once: `tf.enable_eager_execution()` programs."""

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.compat.v1 import global_step


@pytest.fixture(autouse=True)
def eager(graph_mode):
    tf.enable_eager_execution()
    before = list(global_step._eager_steps)
    global_step._eager_steps.clear()
    yield
    global_step._eager_steps[:] = before


def test_optimizers_change_variables_at_once():
    v = tf.Variable([1.0, 2.0])
    optimizer = tf.train.AdamOptimizer(0.1)
    for _ in range(3):
        optimizer.minimize(lambda: tf.reduce_sum(v * v))
    np.testing.assert_allclose(v.numpy(), [0.7015873, 1.7006245], rtol=1e-6)  # TensorFlow 1.15.5's numbers
    with pytest.raises(RuntimeError, match="should be a function"):
        optimizer.minimize(tf.reduce_sum(v * v))


def test_layers_losses_and_the_step_counter():
    layer = tf.layers.Dense(3, kernel_initializer=tf.ones_initializer())
    with tf.GradientTape() as tape:
        loss = tf.losses.mean_squared_error(tf.zeros([2, 3]), layer(tf.ones([2, 4])))
    gradients = tape.gradient(loss, layer.variables)
    step = tf.train.get_or_create_global_step()
    tf.train.GradientDescentOptimizer(0.1).apply_gradients(zip(gradients, layer.variables, strict=True), step)
    assert float(loss) == 16.0 and tf.train.get_global_step().numpy() == 1
    np.testing.assert_allclose(layer.bias.numpy(), [-0.26666668] * 3, rtol=1e-6)


@pytest.mark.parametrize("name", ["MomentumOptimizer", "AdagradOptimizer", "RMSPropOptimizer", "FtrlOptimizer"])
def test_rows_without_a_gradient_stay(name):
    table = tf.Variable(np.ones((4, 2), np.float32))
    settings = {"momentum": 0.9} if name == "MomentumOptimizer" else {}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(tf.gather(table, [1, 1, 2])))
    getattr(tf.train, name)(0.1, **settings).apply_gradients([(tape.gradient(loss, table), table)])
    assert table.numpy()[[0, 3]].tolist() == [[1.0, 1.0]] * 2 and (table.numpy()[1:3] < 1).all()


def test_recurrent_cells_and_savers(tmp_path):
    cell = tf.nn.rnn_cell.GRUCell(3)
    outputs, state = tf.nn.dynamic_rnn(cell, tf.ones([2, 5, 4]), dtype=tf.float32)
    assert outputs.shape == (2, 5, 3) and np.array_equal(outputs[:, -1].numpy(), state.numpy())
    v = tf.Variable([1.0, 2.0], name="v")
    saver = tf.train.Saver([v])
    path = saver.save(None, tmp_path / "model")
    v.assign([0.0, 0.0])
    saver.restore(None, path)
    assert v.numpy().tolist() == [1.0, 2.0]

"""Version 1's optimizers against TensorFlow 1.15.5: fed gradients, whole and as rows, over fifty steps."""

import numpy as np
import pytest

import weft.compat.v1 as tf
from tests.golden import recipes

from .conftest import golden

OPTIMIZERS = golden("tf1.json")["optimizers"]


def follow(line, start, gradient):
    """What variables are after some steps of fed gradients; `gradient(step)` gives values or (rows, values)."""
    variables = [tf.Variable(value) for value in start]
    pairs, holders = [], []
    for variable, first in zip(variables, gradient(0), strict=True):
        values = tf.placeholder(tf.float32)
        holder = (tf.placeholder(tf.int32, [None]), values) if isinstance(first, tuple) else (values,)
        if len(holder) == 2:
            given = tf.IndexedSlices(values, holder[0], tf.constant(variable.shape.as_list()))
        else:
            given = tf.reshape(values, variable.shape)
        pairs.append((given, variable))
        holders.append(holder)
    train = getattr(tf.train, line["optimizer"])(**line["config"]).apply_gradients(pairs)
    after = {}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(50):
            feed = {}
            for holder, value in zip(holders, gradient(step), strict=True):
                feed.update(zip(holder, value if isinstance(value, tuple) else (value,), strict=True))
            session.run(train, feed)
            if str(step + 1) in line["dense"]:
                after[str(step + 1)] = session.run(variables)
    return after


def assert_near(found, expected):
    assert found.keys() == expected.keys()
    for step, values in expected.items():
        for a, b in zip(found[step], values, strict=True):
            np.testing.assert_allclose(a, np.asarray(b, np.float32), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("title", sorted(OPTIMIZERS))
def test_whole_gradients(title):
    line = OPTIMIZERS[title]
    assert_near(follow(line, recipes.optimizer_start(), recipes.optimizer_gradients), line["dense"])


@pytest.mark.parametrize("title", sorted(OPTIMIZERS))
def test_gradients_of_rows(title):
    line = OPTIMIZERS[title]
    found = follow(line, [recipes.sparse_start()], lambda step: [recipes.sparse_gradient(step)])
    assert_near(found, line["sparse"])


def test_decays_take_their_arguments_by_name_and_by_place():
    step = tf.constant(4, name="step")
    rate = {"learning_rate": 0.1, "global_step": step, "decay_steps": 2, "decay_rate": 0.5}
    by_name = tf.train.exponential_decay(name="named", **rate)
    by_place = tf.train.exponential_decay(0.1, step, 2, 0.5, False, "placed")
    others = [tf.train.cosine_decay(learning_rate=0.1, global_step=step, decay_steps=8),
              tf.train.polynomial_decay(global_step=step, learning_rate=0.1, decay_steps=8)]  # fmt: skip
    assert by_name.name == "named:0" and by_place.name == "placed:0"
    with tf.Session() as session:
        np.testing.assert_allclose(session.run([by_name, by_place, *others]), [0.025, 0.025, 0.05, 0.05005], rtol=1e-6)
    with pytest.raises(TypeError, match="decay_steps"):
        tf.train.exponential_decay(learning_rate=0.1, global_step=step)


def test_parameters_that_version_1_had_in_these_places():
    x = tf.constant([[1.0, 3.0], [4.0, 2.0]])
    assert tf.arg_max(x, 1, tf.int32).dtype == tf.int32 and tf.constant(1.0, tf.float32, [1], "c", True).shape == [1]
    assert tf.ones_like(tensor=x, optimize=False).shape == [2, 2]
    assert tf.random.stateless_multinomial(x, 2, [1, 2], output_dtype=tf.int32).dtype == tf.int32
    assert tf.PriorityQueue(3, tf.float32).dtypes == [tf.int64, tf.float32]

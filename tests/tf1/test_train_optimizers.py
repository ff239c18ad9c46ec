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

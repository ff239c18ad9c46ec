"""What TensorFlow 1.15.5 computes with layers, cells, losses, metrics, averages, and the names of their variables."""

import numpy as np
import pytest

import weft.compat.v1 as tf

from .conftest import golden

GOLDEN = golden("tf1_training.json")
ABSOLUTE = 1e-5


def whole(value):
    if isinstance(value, (list, tuple)) and not hasattr(value, "dense_shape"):
        return [whole(item) for item in value]
    if hasattr(value, "dense_shape"):
        dense = np.zeros(value.dense_shape, np.float32)
        np.add.at(dense, value.indices, value.values)
        return dense
    return value


def assert_near(found, expected, where):
    if isinstance(found, list):
        assert len(found) == len(expected), where
        for number, (a, b) in enumerate(zip(found, expected, strict=True)):
            assert_near(a, b, f"{where}[{number}]")
    elif found is None or expected is None:
        assert found is None and expected is None, where
    else:
        np.testing.assert_allclose(found, np.asarray(expected), rtol=3e-5, atol=ABSOLUTE, err_msg=where)


@pytest.mark.parametrize("title", sorted(GOLDEN["programs"]))
def test_what_tensorflow_computes(title):
    program = GOLDEN["programs"][title]
    scope = {"tf": tf, "np": np}
    exec(GOLDEN["setup"] + program["source"], scope)
    assert scope["names"] == program["names"]
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        for number, (fetch, expected) in enumerate(zip(scope["results"], program["results"], strict=True)):
            assert_near(whole(session.run(fetch)), expected, f"result {number}")

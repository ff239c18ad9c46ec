"""Seeds of any size, and the generator of those who bring none: the numbers that Keras draws on TensorFlow."""

import numpy as np
import pytest

import weft as tf
from weft import keras

#: seed -> the state of a generator, and keras.random.uniform((2,), seed); from Keras 3.15 on TensorFlow 2.21
DRAWN = {
    5: ([5, 0], [0.06185329, 0.8316691]),
    2**31 - 1: ([2147483647, 0], [0.8784882, 0.45998025]),
    2**31: ([2147483648, 0], [0.800979, 0.7047168]),
    2**31 + 5: ([2147483653, 0], [0.7470788, 0.6721802]),
    2**32 + 5: ([4294967301, 0], [0.75761545, 0.63377213]),
    2**40: ([1099511627776, 0], [0.87311745, 0.5934304]),
    -1: ([-1, 0], [0.23369074, 0.57156765]),
}


@pytest.mark.parametrize("seed", DRAWN)
def test_seeds_are_folded_when_drawn(seed):
    state, numbers = DRAWN[seed]
    generator = keras.random.SeedGenerator(seed)
    assert generator.state.dtype == "int64" and generator.state.numpy().tolist() == state
    expected = np.array(numbers, np.float32)
    assert np.array_equal(keras.random.uniform((2,), seed=seed), expected)
    assert np.array_equal(keras.random.uniform((2,), seed=generator), expected)
    assert generator.state.numpy().tolist() == [state[0], 1]


def test_draws_without_a_seed_jump_about():
    keras.utils.set_random_seed(5)
    first, second = keras.random.uniform((2,)), keras.random.normal((2,))
    assert np.array_equal(first, np.array([0.7411314, 0.71066844], np.float32))
    np.testing.assert_allclose(second, np.array([0.5465867, -1.4396245], np.float32), rtol=3e-7)


def test_both_orders():
    generator = keras.random.SeedGenerator(5)
    drawn = [generator.next().numpy().tolist() for _ in range(3)] + [generator.next(ordered=False).numpy().tolist()]
    assert drawn == [[5, 0], [5, 1], [5, 2], [5, 3]]
    assert generator.state.numpy().tolist() == [6 * 5387 % 933199, 4 * 5387 % 933199]
    traced = tf.function(lambda: generator.next(ordered=False) * 1)
    before = generator.state.numpy()
    assert traced().numpy().tolist() == before.tolist()
    assert generator.state.numpy().tolist() == ((before + 1) * 5387 % 933199).tolist()


def test_configurations_keep_what_was_given():
    assert keras.random.SeedGenerator(seed=7, name="mine").get_config() == {"seed": 7, "name": "mine"}
    assert keras.random.SeedGenerator(name="mine").get_config() == {"seed": None, "name": "mine"}


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True])
def test_set_random_seed_refuses_what_numpy_would(seed):
    with pytest.raises(ValueError, match=r"0 to 2\*\*32 - 1"):
        keras.utils.set_random_seed(seed)


def test_a_seed_that_fits_nowhere():
    with pytest.raises(ValueError, match="64 bits"):
        keras.random.uniform((2,), seed=2**63)

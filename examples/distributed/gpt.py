"""A small GPT and its data, for the programs beside it: letters of a text that repeats itself with changes."""

import numpy as np

import weft as tf
from weft import keras

LETTERS, LENGTH, WIDTH, HEADS, BLOCKS = 32, 32, 64, 4, 4


def devices(count):
    """Makes so many devices of this processor, unless there are accelerators; their names."""
    if not tf.config.list_physical_devices("GPU"):
        (processor,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * count)
    return keras.distribution.list_devices()[:count]


def batches(steps, size=16):
    """Letters [size, LENGTH] and the letters that follow them, for each step."""
    rng = np.random.default_rng(0)
    for _ in range(steps):
        begin = rng.integers(0, LETTERS, (size, 1))
        text = (begin + np.arange(LENGTH + 1) * rng.integers(1, 4, (size, 1))) % LETTERS
        yield text[:, :-1].astype("int32"), text[:, 1:].astype("int32")


def block(x, name):
    """Attention and two dense layers, each beside a way around it."""
    attention = keras.layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"{name}_attention")
    normal = keras.layers.LayerNormalization(name=f"{name}_normal")(x)
    x = x + attention(normal, normal, use_causal_mask=True)
    normal = keras.layers.LayerNormalization(name=f"{name}_normal_2")(x)
    up = keras.layers.Dense(4 * WIDTH, activation="gelu", name=f"{name}_up")(normal)
    return x + keras.layers.Dense(WIDTH, name=f"{name}_down")(up)


class Places(keras.layers.Layer):
    """Adds to each place of a sequence what is learnt about the place."""

    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:], initializer="normal", name="table")

    def call(self, x):
        return x + self.table


def model():
    """The network, compiled; the same weights every time."""
    keras.utils.set_random_seed(1)
    letters = keras.Input((LENGTH,), dtype="int32")
    x = keras.layers.Embedding(LETTERS, WIDTH, name="letters")(letters)
    x = Places(name="places")(x)
    for number in range(BLOCKS):
        x = block(x, f"block_{number}")
    x = keras.layers.LayerNormalization(name="last_normal")(x)
    made = keras.Model(letters, keras.layers.Dense(LETTERS, name="head")(x))
    made.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return made


def losses(steps):
    """The losses of so many steps of a fresh network, and the network."""
    made = model()
    return [float(made.train_on_batch(x, y)) for x, y in batches(steps)], made


def report(name, alone, together):
    """Prints how the losses went, and how far they are from those of one device."""
    worst = max(abs(a - b) for a, b in zip(alone, together, strict=True))
    print(f"{name}: loss {together[0]:.4f} to {together[-1]:.4f}, at most {worst:.1e} from one device's")
    assert worst < 1e-3, (alone, together)

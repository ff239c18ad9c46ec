"""A Transformer, encoder and decoder, that learns to sort: multi-head attention, position signals, a causal mask.

Short mode: 99.7 % of the numbers are in their place in lists not seen before, 3 % before training.
"""

import sys

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

SHORT = "--short" in sys.argv
LENGTH, NUMBERS, WIDTH, DEPTH, STEPS = (6, 10, 32, 1, 200) if SHORT else (10, 30, 64, 2, 1500)
BEGIN = NUMBERS

tf.keras.utils.set_random_seed(0)


def position_signals(length, width):
    place, rate = np.arange(length)[:, None], 1 / 100 ** (np.arange(width // 2) / (width // 2))
    return tf.constant(np.concatenate([np.sin(place * rate), np.cos(place * rate)], axis=1)[None], tf.float32)


class Embedding(layers.Layer):
    def __init__(self):
        super().__init__()
        self.table = layers.Embedding(NUMBERS + 1, WIDTH)
        self.signals = position_signals(LENGTH + 1, WIDTH)

    def call(self, numbers):
        return self.table(numbers) * WIDTH**0.5 + self.signals[:, : tf.shape(numbers)[1]]


class Block(layers.Layer):
    """Attention to oneself, then to the encoder (where there is one), then a dense layer; sums and norms between."""

    def __init__(self, causal):
        super().__init__()
        self.causal = causal
        self.attention = layers.MultiHeadAttention(num_heads=4, key_dim=WIDTH // 4, dropout=0.0)
        self.cross = layers.MultiHeadAttention(num_heads=4, key_dim=WIDTH // 4) if causal else None
        self.dense = tf.keras.Sequential([layers.Dense(2 * WIDTH, activation="gelu"), layers.Dense(WIDTH)])
        self.norms = [layers.LayerNormalization(epsilon=1e-5) for _ in range(3)]

    def call(self, h, memory=None):
        h = self.norms[0](h + self.attention(h, h, use_causal_mask=self.causal))
        if self.cross is not None:
            h = self.norms[1](h + self.cross(query=h, value=memory))
        return self.norms[2](h + self.dense(h))


class Transformer(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = Embedding()
        self.encoder = [Block(causal=False) for _ in range(DEPTH)]
        self.decoder = [Block(causal=True) for _ in range(DEPTH)]
        self.logits = layers.Dense(NUMBERS)

    def call(self, inputs):
        source, target = inputs
        memory = self.embedding(source)
        for block in self.encoder:
            memory = block(memory)
        h = self.embedding(target)
        for block in self.decoder:
            h = block(h, memory)
        return self.logits(h)


class Warmup(tf.keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, peak, steps):
        self.peak, self.steps = peak, steps

    def __call__(self, step):
        step = tf.cast(step, tf.float32) + 1
        return self.peak * tf.minimum(step / self.steps, tf.sqrt(self.steps / step))

    def get_config(self):
        return {"peak": self.peak, "steps": self.steps}


def lists(seed):
    source = tf.random.stateless_uniform([64, LENGTH], seed=[7, seed], maxval=NUMBERS, dtype=tf.int32)
    ordered = tf.sort(source, axis=1)
    begun = tf.concat([tf.fill([64, 1], BEGIN), ordered[:, :-1]], axis=1)
    return (source, begun), ordered


def write(model, source):
    """What the model writes on its own, from the numbers that it has written so far."""
    target = tf.fill([len(source), 1], BEGIN)
    for _ in range(LENGTH):
        best = tf.argmax(model((source, target), training=False)[:, -1:], axis=-1, output_type=tf.int32)
        target = tf.concat([target, best], axis=1)
    return target[:, 1:]


model = Transformer()
model.compile(
    optimizer=tf.keras.optimizers.Adam(Warmup(3e-3, 50.0), beta_2=0.98),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
train = tf.data.Dataset.range(1, STEPS + 1).map(lists)
(source, begun), ordered = lists(0)
model((source, begun))
before = float(tf.reduce_mean(tf.cast(write(model, source) == ordered, tf.float32)))
model.fit(train, epochs=1, verbose=2)
written = write(model, source)
after = float(tf.reduce_mean(tf.cast(written == ordered, tf.float32)))
print(source[0].numpy(), "→", written[0].numpy())
print(f"parameters {model.count_params()}, in place: untrained {before:.3f}, trained {after:.3f}")
assert before < 0.3 and after > 0.8

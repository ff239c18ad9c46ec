"""Sentences told apart by a block of a Transformer, written as layers of our own.

In short mode, on the real data where there is any: accuracy 0.728; with Keras 3.15 0.700.
"""

import sys

import keras
import numpy as np
from keras import layers, ops
from shareddata import sentences

SHORT = "--short" in sys.argv
WORDS, LENGTH, WIDTH, HEADS = 6000, 24, 32, 2

keras.utils.set_random_seed(0)
lines, praise = sentences()
if SHORT:
    lines, praise = lines[:6000], praise[:6000]
split = len(lines) * 9 // 10
vectorize = layers.TextVectorization(max_tokens=WORDS, output_sequence_length=LENGTH)
vectorize.adapt(lines[:split])
rows = np.asarray(vectorize(lines))


class TokenAndPosition(layers.Layer):
    def __init__(self, words, length, width, **kwargs):
        super().__init__(**kwargs)
        self.words = layers.Embedding(words, width, mask_zero=True)
        self.places = layers.Embedding(length, width)
        self.supports_masking = True

    def compute_mask(self, tokens, mask=None):
        return self.words.compute_mask(tokens)

    def call(self, tokens):
        return self.words(tokens) + self.places(ops.arange(ops.shape(tokens)[-1]))


class TransformerBlock(layers.Layer):
    def __init__(self, width, heads, hidden, rate=0.1, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.attention = layers.MultiHeadAttention(heads, width // heads, dropout=rate)
        self.feed = keras.Sequential([layers.Dense(hidden, activation="gelu"), layers.Dense(width)])
        self.first, self.second = layers.LayerNormalization(), layers.LayerNormalization()
        self.dropout = layers.Dropout(rate)

    def call(self, x, training=None):
        x = self.first(x + self.attention(x, x, training=training))
        return self.second(x + self.dropout(self.feed(x), training=training))


inputs = keras.Input((LENGTH,), dtype="int32")
x = TokenAndPosition(WORDS, LENGTH, WIDTH)(inputs)
x = TransformerBlock(WIDTH, HEADS, 64)(x)
x = layers.GlobalAveragePooling1D()(x)
x = layers.Dropout(0.4)(x)
model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(rows[:split], praise[:split], batch_size=64, epochs=2 if SHORT else 4, verbose=2)
accuracy = model.evaluate(rows[split:], praise[split:], verbose=0)[1]
print(f"accuracy {accuracy:.3f}")
assert accuracy > (0.6 if SHORT else 0.73)  # guessing gives 0.5

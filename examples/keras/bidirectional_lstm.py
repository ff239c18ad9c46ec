"""Sentences of many lengths, read forwards and backwards by two LSTMs that skip the padding.

In short mode, on the real data where there is any: accuracy 0.757; with Keras 3.15 0.752.
"""

import sys

import keras
import numpy as np
from keras import layers
from shareddata import sentences

SHORT = "--short" in sys.argv
WORDS, LENGTH = 4000, 24

keras.utils.set_random_seed(0)
lines, praise = sentences()
if SHORT:
    lines, praise = lines[:4000], praise[:4000]
split = len(lines) * 9 // 10
vectorize = layers.TextVectorization(max_tokens=WORDS, output_sequence_length=LENGTH)
vectorize.adapt(lines[:split])
rows = np.asarray(vectorize(lines))

model = keras.Sequential([
    keras.Input((LENGTH,), dtype="int32"),
    layers.Embedding(WORDS, 32, mask_zero=True),
    layers.Dropout(0.4),
    layers.Bidirectional(layers.LSTM(16, return_sequences=not SHORT)),
    *([] if SHORT else [layers.Bidirectional(layers.LSTM(16))]),
    layers.Dense(1, activation="sigmoid"),
])  # fmt: skip
model.compile(keras.optimizers.Adam(5e-3), "binary_crossentropy", metrics=["accuracy"])
model.fit(rows[:split], praise[:split], batch_size=64, epochs=3 if SHORT else 4, verbose=2)
accuracy = model.evaluate(rows[split:], praise[split:], verbose=0)[1]
print(f"accuracy {accuracy:.3f}")
assert accuracy > (0.6 if SHORT else 0.72)  # guessing gives 0.5

"""From raw strings to an answer: a model that holds its own vocabulary and is given sentences as they are written.

In short mode, on the real data where there is any: accuracy 0.743; with Keras 3.15 0.739.
In full: accuracy 0.747; with Keras 3.15 0.745.
"""

import sys

import keras
import tensorflow as tf
from keras import layers
from shareddata import sentences

SHORT = "--short" in sys.argv
WORDS, LENGTH = 8000, 40

keras.utils.set_random_seed(0)
lines, praise = sentences()
split = len(lines) * 9 // 10
vectorize = layers.TextVectorization(max_tokens=WORDS, output_sequence_length=LENGTH)
vectorize.adapt(lines[:split])
print("vocabulary", vectorize.vocabulary_size(), vectorize.get_vocabulary()[:6])

inputs = keras.Input((LENGTH,), dtype="int64")
x = layers.Embedding(WORDS, 32)(inputs)
x = layers.Dropout(0.5)(x)
x = layers.Conv1D(32, 3, padding="valid", activation="relu")(x)
x = layers.GlobalMaxPooling1D()(x)
x = layers.Dropout(0.5)(x)
model = keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="praise")(x))
model.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy", metrics=["accuracy"])
train = tf.data.Dataset.from_tensor_slices((lines[:split], praise[:split])).shuffle(10000, seed=0).batch(64)
train = train.map(lambda text, label: (vectorize(text), label)).prefetch(2)
test = tf.data.Dataset.from_tensor_slices((lines[split:], praise[split:])).batch(64)
model.fit(train, epochs=2 if SHORT else 5, verbose=2)

whole = keras.Sequential([keras.Input((), dtype="string"), vectorize, model])
whole.compile(loss="binary_crossentropy", metrics=["accuracy"])
accuracy = whole.evaluate(test, verbose=0)[1]
asked = tf.constant(["a warm and funny film with a fine cast", "a dull , boring mess with no plot at all"])
print("good and bad", whole.predict(asked, verbose=0).ravel().round(2))
print(f"accuracy {accuracy:.3f}")
assert accuracy > (0.6 if SHORT else 0.73)  # guessing gives 0.5

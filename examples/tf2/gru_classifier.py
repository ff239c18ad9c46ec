"""Digits read row by row, from above and from below, by GRU layers one on the other.

Short mode: accuracy 0.77 on the test images, where guessing gives 0.1.
"""

import sys

import realdata
import tensorflow as tf
from tensorflow.keras import layers

SHORT = "--short" in sys.argv
UNITS = 24 if SHORT else 64

tf.keras.utils.set_random_seed(0)
(x, y), (x_test, y_test) = realdata.digits(4000, 500) if SHORT else realdata.digits(20000, 5000)

model = tf.keras.Sequential([
    layers.Input([28, 28]),
    layers.Bidirectional(layers.GRU(UNITS, return_sequences=True)),
    layers.GRU(UNITS),
    layers.Dense(10, activation="softmax"),
])  # fmt: skip
rate = tf.keras.optimizers.schedules.ExponentialDecay(4e-3, decay_steps=200, decay_rate=0.8)
model.compile(
    optimizer=tf.keras.optimizers.RMSprop(rate),
    loss="sparse_categorical_crossentropy",
    metrics=["sparse_categorical_accuracy"],
)
model.fit(x, y, batch_size=32 if SHORT else 64, epochs=2 if SHORT else 6, validation_data=(x_test, y_test), verbose=2)
confusion = tf.math.confusion_matrix(y_test, tf.argmax(model.predict(x_test, verbose=0), axis=1), num_classes=10)
print(confusion.numpy())
accuracy = float(tf.linalg.trace(confusion)) / len(y_test)
print(f"accuracy {accuracy:.4f}")
assert accuracy > 0.6

"""A convolutional autoencoder that takes noise out of digits.

In short mode, on the real data where there is any: squared error 0.0182; with Keras 3.15 0.0155.
In full: squared error 0.0084; with Keras 3.15 0.0084.
"""

import sys

import keras
import numpy as np
from keras import layers
from shareddata import digits

SHORT = "--short" in sys.argv

keras.utils.set_random_seed(0)
(x, _), (x_test, _) = digits(1500, 300) if SHORT else digits(20000, 2000)
x, x_test = x[..., None], x_test[..., None]
rng = np.random.default_rng(0)
noisy, noisy_test = (np.clip(part + rng.normal(0, 0.4, part.shape), 0, 1).astype("float32") for part in (x, x_test))

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
    layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
    layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu"),
    layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu"),
    layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
])  # fmt: skip
model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["mse"])
model.fit(noisy, x, batch_size=32, epochs=3 if SHORT else 10, verbose=2, validation_data=(noisy_test, x_test))
left = model.evaluate(noisy_test, x_test, verbose=0)[1]
print(f"squared error {np.mean((noisy_test - x_test) ** 2):.4f} of the noisy ones, {left:.4f} of those mended")
assert left < (0.03 if SHORT else 0.012)

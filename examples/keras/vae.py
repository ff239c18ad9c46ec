"""A variational autoencoder of digits: a layer that draws its code, and a train_step that adds up two losses.

In short mode, on the real data where there is any: loss 177.9; with Keras 3.15 178.8.
"""

import sys

import keras
import tensorflow as tf
from keras import layers, ops
from shareddata import digits

SHORT = "--short" in sys.argv
CODE = 2

keras.utils.set_random_seed(0)
(x, _), (x_test, _) = digits(3000, 500) if SHORT else digits(60000, 5000)
x, x_test = x[..., None], x_test[..., None]


class Sampling(layers.Layer):
    """Draws a code from a normal distribution whose mean and logarithm of the variance are given."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise


inputs = keras.Input((28, 28, 1))
h = layers.Flatten()(inputs)
h = layers.Dense(128, activation="relu")(h)
mean = layers.Dense(CODE, name="mean")(h)
log_variance = layers.Dense(CODE, name="log_variance")(h)
encoder = keras.Model(inputs, [mean, log_variance, Sampling()([mean, log_variance])], name="encoder")
decoder = keras.Sequential([
    keras.Input((CODE,)),
    layers.Dense(128, activation="relu"),
    layers.Dense(784, activation="sigmoid"),
    layers.Reshape((28, 28, 1)),
], name="decoder")  # fmt: skip


class VAE(keras.Model):
    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder, self.decoder = encoder, decoder
        self.trackers = [keras.metrics.Mean(name=name) for name in ("loss", "reconstruction", "divergence")]

    @property
    def metrics(self):
        return self.trackers

    def losses_of(self, data):
        mean, log_variance, code = self.encoder(data)
        errors = keras.losses.binary_crossentropy(data, self.decoder(code))
        reconstruction = ops.mean(ops.sum(errors, axis=(1, 2)))
        divergence = -0.5 * (1 + log_variance - ops.square(mean) - ops.exp(log_variance))
        divergence = ops.mean(ops.sum(divergence, axis=1))
        return reconstruction + divergence, reconstruction, divergence

    def follow(self, values):
        for tracker, value in zip(self.trackers, values):
            tracker.update_state(value)
        return {tracker.name: tracker.result() for tracker in self.trackers}

    def train_step(self, data):
        with tf.GradientTape() as tape:
            values = self.losses_of(data)
        gradients = tape.gradient(values[0], self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
        return self.follow(values)

    def test_step(self, data):
        return self.follow(self.losses_of(data))


vae = VAE(encoder, decoder)
vae.compile(optimizer=keras.optimizers.Adam(2e-3))
vae.fit(x, epochs=6 if SHORT else 30, batch_size=64 if SHORT else 128, verbose=2)
result = vae.evaluate(x_test, return_dict=True, verbose=0)
pictures = decoder.predict(keras.random.normal((4, CODE), seed=0), verbose=0)
print("drawn", pictures.shape, {name: round(float(value), 1) for name, value in result.items()})
assert result["loss"] < (220 if SHORT else 165)  # it begins at 545
assert result["divergence"] > 1  # the codes say something

"""fit with a train_step of one's own: a second loss, gradients clipped and counted, sample weights, own metrics.

In short mode, on the real data where there is any: accuracy 0.866; with Keras 3.15 0.870.
In full: accuracy 0.951; with Keras 3.15 0.948.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from shareddata import digits

SHORT = "--short" in sys.argv

keras.utils.set_random_seed(0)
(x, y), (x_test, y_test) = digits(2000, 500) if SHORT else digits(30000, 5000)
wrong = np.random.default_rng(0).random(len(y)) < 0.3
y_given = np.where(wrong, (y + 1) % 10, y)  # some labels are wrong, and their weights say that they may be
weights = np.where(wrong, 0.2, 1.0).astype("float32")


class Careful(keras.Model):
    """Trains with the loss given to compile and with calm answers where the image is a little changed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.norm = keras.metrics.Mean(name="gradient_norm")
        self.change = keras.metrics.Mean(name="change")
        self.seed_generator = keras.random.SeedGenerator(0)

    def train_step(self, data):
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        noise = keras.random.normal(tf.shape(x), stddev=0.1, seed=self.seed_generator)
        with tf.GradientTape() as tape:
            answer = self(x, training=True)
            change = tf.reduce_mean(tf.square(answer - self(x + noise, training=True)))
            loss = self.compute_loss(x=x, y=y, y_pred=answer, sample_weight=weight) + 0.5 * change
        gradients = tape.gradient(loss, self.trainable_variables)
        gradients, norm = tf.clip_by_global_norm(gradients, 5.0)
        self.optimizer.apply(gradients, self.trainable_variables)
        self.norm.update_state(norm)
        self.change.update_state(change)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            elif metric not in (self.norm, self.change):
                metric.update_state(y, answer, sample_weight=weight)
        return {metric.name: metric.result() for metric in self.metrics}

    def test_step(self, data):
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        answer = self(x, training=False)
        loss = self.compute_loss(x=x, y=y, y_pred=answer, sample_weight=weight)
        results = self.compute_metrics(x, y, answer, sample_weight=weight)
        return {**results, "loss": loss}


inputs = keras.Input((28, 28))
h = layers.Dense(64, activation="relu")(layers.Flatten()(inputs))
model = Careful(inputs, layers.Dense(10)(h))
model.compile(
    keras.optimizers.Adam(2e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
)
history = model.fit(x, y_given, sample_weight=weights, batch_size=32, epochs=5 if SHORT else 8, verbose=2).history
print({name: round(values[-1], 3) for name, values in history.items()})
answers = model.predict(x_test, verbose=0).argmax(axis=-1)
accuracy = np.mean(answers == y_test)
print(f"accuracy {accuracy:.3f}")
assert history["gradient_norm"][0] > 0 and history["loss"][-1] < history["loss"][0]
assert accuracy > (0.75 if SHORT else 0.93)  # guessing gives 0.1

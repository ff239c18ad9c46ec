"""A generative adversarial network of dense layers that learns to draw digits.

How far images drawn are from the nearest real one (root of the summed squares): in short mode 13.2 falls to 6.8.
"""

import sys

import realdata
import tensorflow as tf
from tensorflow.keras import layers

SHORT = "--short" in sys.argv
NOISE, BATCH = 32, 64
STEPS = 400 if SHORT else 6000

tf.keras.utils.set_random_seed(0)
(x, _), (x_test, _) = realdata.digits(4000, 500) if SHORT else realdata.digits(30000, 2000)

generator = tf.keras.Sequential([
    layers.Input([NOISE]),
    layers.Dense(128),
    layers.LeakyReLU(negative_slope=0.2),
    layers.Dense(256),
    layers.LeakyReLU(negative_slope=0.2),
    layers.Dense(784, activation="sigmoid"),
])  # fmt: skip


class WithSpread(layers.Layer):
    """Appends how much the images of the batch differ; a generator that draws one and the same image is found out."""

    def call(self, features):
        deviation = tf.sqrt(tf.math.reduce_variance(features, axis=0) + 1e-6)
        spread = 10.0 * tf.reduce_mean(deviation) - 1.0
        return tf.concat([features, tf.fill([tf.shape(features)[0], 8], spread)], axis=1)


discriminator = tf.keras.Sequential([
    layers.Input([784]),
    WithSpread(),
    layers.Dense(128),
    layers.LeakyReLU(negative_slope=0.2),
    layers.Dropout(0.3),
    layers.Dense(1),
])  # fmt: skip
cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
generator_optimizer = tf.keras.optimizers.Adam(5e-4 if SHORT else 2e-4, beta_1=0.5)
discriminator_optimizer = tf.keras.optimizers.Adam(5e-4 if SHORT else 2e-4, beta_1=0.5)


@tf.function
def train_step(real):
    noise = tf.random.normal([BATCH, NOISE])
    with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
        fake = generator(noise, training=True)
        says_real, says_fake = discriminator(real, training=True), discriminator(fake, training=True)
        g_loss = cross_entropy(tf.ones_like(says_fake), says_fake)
        d_loss = cross_entropy(tf.ones_like(says_real) * 0.9, says_real) + cross_entropy(
            tf.zeros_like(says_fake), says_fake
        )
    g_gradients = g_tape.gradient(g_loss, generator.trainable_variables)
    d_gradients = d_tape.gradient(d_loss, discriminator.trainable_variables)
    generator_optimizer.apply_gradients(zip(g_gradients, generator.trainable_variables))
    discriminator_optimizer.apply_gradients(zip(d_gradients, discriminator.trainable_variables))
    return g_loss, d_loss


def draw(count):
    return generator(tf.random.stateless_normal([count, NOISE], seed=[1, 2]))


batches = tf.data.Dataset.from_tensor_slices(x.reshape(-1, 784)).shuffle(4000, seed=0).repeat()
before, _ = realdata.distance_to_real(draw(200), x_test)
for step, real in enumerate(batches.batch(BATCH).take(STEPS)):
    g_loss, d_loss = train_step(real)
    if step % (STEPS // 5) == 0:
        print(f"step {step}: generator {g_loss:.3f}, discriminator {d_loss:.3f}")
after, spread = realdata.distance_to_real(draw(200), x_test)
print(f"distance {before:.2f} {after:.2f}, spread {spread:.3f}")
assert after < 9.5 < before and spread > 0.05

"""A variational autoencoder of digits: two numbers for each, drawn anew in every step, and what they are decoded to."""

import sys

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 30000

mnist = input_data.read_data_sets("MNIST_data", one_hot=True)
tf.set_random_seed(1)
images = tf.placeholder(tf.float32, [None, 784], name="images")

with tf.variable_scope("encoder"):
    hidden = tf.layers.dense(images, 200, tf.nn.softplus)
    mean = tf.layers.dense(hidden, 2, name="mean")
    log_variance = tf.layers.dense(hidden, 2, name="log_variance")
noise = tf.random_normal(tf.shape(mean))
code = tf.add(mean, tf.exp(0.5 * log_variance) * noise, name="code")


def decode(given, reuse=False):
    with tf.variable_scope("decoder", reuse=reuse):
        inner = tf.layers.dense(given, 200, tf.nn.softplus, name="hidden")
        return tf.layers.dense(inner, 784, name="pixels")


logits = decode(code)
likelihood = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=images, logits=logits), 1)
divergence = 0.5 * tf.reduce_sum(tf.square(mean) + tf.exp(log_variance) - log_variance - 1.0, 1)
loss = tf.reduce_mean(likelihood + divergence)
train = tf.train.AdamOptimizer(0.001).minimize(loss)
drawn = tf.nn.sigmoid(decode(tf.placeholder_with_default(tf.random_normal([16, 2]), [None, 2]), reuse=True))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print("before", sess.run(loss, {images: mnist.test.images[:1000]}))
    for _ in range(STEPS):
        sess.run(train, {images: mnist.train.next_batch(100)[0]})
    print("after", sess.run(loss, {images: mnist.test.images[:1000]}))
    found = sess.run(drawn)
    print("drawn", found.shape[0], np.mean(found))

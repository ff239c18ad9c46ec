"""Two networks against each other: one makes digits of noise, the other tells them from real ones."""

import sys

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 100000

mnist = input_data.read_data_sets("MNIST_data", one_hot=True)
tf.set_random_seed(1)
np.random.seed(1)
images = tf.placeholder(tf.float32, [None, 784])
noise = tf.placeholder(tf.float32, [None, 100])
xavier = tf.contrib.layers.xavier_initializer()


def generator(given):
    with tf.variable_scope("generator"):
        hidden = tf.layers.dense(given, 128, tf.nn.relu, kernel_initializer=xavier)
        return tf.layers.dense(hidden, 784, tf.nn.sigmoid, kernel_initializer=xavier)


def discriminator(given):
    with tf.variable_scope("discriminator", reuse=tf.AUTO_REUSE):
        hidden = tf.layers.dense(given, 128, tf.nn.relu, kernel_initializer=xavier, name="hidden")
        return tf.layers.dense(hidden, 1, kernel_initializer=xavier, name="score")


def cross_entropy(scores, label):
    labels = tf.fill(tf.shape(scores), label)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=scores, labels=labels))


made = generator(noise)
of_real, of_made = discriminator(images), discriminator(made)
loss_d = cross_entropy(of_real, 1.0) + cross_entropy(of_made, 0.0)
loss_g = cross_entropy(of_made, 1.0)
train_d = tf.train.AdamOptimizer().minimize(loss_d, var_list=tf.trainable_variables("discriminator"))
train_g = tf.train.AdamOptimizer().minimize(loss_g, var_list=tf.trainable_variables("generator"))


def sample(count):
    return np.random.uniform(-1.0, 1.0, [count, 100])


def distance(session):
    """How far the average of what is made lies from the average digit."""
    found = session.run(made, {noise: sample(500)})
    return np.abs(found.mean(0) - mnist.train.images[:5000].mean(0)).mean()


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print("before", distance(sess))
    for step in range(STEPS):
        batch, _ = mnist.train.next_batch(128)
        _, d = sess.run([train_d, loss_d], {images: batch, noise: sample(128)})
        _, g = sess.run([train_g, loss_g], {noise: sample(128)})
        if step % 1000 == 0:
            print("step", step, "discriminator", d, "generator", g)
    print("after", distance(sess))

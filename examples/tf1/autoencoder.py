"""Digits through a narrow middle and back, with RMSProp: variables in dictionaries, as the tutorial has them."""

import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 10000

mnist = input_data.read_data_sets("MNIST_data", one_hot=True)
tf.set_random_seed(0)
X = tf.placeholder("float", [None, 784])
sizes = {"encoder_h1": [784, 128], "encoder_h2": [128, 32], "decoder_h1": [32, 128], "decoder_h2": [128, 784]}
weights = {name: tf.Variable(tf.random_normal(shape, stddev=0.1)) for name, shape in sizes.items()}
biases = {name: tf.Variable(tf.zeros(shape[1:])) for name, shape in sizes.items()}


def layer(value, name):
    return tf.nn.sigmoid(tf.add(tf.matmul(value, weights[name]), biases[name]))


code = layer(layer(X, "encoder_h1"), "encoder_h2")
restored = layer(layer(code, "decoder_h1"), "decoder_h2")
loss = tf.reduce_mean(tf.pow(X - restored, 2))
optimizer = tf.train.RMSPropOptimizer(0.01).minimize(loss)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print("before", sess.run(loss, {X: mnist.test.images[:1000]}))
    for _ in range(STEPS):
        batch_x, _ = mnist.train.next_batch(128)
        sess.run(optimizer, feed_dict={X: batch_x})
    print("after", sess.run(loss, {X: mnist.test.images[:1000]}))

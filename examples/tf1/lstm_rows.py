"""Digits read row by row by an LSTM: dynamic_rnn over 28 steps of 28 pixels."""

import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
UNITS = 128 if STEPS > 200 else 32

mnist = input_data.read_data_sets("/tmp/data", one_hot=True)
tf.set_random_seed(1)
x = tf.placeholder(tf.float32, [None, 28, 28])
y = tf.placeholder(tf.float32, [None, 10])

cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS, forget_bias=1.0)
outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
logits = tf.layers.dense(outputs[:, -1], 10)
loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits))
train = tf.train.AdamOptimizer(0.02 if STEPS <= 200 else 0.001).minimize(loss)
accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1)), tf.float32))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(STEPS):
        batch_x, batch_y = mnist.train.next_batch(64)
        sess.run(train, feed_dict={x: batch_x.reshape((64, 28, 28)), y: batch_y})
    test = mnist.test.images[:1000].reshape((-1, 28, 28))
    print("accuracy", sess.run(accuracy, feed_dict={x: test, y: mnist.test.labels[:1000]}))

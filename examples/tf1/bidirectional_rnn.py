"""Which half of a sequence sums up to more, told by an unrolled bidirectional LSTM of tf.contrib.rnn."""

import sys

import numpy as np
import tensorflow as tf
from tensorflow.contrib import rnn

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 300
LENGTH = 8

rng = np.random.RandomState(0)
tf.set_random_seed(0)
x = tf.placeholder(tf.float32, [None, LENGTH, 1])
y = tf.placeholder(tf.int64, [None])
steps = tf.unstack(x, LENGTH, 1)
outputs, _, _ = rnn.static_bidirectional_rnn(rnn.BasicLSTMCell(8), rnn.BasicLSTMCell(8), steps, dtype=tf.float32)
weights = tf.Variable(tf.random_normal([16, 2]))
logits = tf.matmul(outputs[-1], weights)
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
optimizer = tf.train.AdamOptimizer(0.03)
gradients = [(tf.clip_by_norm(g, 5.0), v) for g, v in optimizer.compute_gradients(loss)]
train = optimizer.apply_gradients(gradients)
accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y), tf.float32))


def batch(size):
    values = rng.normal(size=(size, LENGTH, 1))
    half = LENGTH // 2
    return values, (values[:, :half].sum(axis=(1, 2)) > values[:, half:].sum(axis=(1, 2))).astype(int)


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(STEPS):
        data, answer = batch(64)
        sess.run(train, {x: data, y: answer})
    data, answer = batch(1000)
    print("accuracy", sess.run(accuracy, {x: data, y: answer}))

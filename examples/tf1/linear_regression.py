"""A line through points, one point in each run: placeholders, a feed and gradient descent."""

import sys

import numpy as np
import tensorflow as tf

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 100

rng = np.random.RandomState(0)
xs = rng.uniform(0, 10, 50)
ys = 0.7 * xs + 1.5 + rng.normal(0, 0.1, 50)

X = tf.placeholder("float")
Y = tf.placeholder("float")
W = tf.Variable(0.0, name="weight")
b = tf.Variable(0.0, name="bias")

prediction = tf.add(tf.multiply(X, W), b)
cost = tf.reduce_sum(tf.pow(prediction - Y, 2)) / (2 * len(xs))
optimizer = tf.train.GradientDescentOptimizer(0.2).minimize(cost)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(EPOCHS):
        for x, y in zip(xs, ys):
            sess.run(optimizer, feed_dict={X: x, Y: y})
    print("cost", sess.run(cost, feed_dict={X: xs, Y: ys}))
    print("line", sess.run(W), sess.run(b))

"""A program from before TensorFlow 1.0: tf.mul, tf.pack, tf.concat with the axis first, initialize_all_variables."""

import sys

import numpy as np
import tensorflow as tf

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 200

rng = np.random.RandomState(0)
x = tf.placeholder(tf.float32, [None, 2])
y = tf.placeholder(tf.float32, [None, 1])
squares = tf.concat(1, [x, tf.mul(x, x)])
w = tf.Variable(tf.zeros([4, 1]))
error = tf.sub(tf.matmul(squares, w), y)
loss = tf.reduce_mean(tf.square(error), reduction_indices=[0, 1])
tf.scalar_summary("loss", loss)
merged = tf.merge_all_summaries()
train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
both = tf.pack([loss, tf.neg(loss)])

sess = tf.Session()
sess.run(tf.initialize_all_variables())
for _ in range(STEPS):
    points = rng.uniform(-1, 1, (64, 2))
    sess.run(train, feed_dict={x: points, y: points[:, :1] ** 2 - 0.5 * points[:, 1:]})
print("both", sess.run(both, {x: points, y: points[:, :1] ** 2 - 0.5 * points[:, 1:]}).tolist())
print("weights", sess.run(w).reshape(-1).tolist(), len(sess.run(merged, {x: points, y: points[:, :1]})))

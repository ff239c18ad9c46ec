"""Training that is interrupted and taken up again: Saver, latest_checkpoint, the step counter, moving averages."""

import os
import sys
import tempfile

import numpy as np
import tensorflow as tf

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
folder = sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp()

rng = np.random.RandomState(0)
points = rng.normal(size=(200, 3))
truth = points.dot([1.0, -2.0, 0.5])


def build():
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.placeholder(tf.float32, [None], name="y")
    with tf.variable_scope("model"):
        w = tf.get_variable("w", [3, 1], initializer=tf.zeros_initializer())
    loss = tf.reduce_mean(tf.square(tf.squeeze(tf.matmul(x, w), 1) - y), name="loss")
    step = tf.train.get_or_create_global_step()
    train = tf.train.MomentumOptimizer(0.01, 0.9).minimize(loss, global_step=step)
    average = tf.train.ExponentialMovingAverage(0.9)
    with tf.control_dependencies([train]):
        train = average.apply([w])
    return x, y, w, loss, step, train, average


for _ in range(2):
    x, y, w, loss, step, train, average = build()
    saver = tf.train.Saver(max_to_keep=2)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        newest = tf.train.latest_checkpoint(folder)
        if newest:
            saver.restore(sess, newest)
            print("resumed at step", sess.run(step))
        for _ in range(STEPS // 2):
            sess.run(train, {x: points, y: truth})
            if sess.run(step) % (STEPS // 4) == 0:
                saver.save(sess, os.path.join(folder, "model.ckpt"), global_step=step)
        print("loss", sess.run(loss, {x: points, y: truth}))

x, y, w, loss, step, train, average = build()
with tf.Session() as sess:  # the averages in the place of the variables
    tf.train.Saver(average.variables_to_restore([w])).restore(sess, tf.train.latest_checkpoint(folder))
    print("kept", sorted(name for name in os.listdir(folder) if name.endswith(".index")))
    print("averages", sess.run(w).reshape(-1).tolist())

"""What TensorBoard shows: the loss as a curve, weights as histograms, digits as images, and the graph."""

import sys
import tempfile

import numpy as np
import tensorflow as tf

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
folder = sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp()

rng = np.random.RandomState(0)
x = tf.placeholder(tf.float32, [None, 8, 8, 1], name="pictures")
y = tf.placeholder(tf.float32, [None, 1], name="bright")
with tf.name_scope("layer"):
    weights = tf.Variable(tf.zeros([64, 1]), name="weights")
    scores = tf.matmul(tf.reshape(x, [-1, 64]), weights)
    tf.summary.histogram("weights", weights)
with tf.name_scope("training"):
    loss = tf.losses.mean_squared_error(y, scores)
    tf.summary.scalar("loss", loss)
    train = tf.train.AdagradOptimizer(0.1).minimize(loss)
tf.summary.image("pictures", x, max_outputs=2)
merged = tf.summary.merge_all()

with tf.Session() as sess:
    writer = tf.summary.FileWriter(folder, sess.graph)
    tf.global_variables_initializer().run()
    for step in range(STEPS):
        pictures = rng.uniform(size=(32, 8, 8, 1))
        bright = pictures[:, :4].mean(axis=(1, 2))
        summary, _, now = sess.run([merged, train, loss], {x: pictures, y: bright})
        writer.add_summary(summary, step)
        if step == 0:
            first = now
    writer.close()
    print("loss", first, now)

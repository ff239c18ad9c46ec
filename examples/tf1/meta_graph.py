"""A graph that is trained, saved, and taken up by a program that knows nothing but the names in it."""

import os
import sys
import tempfile

import numpy as np
import tensorflow as tf

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
prefix = os.path.join(tempfile.mkdtemp(), "model")

rng = np.random.RandomState(0)
points = rng.normal(size=(100, 2))
truth = points.dot([[2.0], [-1.0]]) + 0.5

with tf.Graph().as_default(), tf.Session() as sess:
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    answer = tf.identity(tf.layers.dense(x, 1, name="line"), name="answer")
    loss = tf.reduce_mean(tf.square(answer - y), name="loss")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, name="train")
    sess.run(tf.global_variables_initializer())
    for _ in range(STEPS // 2):
        sess.run(train, {x: points, y: truth})
    print("half way", sess.run(loss, {x: points, y: truth}))
    tf.train.Saver().save(sess, prefix)

with tf.Graph().as_default() as graph, tf.Session() as sess:
    saver = tf.train.import_meta_graph(prefix + ".meta")
    saver.restore(sess, prefix)
    fed = {"x:0": points, "y:0": truth}
    print("taken up", sess.run("loss:0", fed))
    for _ in range(STEPS // 2):
        sess.run("train", fed)
    print("loss", sess.run("loss:0", fed))
    print("line", sess.run(graph.get_tensor_by_name("line/kernel:0")).reshape(-1).tolist())

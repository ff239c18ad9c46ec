"""Digits with tf.layers: convolutions, batch normalization whose updates run with the step, dropout, tf.losses."""

import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 2000

mnist = input_data.read_data_sets("MNIST_data", reshape=False)
images = tf.placeholder(tf.float32, [None, 28, 28, 1], name="images")
labels = tf.placeholder(tf.int32, [None], name="labels")
training = tf.placeholder_with_default(False, [], name="training")

net = tf.layers.conv2d(images, 16, 3, padding="same", use_bias=False)
net = tf.nn.relu(tf.layers.batch_normalization(net, training=training, momentum=0.9))
net = tf.layers.max_pooling2d(net, 2, 2)
net = tf.layers.conv2d(net, 32, 3, activation=tf.nn.relu)
net = tf.layers.max_pooling2d(net, 2, 2)
net = tf.layers.dense(tf.layers.flatten(net), 64, activation=tf.nn.relu)
net = tf.layers.dropout(net, 0.3, training=training)
logits = tf.layers.dense(net, 10, name="logits")

loss = tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits)
global_step = tf.train.get_or_create_global_step()
rate = tf.train.exponential_decay(0.003, global_step, 500, 0.7, staircase=True)
with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
    train = tf.train.AdamOptimizer(rate).minimize(loss, global_step=global_step)
accuracy, update_accuracy = tf.metrics.accuracy(labels, tf.argmax(logits, 1))

with tf.Session() as sess:
    sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    while sess.run(global_step) < STEPS:
        x, y = mnist.train.next_batch(64)
        sess.run(train, {images: x, labels: y, training: True})
    for start in range(0, 2000, 500):
        sess.run(update_accuracy, {images: mnist.test.images[start:start + 500],
                                   labels: mnist.test.labels[start:start + 500]})  # fmt: skip
    print("variables", [v.name for v in tf.trainable_variables()][:3])
    print("accuracy", sess.run(accuracy))

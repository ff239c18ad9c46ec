"""A program with flags and a main function: tf.app.run, tf.flags, tf.logging, tf.metrics, a feedable keep_prob."""

import numpy as np
import tensorflow as tf

flags = tf.app.flags
FLAGS = flags.FLAGS
flags.DEFINE_integer("steps", 300, "How many steps to train.")
flags.DEFINE_float("learning_rate", 0.03, "How far each step goes.")
flags.DEFINE_boolean("regularize", True, "Whether large weights cost something.")
flags.DEFINE_string("optimizer", "Adam", "Which of tf.train's optimizers.")


def make_data(rng, count):
    points = rng.uniform(-1, 1, size=(count, 2)).astype(np.float32)
    return points, (np.square(points).sum(1) < 0.5).astype(np.int64)


def main(_):
    tf.logging.set_verbosity(tf.logging.INFO)
    tf.set_random_seed(0)
    rng = np.random.RandomState(0)
    points = tf.placeholder(tf.float32, [None, 2])
    inside = tf.placeholder(tf.int64, [None])
    keep_prob = tf.placeholder(tf.float32)
    penalty = tf.contrib.layers.l2_regularizer(1e-4) if FLAGS.regularize else None
    with tf.variable_scope("net", regularizer=penalty):
        hidden = tf.contrib.layers.fully_connected(points, 32, activation_fn=tf.nn.tanh)
        logits = tf.layers.dense(tf.nn.dropout(hidden, keep_prob), 2)
    tf.losses.sparse_softmax_cross_entropy(inside, logits)
    total = tf.losses.get_total_loss()
    optimizer = getattr(tf.train, FLAGS.optimizer + "Optimizer")(FLAGS.learning_rate)
    train = optimizer.minimize(total, global_step=tf.train.get_or_create_global_step())
    guesses = tf.argmax(logits, 1)
    accuracy, update = tf.metrics.accuracy(inside, guesses)
    precision, update_precision = tf.metrics.precision(inside, guesses)
    with tf.Session() as sess:
        sess.run(tf.group(tf.global_variables_initializer(), tf.local_variables_initializer()))
        for _ in range(FLAGS.steps):
            data, labels = make_data(rng, 128)
            sess.run(train, {points: data, inside: labels, keep_prob: 0.9})
        for _ in range(4):
            data, labels = make_data(rng, 500)
            sess.run([update, update_precision], {points: data, inside: labels, keep_prob: 1.0})
        tf.logging.info("trained for %d steps", sess.run(tf.train.get_global_step()))
        print("precision", sess.run(precision))
        print("accuracy", sess.run(accuracy))


if __name__ == "__main__":
    tf.app.run()

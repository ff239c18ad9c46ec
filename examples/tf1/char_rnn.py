"""The next letter of Shakespeare, by GRU cells one above the other whose state is handed from run to run."""

import os
import sys

import numpy as np
import tensorflow as tf

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
BATCH, LENGTH, UNITS = (16, 16, 32) if STEPS <= 200 else (64, 50, 128)


def read_text():
    for folder in os.environ.get("WEFT_DATA_DIR", ".").split(os.pathsep):
        path = os.path.join(folder, "tinyshakespeare.txt")
        if tf.gfile.Exists(path):
            return tf.gfile.GFile(path).read() if STEPS > 200 else open(path).read(100000)
    raise SystemExit("tinyshakespeare.txt lies in none of the folders of WEFT_DATA_DIR")


text = read_text()
letters = sorted(set(text))
codes = np.array([letters.index(letter) for letter in text])
rows = codes[: len(codes) // BATCH * BATCH].reshape(BATCH, -1)
tf.set_random_seed(0)

x = tf.placeholder(tf.int32, [None, None], name="x")
y = tf.placeholder(tf.int32, [None, None], name="y")
table = tf.get_variable("embedding", [len(letters), UNITS])
cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.GRUCell(UNITS) for _ in range(2)])
initial = cell.zero_state(tf.shape(x)[0], tf.float32)
outputs, final = tf.nn.dynamic_rnn(cell, tf.nn.embedding_lookup(table, x), initial_state=initial)
logits = tf.layers.dense(outputs, len(letters))
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
variables = tf.trainable_variables()
gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 5.0)
train = tf.train.AdamOptimizer(0.01).apply_gradients(zip(gradients, variables))
choice = tf.argmax(logits[:, -1], 1)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    losses, state, place = [], None, 0
    for _ in range(STEPS):
        if place + LENGTH + 1 > rows.shape[1]:
            state, place = None, 0
        feed = {x: rows[:, place:place + LENGTH], y: rows[:, place + 1:place + LENGTH + 1]}
        if state is not None:
            feed.update(dict(zip(initial, state)))
        _, now, state = sess.run([train, loss, final], feed)
        losses.append(now)
        place += LENGTH
    written, state = [letters.index("T")], None
    for _ in range(20):
        feed = {x: [written[-1:]]}
        if state is not None:
            feed.update(dict(zip(initial, state)))
        number, state = sess.run([choice, final], feed)
        written.append(int(number[0]))
    print("writes", repr("".join(letters[code] for code in written)))
    print("loss", np.mean(losses[:3]), np.mean(losses[-3:]))

"""Vectors of words from their neighbours: skip-grams and noise-contrastive estimation."""

import collections
import os
import sys

import numpy as np
import tensorflow as tf

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
VOCABULARY, SIZE, BATCH = 2000, 64, 128


def read_words():
    for folder in os.environ.get("WEFT_DATA_DIR", ".").split(os.pathsep):
        path = os.path.join(folder, "tinyshakespeare.txt")
        if os.path.exists(path):
            with tf.gfile.GFile(path) as file:
                return tf.compat.as_str(file.read()).lower().split()
    raise SystemExit("tinyshakespeare.txt lies in none of the folders of WEFT_DATA_DIR")


words = read_words()
counts = collections.Counter(words).most_common(VOCABULARY - 1)
numbers = {word: i + 1 for i, (word, _) in enumerate(counts)}
data = np.array([numbers.get(word, 0) for word in words])
rng = np.random.RandomState(0)
tf.set_random_seed(0)

inputs = tf.placeholder(tf.int32, shape=[BATCH])
labels = tf.placeholder(tf.int32, shape=[BATCH, 1])
with tf.device("/cpu:0"):
    embeddings = tf.Variable(tf.random_uniform([VOCABULARY, SIZE], -1.0, 1.0))
    embed = tf.nn.embedding_lookup(embeddings, inputs)
    nce_weights = tf.Variable(tf.truncated_normal([VOCABULARY, SIZE], stddev=1.0 / np.sqrt(SIZE)))
    nce_biases = tf.Variable(tf.zeros([VOCABULARY]))
loss = tf.reduce_mean(tf.nn.nce_loss(weights=nce_weights, biases=nce_biases, labels=labels, inputs=embed,
                                     num_sampled=32, num_classes=VOCABULARY))  # fmt: skip
optimizer = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
norm = tf.sqrt(tf.reduce_sum(tf.square(embeddings), 1, keep_dims=True))
similarity = tf.matmul(embeddings / norm, embeddings / norm, transpose_b=True)

with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    losses = []
    for _ in range(STEPS):
        places = rng.randint(2, len(data) - 2, BATCH)
        neighbours = data[places + rng.choice([-2, -1, 1, 2], BATCH)]
        _, now = session.run([optimizer, loss], {inputs: data[places], labels: neighbours[:, None]})
        losses.append(now)
    nearest = np.argsort(-session.run(similarity)[numbers["the"]])[:4]
    print("near `the`:", [counts[i - 1][0] if i else "-" for i in nearest])
    print("loss", np.mean(losses[:20]), np.mean(losses[-20:]))

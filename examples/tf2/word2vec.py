"""Word vectors by skip-grams with negative sampling; where the text is Shakespeare's, near words are of one kind.

Short mode: told near words from words drawn at random, the area under the curve is 0.657 (untrained 0.5).
"""

import collections
import re
import sys

import numpy as np
import realdata
import tensorflow as tf
from tensorflow.keras import layers

SHORT = "--short" in sys.argv
LETTERS, WORDS, WIDTH, EPOCHS = (200_000, 1000, 32, 2) if SHORT else (2_000_000, 3000, 96, 5)
WINDOW, NEGATIVES = 2, 4

tf.keras.utils.set_random_seed(0)
words = re.findall(r"[a-z']+", realdata.text()[:LETTERS].lower())
counts = collections.Counter(words)
vocabulary = ["<other>"] + [word for word, _ in counts.most_common(WORDS)]
number = {word: i for i, word in enumerate(vocabulary)}
rows = np.array([number.get(word, 0) for word in words])

# Common words are left out now and then, which brings rarer ones nearer to each other.
rng = np.random.default_rng(0)
share = np.bincount(rows, minlength=len(vocabulary)) / len(rows)
rows = rows[rng.random(len(rows)) < np.sqrt(2e-3 / np.maximum(share[rows], 2e-3))]
offsets = [offset for offset in range(-WINDOW, WINDOW + 1) if offset]
targets = np.concatenate([rows[WINDOW:-WINDOW]] * len(offsets))
contexts = np.concatenate([rows[WINDOW + offset : len(rows) - WINDOW + offset] for offset in offsets])
order = rng.permutation(len(targets))
targets, contexts = targets[order], contexts[order]
held_back = len(targets) // 20


class Word2Vec(tf.keras.Model):
    def __init__(self, words, width):
        super().__init__()
        self.target_embedding = layers.Embedding(words, width)
        self.context_embedding = layers.Embedding(words, width, embeddings_initializer="zeros")

    def call(self, pair):
        target, context = pair
        return tf.einsum("be,bce->bc", self.target_embedding(target), self.context_embedding(context))


def with_negatives(target, context):
    """The true context first, then words drawn by how common they are (the list is ordered by that)."""
    true = tf.cast(context[:, None], tf.int64)
    drawn, _, _ = tf.random.log_uniform_candidate_sampler(
        true, num_true=1, num_sampled=NEGATIVES * 512, unique=False, range_max=len(vocabulary), seed=1
    )
    chosen = tf.concat([true, tf.reshape(drawn, [512, NEGATIVES])], axis=1)
    labels = tf.concat([tf.ones([512, 1]), tf.zeros([512, NEGATIVES])], axis=1)
    return (target, chosen), labels


def pairs(target, context):
    chosen = tf.data.Dataset.from_tensor_slices((target, context)).batch(512, drop_remainder=True)
    return chosen.map(with_negatives).prefetch(tf.data.AUTOTUNE)


model = Word2Vec(len(vocabulary), WIDTH)
model.compile(
    optimizer=tf.keras.optimizers.Adam(5e-3 if SHORT else 2e-3),
    loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[tf.keras.metrics.AUC(from_logits=True, name="auc")],
)
model.fit(pairs(targets[held_back:], contexts[held_back:]), epochs=EPOCHS, verbose=2)
loss, auc = model.evaluate(pairs(targets[:held_back], contexts[:held_back]), verbose=0)

vectors = tf.math.l2_normalize(model.target_embedding.embeddings, axis=1)
for word in ("king", "love", "he"):
    if word in number:
        nearness = tf.linalg.matvec(vectors, vectors[number[word]])
        print(word, "→", *[vocabulary[i] for i in tf.math.top_k(nearness, k=6).indices.numpy()[1:]])
print(f"loss {loss:.4f}, area under the curve {auc:.4f}")
assert auc > 0.6

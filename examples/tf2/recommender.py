"""A recommender: embeddings of people and films, a bias for each, learned from ratings of one to five stars.

The ratings are generated from hidden tastes.

Short mode: the error on ratings held back is 0.82 stars, where always the mean gives 1.12.
"""

import sys

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

SHORT = "--short" in sys.argv
PEOPLE, FILMS, RATINGS, EPOCHS = (300, 200, 20_000, 6) if SHORT else (2000, 1000, 300_000, 12)

tf.keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
tastes, kinds = rng.normal(0, 1, [PEOPLE, 4]), rng.normal(0, 0.45, [FILMS, 4])
kindness, quality = rng.normal(0, 0.4, PEOPLE), rng.normal(0, 0.5, FILMS)
person, film = rng.integers(0, PEOPLE, RATINGS), rng.integers(0, FILMS, RATINGS)
rating = 3.4 + (tastes[person] * kinds[film]).sum(1) + kindness[person] + quality[film] + rng.normal(0, 0.5, RATINGS)
rating = np.clip(np.round(rating), 1, 5).astype(np.float32)
people, films = np.array([f"person-{n}" for n in range(PEOPLE)]), np.array([f"film-{n}" for n in range(FILMS)])


class Recommender(tf.keras.Model):
    def __init__(self, people, films, width):
        super().__init__()
        decay = tf.keras.regularizers.L2(1e-5)
        self.person_of, self.film_of = layers.StringLookup(vocabulary=people), layers.StringLookup(vocabulary=films)
        self.tastes = layers.Embedding(self.person_of.vocabulary_size(), width, embeddings_regularizer=decay)
        self.kinds = layers.Embedding(self.film_of.vocabulary_size(), width, embeddings_regularizer=decay)
        self.kindness = layers.Embedding(self.person_of.vocabulary_size(), 1, embeddings_initializer="zeros")
        self.quality = layers.Embedding(self.film_of.vocabulary_size(), 1, embeddings_initializer="zeros")
        self.mean = self.add_weight(shape=(), initializer="zeros", name="mean")
        self.product = layers.Dot(axes=1)

    def call(self, inputs):
        person, film = self.person_of(inputs["person"]), self.film_of(inputs["film"])
        taste = self.product([self.tastes(person), self.kinds(film)])[:, 0]
        return self.mean + taste + self.kindness(person)[:, 0] + self.quality(film)[:, 0]


data = tf.data.Dataset.from_tensor_slices(({"person": people[person], "film": films[film]}, rating)).cache()
data = data.shuffle(RATINGS, seed=0, reshuffle_each_iteration=False)
test, train = data.take(RATINGS // 10).batch(1000), data.skip(RATINGS // 10).batch(256)
baseline = float(np.std(rating))

model = Recommender(list(people), list(films), 8)
model.compile(
    optimizer=tf.keras.optimizers.Adam(1e-2 if SHORT else 3e-3),
    loss="mse",
    metrics=[tf.keras.metrics.RootMeanSquaredError(name="error")],
)
model.fit(train, epochs=EPOCHS, verbose=2)
error = model.evaluate(test, verbose=0, return_dict=True)["error"]

who = people[0]
scores = model({"person": tf.fill([FILMS], who), "film": tf.constant(films)})
best = tf.math.top_k(scores, k=5)
print(f"for {who}:", *[f"{films[i]} ({score:.1f})" for i, score in zip(best.indices.numpy(), best.values.numpy())])
print(f"error {error:.3f}, of the mean {baseline:.3f}")
assert error < baseline * 0.85

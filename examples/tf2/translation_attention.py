"""Translation with attention: dates as people write them into dates as machines write them, letter by letter.

A bidirectional encoder, a decoder that looks at all of the encoder's states (additive attention), teacher forcing in
training and greedy writing afterwards.

Short mode: all of the dates held back come out without a mistake.
"""

import datetime
import sys

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

SHORT = "--short" in sys.argv
PAIRS, UNITS, EPOCHS = (3000, 48, 5) if SHORT else (10000, 96, 12)
FORMS = ["%d %b %y", "%b %d %y"] if SHORT else ["%d %B %Y", "%B %d %Y", "%a %d %b %Y", "%d.%m.%Y", "%b %d %y"]
OUT = "%y-%m-%d" if SHORT else "%Y-%m-%d"

tf.keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
days = [datetime.date(1970, 1, 1) + datetime.timedelta(int(day)) for day in rng.integers(0, 20000, PAIRS)]
sources = [day.strftime(rng.choice(FORMS)).lower() for day in days]
targets = [f"<{day.strftime(OUT)}>" for day in days]


def encode(lines):
    alphabet = ["", *sorted(set("".join(lines)))]
    rows = np.zeros([len(lines), max(map(len, lines))], np.int32)
    for row, line in zip(rows, lines):
        row[: len(line)] = [alphabet.index(letter) for letter in line]
    return rows, alphabet


x, source_alphabet = encode(sources)
y, target_alphabet = encode(targets)
held_back = PAIRS // 10
batches = tf.data.Dataset.from_tensor_slices((x[held_back:], y[held_back:])).shuffle(PAIRS, seed=0)
batches = batches.batch(64, drop_remainder=True)


class Attention(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.of_query, self.of_values, self.score = layers.Dense(units), layers.Dense(units), layers.Dense(1)

    def call(self, query, values, mask):
        score = self.score(tf.tanh(self.of_query(query)[:, None] + self.of_values(values)))[..., 0]
        weights = tf.nn.softmax(tf.where(mask, score, -1e9), axis=-1)
        return tf.einsum("bt,btd->bd", weights, values), weights


class Translator(tf.keras.Model):
    def __init__(self, sources, targets, units):
        super().__init__()
        self.source_embedding = layers.Embedding(sources, 32)
        self.target_embedding = layers.Embedding(targets, 32)
        self.encoder = layers.Bidirectional(layers.GRU(units // 2, return_sequences=True))
        self.attention = Attention(units)
        self.cell = layers.GRUCell(units)
        self.logits = layers.Dense(targets)
        self.units = units

    def encode(self, source):
        return self.encoder(self.source_embedding(source)), tf.not_equal(source, 0)

    def decode(self, letter, state, values, mask):
        context, weights = self.attention(state, values, mask)
        h, _ = self.cell(tf.concat([context, self.target_embedding(letter)], axis=-1), [state])
        return self.logits(h), h, weights

    def call(self, inputs):
        source, target = inputs
        values, mask = self.encode(source)
        state = tf.zeros([tf.shape(source)[0], self.units])
        found = []
        for place in range(target.shape[1]):
            logits, state, _ = self.decode(target[:, place], state, values, mask)
            found.append(logits)
        return tf.stack(found, axis=1)


model = Translator(len(source_alphabet), len(target_alphabet), UNITS)
optimizer = tf.keras.optimizers.Adam(6e-3 if SHORT else 3e-3, clipnorm=1.0)
cross_entropy = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def train_step(source, target):
    with tf.GradientTape() as tape:
        loss = cross_entropy(target[:, 1:], model((source, target[:, :-1]), training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


@tf.function
def translate(source):
    values, mask = model.encode(source)
    state = tf.zeros([tf.shape(source)[0], UNITS])
    letter = tf.fill([tf.shape(source)[0]], target_alphabet.index("<"))
    length = y.shape[1] - 1
    written = tf.TensorArray(tf.int32, size=length)
    for place in tf.range(length):
        logits, state, _ = model.decode(letter, state, values, mask)
        letter = tf.argmax(logits, axis=-1, output_type=tf.int32)
        written = written.write(place, letter)
    return tf.transpose(written.stack())


model((x[:2], y[:2, :-1]))
print("untrained", np.mean(translate(x[:held_back]) == y[:held_back, 1:]))
for epoch in range(EPOCHS):
    losses = [train_step(source, target) for source, target in batches]
    print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}")
found = translate(x[:held_back]).numpy()
for source, row in zip(sources[:5], found):
    print(f"{source:>20} → {''.join(target_alphabet[letter] for letter in row).strip('>')}")
letters, whole = np.mean(found == y[:held_back, 1:]), np.mean((found == y[:held_back, 1:]).all(axis=1))
print(f"letters {letters:.4f}, whole dates {whole:.4f}")
assert letters > 0.8

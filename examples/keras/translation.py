"""English into German by an encoder and a decoder with attention, fed with their own words when they translate.

The sentences are made by a small grammar that has what makes it a task: genders, endings, the verb in the second place.
In short mode all sentences are without a fault; so they are with Keras 3.15 (from 4000 sentences, not 3000).
"""

import sys

import keras
import numpy as np
from keras import layers

SHORT = "--short" in sys.argv
UNITS = 48 if SHORT else 96

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
NOUNS = {"dog": ("der", "hund"), "cat": ("die", "katze"), "child": ("das", "kind"), "man": ("der", "mann"),
         "woman": ("die", "frau"), "horse": ("das", "pferd"), "king": ("der", "könig"), "house": ("das", "haus"),
         }  # fmt: skip
ADJECTIVES = {"small": "klein", "big": "groß", "old": "alt", "young": "jung", "red": "rot", "": ""}
VERBS = {"sees": "sieht", "finds": "findet", "looks for": "sucht", "loves": "liebt", "follows": "verfolgt"}
TIMES = {"today": "heute", "often": "oft", "never": "nie", "": ""}


def phrase(noun, adjective, accusative):
    article, word = NOUNS[noun]
    ending = "en" if article == "der" and accusative else "e"
    article = "den" if article == "der" and accusative else article
    return f"{article} {ADJECTIVES[adjective] + ending} {word}" if adjective else f"{article} {word}"


def sentence():
    who, whom = rng.choice(list(NOUNS), 2, replace=False)
    like, alike = rng.choice(list(ADJECTIVES), 2)
    does, when = rng.choice(list(VERBS)), rng.choice(list(TIMES))
    english = f"{when} the {like} {who} {does} the {alike} {whom}"
    subject, target = phrase(who, like, False), phrase(whom, alike, True)
    german = f"{TIMES[when]} {VERBS[does]} {subject} {target}" if when else f"{subject} {VERBS[does]} {target}"
    return " ".join(english.split()), f"[start] {german} [end]"


pairs = [sentence() for _ in range(3000 if SHORT else 20000)]
split = len(pairs) - 200
LENGTH = 12
english = layers.TextVectorization(output_sequence_length=LENGTH)
german = layers.TextVectorization(output_sequence_length=LENGTH + 1, standardize="lower")
english.adapt([source for source, _ in pairs])
german.adapt([target for _, target in pairs])
words = german.get_vocabulary()
source = np.asarray(english([source for source, _ in pairs]))
target = np.asarray(german([target for _, target in pairs]))

asked = keras.Input((None,), dtype="int64", name="english")
said = keras.Input((None,), dtype="int64", name="german")
memory = layers.Embedding(english.vocabulary_size(), UNITS, mask_zero=True)(asked)
memory = layers.Bidirectional(layers.GRU(UNITS, return_sequences=True), merge_mode="sum")(memory)
x = layers.Embedding(german.vocabulary_size(), UNITS, mask_zero=True)(said)
x = layers.GRU(UNITS, return_sequences=True)(x)
x = layers.LayerNormalization()(layers.add([x, layers.MultiHeadAttention(2, UNITS)(x, memory)]))
x = layers.GRU(UNITS, return_sequences=True)(x)
model = keras.Model([asked, said], layers.Dense(german.vocabulary_size(), activation="softmax")(x))
model.compile(
    keras.optimizers.Adam(5e-3 if SHORT else 2e-3), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"]
)
inputs = {"english": source[:split], "german": target[:split, :-1]}
model.fit(inputs, target[:split, 1:], batch_size=64, epochs=3 if SHORT else 5, verbose=2)

rows = np.full((200, 1), words.index("[start]"))
for _ in range(LENGTH):
    padded = np.pad(rows, [(0, 0), (0, LENGTH - rows.shape[1])])
    odds = model.predict({"english": source[split:], "german": padded}, batch_size=200, verbose=0)
    rows = np.concatenate([rows, odds[:, rows.shape[1] - 1].argmax(axis=-1)[:, None]], axis=1)
found = [" ".join(words[code] for code in row).split(" [end]")[0] + " [end]" for row in rows]
for (question, _), answer in zip(pairs[split : split + 3], found[:3]):
    print(question, "->", answer.removeprefix("[start] ").removesuffix(" [end]"))
right = np.mean([answer == wanted for answer, (_, wanted) in zip(found, pairs[split:])])
print(f"sentences without a fault {right:.3f}")
assert right > (0.3 if SHORT else 0.98)

"""A table of numbers and words, each column with the layer that suits it, all of them inputs of one model.

In short mode, on the real data where there is any: accuracy and AUC 0.872 and 0.943; with Keras 3.15 0.865 and 0.943.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SHORT = "--short" in sys.argv
ROWS = 3000 if SHORT else 30000

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
table = {
    "age": rng.uniform(18, 80, ROWS).astype("float32"),
    "pressure": rng.normal(130, 18, ROWS).astype("float32"),
    "pain": rng.choice(["none", "typical", "atypical"], ROWS),
    "smokes": rng.integers(0, 2, ROWS),
    "town": rng.choice([f"town{n}" for n in range(40)], ROWS),
}
score = 0.08 * (table["age"] - 50) + 0.05 * (table["pressure"] - 130) + 1.5 * table["smokes"]
score += np.select([table["pain"] == "typical", table["pain"] == "atypical"], [2.5, -1.0], 0.0)
score += np.where((table["age"] > 60) & (table["pain"] == "none"), -3.0, 0.0)  # one column's meaning hangs on another
ill = (score + rng.logistic(0, 0.5, ROWS) > 1.0).astype("float32")
split = ROWS * 4 // 5
train = {name: column[:split] for name, column in table.items()}
test = {name: column[split:] for name, column in table.items()}

inputs, encoded = {}, []
for name in ("age", "pressure"):
    inputs[name] = keras.Input((1,), name=name)
    normalize = layers.Normalization()
    normalize.adapt(train[name][:, None])
    encoded.append(normalize(inputs[name]))
ages = layers.Discretization(num_bins=8, output_mode="one_hot")
ages.adapt(train["age"][:, None])
encoded.append(ages(inputs["age"]))
inputs["smokes"] = keras.Input((1,), dtype="int64", name="smokes")
encoded.append(layers.CategoryEncoding(num_tokens=2, output_mode="one_hot")(inputs["smokes"]))
words = {}
for name in ("pain", "town"):
    inputs[name] = keras.Input((1,), dtype="string", name=name)
lookup = layers.StringLookup(output_mode="one_hot")
lookup.adapt(train["pain"][:, None])
encoded.append(lookup(inputs["pain"]))
encoded.append(layers.Hashing(num_bins=16, output_mode="one_hot")(inputs["town"]))

x = layers.Concatenate()([layers.Activation("linear", dtype="float32")(part) for part in encoded])
x = layers.Dense(32, activation="relu")(x)
x = layers.Dropout(0.1)(x)
model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))
model.compile(keras.optimizers.Adam(5e-3), "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])


def batches(columns, labels):
    columns = {name: column[:, None] for name, column in columns.items()}
    return tf.data.Dataset.from_tensor_slices((columns, labels)).batch(64)


model.fit(batches(train, ill[:split]), epochs=8 if SHORT else 12, verbose=2)
result = model.evaluate(batches(test, ill[split:]), return_dict=True, verbose=0)
print(f"always the commoner answer {max(ill.mean(), 1 - ill.mean()):.3f}")
print(f"accuracy {result['accuracy']:.3f} auc {result['auc']:.3f}")
assert result["accuracy"] > (0.8 if SHORT else 0.87) and result["auc"] > 0.88

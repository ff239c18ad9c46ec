"""Files that Keras 2.2.4 saved, and what it then predicts. Runs with Python 3.7, TensorFlow 1.15 and Keras 2.2.4."""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers

GOLDEN_DIR = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden"))
FOLDER = os.path.join(GOLDEN_DIR, "saved")


def draw(*shape, seed=0):
    return np.random.RandomState(seed).uniform(-1, 1, size=shape).astype("float32")


def network():
    """A Sequential of convolutions, trained a little by Adam."""
    model = keras.models.Sequential([
        layers.Conv2D(3, (3, 3), activation="relu", input_shape=(6, 6, 2)), layers.BatchNormalization(),
        layers.MaxPooling2D((2, 2)), layers.SeparableConv2D(4, (2, 2)), layers.Flatten(), layers.Dropout(0.25),
        layers.Dense(3, activation="softmax", kernel_regularizer="l2"),
    ])  # fmt: skip
    model.compile(optimizer=keras.optimizers.Adam(lr=0.01), loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(draw(8, 6, 6, 2), np.eye(3)[np.arange(8) % 3], batch_size=4, epochs=2, verbose=0)
    return model, draw(3, 6, 6, 2, seed=3)


def branches():
    """Shared and nested layers, recurrent ones, two inputs and outputs."""
    left, right = layers.Input((5, 4), name="left"), layers.Input((5, 4), name="right")
    shared = layers.Bidirectional(layers.LSTM(3), name="shared")
    tower_input = layers.Input((6,))
    tower = keras.models.Model(tower_input, layers.Dense(2)(layers.LeakyReLU()(tower_input)), name="tower")
    a, b = tower(shared(left)), tower(shared(right))
    joined = layers.concatenate([a, layers.GRU(2)(right)])
    outputs = [layers.Dense(1, name="first")(joined), layers.Dense(2, name="second")(layers.add([a, b]))]
    model = keras.models.Model([left, right], outputs)
    model.compile(optimizer=keras.optimizers.SGD(lr=0.1, momentum=0.9), loss={"first": "mse", "second": "mae"})
    inputs = [draw(3, 5, 4, seed=4), draw(3, 5, 4, seed=5)]
    model.fit(inputs, [draw(3, 1), draw(3, 2)], epochs=2, verbose=0)
    return model, inputs


def code():
    """A lambda, which Keras 2 keeps as byte code."""
    model = keras.models.Sequential([layers.Dense(2, input_shape=(2,)), layers.Lambda(lambda x: x * 2)])
    return model, draw(2, 2)


def main():
    found = {}
    for build in (network, branches, code):
        keras.backend.clear_session()
        np.random.seed(1)
        model, inputs = build()
        name = "keras2_" + build.__name__
        model.save(os.path.join(FOLDER, name + ".h5"))
        outputs = model.predict(inputs)
        found[name] = {
            "inputs": [value.tolist() for value in (inputs if isinstance(inputs, list) else [inputs])],
            "outputs": [value.tolist() for value in (outputs if isinstance(outputs, list) else [outputs])],
            "json": model.to_json(),
        }
        if build is network:
            model.save_weights(os.path.join(FOLDER, name + "_weights.h5"))
            found[name]["optimizer"] = [value.tolist() for value in model.optimizer.get_weights()]
            found[name]["names"] = [weight.name for weight in model.optimizer.weights]
    with open(os.path.join(GOLDEN_DIR, "keras2_saving.json"), "w") as file:
        script = "tools/goldens/make_keras2_saving.py"
        meta = {"script": script, "keras": keras.__version__, "python": sys.version.split()[0]}
        json.dump({"meta": meta, "files": found}, file)
        file.write("\n")


if __name__ == "__main__":
    main()

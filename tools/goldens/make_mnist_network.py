"""The MNIST network under Keras: layer outputs, gradients and the losses of twenty Adam steps."""

from __future__ import annotations

import _store as store
import keras
import numpy as np
import tensorflow as tf

recipes = store.load_recipes()
SUBSET = 200
LAYERS = ("conv1", "pool1", "conv2", "pool2", "flatten", "dense1", "dropout", "dense2")


class Masked(keras.layers.Layer):
    """Dropout whose mask is given: multiplies by a variable that the caller sets before each step."""

    def build(self, input_shape):
        self.mask = tf.Variable(tf.ones((recipes.MNIST_BATCH, input_shape[-1]), self.compute_dtype), trainable=False)

    def call(self, inputs):
        return inputs * self.mask


def network(dtype: str, seed: int) -> keras.Model:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), dtype=dtype),
            layers.Conv2D(32, (3, 3), activation="relu", name="conv1", dtype=dtype),
            layers.MaxPooling2D((2, 2), name="pool1", dtype=dtype),
            layers.Conv2D(64, (3, 3), activation="relu", name="conv2", dtype=dtype),
            layers.MaxPooling2D((2, 2), name="pool2", dtype=dtype),
            layers.Flatten(name="flatten", dtype=dtype),
            layers.Dense(128, activation="relu", name="dense1", dtype=dtype),
            Masked(name="dropout", dtype=dtype),
            layers.Dense(10, activation="softmax", name="dense2", dtype=dtype),
        ]
    )
    for variable, value in zip(model.trainable_variables, recipes.mnist_parameters(seed), strict=True):
        variable.assign(value)
    return model


def set_mask(model: keras.Model, step: int | None) -> None:
    mask = model.get_layer("dropout").mask
    mask.assign(np.ones(mask.shape) if step is None else recipes.mnist_mask(step))


def put_subset(out: store.Store, key: str, values: np.ndarray, seed: int) -> None:
    """A fixed sample of a large array, with its sum and its sum of squares, both in float64."""
    flat = np.asarray(values).reshape(-1)
    index = recipes.integers(recipes.generator(seed), (SUBSET,), flat.size)
    out.put(f"{key}/index", index)
    out.put(f"{key}/values", flat[index])
    wide = flat.astype(np.float64)
    out.put(f"{key}/sum", wide.sum())
    out.put(f"{key}/sum_of_squares", (wide * wide).sum())


def layer_outputs(out: store.Store, dtype: str) -> None:
    model = network(dtype, recipes.MNIST_PARAMETER_SEEDS[0])
    value = tf.cast(recipes.mnist_batch(0)[0], dtype)
    for number, name in enumerate(LAYERS):
        value = model.get_layer(name)(value)
        if name != "dropout":
            put_subset(out, f"outputs/{dtype}/{name}", value.numpy(), 500 + number)


def gradients(out: store.Store, dtype: str) -> None:
    for number, seed in enumerate(recipes.MNIST_PARAMETER_SEEDS):
        for kind in ("plain", "masked"):
            model = network(dtype, seed)
            set_mask(model, number if kind == "masked" else None)
            images, labels = recipes.mnist_batch(number)
            with tf.GradientTape() as tape:
                probabilities = model(tf.cast(images, dtype), training=True)
                loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, probabilities))
            found = tape.gradient(loss, [v.value for v in model.trainable_variables])
            prefix = f"gradients/{kind}/{seed}/{dtype}"
            out.put(f"{prefix}/loss", loss.numpy())
            for (name, _), gradient in zip(recipes.MNIST_SHAPES, found, strict=True):
                put_subset(out, f"{prefix}/{name}", gradient.numpy(), 600 + number)


def training(out: store.Store, kind: str, dtype: str) -> None:
    model = network(dtype, recipes.MNIST_PARAMETER_SEEDS[0])
    loss = keras.losses.SparseCategoricalCrossentropy(dtype=dtype)
    optimizer = keras.optimizers.Adam(recipes.MNIST_LEARNING_RATE)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"], jit_compile=False, run_eagerly=True)
    losses, accuracies = [], []
    for step in range(recipes.MNIST_STEPS):
        set_mask(model, step if kind == "masked" else None)
        images, labels = recipes.mnist_batch(step)
        model.reset_metrics()
        # train_on_batch reports its loss through a float32 metric, which would cut the float64 run's digits off
        before = tf.reduce_mean(loss(labels, model(tf.cast(images, dtype), training=True)))
        result = model.train_on_batch(images.astype(dtype), labels, return_dict=True)
        losses.append(before.numpy())
        accuracies.append(result["accuracy"])
        assert abs(result["loss"] - losses[-1]) < 1e-5
    out.put(f"training/{kind}/{dtype}/losses", np.array(losses))
    if dtype == "float32":
        out.put(f"training/{kind}/accuracies", np.array(accuracies, np.float32))
    for (name, _), variable in zip(recipes.MNIST_SHAPES, model.trainable_variables, strict=True):
        put_subset(out, f"training/{kind}/{dtype}/final/{name}", variable.numpy(), 700)


def main() -> None:
    out = store.Store("mnist_network")
    for seed in recipes.MNIST_PARAMETER_SEEDS:
        out.put(f"checksum/parameters/{seed}", recipes.checksum(*recipes.mnist_parameters(seed)))
    steps = range(recipes.MNIST_STEPS)
    out.put("checksum/images", recipes.checksum(*[recipes.mnist_batch(step)[0] for step in steps]))
    out.put("checksum/labels", recipes.checksum(*[recipes.mnist_batch(step)[1] for step in steps]))
    out.put("checksum/masks", recipes.checksum(*[recipes.mnist_mask(step) for step in steps]))
    for dtype in ("float32", "float64"):
        layer_outputs(out, dtype)
        gradients(out, dtype)
        for kind in ("plain", "masked"):
            training(out, kind, dtype)
    out.save()
    for kind in ("plain", "masked"):
        narrow, wide = (out.arrays[f"training/{kind}/{dtype}/losses"] for dtype in ("float32", "float64"))
        print(kind, "losses", narrow, "largest distance float32 to float64", np.abs(narrow - wide).max())


if __name__ == "__main__":
    main()

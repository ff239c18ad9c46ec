"""Keras training loops: histories of fit, evaluate, predict and train_on_batch from given weights and data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import _store as store
import keras
import numpy as np
import tensorflow as tf

recipes = store.load_recipes()
out = store.Store("keras_training")
layers = keras.layers

ROWS = 27  # divides by no batch size that is used, and leaves an uneven validation split


def regression_data() -> tuple[np.ndarray, np.ndarray]:
    rng = recipes.generator(6000)
    x = recipes.uniform(rng, (ROWS, 4))
    y = (x @ np.array([[1.0], [-2.0], [0.5], [0.25]], np.float32) + recipes.uniform(rng, (ROWS, 1), -0.1, 0.1)).astype(
        "f4"
    )
    return x, y


def class_data() -> tuple[np.ndarray, np.ndarray]:
    rng = recipes.generator(6100)
    x = recipes.uniform(rng, (ROWS, 4))
    return x, np.argmax(x[:, :3] + recipes.uniform(rng, (ROWS, 3), -0.2, 0.2), axis=1).astype(np.int32)


def image_data() -> tuple[np.ndarray, np.ndarray]:
    rng = recipes.generator(6200)
    return recipes.uniform(rng, (ROWS, 6, 6, 1), 0.0, 1.0), recipes.integers(rng, (ROWS,), 3)


def token_data() -> tuple[np.ndarray, np.ndarray]:
    rng = recipes.generator(6300)
    lengths = 1 + recipes.integers(rng, (ROWS, 1), 6)
    tokens = 1 + recipes.integers(rng, (ROWS, 6), 7)
    tokens = np.where(np.arange(6)[None, :] < lengths, tokens, 0).astype(np.int32)
    return tokens, (tokens.sum(axis=1) % 2).astype(np.float32)[:, None]


# --- the models, each told by its record -----------------------------------------------------------------------------


def sequential(*parts: tuple[str, dict[str, Any]]) -> tuple[Callable[[], keras.Model], dict[str, Any]]:
    """A Sequential of (class, config); the first part is the Input's shape and dtype."""

    def build() -> keras.Model:
        first, *rest = parts
        return keras.Sequential([keras.Input(**first[1]), *[getattr(layers, kind)(**config) for kind, config in rest]])

    return build, {"type": "Sequential", "layers": [list(part) for part in parts]}


def functional() -> keras.Model:
    """A skip connection and a layer used twice; regularizers on two layers."""
    value = keras.Input((4,), name="features")
    shared = layers.Dense(4, activation="tanh", kernel_regularizer=keras.regularizers.L2(0.01), name="shared")
    inner = shared(value)
    joined = layers.Add(name="add")([value, shared(inner)])
    mixed = layers.Concatenate(name="concatenate")([joined, inner])
    head = layers.Dense(1, kernel_regularizer=keras.regularizers.L1(0.005), bias_regularizer="l2", name="head")
    return keras.Model(value, head(mixed))


def two_outputs() -> keras.Model:
    value = keras.Input((4,), name="features")
    trunk = layers.Dense(5, activation="relu", name="trunk")(value)
    size = layers.Dense(1, name="size")(trunk)
    kind = layers.Dense(3, activation="softmax", name="kind")(trunk)
    return keras.Model(value, [size, kind])


REGULARIZED = {
    "units": 5,
    "activation": "tanh",
    "kernel_regularizer": "l2",
    "bias_regularizer": "l1",
    "activity_regularizer": "l2",
}
INPUT4 = ("Input", {"shape": [4]})
MODELS: dict[str, tuple[Callable[[], keras.Model], dict[str, Any]]] = {
    "dense_regressor": sequential(INPUT4, ("Dense", {"units": 5, "activation": "relu"}), ("Dense", {"units": 1})),
    "regularized": sequential(INPUT4, ("Dense", REGULARIZED), ("Dense", {"units": 1})),
    "classifier": sequential(
        INPUT4, ("Dense", {"units": 6, "activation": "relu"}), ("Dense", {"units": 3, "activation": "softmax"})
    ),
    "normalized": sequential(
        INPUT4,
        ("Dense", {"units": 6, "use_bias": False}),
        ("BatchNormalization", {"momentum": 0.8}),
        ("Activation", {"activation": "relu"}),
        ("Dense", {"units": 3, "activation": "softmax"}),
    ),
    "convolutional": sequential(
        ("Input", {"shape": [6, 6, 1]}),
        ("Conv2D", {"filters": 3, "kernel_size": 3, "activation": "relu"}),
        ("MaxPooling2D", {"pool_size": 2}),
        ("Flatten", {}),
        ("Dense", {"units": 3, "activation": "softmax"}),
    ),
    "recurrent": sequential(
        ("Input", {"shape": [6], "dtype": "int32"}),
        ("Embedding", {"input_dim": 8, "output_dim": 3, "mask_zero": True}),
        ("LSTM", {"units": 4}),
        ("Dense", {"units": 1, "activation": "sigmoid"}),
    ),
    "functional": (functional, {"type": "functional"}),
    "two_outputs": (two_outputs, {"type": "two_outputs"}),
}


def start(model: keras.Model, seed: int) -> None:
    rng = recipes.generator(seed)
    for variable in model.weights:
        positive = variable.name in ("moving_variance", "gamma")
        low, high = (0.5, 1.5) if positive else (-0.7, 0.7)
        variable.assign(recipes.uniform(rng, tuple(variable.shape), low, high))


def optimizer_of(record: list[Any]) -> Any:
    return getattr(keras.optimizers, record[0])(**record[1])


def prepare(
    name: str, model_name: str, compile_with: dict[str, Any], data: tuple[Any, Any], **record: Any
) -> keras.Model:
    """Builds, weights and compiles a model; stores what it starts from."""
    build, model_record = MODELS[model_name]
    keras.utils.clear_session()
    model = build()
    start(model, 6500)
    settings = {**compile_with, "optimizer": optimizer_of(compile_with["optimizer"])}
    model.compile(**settings, jit_compile=False)
    out.case(name, model=model_record, compile=compile_with, **record)
    out.put(f"{name}/weight", model.get_weights())
    for part, value in zip(("x", "y"), data):
        out.put(f"{name}/{part}", value)
    return model


def put_logs(key: str, logs: dict[str, Any]) -> None:
    for title, value in logs.items():
        out.put(f"{key}/{title}", np.asarray(value, np.float64))


def fit_case(
    name: str, model_name: str, compile_with: dict[str, Any], data: tuple[Any, Any], fit: dict[str, Any], **arrays: Any
) -> None:
    """fit with shuffle=False, then evaluate and predict; `arrays` are sample weights or validation data."""
    fit = {"epochs": 4, "batch_size": 8, **fit}
    model = prepare(name, model_name, compile_with, data, kind="fit", fit=fit)
    x, y = data
    extra: dict[str, Any] = {}
    if "sample_weight" in arrays:
        extra["sample_weight"] = arrays["sample_weight"]
        out.put(f"{name}/sample_weight", arrays["sample_weight"])
    if "validation_data" in arrays:
        extra["validation_data"] = arrays["validation_data"]
        out.put(f"{name}/validation", list(arrays["validation_data"]))
    keywords = dict(fit)
    if "class_weight" in keywords:
        keywords["class_weight"] = {int(label): weight for label, weight in keywords["class_weight"].items()}
    history = model.fit(x, y, shuffle=False, verbose=0, **keywords, **extra)
    put_logs(f"{name}/history", history.history)
    out.cases[-1]["history_keys"] = list(history.history)
    put_logs(f"{name}/evaluate", model.evaluate(x, y, batch_size=10, verbose=0, return_dict=True))
    if "sample_weight" in extra:
        weighted = model.evaluate(
            x, y, batch_size=10, verbose=0, return_dict=True, sample_weight=extra["sample_weight"]
        )
        put_logs(f"{name}/evaluate_weighted", weighted)
    predicted = model.predict(x, batch_size=10, verbose=0)
    out.put(f"{name}/predict", predicted)
    out.put(f"{name}/final", model.get_weights())


def fits() -> None:
    sgd, adam = ["SGD", {"learning_rate": 0.05}], ["Adam", {"learning_rate": 0.01}]
    rms = ["RMSprop", {"learning_rate": 0.005}]
    momentum = ["SGD", {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True}]
    regression = {"loss": "mse", "metrics": ["mae"]}
    sparse = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    x, y = regression_data()
    weights = recipes.uniform(recipes.generator(6400), (ROWS,), 0.0, 2.0)
    fit_case("fit_plain", "dense_regressor", {"optimizer": sgd, **regression}, (x, y), {})
    fit_case("fit_vector_target", "dense_regressor", {"optimizer": sgd, **regression}, (x, y[:, 0]), {})
    fit_case("fit_rmsprop", "dense_regressor", {"optimizer": rms, **regression}, (x, y), {"batch_size": 5})
    fit_case("fit_whole_batch", "dense_regressor", {"optimizer": momentum, **regression}, (x, y), {"batch_size": 100})
    fit_case("fit_split", "dense_regressor", {"optimizer": adam, **regression}, (x, y), {"validation_split": 0.25})
    fit_case(
        "fit_validation_data",
        "dense_regressor",
        {"optimizer": adam, **regression},
        (x, y),
        {"validation_batch_size": 4, "validation_freq": 2},
        validation_data=(x[:11] * np.float32(0.5), y[:11]),
    )
    fit_case(
        "fit_sample_weight", "dense_regressor", {"optimizer": sgd, **regression}, (x, y), {}, sample_weight=weights
    )
    weighted = {"optimizer": sgd, "loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mse"]}
    fit_case("fit_weighted_metrics", "dense_regressor", weighted, (x, y), {}, sample_weight=weights)
    fit_case(
        "fit_weight_split",
        "dense_regressor",
        {"optimizer": sgd, **regression},
        (x, y),
        {"validation_split": 0.25},
        sample_weight=weights,
    )
    fit_case("fit_initial_epoch", "dense_regressor", {"optimizer": sgd, **regression}, (x, y), {"initial_epoch": 2})
    fit_case("fit_regularized", "regularized", {"optimizer": sgd, **regression}, (x, y), {"validation_split": 0.2})
    fit_case("fit_functional", "functional", {"optimizer": adam, **regression}, (x, y), {"validation_split": 0.25})
    xc, yc = class_data()
    fit_case("fit_classes", "classifier", {"optimizer": adam, **sparse}, (xc, yc), {"validation_split": 0.25})
    class_weight = {"class_weight": {"0": 0.5, "1": 1.0, "2": 3.0}}
    fit_case("fit_class_weight", "classifier", {"optimizer": sgd, **sparse}, (xc, yc), class_weight)
    hot = np.eye(3, dtype=np.float32)[yc]
    categorical = {"loss": "categorical_crossentropy", "metrics": ["accuracy", "mse"]}
    fit_case("fit_one_hot", "classifier", {"optimizer": adam, **categorical}, (xc, hot), {})
    fit_case("fit_one_hot_class_weight", "classifier", {"optimizer": sgd, **categorical}, (xc, hot), class_weight)
    fit_case(
        "fit_batch_normalization", "normalized", {"optimizer": adam, **sparse}, (xc, yc), {"validation_split": 0.25}
    )
    fit_case("fit_convolution", "convolutional", {"optimizer": adam, **sparse}, image_data(), {"epochs": 3})
    binary = {"loss": "binary_crossentropy", "metrics": ["accuracy"]}
    fit_case("fit_recurrent", "recurrent", {"optimizer": adam, **binary}, token_data(), {"validation_split": 0.25})
    fit_case("fit_recurrent_sgd", "recurrent", {"optimizer": momentum, **binary}, token_data(), {})


def several_outputs() -> None:
    """Losses, loss weights and metrics per output; the history's keys are part of the case."""
    x, size = regression_data()
    kind = class_data()[1]
    for name, compile_with in (
        (
            "outputs_by_list",
            {
                "loss": ["mse", "sparse_categorical_crossentropy"],
                "loss_weights": [1.0, 0.5],
                "metrics": [["mae"], ["accuracy"]],
            },
        ),
        (
            "outputs_by_name",
            {
                "loss": {"size": "mse", "kind": "sparse_categorical_crossentropy"},
                "loss_weights": {"size": 0.3, "kind": 2.0},
                "metrics": {"kind": ["accuracy"]},
            },
        ),
    ):
        settings = {"optimizer": ["SGD", {"learning_rate": 0.05}], **compile_with}
        fit = {"epochs": 3, "batch_size": 8, "validation_split": 0.25}
        model = prepare(name, "two_outputs", settings, (x, [size, kind]), kind="fit", fit=fit)
        model.run_eagerly = True  # a compiled step counts every batch the same in the outputs' losses, also a short one
        history = model.fit(x, [size, kind], shuffle=False, verbose=0, **fit)
        put_logs(f"{name}/history", history.history)
        out.cases[-1]["history_keys"] = list(history.history)
        put_logs(f"{name}/evaluate", model.evaluate(x, [size, kind], batch_size=10, verbose=0, return_dict=True))
        out.cases[-1]["evaluate_list"] = model.metrics_names
        out.put(f"{name}/evaluate_values", np.array(model.evaluate(x, [size, kind], batch_size=10, verbose=0)))
        out.put(f"{name}/predict", model.predict(x, verbose=0))
        out.put(f"{name}/final", model.get_weights())


def batch_series() -> None:
    """train_on_batch and test_on_batch: what they report is of that batch alone, with or without reset_metrics."""
    x, y = regression_data()
    weights = recipes.uniform(recipes.generator(6400), (ROWS,), 0.0, 2.0)
    for name, weighted in (("batches", False), ("batches_weighted", True)):
        settings = {"optimizer": ["Adam", {"learning_rate": 0.01}], "loss": "mse", "metrics": ["mae"]}
        model = prepare(name, "dense_regressor", settings, (x, y), kind="batches", batch_size=6, reset_before=[3])
        if weighted:
            out.put(f"{name}/sample_weight", weights)
        rows: list[list[float]] = []
        for number, first in enumerate(range(0, ROWS, 6)):
            part = slice(first, first + 6)
            if number == 3:
                model.reset_metrics()
            weight = weights[part] if weighted else None
            rows.append([float(value) for value in model.train_on_batch(x[part], y[part], sample_weight=weight)])
        out.put(f"{name}/train", np.array(rows))
        model.reset_metrics()
        tested = [[float(v) for v in model.test_on_batch(x[s : s + 6], y[s : s + 6])] for s in range(0, ROWS, 6)]
        out.put(f"{name}/test", np.array(tested))
        out.put(f"{name}/predict_on_batch", np.asarray(model.predict_on_batch(x[:6])))
        out.put(f"{name}/final", model.get_weights())
        out.cases[-1]["metrics_names"] = model.metrics_names


def main() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    fits()
    several_outputs()
    batch_series()
    out.save()


if __name__ == "__main__":
    main()

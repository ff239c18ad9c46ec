"""Keras losses and metrics: values, gradients, streaming results, and what metrics=["accuracy"] turns into."""

from __future__ import annotations

import zlib
from typing import Any

import _store as store
import keras
import numpy as np
import tensorflow as tf

recipes = store.load_recipes()
out = store.Store("keras_losses_metrics")


def draws(name: str, extra: int = 0) -> np.random.Generator:
    return recipes.generator(zlib.crc32(name.encode()) + extra)


def probabilities(name: str, shape: tuple[int, ...]) -> np.ndarray:
    raw = np.exp(recipes.uniform(draws(name), shape, -2.0, 2.0).astype(np.float64))
    return (raw / raw.sum(axis=-1, keepdims=True)).astype(np.float32)


def one_hot(labels: np.ndarray, count: int) -> np.ndarray:
    return np.eye(count, dtype=np.float32)[labels]


# --- losses ----------------------------------------------------------------------------------------------------------


def loss_value(loss: Any, y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray | None) -> tuple[Any, Any]:
    tensor = tf.constant(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = loss(y_true, tensor, sample_weight=weight)
        total = tf.reduce_sum(value)
    return np.asarray(value), np.asarray(tape.gradient(total, tensor))


def loss_case(name: str, kind: str, config: dict[str, Any], y_true: np.ndarray, y_pred: np.ndarray) -> None:
    """One loss under every reduction, without and with sample weights."""
    out.case(name, kind="loss", **{"class": kind}, config=config)
    out.put(f"{name}/y_true", y_true)
    out.put(f"{name}/y_pred", y_pred)
    per_sample = keras.losses.get({"class_name": kind, "config": {**config, "reduction": "none"}})(y_true, y_pred)
    weights = {"unweighted": None, "weighted": recipes.uniform(draws(name, 5), tuple(per_sample.shape), 0.0, 2.0)}
    if len(per_sample.shape) > 1:
        weights["row_weighted"] = recipes.uniform(draws(name, 6), (per_sample.shape[0],), 0.0, 2.0)
    for title, weight in weights.items():
        if weight is not None:
            out.put(f"{name}/sample_weight/{title}", weight)
        for reduction in ("sum_over_batch_size", "sum", "none", "mean_with_sample_weight"):
            loss = getattr(keras.losses, kind)(**config, reduction=reduction)
            try:
                value, gradient = loss_value(loss, y_true, y_pred, weight)
            except (ValueError, tf.errors.InvalidArgumentError):
                if title != "row_weighted":
                    raise
                continue  # a weight per row does not broadcast over every shape of per-sample values
            out.put(f"{name}/{title}/{reduction}/value", value)
            out.put(f"{name}/{title}/{reduction}/gradient", gradient)


def regression_losses() -> None:
    table: list[tuple[str, str, dict[str, Any]]] = [
        ("mse", "MeanSquaredError", {}),
        ("mae", "MeanAbsoluteError", {}),
        ("mape", "MeanAbsolutePercentageError", {}),
        ("msle", "MeanSquaredLogarithmicError", {}),
        ("huber", "Huber", {}),
        ("huber_small", "Huber", {"delta": 0.3}),
        ("log_cosh", "LogCosh", {}),
        ("cosine", "CosineSimilarity", {}),
        ("poisson", "Poisson", {}),
    ]
    for name, kind, config in table:
        positive = name in ("msle", "poisson", "mape")
        low = 0.1 if positive else -2.0
        y_true = recipes.uniform(draws(name), (5, 3), low, 2.0)
        loss_case(name, kind, config, y_true, recipes.uniform(draws(name, 1), (5, 3), low, 2.0))
    shape = (2, 4, 3)
    loss_case(
        "mse_rank3", "MeanSquaredError", {}, recipes.uniform(draws("a"), shape), recipes.uniform(draws("b"), shape)
    )
    column = recipes.uniform(draws("c"), (6, 1))
    loss_case("mse_column_true_vector_pred", "MeanSquaredError", {}, column, recipes.uniform(draws("d"), (6,)))
    loss_case("mse_vector_true_column_pred", "MeanSquaredError", {}, column[:, 0], recipes.uniform(draws("d"), (6, 1)))


def classification_losses() -> None:
    classes = 4
    labels = recipes.integers(draws("labels"), (6,), classes)
    rank3 = recipes.integers(draws("labels3"), (2, 5), classes)
    for kind, y_true, y_true3 in (
        ("CategoricalCrossentropy", one_hot(labels, classes), one_hot(rank3, classes)),
        ("SparseCategoricalCrossentropy", labels, rank3),
        ("CategoricalFocalCrossentropy", one_hot(labels, classes), one_hot(rank3, classes)),
    ):
        short = kind.lower()
        logits = recipes.uniform(draws(short), (6, classes), -4.0, 4.0)
        loss_case(f"{short}", kind, {}, y_true, probabilities(short, (6, classes)))
        loss_case(f"{short}_logits", kind, {"from_logits": True}, y_true, logits)
        loss_case(
            f"{short}_rank3", kind, {"from_logits": True}, y_true3, recipes.uniform(draws(short), (2, 5, classes))
        )
        if kind != "SparseCategoricalCrossentropy":
            loss_case(f"{short}_smooth", kind, {"label_smoothing": 0.1}, y_true, probabilities(short, (6, classes)))
            smooth = {"label_smoothing": 0.2, "from_logits": True}
            loss_case(f"{short}_logits_smooth", kind, smooth, y_true, logits)
    sparse = "SparseCategoricalCrossentropy"
    column = labels[:, None]
    loss_case("sparse_column_labels", sparse, {}, column, probabilities("sparse_column", (6, classes)))
    loss_case("sparse_float_labels", sparse, {}, labels.astype(np.float32), probabilities("sparse_float", (6, classes)))
    ignored = {"ignore_class": 2, "from_logits": True}
    loss_case(
        "sparse_ignore_class", sparse, ignored, labels, recipes.uniform(draws("ignored"), (6, classes), -2.0, 2.0)
    )
    # Rows that sum to something else than one, and probabilities of exactly 0 and 1
    rough = np.array([[0.2, 0.2, 0.2, 0.2], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]], np.float32)
    loss_case("categorical_rough", "CategoricalCrossentropy", {}, one_hot(np.array([1, 1, 1]), 4), rough)
    loss_case("sparse_rough", sparse, {}, np.array([1, 1, 1], np.int32), rough)
    huge = np.array([[1000.0, 0.0, -1000.0, 5.0], [-90.0, -89.0, -88.0, -87.0]], np.float32)
    loss_case(
        "categorical_huge_logits", "CategoricalCrossentropy", {"from_logits": True}, one_hot(np.array([2, 0]), 4), huge
    )
    loss_case("sparse_huge_logits", sparse, {"from_logits": True}, np.array([2, 0], np.int32), huge)


def binary_losses() -> None:
    flags = (recipes.uniform(draws("flags"), (6, 3), 0.0, 1.0) > 0.5).astype(np.float32)
    for kind in ("BinaryCrossentropy", "BinaryFocalCrossentropy"):
        short = kind.lower()
        chance = recipes.uniform(draws(short), (6, 3), 0.02, 0.98)
        logits = recipes.uniform(draws(short, 1), (6, 3), -5.0, 5.0)
        loss_case(short, kind, {}, flags, chance)
        loss_case(f"{short}_logits", kind, {"from_logits": True}, flags, logits)
        loss_case(f"{short}_smooth", kind, {"label_smoothing": 0.2}, flags, chance)
        loss_case(f"{short}_logits_smooth", kind, {"label_smoothing": 0.1, "from_logits": True}, flags, logits)
    edge = np.array([[0.0], [1.0], [0.0], [1.0]], np.float32)
    loss_case("binary_edges", "BinaryCrossentropy", {}, np.array([[0.0], [0.0], [1.0], [1.0]], np.float32), edge)
    huge = np.array([[-1000.0], [1000.0], [-90.0], [90.0]], np.float32)
    loss_case("binary_huge_logits", "BinaryCrossentropy", {"from_logits": True}, edge, huge)


def margin_losses() -> None:
    signs = np.sign(recipes.uniform(draws("signs"), (6, 3))).astype(np.float32)
    flags = (signs + 1) / 2
    for kind in ("Hinge", "SquaredHinge"):
        predicted = recipes.uniform(draws(kind), (6, 3), -2.0, 2.0)
        loss_case(kind.lower(), kind, {}, signs, predicted)
        loss_case(f"{kind.lower()}_binary_labels", kind, {}, flags, predicted)
    labels = one_hot(recipes.integers(draws("hinge"), (6,), 4), 4)
    loss_case("categorical_hinge", "CategoricalHinge", {}, labels, recipes.uniform(draws("ch"), (6, 4), -2.0, 2.0))
    loss_case("kl", "KLDivergence", {}, probabilities("kl_true", (5, 4)), probabilities("kl_pred", (5, 4)))
    exact = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]], np.float32)
    loss_case("kl_edges", "KLDivergence", {}, exact, exact[::-1].copy())


# --- metrics ---------------------------------------------------------------------------------------------------------

UPDATES = 3


def metric_case(name: str, kind: str, config: dict[str, Any], batches: list[tuple[np.ndarray, ...]]) -> None:
    """Streaming: the result after every update, without and with weights, and after reset_state."""
    out.case(name, kind="metric", **{"class": kind}, config=config, updates=len(batches))
    rows = [tuple(np.asarray(part) for part in batch) for batch in batches]
    for number, parts in enumerate(rows):
        for part, value in zip(("y_true", "y_pred") if len(parts) == 2 else ("values",), parts):
            out.put(f"{name}/{part}/{number}", value)
        out.put(f"{name}/sample_weight/{number}", recipes.uniform(draws(name, 40 + number), (len(parts[0]),), 0.0, 2.0))
    for title in ("unweighted", "weighted"):
        metric = getattr(keras.metrics, kind)(**config)
        results = [np.asarray(metric.result())]
        for number, parts in enumerate(rows):
            weight = out.arrays[f"{name}/sample_weight/{number}"] if title == "weighted" else None
            metric.update_state(*parts, sample_weight=weight)
            results.append(np.asarray(metric.result()))
        out.put(f"{name}/{title}/results", np.stack(results))
        metric.reset_state()
        out.put(f"{name}/{title}/after_reset", np.asarray(metric.result()))


def metrics() -> None:
    def batches(make: Any) -> list[tuple[np.ndarray, ...]]:
        return [make(recipes.generator(4000 + number), 4 + number) for number in range(UPDATES)]

    def classes(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
        return recipes.integers(rng, (rows,), 3), recipes.uniform(rng, (rows, 3), 0.0, 1.0)

    def hot(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
        labels, predicted = classes(rng, rows)
        return one_hot(labels, 3), predicted

    def binary(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
        return recipes.integers(rng, (rows, 2), 2).astype(np.float32), recipes.uniform(rng, (rows, 2), 0.01, 0.99)

    def equal(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
        return recipes.integers(rng, (rows, 2), 2).astype(np.float32), recipes.integers(rng, (rows, 2), 2).astype("f4")

    def real(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
        return recipes.uniform(rng, (rows, 3), 0.1, 2.0), recipes.uniform(rng, (rows, 3), 0.1, 2.0)

    def sparse_column(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
        labels, predicted = classes(rng, rows)
        return labels[:, None], predicted

    def plain(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
        return (recipes.uniform(rng, (rows,)),)

    metric_case("accuracy", "Accuracy", {}, batches(equal))
    metric_case("binary_accuracy", "BinaryAccuracy", {}, batches(binary))
    metric_case("binary_accuracy_threshold", "BinaryAccuracy", {"threshold": 0.8}, batches(binary))
    metric_case("categorical_accuracy", "CategoricalAccuracy", {}, batches(hot))
    metric_case("sparse_categorical_accuracy", "SparseCategoricalAccuracy", {}, batches(classes))
    metric_case("sparse_categorical_accuracy_column", "SparseCategoricalAccuracy", {}, batches(sparse_column))
    metric_case("top_k", "TopKCategoricalAccuracy", {"k": 2}, batches(hot))
    metric_case("sparse_top_k", "SparseTopKCategoricalAccuracy", {"k": 2}, batches(classes))
    metric_case("mean_squared_error", "MeanSquaredError", {}, batches(real))
    metric_case("root_mean_squared_error", "RootMeanSquaredError", {}, batches(real))
    metric_case("mean_absolute_error", "MeanAbsoluteError", {}, batches(real))
    metric_case("mean_absolute_percentage_error", "MeanAbsolutePercentageError", {}, batches(real))
    metric_case("categorical_crossentropy", "CategoricalCrossentropy", {"from_logits": True}, batches(hot))
    sparse = {"from_logits": True}
    metric_case("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", sparse, batches(classes))
    metric_case("binary_crossentropy", "BinaryCrossentropy", {}, batches(binary))
    metric_case("mean", "Mean", {}, batches(plain))
    metric_case("sum", "Sum", {}, batches(plain))

    def score(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
        return recipes.integers(rng, (rows,), 2).astype(np.float32), recipes.uniform(rng, (rows,), 0.01, 0.99)

    for name in ("Precision", "Recall", "AUC", "TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"):
        metric_case(name.lower(), name, {}, batches(score))
    metric_case("precision_thresholds", "Precision", {"thresholds": [0.2, 0.7]}, batches(score))


# --- what metrics=["accuracy"] means ---------------------------------------------------------------------------------


def fixed_output(shape: tuple[int, ...]) -> keras.Model:
    """A model that gives back its input, so that the test chooses the predictions."""
    value = keras.Input(shape)
    return keras.Model(value, keras.layers.Activation("linear")(value))


def resolution(metric: str) -> None:
    rng = recipes.generator(5000)
    rows = 6
    flags = recipes.integers(rng, (rows, 1), 2)
    labels = recipes.integers(rng, (rows,), 3)
    many = recipes.integers(rng, (rows, 3), 2).astype(np.float32)
    steps = recipes.integers(rng, (rows, 4), 3)
    chance1, chance3 = recipes.uniform(rng, (rows, 1), 0.01, 0.99), probabilities("resolution", (rows, 3))
    chance43 = probabilities("resolution43", (rows, 4, 3))
    table = {
        "true_column_pred_column": (flags, chance1, "binary_crossentropy"),
        "true_vector_pred_column": (flags[:, 0], chance1, "binary_crossentropy"),
        "true_float_column_pred_column": (flags.astype(np.float32), chance1, "binary_crossentropy"),
        "true_one_hot": (one_hot(labels, 3), chance3, "categorical_crossentropy"),
        "true_labels": (labels, chance3, "sparse_categorical_crossentropy"),
        "true_labels_column": (labels[:, None], chance3, "sparse_categorical_crossentropy"),
        "true_multi_label": (many, chance3, "binary_crossentropy"),
        "true_one_hot_mse": (one_hot(labels, 3), chance3, "mse"),
        "true_column_mse": (flags.astype(np.float32), chance1, "mse"),
        "true_sequence_labels": (steps, chance43, "sparse_categorical_crossentropy"),
        "true_sequence_labels_column": (steps[..., None], chance43, "sparse_categorical_crossentropy"),
        "true_sequence_one_hot": (one_hot(steps, 3), chance43, "categorical_crossentropy"),
        "true_int_one_hot": (one_hot(labels, 3).astype(np.int32), chance3, "categorical_crossentropy"),
    }
    for title, (y_true, y_pred, loss) in table.items():
        name = f"resolve_{metric}_{title}"
        model = fixed_output(y_pred.shape[1:])
        model.compile(loss=loss, metrics=[metric])
        result = model.evaluate(y_pred, y_true, batch_size=4, verbose=0, return_dict=True)
        [group] = [m for m in model.metrics if hasattr(m, "metrics")]
        [chosen] = group.metrics
        out.case(name, kind="resolution", metric=metric, loss=loss, chosen=type(chosen).__name__, keys=sorted(result))
        out.put(f"{name}/y_true", y_true)
        out.put(f"{name}/y_pred", y_pred)
        for key, value in result.items():
            out.put(f"{name}/result/{key}", np.float32(value))


def main() -> None:
    regression_losses()
    classification_losses()
    binary_losses()
    margin_losses()
    metrics()
    for metric in ("accuracy", "acc"):
        resolution(metric)
    out.save()


if __name__ == "__main__":
    main()

"""Steps of `fit`, `evaluate` and `predict` that a model has of its own: each replica runs them on its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

import weft as tf  # noqa: E402
from weft import keras  # noqa: E402
from weft.runtime import dispatch  # noqa: E402

if len(jax.devices()) < 8:
    pytest.skip("something has used jax before with fewer than eight devices", allow_module_level=True)

#: of the three batches of four the last has three rows, of which two are the first replica's
_X = np.arange(22, dtype=np.float32).reshape(11, 2) / 10
_Y = _X.sum(1, keepdims=True) * 0.5 + 1


@pytest.fixture(autouse=True)
def _xla() -> Iterator[None]:
    dispatch.use_engine("xla")
    yield
    dispatch.use_engine(None)


def _mirrored() -> Any:
    return tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])


class Plain(keras.Model):
    """A dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1, kernel_initializer="ones")

    def call(self, x: Any, training: bool = False) -> Any:
        return self.dense(x)

    def loss_gradients(self, data: Any, scale: float) -> tuple[Any, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x, training=True) - y) ** 2) * scale
        return loss, tape.gradient(loss, self.trainable_variables)


class Divides(Plain):
    """Divides its loss by the number of replicas, and tells how many there are and how many rows it has."""

    def train_step(self, data: Any) -> Any:
        loss, gradients = self.loss_gradients(data, 1 / self.distribute_strategy.num_replicas_in_sync)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        rows = tf.cast(tf.shape(data[0])[0], tf.float32)
        return {"loss": loss, "rows": rows, "n": tf.distribute.get_strategy().num_replicas_in_sync}

    def test_step(self, data: Any) -> Any:
        x, y = data
        return {"loss": tf.reduce_sum((self(x) - y) ** 2), "rows": tf.cast(tf.shape(x)[0], tf.float32)}

    def predict_step(self, data: Any) -> Any:
        x = data[0] if isinstance(data, tuple) else data
        return self(x) - tf.reduce_mean(self(x))


class Sums(Plain):
    """Sums its gradients over replicas by itself."""

    def train_step(self, data: Any) -> Any:
        loss, gradients = self.loss_gradients(data, 1.0)
        gradients = tf.distribute.get_replica_context().all_reduce("SUM", gradients)
        for variable, change in zip(self.trainable_variables, gradients, strict=True):
            variable.assign_sub(0.01 * change)
        return {"loss": loss}


class Super(Plain):
    """Has the step of `Model` as its own."""

    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


class Loss(Plain):
    """Has a loss of its own alone."""

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None,
                     training: bool = True) -> Any:  # fmt: skip
        return tf.reduce_mean((y_pred - y) ** 2) / 2


class Penalty(Plain):
    """Adds what each replica adds."""

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None,
                     training: bool = True) -> Any:  # fmt: skip
        return super().compute_loss(x, y, y_pred, sample_weight) + 0.1 * tf.reduce_mean(y_pred)


class Rows(Plain):
    """Tells of its rows."""

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return {"rows": tf.cast(tf.shape(x)[0], tf.float32)}


class Means(Plain):
    """Keeps the mean of what it calls its loss."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = keras.metrics.Mean(name="m")

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.mean.update_state(loss)
        return {"m": self.mean.result()}


class Functions(Plain):
    """Makes the function that trains itself."""

    def train_step(self, data: Any) -> Any:
        return {**super().train_step(data), "rows": tf.cast(tf.shape(data[0])[0], tf.float32)}

    def make_train_function(self, force: bool = False) -> Callable[[Any], Any]:
        strategy = self.distribute_strategy

        def train(iterator: Any) -> Any:
            found = strategy.run(self.train_step, args=(next(iterator),))
            return {name: strategy.reduce("MEAN", value, axis=None) for name, value in found.items()}

        return train


def _made(kind: type, strategy: Any, **options: Any) -> Any:
    with strategy.scope():
        model = kind()
        model.compile(keras.optimizers.SGD(0.01), options.pop("loss", "mse"), **options)
    return model


_HALVED = [0.9356, 0.93441, -0.01184]
# What TensorFlow 2.21 with Keras 3.15 gives for two logical processors.
_WANTED: dict[type, tuple[dict[str, list[float]], list[float]]] = {
    Divides: ({"loss": [0.42257, 0.30808], "n": [2, 2], "rows": [1.5, 1.5]}, _HALVED),
    Sums: ({"loss": [0.84434, 0.44855]}, [0.88266, 0.88109, -0.01569]),
    Super: ({"loss": [0.40727, 0.35294]}, _HALVED),
    Loss: ({"loss": [0.40727, 0.35294]}, _HALVED),
    Penalty: ({"loss": [0.8206, 0.74109]}, [0.92537, 0.92317, -0.02198]),
    Rows: ({"rows": [1.5, 1.5]}, _HALVED),
    Means: ({"m": [0.23295, 0.1962]}, _HALVED),
    Functions: ({"loss": [0.40727, 0.35294], "rows": [1.5, 1.5]}, _HALVED),
}


@pytest.mark.parametrize("way", ["arrays", "tf.data", "together", "eagerly"])
@pytest.mark.parametrize("kind", _WANTED)
def test_each_replica_runs_a_step_that_is_the_models_own(kind: type, way: str) -> None:
    options = {"together": {"steps_per_execution": 2}, "eagerly": {"run_eagerly": True}}.get(way, {})
    model = _made(kind, _mirrored(), **options)
    data = tf.data.Dataset.from_tensor_slices((_X, _Y)).batch(4)
    if way == "tf.data":
        found = model.fit(data, epochs=2, verbose=0).history
    else:
        found = model.fit(_X, _Y, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    history, weights = _WANTED[kind]
    assert sorted(found) == sorted(history)
    for name, values in history.items():
        np.testing.assert_allclose(found[name], values, atol=1e-5)
    np.testing.assert_allclose(np.concatenate([np.ravel(w) for w in model.get_weights()[:2]]), weights, atol=1e-5)


def test_evaluation_and_prediction_are_the_replicas_too() -> None:
    model = _made(Divides, _mirrored())
    x, y = _X[:10], _Y[:10]
    model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    found = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    outputs = model(x).numpy().ravel()
    np.testing.assert_allclose(found["loss"], np.square(outputs - y.ravel())[8:].sum() / 2, rtol=1e-5)
    assert found["rows"] == 1.0
    of_pairs = np.ravel([[a - (a + b) / 2, b - (a + b) / 2] for a, b in outputs[:8].reshape(4, 2)])
    np.testing.assert_allclose(model.predict(x[:8], batch_size=4, verbose=0).ravel(), of_pairs, atol=1e-5)
    np.testing.assert_allclose(model.predict(x[:3], verbose=0).ravel(), [*of_pairs[:2], 0.0], atol=1e-5)
    # a single batch is given to each replica whole
    np.testing.assert_allclose(model.predict_on_batch(x[:3]).ravel(), outputs[:3] - outputs[:3].mean(), atol=1e-5)
    logs = _made(Rows, _mirrored()).train_on_batch(x[:4], y[:4], return_dict=True)
    assert logs == {"rows": 4.0}


def test_the_trainers_own_step_is_of_one_replica_even_where_fit_is_called_in_the_scope() -> None:
    kernels = []

    def loss(y: Any, found: Any) -> Any:
        return tf.nn.compute_average_loss(tf.reduce_sum((y - found) ** 2, -1))

    for strategy in (_mirrored(), tf.distribute.get_strategy()):
        with strategy.scope():
            model = _made(Plain, strategy, loss=loss)
            model.fit(_X, _Y, batch_size=4, shuffle=False, verbose=0)
        kernels.append(model.get_weights())
    np.testing.assert_allclose(np.ravel(kernels[0][0]), np.ravel(kernels[1][0]), atol=1e-6)
    assert np.abs(kernels[0][0] - 1.0).max() > 1e-3


def test_a_search_for_nan_does_not_run_the_steps_of_replicas() -> None:
    model = _made(Super, _mirrored())
    keras.config.enable_debug_nans()
    try:
        with pytest.raises(NotImplementedError, match="each of several replicas"):
            model.fit(_X, _Y, verbose=0)
    finally:
        keras.config.disable_debug_nans()

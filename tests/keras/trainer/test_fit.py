"""`fit` and its siblings: kinds of data, schedules of steps, hooks, copies, threads, seeds."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import extend, keras

X = np.random.default_rng(0).random((40, 4)).astype("float32")
Y = (X @ np.array([1.0, -2.0, 0.5, 3.0], "float32"))[:, None]


def regressor(**options: Any) -> Any:
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])
    model.compile(**{"optimizer": "sgd", "loss": "mse", "metrics": ["mae"], **options})
    return model


def generator() -> Iterator[Any]:
    for start in range(0, 40, 8):
        yield X[start : start + 8], Y[start : start + 8]


def forever() -> Iterator[Any]:
    while True:
        yield from generator()


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        return X[index * 8 : index * 8 + 8], Y[index * 8 : index * 8 + 8]


class Iterable:
    def __iter__(self) -> Iterator[Any]:
        return ((tf.constant(x), tf.constant(y)) for x, y in generator())


def loss_of(*data: Any, **options: Any) -> list[float]:
    return regressor().fit(*data, epochs=2, shuffle=False, verbose=0, **options).history["loss"]


def test_every_kind_of_data_trains_alike() -> None:
    wanted = loss_of(X, Y, batch_size=8)
    assert wanted[1] < wanted[0]
    for found in (
        loss_of(X.astype("float64"), Y.astype("float64"), batch_size=8),
        loss_of(X.tolist(), Y.tolist(), batch_size=8),
        loss_of(tf.constant(X), tf.constant(Y), batch_size=8),
        loss_of([X], [Y], batch_size=8),
        loss_of(X, Y[:, 0], batch_size=8),
        loss_of(Batches()),
        loss_of(Iterable()),
        loss_of(forever(), steps_per_epoch=5),
        loss_of(Iterable(), steps_per_epoch=5),
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-5)


class Counted(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[int]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.seen.append([])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen[-1].append(batch)


def test_calls_of_several_steps_are_whole() -> None:
    model, counted = regressor(), Counted()
    model.compile("sgd", "mse", steps_per_execution=2)
    model.fit(X, Y, batch_size=4, epochs=2, steps_per_epoch=5, verbose=0, callbacks=[counted])
    assert counted.seen == [[1, 3, 5], [1, 3]]


def test_a_dataset_hears_of_epochs_when_it_does_in_keras() -> None:
    class Told(keras.utils.PyDataset):
        def __init__(self) -> None:
            super().__init__()
            self.heard = ""

        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: int) -> Any:
            self.heard += str(index)
            return X[:2], Y[:2]

        def on_epoch_begin(self) -> None:
            self.heard += "<"

        def on_epoch_end(self) -> None:
            self.heard += ">"

    model, data, held_out = regressor(), Told(), Told()
    model.fit(data, epochs=2, shuffle=False, validation_data=held_out, verbose=0)
    assert (data.heard, held_out.heard) == ("><01><01>", "><01>><01>")
    data.heard = ""
    model.predict(data, verbose=0)
    assert data.heard == "<01>"


def test_a_generator_that_ends_says_so(caplog: pytest.LogCaptureFixture) -> None:
    history = regressor().fit(generator(), steps_per_epoch=4, epochs=3, verbose=0).history
    assert len(history["loss"]) == 3
    assert "an epoch takes 4 batches, there were 1" in caplog.text


def test_a_generator_that_is_used_up_gives_its_first_batches_again(caplog: pytest.LogCaptureFixture) -> None:
    counted = Counted()
    history = regressor().fit(generator(), epochs=3, verbose=0, callbacks=[counted]).history
    assert len(history["loss"]) == 3 and counted.seen == [[0, 1, 2, 3, 4], [0, 1], [0, 1]]
    assert caplog.text.count("no batch is left for another epoch") == 1
    with pytest.raises(ValueError, match="gave no batch"):
        regressor().fit(iter(()), verbose=0)


def test_dicts_of_inputs_and_outputs() -> None:
    first, second = keras.Input((4,), name="first"), keras.Input((1,), name="second")
    joined = keras.layers.Concatenate()([first, second])
    model = keras.Model(
        [first, second], [keras.layers.Dense(1, name="a")(joined), keras.layers.Dense(1, name="b")(joined)]
    )
    model.compile("sgd", {"a": "mse", "b": "mae"}, metrics={"b": ["mse"]})
    history = model.fit({"first": X, "second": Y}, {"a": Y, "b": Y}, verbose=0, validation_split=0.2).history
    assert list(history) == ["a_loss", "b_loss", "b_mse", "loss", "val_a_loss", "val_b_loss", "val_b_mse", "val_loss"]
    assert [part.shape for part in model.predict([X, Y], verbose=0)] == [(40, 1), (40, 1)]


@pytest.mark.parametrize(
    ("loss", "names"), [(["mse", "mae"], ["b", "a"]), ({"a": "mse", "b": "mae"}, ["a", "b"]), ("mse", ["b", "a"])]
)
def test_losses_of_a_dict_of_outputs_come_in_the_order_of_keras(loss: Any, names: list[str]) -> None:
    x = keras.Input((4,))
    model = keras.Model(x, {"b": keras.layers.Dense(1)(x), "a": keras.layers.Dense(1)(x)})
    model.compile("sgd", loss)
    found = model.evaluate(X, {"a": Y, "b": Y}, verbose=0)
    assert model.metrics_names == ["loss", *(f"{name}_loss" for name in names)]
    named = model.evaluate(X, {"a": Y, "b": Y}, verbose=0, return_dict=True)
    assert found == [named[name] for name in model.metrics_names]


def test_a_shorter_last_batch_is_not_traced_again() -> None:
    model = regressor()
    model.fit(X, Y, batch_size=16, verbose=0)
    model.predict(X, batch_size=16, verbose=0)
    for step in model._state.steps.values():
        assert step._function.experimental_get_tracing_count() == 1  # type: ignore[attr-defined]


def test_sample_weight_zero_is_as_if_absent() -> None:
    weights = np.ones(40)
    weights[20:] = 0.0
    found = regressor(loss=keras.losses.MeanSquaredError(reduction="sum")).evaluate(
        X, Y, sample_weight=weights, verbose=0
    )
    wanted = regressor(loss=keras.losses.MeanSquaredError(reduction="sum")).evaluate(
        X[:20], Y[:20], batch_size=20, verbose=0
    )
    assert found[0] * 40 == pytest.approx(sum_of_batches(weights), rel=1e-4)
    assert wanted[0] > 0


def sum_of_batches(weights: Any) -> float:
    model = regressor()
    errors = (model.predict(X, verbose=0) - Y)[:, 0] ** 2 * weights
    return float(errors[:32].sum() * 32 + errors[32:].sum() * 8)


def test_same_seed_same_bits_here_and_elsewhere() -> None:
    program = (
        "import numpy as np\nfrom weft import keras\nkeras.utils.set_random_seed(5)\n"
        "m = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6), keras.layers.Dropout(0.5), "
        "keras.layers.Dense(1)])\n"
        "m.compile('adam', 'mse')\nx = np.arange(160, dtype='float32').reshape(40, 4) / 160\n"
        "h = m.fit(x, x.sum(1), batch_size=8, epochs=2, verbose=0)\n"
        "print([v.hex() for v in h.history['loss']], [float(w.sum()).hex() for w in m.get_weights()])\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1] != ""


def test_predict_from_eight_threads() -> None:
    model = regressor()
    wanted = regressor().predict(X, verbose=0)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda rows: model.predict(X[: rows % 39 + 1], verbose=0), range(80)))
    for rows, found in enumerate(results):
        np.testing.assert_allclose(found, wanted[: rows % 39 + 1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("copied", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy])
def test_a_copy_goes_on_training(copied: Any) -> None:
    model = regressor(optimizer="adam")
    model.fit(X, Y, verbose=0, shuffle=False)
    other = copied(model)
    np.testing.assert_array_equal(model.predict(X, verbose=0), other.predict(X, verbose=0))
    found = [m.fit(X, Y, verbose=0, shuffle=False).history["loss"] for m in (model, other)]
    assert found[0] == found[1]


def test_a_model_that_is_no_longer_used_is_freed() -> None:
    model = regressor()
    model.fit(X, Y, verbose=0, validation_data=(X, Y))
    model.predict(X, verbose=0)
    reference = weakref.ref(model)
    del model
    gc.collect()
    assert reference() is None


class Interrupting(keras.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if len(self.model.history.epoch) == 2:
            raise KeyboardInterrupt


def test_ctrl_c_leaves_the_history() -> None:
    model = regressor()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=10, verbose=0, callbacks=[Interrupting()])
    assert len(model.history.history["loss"]) == 2


def test_steps_of_ones_own() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)
            self.mean = keras.metrics.Mean(name="mean_loss")

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

        def train_step(self, data: Any) -> Any:
            x, y = data[:2]
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((y - self(x, training=True)) ** 2)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            self.mean.update_state(loss)
            return {"mean_loss": self.mean.result()}

        @property
        def metrics(self) -> list[Any]:
            return [self.mean]

    model = Own()
    model.compile(optimizer="sgd")
    history = model.fit(X, Y, epochs=3, verbose=0).history
    assert list(history) == ["mean_loss"] and history["mean_loss"][2] < history["mean_loss"][0]


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_step_of_ones_own_is_given_no_more_than_there_is(eagerly: bool) -> None:
    seen: list[Any] = []

    def note(kind: str, data: Any) -> None:
        parts = data if isinstance(data, tuple) else ()
        assert all(tf.is_tensor(part) for part in tf.nest.flatten(data))
        seen.append((kind, len(parts)))

    class Model(keras.Model):
        def train_step(self, data: Any) -> Any:
            note("train", data)
            return super().train_step(data)

        def test_step(self, data: Any) -> Any:
            note("test", data)
            return super().test_step(data)

        def predict_step(self, data: Any) -> Any:
            note("predict", data)
            return super().predict_step(data)

    entry = keras.Input((3,))
    model = Model(entry, keras.layers.Dense(1)(entry))
    model.compile("sgd", "mse", run_eagerly=eagerly)
    x, y = np.ones((4, 3), "float32"), np.ones((4, 1), "float32")
    model.fit(x, y, verbose=0)
    model.fit(x, y, sample_weight=np.ones(4), verbose=0)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    assert list(dict.fromkeys(seen)) == [("train", 2), ("train", 3), ("test", 2), ("predict", 0)]


def test_compute_loss_and_add_loss_of_ones_own() -> None:
    class Own(keras.Sequential):
        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
            return 2.0 * super().compute_loss(x, y, y_pred, sample_weight)

    keras.utils.set_random_seed(3)
    model = Own([keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(2 * regressor().evaluate(X, Y, verbose=0)[0], rel=1e-5)


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_eager_steps_give_the_same(shuffle: Any) -> None:
    found = [
        regressor(run_eagerly=eagerly).fit(X, Y, epochs=3, batch_size=16, shuffle=shuffle, verbose=0).history
        for eagerly in (False, True)
    ]
    for key in found[0]:
        np.testing.assert_allclose(found[0][key], found[1][key], rtol=1e-5)


def test_the_crossentropy_of_a_softmax_uses_its_logits() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.train_on_batch(X, np.arange(40) % 3)
    names = extend.collect_operations(model._state.steps["train_step"]._function)
    assert "sparse_softmax_cross_entropy_with_logits" in names and "log" not in names
    # Far from the right answer the loss goes on growing, where probabilities would have been cut at 1e-7.
    model.layers[0].set_weights([np.zeros((4, 3), "float32"), np.array([200.0, 0.0, 0.0], "float32")])
    assert model.test_on_batch(X, np.ones(40, "int32")) == pytest.approx(200.0)


@pytest.mark.parametrize("name", [n for n, r in __import__("tests.golden.recipes", fromlist=["Golden"]).Golden(
    "keras_losses_metrics").cases.items() if r["kind"] == "resolution"])  # fmt: skip
def test_accuracy_means_what_it_means_in_keras(name: str) -> None:
    from tests.golden import recipes

    golden = recipes.Golden("keras_losses_metrics")
    record = golden.cases[name]
    y_true, y_pred = golden[f"{name}/y_true"], golden[f"{name}/y_pred"]
    inputs = keras.Input(y_pred.shape[1:])
    model = keras.Model(inputs, keras.layers.Activation("linear")(inputs))
    model.compile("sgd", record["loss"], metrics=[record["metric"]])
    found = model.evaluate(y_pred, y_true, batch_size=4, verbose=0, return_dict=True)
    assert type(model._state.compile_metrics.metrics[0]).__name__ == record["chosen"]
    for key in record["keys"]:
        np.testing.assert_allclose(found[key], golden[f"{name}/result/{key}"], rtol=1e-5, atol=1e-6)


def validated(data: Any, steps: int | None) -> list[float]:
    """`val_loss` of three epochs of a model that gives its input back, against zeros."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.0), "mae")
    history = model.fit(
        np.ones((2, 1)), np.ones((2, 1)), epochs=3, verbose=0, validation_data=data, validation_steps=steps,
        validation_batch_size=2 if isinstance(data, tuple) else None,
    )  # fmt: skip
    return history.history["val_loss"]


@pytest.mark.parametrize(("steps", "expected"), [(1, 0.5), (2, 1.5), (3, 2.5), (4, 3.0), (None, 3.0)])
def test_validation_begins_with_the_first_arrays_in_each_epoch(steps: int | None, expected: float) -> None:
    assert validated((np.arange(7.0)[:, None], np.zeros((7, 1))), steps) == [expected] * 3


def _numbers(count: int) -> Iterator[Any]:
    for number in range(count):
        yield np.full((1, 1), float(number)), np.zeros((1, 1))


# A generator cannot begin anew: as in Keras its first two batches come again, and then what follows.
@pytest.mark.parametrize(("steps", "expected"), [
    (1, [0.0, 0.0, 0.0]), (2, [0.5, 0.5, 0.5]), (3, [1.0, 4 / 3, 5 / 3]), (5, [2.0, 0.5, 0.5]), (None, [2.0, 0.5, 0.5]),
])  # fmt: skip
def test_validation_with_a_generator(steps: int | None, expected: list[float]) -> None:
    assert validated(_numbers(5), steps) == pytest.approx(expected)


def test_layers_that_the_first_batch_builds_are_trained_beside_built_ones() -> None:
    class Headed(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.body = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
            self.head = keras.layers.Dense(1)

        def call(self, inputs):
            return self.head(self.body(inputs))

    model = Headed()
    model.compile("adam", "mse")
    x = np.ones((4, 3), "float32")
    model.fit(x, np.zeros((4, 1)), verbose=0)
    before = model.head.get_weights()[0]
    model.fit(x, np.full((4, 1), 5.0), verbose=0)
    assert len(model.optimizer.variables) == 2 + 2 * 4
    assert (model.head.get_weights()[0] != before).all()


def test_losses_of_outputs_count_rows() -> None:
    x = np.arange(14, dtype="float32").reshape(7, 2)
    shared = keras.Input((2,))
    outputs = [keras.layers.Dense(1, kernel_initializer="ones", name=name)(shared) for name in "ab"]
    model = keras.Model(shared, outputs)
    model.compile("sgd", ["mse", "mae"], loss_weights=[1.0, 0.5])
    found = model.evaluate(x, [x[:, :1] ** 2, x[:, 1:] * 3], batch_size=3, verbose=0, return_dict=True)
    assert found == {"a_loss": 3313.0, "b_loss": 8.0, "loss": 3317.0}  # Keras 3.15 with run_eagerly=True

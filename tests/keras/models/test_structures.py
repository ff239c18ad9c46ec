"""Models whose inputs, outputs, losses and states are structures."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest

from weft import keras
from weft.keras import layers

X = np.linspace(0.0, 1.0, 24, dtype="float32").reshape((8, 3))
Y = np.linspace(1.0, 0.0, 8, dtype="float32").reshape((8, 1))
Pair = namedtuple("Pair", ["first", "second"])


def _two(kind: Any) -> Any:
    x = keras.Input((3,), name="x")
    return keras.Model(x, kind(layers.Dense(1, name="y1")(x), layers.Dense(1, name="y2")(x)))


def _whole(y_true: Any, y_pred: Any) -> Any:
    """A loss of all outputs at once."""
    flat = zip(keras.tree.flatten(y_true), keras.tree.flatten(y_pred), strict=True)
    return sum(keras.losses.mean_absolute_error(a, b) for a, b in flat)


@pytest.mark.parametrize(
    ("kind", "losses"),
    [(lambda a, b: (a, b), [_whole, ("mse", "mae")]), (lambda a, b: [a, b], (_whole, ["mse", "mae"])),
     (Pair, [_whole, Pair("mse", "mae")]), (lambda a, b: {"y1": a, "y2": b}, [_whole, {"y1": "mse", "y2": "mae"}])],
    ids=["tuple", "list", "namedtuple", "dict"],
)  # fmt: skip
def test_losses_of_structures(kind: Any, losses: Any) -> None:
    model = _two(kind)
    model.compile("sgd", losses)
    y1, y2 = (np.asarray(value) for value in keras.tree.flatten(model(X)))
    assert type(model.predict(X, verbose=0)) is type(kind(1, 2))
    history = model.fit(X, kind(Y, Y), batch_size=8, verbose=0).history
    assert sorted(history) == ["loss", "y1_loss", "y1_y2_loss", "y2_loss"]
    mse, mae = np.mean((Y - y1) ** 2), np.mean(abs(Y - y2))
    both = np.mean(abs(Y - y1)) + mae
    found = [history[key][0] for key in ("y1_loss", "y2_loss", "y1_y2_loss", "loss")]
    np.testing.assert_allclose(found, [mse, mae, both, mse + mae + both], rtol=1e-5)


def test_several_losses_of_one_output() -> None:
    model = _two(lambda a, b: {"y1": a, "y2": b})
    model.compile("sgd", {"y1": "mse", "y2": ["mae"]}, loss_weights={"y1": 1.0, "y2": [0.5]})
    history = model.fit(X, {"y1": Y, "y2": Y}, batch_size=8, verbose=0).history
    np.testing.assert_allclose(history["loss"][0], history["y1_loss"][0] + 0.5 * history["y2_loss"][0], rtol=1e-5)
    with pytest.raises(KeyError, match="y3"):
        model.compile("sgd", {"y1": ["mse"], "y3": ["mae"]})
        model.fit(X, {"y1": Y, "y2": Y}, verbose=0)
    single = keras.Sequential([layers.Dense(1)])
    single.compile("sgd", {"any": ["mse"]})
    assert list(single.fit(X, Y, verbose=0).history) == ["loss"]


def test_inputs_that_may_be_none() -> None:
    class Either(layers.Layer):
        def call(self, x: Any, o: Any = None) -> Any:
            return x if o is None else x + o

        def compute_output_shape(self, x_shape: Any) -> Any:
            return x_shape

    for optional in (True, False):
        x, o = keras.Input((3,), name="x"), keras.Input((3,), name="o", optional=optional)
        model = keras.Model({"x": x, "o": o}, Either()(x, o))
        if optional:
            np.testing.assert_array_equal(model({"x": X, "o": None}), X)
        else:
            with pytest.raises(ValueError, match="not optional"):
                model({"x": X, "o": None})


def test_lists_for_dicts() -> None:
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    sorted_keys = keras.Model({"a": a, "b": b}, layers.subtract([a, b]))
    with pytest.warns(UserWarning, match="doesn't match the expected structure"):
        np.testing.assert_array_equal(sorted_keys([X, 2 * X]), -X)
    with pytest.warns(UserWarning, match="doesn't match the expected structure"):
        sorted_keys({"a": X, "b": X, "c": X})
    other = keras.Model({"b": b, "a": a}, layers.subtract([a, b]))
    with pytest.raises(ValueError, match="doesn't match the expected structure"):
        other([X, X])


def test_inputs_take_the_dtype_of_the_model() -> None:
    a, b = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([a, b], a + b)
    assert model([X, X.astype("float16")]).dtype == "float32"


def test_state_trees() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1, name="end")], name="m")
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    tree = model.get_state_tree("numpy_array")
    np.testing.assert_array_equal(tree["trainable_variables"]["m"]["end"]["kernel"], model.layers[0].get_weights()[0])
    assert tree["optimizer_variables"][model.optimizer.name]["iteration"] == 1 and "loss" in tree["metrics_variables"]
    model.set_state_tree({"trainable_variables": {"m": {"end": {"kernel": np.ones((3, 1))}}}})
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], np.ones((3, 1)))
    with pytest.raises(ValueError, match="no variable 'm/end/kernels'"):
        model.set_state_tree({"trainable_variables": {"m": {"end": {"kernels": np.ones((3, 1))}}}})
    with pytest.raises(AttributeError, match="is reserved"):
        keras.Model().layers = []
    with pytest.raises(AttributeError, match="pop"):
        model.layers = []


def test_copies_are_compiled_like_their_models_and_keep_arguments_of_their_class() -> None:
    class Own(keras.Model):
        def __init__(self, *args: Any, param: int = 1, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.param = param

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "param": self.param}

    x = keras.Input((3,))
    model = Own(x, layers.Dense(1)(x), param=3)
    assert Own.from_config(model.get_config()).param == 3
    plain = keras.Sequential([keras.Sequential([layers.Dense(1)])])
    plain.compile("sgd", "mse", metrics=["mae"])
    seen = []

    def note(layer: Any) -> Any:
        seen.append(type(layer).__name__)
        return type(layer).from_config(layer.get_config())

    copy = keras.models.clone_model(plain, clone_function=note, recursive=True)
    assert copy.compiled and copy.optimizer is not plain.optimizer and seen == ["Dense"]
    assert sorted(copy.fit(X, Y, verbose=0).history) == ["loss", "mae"]


def test_a_list_of_one_output_gives_the_output() -> None:
    x = keras.Input((3,))
    model = keras.Model([x], [layers.Dense(4)(x)])
    again = type(model).from_config(model.get_config())
    for found in (model, again):
        assert found(X).shape == (8, 4) and found.predict(X, verbose=0).shape == (8, 4)
        assert found.input_shape == (None, 3) and found.output_shape == (None, 4)
        assert isinstance(found.output, list) and isinstance(found.input, list)
    assert keras.Model(x, model(x))(X).shape == (8, 4)
    model.compile("sgd", ["mse"], metrics=["mae"])
    assert sorted(model.fit(X, X[:, :1] * np.ones((1, 4)), verbose=0).history) == ["loss", "mae"]


def test_a_tensor_that_is_given_is_the_input_itself() -> None:
    x = keras.Input((3,))
    middle = x * 2
    assert keras.Input(tensor=x) is x
    model = keras.Model(keras.Input(tensor=middle, name="middle"), middle + 1)
    assert [layer.name for layer in model.layers][0] == "middle"
    np.testing.assert_array_equal(model(np.ones((1, 3))), [[2, 2, 2]])


@pytest.mark.parametrize(("word", "given"), [("dtype", "float16"), ("sparse", True)])
def test_an_input_is_not_of_another_kind_than_its_tensor(word: str, given: Any) -> None:
    with pytest.raises(ValueError, match=f"incompatible `{word}`"):
        layers.InputLayer(input_tensor=keras.KerasTensor((2, 3)), **{word: given})


def test_an_input_is_not_sparse_and_ragged() -> None:
    with pytest.raises(ValueError, match="cannot both"):
        keras.Input((3,), sparse=True, ragged=True)


def test_losses_of_unknown_outputs() -> None:
    x = keras.Input((2,))
    model = keras.Model(x, {"a": layers.Dense(1)(x), "b": layers.Dense(1)(x)})
    model.compile("sgd", {"a": "mse", "c": "mse"})
    with pytest.raises(KeyError) as caught:
        model.fit(np.ones((2, 2)), {"a": np.ones((2, 1)), "b": np.ones((2, 1))}, verbose=0)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).startswith("Invalid `loss`: it names 'c'")


def test_classes_that_nobody_knows() -> None:
    record = {"module": "somewhere", "class_name": "Nowhere", "config": {}, "registered_name": None}
    for error in (TypeError, ValueError):
        with pytest.raises(error, match="'Nowhere' that is not known"):
            keras.saving.deserialize_keras_object(record)

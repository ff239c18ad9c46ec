"""Sequential, functional and subclassed models: structure, shapes, summaries, configurations, copies."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import extend, keras
from weft.keras import layers


def two_inputs() -> Any:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(3, name="shared")
    joined = layers.Concatenate(name="joined")([shared(a), shared(b)])
    return keras.Model([a, b], [layers.Dense(2, name="head")(joined), joined], name="pair")


DATA = [np.arange(8, dtype=np.float32).reshape(2, 4), np.ones((2, 4), np.float32)]


class Net(keras.Model):
    def __init__(self, units: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden = [layers.Dense(units, activation="relu") for _ in range(2)]
        self.dropout = layers.Dropout(0.5)
        self.head = layers.Dense(1)

    def call(self, inputs: Any, training: bool = False) -> Any:
        for layer in self.hidden:
            inputs = layer(inputs)
        return self.head(self.dropout(inputs, training=training))


# Sequential -----------------------------------------------------------------------------------------------------------


def test_sequential_grows_and_shrinks() -> None:
    model = keras.Sequential()
    model.add(keras.Input((3,)))
    model.add(layers.Dense(4, name="first"))
    assert model.output_shape == (None, 4)
    model.add(layers.Dense(5, name="second"))
    assert model.output_shape == (None, 5) and len(model.layers) == 2 and len(model.weights) == 4
    assert model.pop().name == "second"
    assert model.output_shape == (None, 4) and len(model.weights) == 2
    model.add(layers.Dense(2, name="third"))
    assert model(np.ones((1, 3))).shape == (1, 2)


def test_sequential_is_built_by_its_first_data() -> None:
    model = keras.Sequential([layers.Dense(4), layers.Dense(2)])
    assert not model.built and model.weights == []
    with pytest.raises(AttributeError, match="its input shape is not known"):
        _ = model.outputs
    assert model(np.ones((3, 5))).shape == (3, 2)
    assert model.built and model.input_shape == (None, 5) and len(model.weights) == 4
    assert model(np.ones((1, 5))).shape == (1, 2)


def test_sequential_is_built_by_hand() -> None:
    model = keras.Sequential([layers.Dense(4), layers.Dense(2)])
    model.build((None, 5))
    assert model.count_params() == 34


def test_sequential_of_models() -> None:
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(4)])
    model = keras.Sequential([inner, layers.Dense(2)])
    assert model.input_shape == (None, 3) and model.output_shape == (None, 2) and len(model.weights) == 4


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda m: m.add(lambda x: x), TypeError, r"Only instances of keras.Layer(?s:.*)Lambda"),
        (lambda m: m.add(layers.Dense), TypeError, r"make an object of the class: Dense"),
        (lambda m: m.add(layers.Dense(1, name="first")), ValueError, "already has a layer named `first`"),
        (lambda m: m.add(keras.Input((2,))), ValueError, "an Input must come first"),
    ],
)
def test_sequential_refuses(build: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        build(keras.Sequential([layers.Dense(1, name="first")]))


def test_the_shape_that_does_not_fit_names_the_layer() -> None:
    with pytest.raises(ValueError, match=r"Input 0 of layer `conv2d.*` \(Conv2D\) is incompatible .*: it has 2 axes"):
        keras.Sequential([keras.Input((5,)), layers.Conv2D(2, 3)])


# Functional -----------------------------------------------------------------------------------------------------------


def test_shared_layers_and_several_outputs() -> None:
    model = two_inputs()
    assert len(model.weights) == 4 and [layer.name for layer in model.layers] == ["a", "b", "shared", "joined", "head"]
    head, joined = model(DATA)
    assert head.shape == (2, 2) and joined.shape == (2, 6)
    shared = model.get_layer("shared")
    np.testing.assert_allclose(joined, np.concatenate([shared(DATA[0]), shared(DATA[1])], axis=1))
    assert model.input_shape == [(None, 4), (None, 4)] and model.output_shape == [(None, 2), (None, 6)]
    assert model.input_names == ["a", "b"] and model.output_names == ["head", "joined"]


def test_inputs_by_name() -> None:
    model = two_inputs()
    np.testing.assert_array_equal(model({"b": DATA[1], "a": DATA[0]})[0], model(DATA)[0])
    with pytest.raises(ValueError, match="has no entry 'b'"):
        model({"a": DATA[0]})


def test_dicts_of_inputs_and_outputs() -> None:
    inputs = {"x": keras.Input((2,)), "y": keras.Input((2,))}
    model = keras.Model(inputs, {"sum": inputs["x"] + inputs["y"], "product": inputs["x"] * inputs["y"]})
    found = model({"y": np.full((1, 2), 3.0), "x": np.full((1, 2), 2.0)})
    assert np.asarray(found["sum"]).tolist() == [[5.0, 5.0]] and np.asarray(found["product"]).tolist() == [[6.0, 6.0]]


def test_any_function_takes_symbolic_tensors() -> None:
    x = keras.Input((6,))
    y = tf.reshape(tf.nn.relu(x) * 2.0 - 1.0, [-1, 2, 3])
    z = tf.concat([y[:, 0], tf.reduce_max(y, axis=1)], axis=-1)
    model = keras.Model(x, z)
    data = np.array([[1.0, -2.0, 3.0, 4.0, -5.0, 6.0]], np.float32)
    expected = np.maximum(data, 0) * 2 - 1
    expected = np.concatenate([expected[:, :3], expected.reshape(1, 2, 3).max(axis=1)], axis=-1)
    np.testing.assert_allclose(model(data), expected)
    np.testing.assert_allclose(model(np.repeat(data, 3, axis=0)), np.repeat(expected, 3, axis=0))
    again = keras.Model.from_config(json.loads(json.dumps(model.get_config())))
    np.testing.assert_allclose(again(data), expected)


def test_python_cannot_look_into_a_symbolic_tensor() -> None:
    x = keras.Input((2,), name="x")
    for use, error in ((bool, TypeError), (float, TypeError), (np.asarray, ValueError), (list, TypeError)):
        with pytest.raises(error, match="`x` is a symbolic tensor of a Keras model"):
            use(x)


def test_a_model_of_intermediate_results() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(2), layers.Dense(1)])
    tail = keras.Model(model.layers[0].output, model.output)
    x = np.ones((2, 4), np.float32)
    features = keras.Model(model.input, model.layers[0].output)
    np.testing.assert_allclose(tail(features(x)), model(x), rtol=1e-6)
    assert tail.input_shape == (None, 3)


def test_nested_models_share_weights() -> None:
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(3)])
    x = keras.Input((3,))
    model = keras.Model(x, inner(inner(x)))
    assert len(model.weights) == 2 and model.weights[0] is inner.weights[0]
    data = np.ones((1, 3), np.float32)
    np.testing.assert_allclose(model(data), inner(inner(data)), rtol=1e-6)


def test_a_missing_input_is_named() -> None:
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    with pytest.raises(ValueError, match="is not connected to `inputs`: it depends on `b`"):
        keras.Model(a, a + b)
    with pytest.raises(ValueError, match="values must be KerasTensors"):
        keras.Model(np.ones(3), a)


def test_the_old_names_of_inputs_and_outputs() -> None:
    x = keras.Input((2,))
    assert keras.Model(input=x, output=layers.Dense(1)(x)).output_shape == (None, 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.ones((2, 5)), r"name 'x' and path '': axis 1 has size 5, expected 4(?s:.*)expected: shape \(None, 4\)"),
        (np.ones((2, 4, 4)), r"it has 3 axes, expected 2"),
        (np.ones(4), r"it has 1 axis, expected 2(?s:.*)x\[None, \.\.\.\]"),
    ],
)
def test_wrong_data(data: Any, words: str) -> None:
    x = keras.Input((4,), name="x")
    with pytest.raises(ValueError, match=words):
        keras.Model(x, layers.Dense(1)(x))(data)


def test_a_missing_last_axis_of_one_is_added() -> None:
    model = keras.Sequential([layers.Dense(1, input_shape=[1], kernel_initializer="ones")])
    assert np.asarray(model(np.array([10.0, 2.0]))).tolist() == [[10.0], [2.0]]


def test_add_loss_with_a_symbolic_tensor() -> None:
    x = keras.Input((2,))
    y = layers.Dense(1, kernel_initializer="ones")(x)
    model = keras.Model(x, y)
    model.add_loss(tf.reduce_mean(tf.square(y)))
    model(np.ones((3, 2), np.float32))
    assert [float(loss) for loss in model.losses] == [4.0]


# Subclasses -----------------------------------------------------------------------------------------------------------


def test_subclassed_models() -> None:
    model = Net()
    assert model(np.ones((2, 3))).shape == (2, 1) and len(model.weights) == 6
    assert model.layers == [*model.hidden, model.dropout, model.head]
    built = Net()
    built.build((None, 3))
    assert built.count_params() == model.count_params()
    x = keras.Input((3,))
    assert model(x).shape == (None, 1)


def test_a_subclass_with_inputs_and_outputs() -> None:
    class Named(keras.Model):
        def __init__(self) -> None:
            x = keras.Input((2,))
            super().__init__(inputs=x, outputs=layers.Dense(1)(x))

    model = Named()
    assert model(np.ones((1, 2))).shape == (1, 1) and len(model.weights) == 2


def test_a_model_without_call() -> None:
    class Empty(keras.Model):
        pass

    with pytest.raises(NotImplementedError, match=r"Model Empty has no call\(\) method"):
        Empty()(np.ones((1, 1)))


# Layers and summaries -------------------------------------------------------------------------------------------------


def test_get_layer() -> None:
    model = two_inputs()
    assert model.get_layer("head") is model.layers[-1] is model.get_layer(index=4)
    with pytest.raises(ValueError, match="no layer named 'haed'. Did you mean .*`head`"):
        model.get_layer("haed")


def test_summary_of_a_sequence() -> None:
    lines: list[str] = []
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, name="one"), layers.BatchNormalization(name="two")], name="m"
    )
    model.summary(print_fn=lines.append, line_length=80)
    text = "\n".join(lines)
    assert text.splitlines()[1:6] == [
        "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓",
        "┃ Layer (type)                      ┃ Output Shape             ┃       Param # ┃",
        "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩",
        "│ one (Dense)                       │ (None, 3)                │            15 │",
        "├───────────────────────────────────┼──────────────────────────┼───────────────┤",
    ]
    assert 'Model: "m"' in text and "one (Dense)" in text and "(None, 3)" in text
    assert "Total params: 27 (108.00 B)" in text and "Non-trainable params: 6 (24.00 B)" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_summary_on_a_narrow_terminal(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    keras.Sequential([keras.Input((4,)), layers.Dense(3, name="one")]).summary()
    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 40


def test_summary_of_a_graph_and_in_ascii(capsys: Any, monkeypatch: Any) -> None:
    model = two_inputs()
    model.summary()
    text = capsys.readouterr().out
    assert "a[0][0], b[0][0]" in text.replace("\n", "") and "shared (Dense)" in text
    from weft.keras.models import summary

    monkeypatch.setattr(summary, "_can_print", lambda text: False)
    model.summary(expand_nested=True, show_trainable=True)
    assert capsys.readouterr().out.isascii()


def test_summary_of_what_is_not_built(capsys: Any) -> None:
    keras.Sequential([layers.Dense(3)]).summary()
    text = capsys.readouterr().out
    assert "│ ? " in text and "0 (unbuilt)" in text


def test_summary_as_html() -> None:
    text = two_inputs()._repr_html_()
    assert "<table>" in text and "shared (Dense)" in text


# Configurations and copies --------------------------------------------------------------------------------------------


def same(first: Any, second: Any) -> None:
    for a, b in zip(tf.nest.flatten(first), tf.nest.flatten(second), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("make", [two_inputs, lambda: keras.Sequential([keras.Input((4,)), layers.Dense(3)])])
def test_configurations_go_through_json(make: Any) -> None:
    model = make()
    data = DATA if isinstance(model.input, list) else DATA[0]
    again = keras.models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    same(again(data), model(data))
    assert again.name == model.name and [layer.name for layer in again.layers] == [layer.name for layer in model.layers]


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
@pytest.mark.parametrize("make", [two_inputs, Net, lambda: keras.Sequential([keras.Input((4,)), layers.Dense(2)])])
def test_copies(copier: Any, make: Any) -> None:
    model = make()
    data = DATA if model.name == "pair" else DATA[0]
    before = tf.nest.map_structure(np.asarray, model(data))
    again = copier(model)
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    same(again(data), before)
    assert len(again.weights) == len(model.weights)


def test_copying_a_deep_model_does_not_recurse() -> None:
    x = inputs = keras.Input((2,))
    for _ in range(300):
        x = x + 1.0
    model = keras.Model(inputs, x)
    again = pickle.loads(pickle.dumps(model))
    assert np.asarray(again(np.zeros((1, 2)))).tolist() == [[300.0, 300.0]]


def test_clone_model() -> None:
    model = two_inputs()
    again = keras.models.clone_model(model)
    assert again.weights[0] is not model.weights[0]
    again.set_weights(model.get_weights())
    same(again(DATA), model(DATA))
    frozen = keras.models.clone_model(
        keras.Sequential([keras.Input((2,)), layers.Dense(3)]), clone_function=lambda layer: layers.Dense(5)
    )
    assert frozen.output_shape == (None, 5)


def test_custom_layers_in_configurations() -> None:
    @keras.saving.register_keras_serializable("tests")
    class Double(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * 2

    model = keras.Sequential([keras.Input((2,)), Double()])
    assert np.asarray(keras.models.model_from_json(model.to_json())(np.ones((1, 2)))).tolist() == [[2.0, 2.0]]

    class Triple(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * 3

    text = keras.Sequential([keras.Input((2,)), Triple()]).to_json()
    with pytest.raises(ValueError, match="class 'Triple' that is not known"):
        keras.models.model_from_json(text)
    assert keras.models.model_from_json(text, custom_objects={"Triple": Triple}).layers[0].name


def test_models_are_freed() -> None:
    model = two_inputs()
    model(DATA)
    reference = weakref.ref(model)
    del model
    gc.collect()
    assert reference() is None


# Running --------------------------------------------------------------------------------------------------------------


def test_calls_from_eight_threads() -> None:
    model = Net()
    x = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    expected = np.asarray(model(x))
    found: list[Any] = [None] * 8

    def work(position: int) -> None:
        for _ in range(5):
            found[position] = np.asarray(model(x))

    threads = [threading.Thread(target=work, args=(position,)) for position in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in found:
        np.testing.assert_array_equal(result, expected)


def test_a_traced_model_gives_the_same_and_is_traced_once() -> None:
    model = keras.Sequential([
        keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dense(2)
    ])  # fmt: skip
    step = extend.function(lambda x: model(x, training=False))
    x = np.random.default_rng(1).normal(size=(4, 6, 6, 1)).astype(np.float32)
    np.testing.assert_allclose(step(x), model(x), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(step(x[:3]), model(x[:3]), rtol=1e-5, atol=1e-6)
    assert len(step.concrete_functions()) == 1


def test_the_same_seed_gives_the_same_weights_and_dropout() -> None:
    def once() -> list[Any]:
        keras.utils.set_random_seed(7)
        model = keras.Sequential([keras.Input((4,)), layers.Dense(8), layers.Dropout(0.5), layers.Dense(2)])
        return [*model.get_weights(), np.asarray(model(DATA[0], training=True))]

    for first, second in zip(once(), once(), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("given", ["data", "input", "build"])
def test_sequential_takes_every_size_that_its_layers_take(given):
    layers = [keras.layers.Conv2D(2, 3), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((8, 8, 3)), *layers] if given == "input" else layers)
    if given == "build":
        model.build((None, 8, 8, 3))
    small, large = np.ones((1, 8, 8, 3), np.float32), np.ones((2, 16, 12, 3), np.float32)
    assert model(small).shape == (1, 1) and model(large).shape == (2, 1)
    assert model.predict(large, verbose=0).shape == (2, 1)
    model.compile("sgd", "mse")
    model.fit(small, np.ones((1, 1)), verbose=0)
    model.fit(large, np.ones((2, 1)), verbose=0)
    assert np.isfinite(model.evaluate(small, np.ones((1, 1)), verbose=0))
    with pytest.raises(ValueError, match="channels|axis|size"):
        model(np.ones((1, 8, 8, 4), np.float32))
    functional = keras.Model(x := keras.Input((8, 8, 3)), model(x))
    with pytest.raises(ValueError, match="expected 8"):
        functional(large)


def test_sequential_of_sequences_takes_every_length():
    model = keras.Sequential([keras.layers.Embedding(9, 2), keras.layers.LSTM(3)])
    assert model(np.ones((2, 3))).shape == (2, 3) and model(np.ones((4, 7))).shape == (4, 3)
    flat = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])
    assert flat(np.ones((2, 3, 4))).shape == (2, 2) and flat(np.ones((2, 4, 3))).shape == (2, 2)
    with pytest.raises(ValueError, match="16"):
        flat(np.ones((2, 4, 4)))


def test_a_subclass_may_give_its_name_alone():
    class Policy(keras.Model):
        def __init__(self):
            super().__init__("policy")

    assert Policy().name == "policy"


def test_a_class_that_hands_tensors_up_is_functional() -> None:
    class Mine(keras.Model):
        def __init__(self) -> None:
            x = keras.Input((2,))
            super().__init__(inputs=x, outputs=layers.Dense(1)(x))

    functional = type(two_inputs())
    assert isinstance(Mine(), functional) and not isinstance(Net(), functional)
    sequential = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    assert not isinstance(sequential, functional) and type(sequential._functional) is functional
    assert keras.Sequential([layers.Dense(1)])._functional is None


def test_a_layer_of_two_tensors_in_a_sequence_is_refused() -> None:
    class Pair(layers.Layer):
        def call(self, first: Any, second: Any) -> Any:
            return first + second

    model = keras.Sequential([Pair()])
    with pytest.raises(ValueError, match="can only have a single positional argument.*`second`"):
        model.build((None, 2))


@pytest.mark.parametrize(("source", "problem"), [("gone", "Missing node: gone"), ("b", "loop")])
def test_calls_that_do_not_hang_together_in_a_configuration_of_keras_2(source: str, problem: str) -> None:
    def dense(name: str, source: str) -> dict[str, Any]:
        return {"class_name": "Dense", "name": name, "config": {"units": 2, "name": name},
                "inbound_nodes": [[[source, 0, 0, {}]]]}  # fmt: skip

    entry = {"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [None, 2], "name": "x"},
             "inbound_nodes": []}  # fmt: skip
    config = {"name": "m", "layers": [entry, dense("a", source), dense("b", "a")], "input_layers": [["x", 0, 0]],
              "output_layers": [["b", 0, 0]]}  # fmt: skip
    with pytest.raises(ValueError, match=problem):
        keras.Model.from_config(config)
    config["layers"][1] = dense("a", "x")  # type: ignore[index]
    assert keras.Model.from_config(config).output_shape == (None, 2)


def test_errors_say_where_in_a_structure() -> None:
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    with pytest.raises(ValueError, match="Output with path `second` is not connected"):
        keras.Model(a, {"first": a * 2, "second": b * 2})
    model = keras.Model([{"deep": a}], layers.Dense(1)(a))
    with pytest.raises(ValueError, match="name 'a' and path '0.deep'"):
        model(np.ones(()))
    with pytest.raises(ValueError, match=r"named input\(s\) with keys: \['a', 'b'\]"):
        keras.Model({"a": a, "b": b}, a + b)(np.ones((1, 2)))


def test_further_entries_of_a_dict_of_inputs_are_told_once() -> None:
    a = keras.Input((3,), name="a")
    model, data = keras.Model({"a": a}, a * 5 + 2), {"a": np.ones((2, 3)), "b": np.ones((2, 1))}
    with pytest.warns(UserWarning, match="doesn't match the expected structure") as told:
        model(data), model(data)
    assert len(told) == 1


def test_sequences_count_among_the_names_of_graphs() -> None:
    def name() -> str:
        entry = keras.Input((3,))
        found = keras.Model(entry, layers.Dense(1)(entry)).name
        keras.backend.clear_session()
        return str(found)

    def grown() -> Any:
        model = keras.Sequential()
        for layer in (keras.Input((3,)), layers.Dense(2), layers.Dense(2), layers.Dense(2)):
            model.add(layer)
        return model

    def made(*first: Any) -> Any:
        return keras.Sequential([*first, layers.Dense(2), layers.Dense(2)])

    keras.backend.clear_session()
    for make, expected in (
        (lambda: None, "functional"), (made, "functional"), (lambda: made(keras.Input((3,))), "functional_1"),
        (grown, "functional_3"), (lambda: made()(np.ones((2, 3))), "functional_1"),
        (lambda: made(keras.Input((3,))).pop(), "functional_2"),
        (lambda: keras.models.clone_model(made(keras.Input((3,)))), "functional_2"),
    ):  # fmt: skip
        make()
        assert name() == expected


def test_a_model_remembers_each_symbolic_call_once() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    outputs = [model(keras.Input((3,))) for _ in range(2)]
    assert len(model._inbound_nodes) == 2
    assert all(model.get_output_at(place) is output for place, output in enumerate(outputs))


def test_summary_of_several_outputs() -> None:
    lines: list[str] = []
    entry = keras.Input((4, 3))
    keras.Model(entry, layers.LSTM(2, return_state=True)(entry)).summary(line_length=120, print_fn=lines.append)
    assert "[(None, 2), (None, 2), (None, 2)]" in "".join(lines)

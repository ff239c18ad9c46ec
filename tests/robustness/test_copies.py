"""Pickles, deep copies and weak references: the copy is the same to the bit and trains on like the original."""

import copy
import gc
import inspect
import pickle
import weakref

import numpy as np
import pytest

import weft as tf
from tests.robustness import models, workers
from weft import keras

HOWS = {
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "pickle_5": lambda thing: pickle.loads(pickle.dumps(thing, protocol=5)),
    "deepcopy": copy.deepcopy,
}
OPTIMIZERS = sorted(
    name
    for name in dir(keras.optimizers)
    if isinstance(getattr(keras.optimizers, name), type)
    and issubclass(getattr(keras.optimizers, name), keras.optimizers.Optimizer)
    and name not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")
)


def public_classes(folder, base):
    """The classes of a public folder that can be made without arguments, or with a few ordinary ones."""
    for name in sorted(dir(folder)):
        made = getattr(folder, name)
        if not (isinstance(made, type) and issubclass(made, base) and made is not base):
            continue
        for arguments in ((), (3,), (0.5,), ((1,),)):
            try:
                yield name, made(*arguments)
                break
            except (TypeError, ValueError, OSError):  # OSError: layers that read a folder
                continue


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", models.MAKERS)
def test_a_copied_model_predicts_the_same_and_trains_on_the_same(name, how):
    model = models.fitted(name)
    other = HOWS[how](model)
    assert type(other) is type(model) and other.name == model.name
    assert [v.path for v in other.variables] == [v.path for v in model.variables]
    assert {id(v) for v in other.variables}.isdisjoint({id(v) for v in model.variables})
    models.assert_same_bits(models.weights(model), models.weights(other))
    models.assert_same_bits([models.predict(model)], [models.predict(other)])
    assert other.evaluate(models.X, models.Y, verbose=0) == model.evaluate(models.X, models.Y, verbose=0)
    history, arrays = models.train_on(model)
    other_history, other_arrays = models.train_on(other)
    assert history == other_history
    models.assert_same_bits(arrays, other_arrays)


@pytest.mark.parametrize("name", models.MAKERS)
def test_a_copy_and_its_original_live_apart(name):
    model = models.fitted(name)
    before = models.weights(model)
    other = pickle.loads(pickle.dumps(copy.deepcopy(model)))
    models.train_on(other, epochs=1)
    models.assert_same_bits(before, models.weights(model))


@pytest.mark.parametrize("name", models.MAKERS)
def test_models_are_copied_between_compile_and_fit(name):
    model = models.compiled(name)
    copies = [how(model) for how in HOWS.values()]
    histories = [models.train_on(each, epochs=1)[0] for each in copies]
    assert histories == [histories[0]] * len(copies) and histories[0]["accuracy"]
    if model.built and name != "subclassed":
        assert models.train_on(model, epochs=1)[0] == histories[0]


@pytest.mark.parametrize("name", models.MAKERS)
def test_models_are_copied_before_they_are_compiled_or_built(name):
    keras.utils.set_random_seed(1)
    model = models.MAKERS[name]()
    for how in HOWS.values():
        other = how(model)
        assert models.predict(other).shape == (96, 3)
        if model.built and name != "subclassed":
            models.assert_same_bits([np.array(v) for v in model.variables], [np.array(v) for v in other.variables])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_is_copied_with_its_state(name):
    model = models.fitted("sequential", getattr(keras.optimizers, name)())
    copies = [how(model) for how in HOWS.values()]
    history, arrays = models.train_on(model, epochs=1)
    for other in copies:
        other_history, other_arrays = models.train_on(other, epochs=1)
        assert history == other_history
        models.assert_same_bits(arrays, other_arrays)


def test_a_schedule_is_copied_with_its_optimizer():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)
    model = models.fitted("sequential", keras.optimizers.SGD(schedule, momentum=0.9))
    other = pickle.loads(pickle.dumps(model))
    assert float(other.optimizer.learning_rate) == float(model.optimizer.learning_rate)
    assert models.train_on(model)[0] == models.train_on(other)[0]


@pytest.mark.parametrize(
    "folder, base",
    [("losses", "Loss"), ("metrics", "Metric"), ("layers", "Layer"), ("initializers", "Initializer"),
     ("regularizers", "Regularizer"), ("constraints", "Constraint"), ("callbacks", "Callback")],
)  # fmt: skip
def test_every_public_class_is_copied_and_weakly_referenced(folder, base):
    module = getattr(keras, folder)
    tried = 0
    for name, made in public_classes(module, getattr(module, base)):
        assert weakref.ref(made)() is made, name
        for how in HOWS.values():
            other = how(made)
            assert type(other) is type(made), name
            if hasattr(made, "get_config") and folder != "callbacks":
                assert repr(other.get_config()).split(" at 0x")[0] == repr(made.get_config()).split(" at 0x")[0], name
        tried += 1
    assert tried >= 3


def test_metrics_and_losses_keep_what_they_have_seen():
    metric = keras.metrics.SparseCategoricalAccuracy()
    metric.update_state([1, 2], [[0.1, 0.9, 0.0], [0.8, 0.1, 0.1]])
    auc = keras.metrics.AUC()
    auc.update_state([0, 1, 1], [0.2, 0.4, 0.9])
    loss = keras.losses.Huber(delta=0.7)
    for how in HOWS.values():
        assert float(how(metric).result()) == float(metric.result()) == 0.5
        assert float(how(auc).result()) == float(auc.result())
        assert float(how(loss)([1.0], [3.0])) == float(loss([1.0], [3.0]))


def values():
    """One of each kind of value with the way to look at it."""
    yield tf.constant([1.5, -0.0, float("nan")]), lambda x: x.numpy().tobytes()
    yield tf.constant([b"a", "ü"]), lambda x: x.numpy().tolist()
    yield tf.constant(1.25, tf.bfloat16), lambda x: float(x)
    yield tf.constant([1 + 2j]), lambda x: x.numpy().tolist()
    yield tf.transpose(tf.reshape(tf.range(6), (2, 3))), lambda x: x.numpy().tolist()
    yield tf.Variable([1.0, 2.0], name="v", trainable=False), lambda x: (x.name, x.trainable, x.numpy().tolist())
    yield keras.Variable([1.0, 2.0], name="w"), lambda x: (x.name, x.path, x.numpy().tolist())
    yield tf.IndexedSlices(tf.ones((1, 2)), tf.constant([1])), lambda x: (x.values.numpy().tolist(), x.indices.numpy())
    yield tf.TensorSpec([None, 2], tf.int32, name="s"), repr
    yield tf.TensorShape([None, 2]), repr
    yield tf.int8, repr
    yield tf.random.Generator.from_seed(5), lambda x: copy.deepcopy(x).normal((3,)).numpy().tobytes()
    yield keras.random.SeedGenerator(5), lambda x: x.state.numpy().tolist()
    yield tf.errors.InvalidArgumentError(None, None, "wrong"), str


@pytest.mark.parametrize("value, look", list(values()), ids=lambda part: type(part).__name__)
def test_values_are_copied_and_weakly_referenced(value, look):
    assert weakref.ref(value)() is value
    for how in (*HOWS.values(), copy.copy):
        assert type(how(value)) is type(value)
        assert look(how(value)) == look(value)


def test_what_two_places_share_stays_shared_in_the_copy():
    v = tf.Variable([1.0])
    for how in HOWS.values():
        first, second = how([v, {"again": v}])
        first.assign([5.0])
        assert second["again"].numpy().tolist() == [5.0]
    assert v.numpy().tolist() == [1.0]


def public_functions():
    """Every function of the public namespaces, under the name that a user writes."""
    for prefix, namespace in {"tf": tf, "tf.math": tf.math, "tf.nn": tf.nn, "tf.linalg": tf.linalg, "v1": tf.compat.v1,
                              "activations": keras.activations, "losses": keras.losses,
                              "metrics": keras.metrics}.items():  # fmt: skip
        for name in dir(namespace):
            if not name.startswith("_") and inspect.isfunction(found := getattr(namespace, name)):
                yield f"{prefix}.{name}", found


def test_public_functions_are_pickled_by_name():
    lost = []
    for name, function in public_functions():
        try:
            if pickle.loads(pickle.dumps(function)) is not function:
                lost.append(name)
        except (AttributeError, pickle.PicklingError):
            lost.append(name)
    assert not lost


def test_a_model_with_functions_of_tensorflow_in_it_is_copied():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(4, activation=tf.nn.relu), keras.layers.Lambda(tf.square),
         keras.layers.Dense(3, activation=tf.nn.softmax)]
    )  # fmt: skip
    model.compile(keras.optimizers.Adam(), keras.losses.sparse_categorical_crossentropy,
                  metrics=[keras.metrics.sparse_categorical_accuracy])  # fmt: skip
    model.fit(models.X, models.Y, verbose=0)
    for how in HOWS.values():
        other = how(model)
        models.assert_same_bits([models.predict(model)], [models.predict(other)])
        assert other.evaluate(models.X, models.Y, verbose=0) == model.evaluate(models.X, models.Y, verbose=0)


def test_traced_functions_are_pickled_by_name_and_copied_with_their_owner():
    assert pickle.loads(pickle.dumps(workers.traced)) is workers.traced

    class Doubling(keras.Model):
        def __init__(self):
            super().__init__()
            self.scale = tf.Variable(2.0)
            self.step = tf.function(self._step)

        def _step(self, x):
            return x * self.scale

        def call(self, inputs):
            return self.step(inputs)

        @tf.function
        def twice(self, x):
            return self.step(self.step(x))

    model = Doubling()
    assert float(model.step(tf.constant(3.0))) == 6.0
    other = copy.deepcopy(model)
    other.scale.assign(5.0)
    assert float(model.step(tf.constant(3.0))) == 6.0 and float(other.step(tf.constant(3.0))) == 15.0
    assert float(model.twice(tf.constant(3.0))) == 12.0 and float(other.twice(tf.constant(3.0))) == 75.0


def test_the_history_of_a_fit_is_pickled():
    model = models.compiled("sequential")
    history = model.fit(models.X, models.Y, epochs=2, verbose=0)
    for how in HOWS.values():
        other = how(history)
        assert other.history == history.history and other.epoch == [0, 1]


def test_tensors_of_a_graph_say_why_they_cannot_be_pickled():
    with tf.Graph().as_default():
        x = tf.compat.v1.placeholder(tf.float32)
    with pytest.raises(TypeError, match="belongs to a graph"):
        pickle.dumps(x)
    with pytest.raises(TypeError, match="belongs to a graph"):
        copy.deepcopy([x])
    assert copy.copy([x])[0] is x and copy.copy(x) is x  # a shallow copy is the same tensor, as it is of the same graph
    assert weakref.ref(x)() is x and weakref.ref(x.graph)() is x.graph and weakref.ref(x.op)() is not None


@pytest.mark.parametrize("name", models.MAKERS)
def test_a_model_that_nobody_holds_is_gone(name):
    model = models.fitted(name)
    held = [weakref.ref(model), weakref.ref(model.optimizer), *map(weakref.ref, model.variables)]
    held.extend(weakref.ref(layer) for layer in model.layers)
    del model
    gc.collect()
    assert [reference() for reference in held] == [None] * len(held)

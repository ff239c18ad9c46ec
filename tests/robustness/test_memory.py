"""Many models in one process: what a cycle of building and training leaves behind.

`tools/memory_cycles.py` measures the same with 500 cycles of each kind; this is its short form. Objects are counted
exactly, resident memory with room for what the allocator does.
"""

import functools
import gc
import json
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

import weft as tf
from tests.robustness import models
from weft import keras

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "memory_cycles.py"
KINDS = [
    "sequential", "functional", "conv", "cleared", "subclassed", "predict", "tape", "function", "session",
    "default_graph",
]  # fmt: skip
#: kB a cycle: the promise is 20 after the 50th; after so short a warm-up the heap still settles
ROOM = 60.0


@pytest.mark.subprocess
@pytest.mark.parametrize("kind", KINDS)
def test_cycles_leave_nothing_behind(kind):
    many = 3 if kind in ("predict", "tape", "function", "session", "default_graph") else 1
    output = subprocess.run(
        [sys.executable, str(SCRIPT), kind, "--here", "--json", "--limit", "inf", "--warm-up", str(12 * many),
         "--cycles", str(40 * many)],
        check=True, capture_output=True, text=True, timeout=300, cwd=ROOT,
    ).stdout  # fmt: skip
    found = json.loads(output)
    assert found["objects"] < 0.5, found["types"]
    assert found["always_kb"] < ROOM, found


def containers():
    """Every cache and registry of Weft's modules, with its size."""
    sizes = {}
    for name, module in list(sys.modules.items()):
        if name != "weft" and not name.startswith("weft."):
            continue
        for attribute, value in list(vars(module).items()):
            if isinstance(value, (dict, list, set, weakref.WeakKeyDictionary, weakref.WeakValueDictionary,
                                  weakref.WeakSet)) and not attribute.startswith("__"):  # fmt: skip
                sizes[f"{name}.{attribute}"] = len(value)
            elif isinstance(value, functools._lru_cache_wrapper):
                sizes[f"{name}.{attribute}"] = value.cache_info().currsize
    return sizes


def cycle():
    for name in models.MAKERS:
        models.fitted(name)

    v = tf.Variable([1.0, 2.0])

    @tf.function
    def traced(x):
        return tf.reduce_sum(x * v)

    with tf.GradientTape() as tape:
        loss = traced(tf.ones((2,)))
    tape.gradient(loss, v)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32)
        session.run(tf.random.normal((2,)) * x, {x: 1.0})


def test_no_cache_of_the_library_grows():
    for _ in range(2):
        cycle()
    gc.collect()
    before = containers()
    for _ in range(3):
        cycle()
    gc.collect()
    after = containers()
    grown = {name: (before.get(name, 0), size) for name, size in after.items() if size > before.get(name, 0)}
    assert not grown


def test_fitting_again_traces_nothing_anew():
    model = models.fitted("sequential")
    models.predict(model)
    steps = dict(model._state.steps)
    traces = {name: step._function.experimental_get_tracing_count() for name, step in steps.items()}
    for size in (96, 90, 64):
        model.fit(models.X[:size], models.Y[:size], batch_size=32, epochs=2, verbose=0)
        model.predict(models.X[:size], batch_size=32, verbose=0)
    assert model._state.steps == steps
    assert {name: step._function.experimental_get_tracing_count() for name, step in steps.items()} == traces


def test_graphs_end_with_the_model_that_they_belong_to():
    from weft.ir.graph import Graph

    def count():
        gc.collect()
        return sum(isinstance(each, Graph) for each in gc.get_objects())

    models.fitted("functional")
    before = count()
    for _ in range(3):
        models.fitted("functional")
    assert count() == before


def test_data_end_with_the_call_that_took_them():
    model = models.fitted("sequential")
    samples = models.X.copy()
    held = weakref.ref(samples)
    model.fit(samples, models.Y, verbose=0)
    model.predict(samples, verbose=0)
    del samples
    gc.collect()
    assert held() is None


def test_a_class_of_a_function_ends_with_it():
    def make():
        class Doubled(keras.layers.Layer):
            def __init__(self, use_bias=True, **kwargs):
                super().__init__(**kwargs)

            def call(self, inputs):
                return inputs * 2.0

        # an old keyword, which makes Weft look at what the class takes
        model = keras.Sequential([keras.Input((8,)), Doubled(bias=False), keras.layers.Dense(3)])
        model.compile("sgd", "mse")
        model.predict(models.X, verbose=0)
        return weakref.ref(Doubled)

    held = make()
    gc.collect()
    assert held() is None

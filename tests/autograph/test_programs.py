"""Functions with control flow over tensors give, traced, what they give as plain Python, and what TensorFlow's give."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import weft as tf

ROOT = Path(__file__).parents[2]
GOLDEN = json.loads((ROOT / "tests/golden/autograph.json").read_text(encoding="utf-8"))


def _load():
    spec = importlib.util.spec_from_file_location("autograph_programs", ROOT / "tools/goldens/autograph_programs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.tf = tf
    return module


programs = _load()
CASES = [(function, number, case) for function, cases in programs.PROGRAMS for number, case in enumerate(cases)]
#: these look at nothing but the graph: as plain Python they do something else, or nothing
GRAPH_ONLY = {"bounded"}
#: where TensorFlow gives another number than Python without a word, Weft gives Python's: a name that is None before a
#: loop (4 and 0 for 44 and 10), a name of the function around that a branch sets (0 for 2 and -2)
AS_PYTHON = {"none_before_the_loop", "changes_outer_name"}


def encode(value):
    if isinstance(value, (tuple, list)):
        return {"tuple": [encode(part) for part in value]}
    array = np.asarray(value)
    return [array.dtype.name, array.tolist()]


def close(found, expected):
    if isinstance(expected, dict):
        return len(found["tuple"]) == len(expected["tuple"]) and all(map(close, found["tuple"], expected["tuple"]))
    return found[0] == expected[0] and np.allclose(found[1], expected[1], rtol=1e-5)


@pytest.mark.parametrize(("function", "number", "case"), CASES, ids=[f"{f.__name__}-{n}" for f, n, _ in CASES])
def test_traced_as_in_tensorflow_and_as_python(function, number, case):
    arguments = [tf.constant(value) for value in case]
    found = encode(tf.function(function)(*arguments))
    golden = GOLDEN["programs"][function.__name__]
    if isinstance(golden, list) and function.__name__ not in AS_PYTHON:
        assert close(found, golden[number])
    if function.__name__ not in GRAPH_ONLY:
        plain = encode(function(*arguments))
        values = [plain] if not isinstance(plain, dict) else plain["tuple"]
        mine = [found] if not isinstance(found, dict) else found["tuple"]
        assert [np.allclose(a[1], b[1], rtol=1e-5) for a, b in zip(mine, values, strict=True)] == [True] * len(mine)


@pytest.mark.parametrize(("function", "arguments"), programs.REFUSED, ids=[f.__name__ for f, _ in programs.REFUSED])
def test_refused_with_the_name_and_the_line(function, arguments):
    expected = GOLDEN["refused"][function.__name__]
    with pytest.raises((ValueError, TypeError)) as caught:
        tf.function(function)(*[tf.constant(a) for a in arguments])
    assert expected in ("ValueError", "TypeError", None) or type(caught.value).__name__ == expected
    assert "autograph_programs.py:" in str(caught.value)
    assert "next:" in str(caught.value)


def test_a_branch_may_hand_on_a_variable():
    v = tf.Variable([1.0, 2.0])

    @tf.function
    def f(test):
        if test:
            first = v
            second = v + 1
        else:
            v.assign_add([1.0, 1.0])
            first = v * 10
            second = v
        return first, second

    assert [x.numpy().tolist() for x in f(tf.constant(True))] == [[1, 2], [2, 3]]
    assert [x.numpy().tolist() for x in f(tf.constant(False))] == [[20, 30], [2, 3]]


def test_in_a_loop_over_a_dataset_shapes_may_become_less_known():
    @tf.function
    def f(dataset):
        total = tf.constant(0)
        for x, y in dataset:
            total += tf.abs(y - x)
        return total

    rows = tf.data.Dataset.from_generator(lambda: [(1, 2), (3, 7)], (tf.int32, tf.int32))
    assert int(f(rows)) == 5


def test_what_is_rewritten_can_be_rewritten_again():
    def sign(x):
        return 1 if x > 0 else -1

    once = tf.autograph.to_graph(sign)
    assert tf.autograph.to_graph(once) is once


def test_a_loop_that_hands_no_gradient_on_may_grow():
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])

    @tf.function
    def f():
        with tf.GradientTape() as tape:
            x = w * 2.0

            def body(i, rows):
                return i + 1, rows.write(i, tf.cast(x[i] < 5.0, tf.float32))

            start = [0, tf.TensorArray(tf.float32, size=0, dynamic_size=True)]
            _, rows = tf.while_loop(lambda i, rows: i < tf.shape(x)[0], body, start)
            loss = tf.reduce_sum(rows.stack() * x)
        return tape.gradient(loss, w)

    assert f().numpy().tolist() == [[2, 2], [0, 0]]

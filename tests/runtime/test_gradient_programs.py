"""Tapes of a structure that was asked before run a program: its bits are those of the gradient rules."""

import numpy as np
import pytest

import weft as tf
from weft.base import dtypes
from weft.ops.opdef import Slices
from weft.runtime import backward, dispatch
from weft.runtime.composite import IndexedSlices
from weft.runtime.tape import Tape, _gradients
from weft.runtime.tensor import EagerTensor
from weft.testing import opcases

ITEMS = [item for item in opcases.cases() if item.record.pure and item.record.differentiable and item.index < 2]
OPS = sorted({item.record.name for item in ITEMS} - {"custom_gradient"})


@pytest.fixture(autouse=True)
def _fresh():
    _forget()
    yield
    _forget()


def _forget():
    backward._seen.clear()
    backward._never.clear()
    backward._kept.clear()


def _bits(part):
    if isinstance(part, (Slices, IndexedSlices)):
        return _bits(part.values), _bits(part.indices)
    return None if part is None else (part.dtype.name, part.numpy().tobytes())


def _gradient(record, arrays, attrs):
    inputs = [EagerTensor(array) for array in arrays]
    tape = Tape()
    for tensor in inputs:
        tape.watch(tensor)
    outputs = dispatch.apply(record, inputs, attrs)
    tape.note(record.name, inputs, outputs, attrs)
    targets = [o for o in outputs if o.dtype.is_floating]
    sources = [i for i in inputs if i.dtype.is_floating]
    return [_bits(part) for part in _gradients(tape.entries, targets, [None] * len(targets), sources)]


@pytest.mark.parametrize("name", OPS)
def test_programs_have_the_bits_of_the_rules(name):
    for item in ITEMS:
        if item.record.name != name:
            continue
        types = next(iter(opcases.assignments(item, (dtypes.float32, dtypes.int32))))
        given = opcases.inputs_of(item, types)
        if not all(isinstance(a, np.ndarray) and a.dtype != object for a in given):
            continue
        attrs = item.record.complete(item.case.attrs)
        other = [np.asarray(a * a.dtype.type(0.75)) if a.dtype.kind == "f" else a for a in given]
        try:
            expected = _gradient(item.record, other, attrs)
        except LookupError:
            continue  # the rule refuses the case
        _forget()
        for _ in range(2):  # the second time the ops are written down
            _gradient(item.record, given, attrs)
        assert _gradient(item.record, other, attrs) == expected, item.id


def _many(step, count=4):
    return [step(i) for i in range(count)]


def test_a_network_step_after_step():
    rng = np.random.default_rng(0)
    w, b = tf.Variable(rng.standard_normal((5, 3)).astype(np.float32)), tf.Variable(np.zeros(3, np.float32))
    table = tf.Variable(rng.standard_normal((7, 5)).astype(np.float32))

    def step(i):
        with tf.GradientTape() as tape:
            rows = tf.gather(table, tf.constant([i % 7, 2, 2]))
            logits = tf.nn.relu(rows @ w + b)
            labels = tf.constant([0, 1, 2])
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        found = tape.gradient(loss, {"w": w, "b": b, "table": table})
        return [_bits(found[name]) for name in ("w", "b", "table")]

    by_program = _many(step, 5)
    assert backward._kept
    backward._kept.clear()
    by_rules = []
    for i in range(5):
        _forget()
        by_rules.append(step(i))
    assert by_program == by_rules


def test_other_shapes_and_other_wirings_are_other_programs():
    def gradient(shape, swapped):
        x, y = tf.constant(np.full(shape, 3.0, np.float32)), tf.constant(np.full(shape, 2.0, np.float32))
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = tf.square(y) * x if swapped else tf.square(x) * y
        return [g.numpy() for g in tape.gradient(z, [x, y])]

    for _ in range(4):
        for shape in ((2,), (3, 1)):
            np.testing.assert_array_equal(gradient(shape, False), [np.full(shape, 12.0), np.full(shape, 9.0)])
            np.testing.assert_array_equal(gradient(shape, True), [np.full(shape, 4.0), np.full(shape, 12.0)])


def test_sizes_that_depend_on_values():
    for count in (1, 2, 2, 2, 3, 3, 3):
        x = tf.constant([1.0, 2.0, 3.0, 4.0])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.square(tf.boolean_mask(x, tf.range(4) < count)))
        np.testing.assert_array_equal(tape.gradient(y, x), [2.0 * (i + 1) if i < count else 0 for i in range(4)])


def test_cotangents_and_unconnected_sources():
    def step(i):
        x, other = tf.constant([1.0, 2.0]), tf.constant(1.0)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, other])
            y = x * x
        first, none = tape.gradient(y, [x, other], output_gradients=tf.constant([float(i), 1.0]))
        zero = tape.gradient(y, other, unconnected_gradients="zero")
        return first.numpy().tolist(), none, float(zero)

    assert _many(step) == [([2.0 * i, 4.0], None, 0.0) for i in range(4)]


def test_the_gradient_of_a_custom_gradient_follows_its_function():
    state = {"factor": 1.0}

    @tf.custom_gradient
    def f(x):
        return x * 2.0, lambda ct: ct * state["factor"]

    for i in range(5):
        state["factor"] = float(i)
        x = tf.constant(1.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        assert float(tape.gradient(y, x)) == i


def test_higher_orders_are_recorded():
    def step(i):
        x = tf.constant(float(i))
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x * x
            slope = inner.gradient(y, x)
        return float(slope), float(outer.gradient(slope, x))

    assert _many(step, 6) == [(3.0 * i * i, 6.0 * i) for i in range(6)]


def test_jacobians_row_by_row():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    for _ in range(2):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.square(x)
        whole = tape.jacobian(y, x).numpy().reshape(6, 6)
        np.testing.assert_array_equal(whole, np.diag(2 * x.numpy().ravel()))
        np.testing.assert_array_equal(tape.batch_jacobian(y, x)[1], [[6, 0], [0, 8]])


def test_the_gradient_of_a_tensor_with_respect_to_itself():
    for i in range(4):
        x = tf.constant([float(i)])
        with tf.GradientTape() as tape:
            tape.watch(x)
        assert tape.gradient(x, x).numpy().tolist() == [1.0]


def test_what_a_program_keeps_cannot_be_changed_by_its_results():
    v = tf.Variable([1.0, 2.0])
    held = tf.Variable([0.0, 0.0])
    for _ in range(4):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(v.read_value())
        gradient = tape.gradient(loss, v)
        assert gradient.numpy().tolist() == [1.0, 1.0]
        held.assign(gradient)
        held.assign_add([5.0, 5.0])
        gradient.numpy()[:] = 7

"""Whole programs on the XLA engine against the reference: training, state, control flow, errors, host ops between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

import weft as tf  # noqa: E402
from tests.engines.programs import convolutions, data, mlp, recurrent, refuses_a_label  # noqa: E402
from weft import keras  # noqa: E402
from weft.engines.xla.resident import Resident  # noqa: E402
from weft.runtime import dispatch  # noqa: E402


@pytest.fixture(autouse=True)
def _xla() -> Iterator[None]:
    dispatch.use_engine("xla")
    yield
    dispatch.use_engine(None)


def _train(make: Any, engine: str) -> tuple[list[float], list[Any]]:
    dispatch.use_engine(engine)
    keras.utils.set_random_seed(5)
    model = make()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = data(model, 44)  # the last batch is a short one
    history = model.fit(x, y, batch_size=16, epochs=2, verbose=0)
    return history.history["loss"], [*model.get_weights(), model.predict(x, batch_size=16, verbose=0)]


@pytest.mark.parametrize("make", [mlp, convolutions, recurrent])
def test_training_is_the_reference_engines(make: Any) -> None:
    losses, weights = _train(make, "xla")
    wanted_losses, wanted_weights = _train(make, "reference")
    np.testing.assert_allclose(losses, wanted_losses, rtol=2e-4)
    for found, wanted in zip(weights, wanted_weights, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-4)


def test_a_step_that_fails_changes_nothing_and_says_what_the_reference_says() -> None:
    model = mlp()
    refuses_a_label(model, model.train_on_batch, lambda x, y: model.fit(x, y, batch_size=8, shuffle=False, verbose=0))


def test_what_is_written_before_and_after_a_check_that_fails_is_as_before() -> None:
    kept, first, sums = tf.Variable([1.0, 2.0]), tf.Variable([0.0, 0.0]), tf.Variable([5.0, 5.0])

    @tf.function
    def step(i: Any, j: Any) -> Any:
        kept.assign(kept + 1.0)
        held = tf.gather(kept, i) * first
        first.assign(first + 2.0 + held)
        sums.assign_sub(first)  # reads what was written between two checks
        return tf.gather(sums, j)

    assert step(tf.constant(1), tf.constant(0)).numpy() == 3.0
    wanted = [[2.0, 3.0], [2.0, 2.0], [3.0, 3.0]]
    for i, j in ((7, 0), (0, 7)):
        with pytest.raises(ValueError, match="out of range"):
            step(tf.constant(i), tf.constant(j))
        assert [v.numpy().tolist() for v in (kept, first, sums)] == wanted
    assert step(tf.constant(0), tf.constant(1)).numpy() == -7.0


def test_state_stays_on_the_device_until_somebody_looks() -> None:
    v = tf.Variable([1.0, 2.0])
    step = tf.function(lambda: v.assign_add([1.0, 1.0]))
    step()
    first = v._cell.peek()
    assert isinstance(first, Resident) and first._copy is None
    held = v.numpy()
    for _ in range(3):
        step()
    np.testing.assert_array_equal(held, [2.0, 3.0])
    np.testing.assert_array_equal(v.numpy(), [5.0, 6.0])
    assert first.array.is_deleted()  # its memory went on to the next value


def test_others_look_at_a_variable_while_steps_write_it() -> None:
    v = tf.Variable(np.zeros(1000, np.float32))
    step = tf.function(lambda: [v.assign_add(tf.ones([1000])), None][1])
    step()
    seen: list[Any] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            try:
                found = v.numpy()
                seen.append(found[0] if (found == found[0]).all() else found)
            except Exception as error:
                seen.append(error)

    other = threading.Thread(target=look)
    other.start()
    for _ in range(200):
        step()
    over.set()
    other.join()
    assert v.numpy()[0] == 201.0 and all(isinstance(each, np.float32) for each in seen) and seen == sorted(seen)


def test_two_handles_of_one_variable() -> None:
    v = tf.Variable(1.0)

    def twice(a: Any, b: Any) -> Any:
        a.assign_add(1.0)
        b.assign_add(10.0)
        return a.read_value()

    assert tf.function(twice)(v, v).numpy() == 12.0


def test_a_variable_of_unknown_size_takes_a_value_of_another_shape() -> None:
    v = tf.Variable([1.0, 2.0], shape=[None])
    grow = tf.function(lambda: v.assign(tf.concat([v, v], 0)))
    for size in (4, 8):
        grow()
        assert v.numpy().shape == (size,)


def test_state_in_branches_and_loops() -> None:
    v = tf.Variable(1.0)

    @tf.function
    def program(x: Any, times: Any) -> Any:
        if x > 0:
            v.assign_add(x)
        else:
            v.assign(-1.0)
        i = tf.constant(0)
        while i < times:
            v.assign(v * 2.0)
            i += 1
        return v + 0.0

    assert program(tf.constant(2.0), tf.constant(3)).numpy() == 24.0
    assert program(tf.constant(-2.0), tf.constant(0)).numpy() == -1.0
    assert v.numpy() == -1.0


def test_checks_inside_of_branches_and_loops_are_heard() -> None:
    @tf.function
    def pick(x: Any, i: Any, times: Any) -> Any:
        total = tf.constant(0.0)
        for _ in tf.range(times):
            total += tf.gather(x, i)
        return total

    x = tf.constant([1.0, 2.0])
    assert pick(x, tf.constant(1), tf.constant(3)).numpy() == 6.0
    assert pick(x, tf.constant(5), tf.constant(0)).numpy() == 0.0
    with pytest.raises(ValueError, match="out of range"):
        pick(x, tf.constant(5), tf.constant(3))


def test_random_numbers_are_the_same_on_every_engine() -> None:
    @tf.function
    def draw() -> Any:
        return (tf.random.uniform([999]), tf.random.normal([999]), tf.random.truncated_normal([999], 1.0, 2.0),
                tf.random.uniform([99], dtype=tf.float64), tf.random.normal([99], dtype=tf.float64),
                tf.random.shuffle(tf.range(9)), tf.random.uniform([99], -7, 2**30, dtype=tf.int32),
                tf.random.stateless_uniform([99], [3, 4], None, None, tf.uint32),
                tf.random.stateless_normal([99], [5, 6]))  # fmt: skip

    found = []
    for engine in ("xla", "reference"):
        dispatch.use_engine(engine)
        tf.random.set_seed(7)
        found.append([part.numpy() for part in (*draw(), *draw())])
    for ours, theirs in zip(*found, strict=True):
        if ours.dtype.kind == "f":
            np.testing.assert_array_max_ulp(ours, theirs, 4)
        else:
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("make", [mlp, convolutions, recurrent])
def test_a_training_step_does_not_call_the_host(make: Any) -> None:
    model = make()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = data(model, 8)
    step = tf.function(lambda x, y: model.train_step((x, y)))
    text = step.experimental_get_compiler_ir(tf.constant(x), tf.constant(y))(stage="hlo")
    assert "HloModule" in text and text.count("callback") == 0


def test_host_ops_run_once_between_compiled_pieces() -> None:
    seen: list[float] = []

    def note(x: Any) -> Any:
        seen.append(float(np.sum(x)))
        return np.asarray(x) + 1

    @tf.function
    def mixed(x: Any) -> Any:
        y = tf.numpy_function(note, [x * 2.0], tf.float32)
        y.set_shape(x.shape)
        chosen = tf.boolean_mask(y, y > 3.5)  # as many as the data says
        return tf.reduce_sum(tf.nn.relu(y) * x) + tf.reduce_sum(chosen)

    for _ in range(2):
        assert mixed(tf.constant([1.0, 2.0])).numpy() == 3.0 + 10.0 + 5.0
    assert seen == [6.0, 6.0]


def test_shapes_that_tensors_tell_need_no_host() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None])])
    def program(x: Any) -> Any:
        rows = tf.shape(x)[0]
        wide = tf.reshape(x, tf.stack([rows * 2, -1]))
        return tf.reduce_sum(wide, 0) + tf.cast(tf.range(tf.shape(wide)[1]), tf.float32)

    x = tf.constant(np.arange(12, dtype=np.float32).reshape(3, 4))
    np.testing.assert_array_equal(program(x), [30.0, 37.0])
    (concrete,) = program.concrete_functions()
    assert not dispatch.compiled(concrete.graph).host


def test_jax_keeps_its_own_setting_outside() -> None:
    tf.function(lambda x: x * 2.0)(tf.constant(1.0, tf.float64))
    assert jax.numpy.asarray(1.5).dtype == np.float32


def test_devices_are_those_that_jax_sees() -> None:
    assert len(tf.config.list_physical_devices("CPU")) == 1
    assert len(tf.config.list_logical_devices("CPU")) == len(jax.devices("cpu"))
    assert tf.config.list_physical_devices()[0].name == "/physical_device:CPU:0"


def test_text_that_is_handed_on_or_tells_sizes_stays_on_the_host() -> None:
    text, numbers = np.array(["a", "b", "c"]), np.arange(3.0, dtype=np.float32)
    given, doubled = (tf.constant(text), tf.constant(numbers)), (2.0 * numbers).tolist()
    handed_on, found = tf.function(lambda s, x: (s, x * 2.0))(*given)
    assert handed_on.numpy().tolist() == [b"a", b"b", b"c"] and found.numpy().tolist() == doubled
    assert tf.function(lambda s, x: x * 2.0)(*given).numpy().tolist() == doubled
    rows = tf.data.Dataset.from_tensor_slices(({"s": text, "x": numbers}, numbers)).batch(2)
    assert [list(found["s"]) for found in rows.map(lambda columns, y: columns).as_numpy_iterator()] == [
        [b"a", b"b"], [b"c"]]  # fmt: skip
    # how many numbers there are only the text tells
    counted = rows.map(lambda columns, y: (tf.strings.length(columns["s"]), tf.ones(tf.shape(columns["s"])) * y[:1]))
    assert [ones.tolist() for _, ones in counted.as_numpy_iterator()] == [[0.0, 0.0], [2.0]]

"""What is no tensor, key, device or announced result is refused, and what is written to is read where it is used."""

import numpy as np
import pytest

import weft as tf


@pytest.mark.parametrize("target", ["a", 3.0, None, np.ones(2), ["a"]])
def test_gradients_are_of_tensors(target):
    x = tf.Variable(1.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
    with pytest.raises(TypeError, match="`target`"):
        tape.gradient(target, x)
    with pytest.raises(TypeError, match="`sources`"):
        tape.gradient(y, target)
    assert tape.gradient(y, x).numpy() == 2


@pytest.mark.parametrize("traced", [False, True])
def test_a_mapped_function_gives_what_was_announced(traced):
    def mapped(function, rows, **options):
        run = lambda x: tf.map_fn(function, x, **options)  # noqa: E731
        return (tf.function(run) if traced else run)(rows)

    numbers = tf.constant([1, 2])
    assert mapped(lambda x: x / 2, numbers, fn_output_signature=tf.float64).numpy().tolist() == [0.5, 1]
    assert mapped(lambda x: 7, numbers).numpy().tolist() == [7, 7]
    with pytest.raises(tf.errors.InvalidArgumentError, match="gives float64, and int32 was announced"):
        mapped(lambda x: x / 2, numbers)
    with pytest.raises(tf.errors.InvalidArgumentError, match="gives int32, and float32"):
        mapped(lambda x: x, numbers, fn_output_signature=tf.float32)
    with pytest.raises(ValueError, match="another structure"):
        mapped(lambda x: (x, x), numbers)
    with pytest.raises(ValueError, match="another shape"):
        mapped(lambda x: x, numbers, fn_output_signature=tf.TensorSpec([3], tf.int32))


def test_keys():
    ragged = tf.ragged.constant([[1]])
    for value, kind in ((tf.constant(1), "Tensor"), (tf.Variable(1), "Variable"), (ragged, "RaggedTensor")):
        with pytest.raises(TypeError, match=f"{kind}.*is unhashable"):
            hash(value)
    with pytest.raises(TypeError, match=r"Instead, use variable.ref\(\)"):
        {tf.Variable(1): 1}
    with pytest.raises(TypeError, match="Tensor is unhashable"):
        tf.function(lambda x: {x: 1})(tf.constant(1))
    variable = tf.Variable(1)
    assert {variable.ref(): 1}[variable.ref()] == 1


def test_lengths():
    for value in (tf.Variable([1, 2]), tf.ragged.constant([[1]]), tf.constant(1)):
        with pytest.raises(TypeError, match="no .?len"):
            len(value)
    assert [row.numpy().tolist() for row in tf.ragged.constant([[1], [2, 3]])] == [[1], [2, 3]]


@pytest.mark.parametrize("name", ["/foo:0", "foo", "/CPU:0/bar:1", 3])
def test_devices(name):
    with pytest.raises(ValueError, match="device"), tf.device(name):
        pass


def test_what_writing_gives_in_a_graph():
    variable = tf.Variable([1.0, 2.0], name="v")
    shown = []

    @tf.function
    def run():
        first = variable.assign([2.0, 2.0])
        shown.extend([repr(first), repr(variable), isinstance(first, tf.Variable)])
        variable.assign([5.0, 5.0])
        return first + 0.0, variable.assign_add([1.0, 1.0]).assign_sub([0.5, 0.5])

    assert [x.numpy().tolist() for x in run()] == [[5, 5], [5.5, 5.5]]
    assert shown == ["<tf.Variable 'UnreadVariable' shape=(2,) dtype=float32>",
                     "<tf.Variable 'v:0' shape=(2,) dtype=float32>", True]  # fmt: skip

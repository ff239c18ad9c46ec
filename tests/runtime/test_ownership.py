"""What the user is handed is the user's to change, and what tensors and variables hold does not change by it."""

import numpy as np
import pytest

import weft as tf


def test_python_functions_get_copies():
    x = tf.constant([1.0, 1.0])
    result = tf.numpy_function(lambda a: a.__iadd__(7), [x], tf.float32)
    assert x.numpy().tolist() == [1, 1] and result.numpy().tolist() == [8, 8]
    v = tf.Variable([1.0, 1.0])
    tf.function(lambda: tf.numpy_function(lambda a: a.__iadd__(7), [v], tf.float32))()
    assert v.numpy().tolist() == [1, 1]


@pytest.mark.parametrize("call", [tf.numpy_function, tf.py_function])
def test_what_python_functions_keep_of_their_results_is_no_tensors_memory(call):
    kept = np.zeros(2, np.float32)
    result = call(lambda: kept, [], tf.float32)
    kept += 5
    assert result.numpy().tolist() == [0, 0]


def test_python_functions_return_texts():
    result = tf.numpy_function(lambda: np.array(["a", "ü"]), [], tf.string)
    assert result.numpy().tolist() == [b"a", "ü".encode()]


def test_arrays_of_a_tensor_cannot_change_it():
    x = tf.constant([1.0, 1.0])
    np.asarray(x)[0] = 5
    x.numpy()[0] = 5
    view = np.asarray(x, copy=False) if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else x.__array__(copy=False)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 5
    assert x.numpy().tolist() == [1, 1]
    with pytest.raises(ValueError, match="float32 cannot be an array of float64 without a copy"):
        x.__array__(np.float64, copy=False)

"""What tensors and variables print, which is what TensorFlow prints; what they say about numpy's habits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (tf.constant(1.5), "tf.Tensor(1.5, shape=(), dtype=float32)"),
        (tf.constant([1, 2]), "tf.Tensor([1 2], shape=(2,), dtype=int32)"),
        (tf.constant([[1, 2], [3, 4]]), "tf.Tensor(\n[[1 2]\n [3 4]], shape=(2, 2), dtype=int32)"),
        (tf.constant([["a"], ["b"]]), "tf.Tensor(\n[[b'a']\n [b'b']], shape=(2, 1), dtype=string)"),
        (tf.Variable([1.0, 2.0], name="v"),
         "<tf.Variable 'v:0' shape=(2,) dtype=float32, numpy=array([1., 2.], dtype=float32)>"),
        (tf.Variable(2, name="n"), "<tf.Variable 'n:0' shape=() dtype=int32, numpy=2>"),
    ],
)  # fmt: skip
def test_str(value: Any, text: str) -> None:
    assert str(value) == text


def test_repr_of_a_matrix() -> None:
    text = "<tf.Tensor: shape=(2, 1), dtype=int32, numpy=\narray([[1],\n       [2]], dtype=int32)>"
    assert repr(tf.constant([[1], [2]])) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([1, "a"], "cannot mix text and int"),
        ([1, None], "None cannot be an element"),
        (2**70, "does not fit into 64 bits"),
        (np.array([[1, 2], [3]], dtype=object), "pad rows of different lengths"),
        ([object()], "Cannot make a tensor of object values"),
    ],
)
def test_what_is_no_tensor(value: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text) as caught:
        tf.constant(value)
    assert "test_printing.py" in str(caught.value)


def test_a_line_of_numpys_is_not_the_users() -> None:
    with pytest.raises(NotImplementedError, match="numpy cannot take it; use the tf function") as caught:
        tf.function(lambda x: np.mean(x))(tf.ones(3))
    assert "test_printing.py" in str(caught.value) or "  at " not in str(caught.value)
    assert "_methods.py" not in str(caught.value)


@pytest.mark.parametrize("make", [tf.constant, tf.Variable])
def test_numpys_methods_are_pointed_out(make: Any) -> None:
    x = make([[1.0, 2.0]])
    with pytest.raises(AttributeError, match=r"no attribute 'reshape'(.*\n)*  next: use tf.reshape"):
        x.reshape(2, 1)
    with pytest.raises(TypeError, match=r"item assignment(.*\n)*  next: tf.tensor_scatter_nd_update"):
        x[0] = 1.0
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = x.nothing
    assert not hasattr(x, "T")
    assert np.reshape(x, (2, 1)).shape == (2, 1) and np.sum(x) == 3.0


def test_an_index_is_shown_as_it_was_written() -> None:
    x = tf.ones((2, 3, 4))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"index=\(::2, newaxis, \.\.\., 9\)"):
        x[::2, tf.newaxis, ..., 9]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"index=\(1:, 5\)"):
        x[1:, 5]


def test_symbolic_tensors_say_the_shape_that_is_known() -> None:
    shown = []

    @tf.function(input_signature=[tf.TensorSpec(None), tf.TensorSpec([None, 2])])
    def look(x: Any, y: Any) -> Any:
        shown.extend((str(x), str(y)))
        return y

    look.get_concrete_function()
    assert shown == ['Tensor("x:0", dtype=float32)', 'Tensor("y:0", shape=(None, 2), dtype=float32)']


def test_tensors_with_values_are_no_keys() -> None:
    with pytest.raises(TypeError, match=r"Tensor is unhashable. Instead, use tensor.ref\(\) as the key."):
        hash(tf.constant(1))
    tensor = tf.constant(2)
    assert {tensor.ref(): 1}[tensor.ref()] == 1

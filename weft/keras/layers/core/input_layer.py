"""Where a model begins."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft as tf
from weft.extend import Dim, explain, present_graph, user_facing
from weft.keras import config
from weft.keras.core import naming
from weft.keras.core.in_graph import bind
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.core.operation import Node
from weft.keras.core.shapes import ShapeTuple
from weft.keras.layers.layer import Layer

#: The batch of every input: one and the same unknown size, so that shape rules may compare them.
_BATCH = Dim.fresh("batch")


class InputLayer(Layer):
    """The place of one input of a model; made by `keras.Input`.

    Args:
        shape: The shape without the batch.
        batch_size: The batch's size, where it is fixed.
        dtype: The dtype.
        batch_shape: The shape with the batch, in place of `shape` and `batch_size`.
        name: Its name.
    """

    _old_arguments = {"input_shape": "shape", "batch_input_shape": "batch_shape"}

    def __init__(
        self, shape: Any = None, batch_size: int | None = None, dtype: Any = None, sparse: bool | None = None,
        ragged: bool | None = None, batch_shape: Any = None, input_tensor: Any = None, optional: bool = False,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name or _next_name(), **kwargs)
        if sparse and ragged:
            raise ValueError(explain("Input: `sparse` and `ragged` cannot both be true.", hint="give one of them"))
        if input_tensor is not None:
            _check_against(input_tensor, shape, batch_shape, batch_size)
            shape, batch_size, batch_shape = None, None, tuple(input_tensor.shape)
            kinds = (("dtype", dtype and _dtype_name(dtype)), ("sparse", sparse))
            _check_kind(input_tensor, kinds)
            dtype = input_tensor.dtype
            sparse, ragged = getattr(input_tensor, "sparse", sparse), getattr(input_tensor, "ragged", ragged)
        self.batch_shape = _full_shape(shape, batch_size, batch_shape)
        self.sparse, self.ragged, self.optional = bool(sparse), bool(ragged), optional
        self._dtype = "float32" if dtype is None and config.floatx() == "float32" else _dtype_name(dtype)
        self.built = True
        if isinstance(input_tensor, KerasTensor):  # it is the input from now on, whatever it came from before
            Node(self, (), {}, input_tensor)
        else:
            self._make_node()

    def _make_node(self) -> None:
        sizes = tuple(self.batch_shape)
        if sizes and sizes[0] is None:
            sizes = (_BATCH, *sizes[1:])
        tensor = KerasTensor(sizes, dtype=self._dtype, sparse=self.sparse, ragged=self.ragged, name=self.name)
        Node(self, (), {}, tensor)

    @property
    def dtype(self) -> str:
        """The input's dtype."""
        return self._dtype

    def call(self) -> Any:
        """Nothing to compute."""
        return None

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": tuple(self.batch_shape), "dtype": self._dtype, "sparse": self.sparse, "ragged": self.ragged,
            "name": self.name,
        }  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._make_node()


def _next_name() -> str:
    """The name of an input that was given none; beside a graph of TensorFlow 1, the name that Keras 2 gave."""
    return naming.auto_name("input_layer") if present_graph() is None else f"input_{naming.times('input') + 1}"


def _check_against(tensor: Any, shape: Any, batch_shape: Any, batch_size: int | None) -> None:
    """Refuses shapes beside a tensor that has another."""
    if not hasattr(tensor, "shape") or isinstance(tensor, np.ndarray):
        raise ValueError(explain("Input: Argument `input_tensor` must be a KerasTensor.", received=repr(tensor)[:200]))
    own = tuple(tensor.shape)
    if batch_size is not None and own[:1] != (batch_size,):
        raise ValueError(explain(
            "Input: when passing `input_tensor`, you cannot provide an incompatible `batch_size`.",
            received=f"batch_size={batch_size}, a tensor of shape {own}",
        ))  # fmt: skip
    for word, given, wanted in (("shape", shape, own[1:]), ("batch_shape", batch_shape, own)):
        if given is not None and tuple(tf.TensorShape(given)) != wanted:
            raise ValueError(explain(
                f"Input: when passing `input_tensor`, you cannot provide an incompatible `{word}`.",
                received=f"{word}={given}, a tensor of shape {own}",
            ))  # fmt: skip


def _check_kind(tensor: Any, kinds: tuple[tuple[str, Any], ...]) -> None:
    """Refuses a dtype and the like beside a symbolic tensor that has another."""
    for word, given in kinds:
        own = getattr(tensor, word, given)
        if isinstance(tensor, KerasTensor) and given is not None and own != given:
            raise ValueError(explain(
                f"Input: when passing `input_tensor`, you cannot provide an incompatible `{word}`.",
                received=f"{word}={given!r}, a tensor of {word}={own!r}",
            ))  # fmt: skip


def _dtype_name(dtype: Any) -> str:
    from weft.keras.core.dtypes import standardize_dtype

    return standardize_dtype(dtype)


def _full_shape(shape: Any, batch_size: int | None, batch_shape: Any) -> ShapeTuple:
    if shape is not None and batch_shape is not None:
        raise ValueError(explain(
            "Input: you cannot pass both `shape` and `batch_shape` at the same time.", hint="give one of them"
        ))  # fmt: skip
    if batch_size is not None and batch_shape is not None:
        raise ValueError(explain(
            "Input: you cannot pass both `batch_size` and `batch_shape` at the same time.",
            received=f"batch_size={batch_size}, batch_shape={batch_shape}", hint="give one of them",
        ))  # fmt: skip
    if batch_shape is not None:
        return ShapeTuple(tf.TensorShape(batch_shape))
    if shape is None:
        raise ValueError(explain(
            "Input: a shape is missing; you must pass a `shape` argument.",
            hint="for instance keras.Input(shape=(28, 28, 1)), without the batch",
        ))  # fmt: skip
    inner = (shape,) if isinstance(shape, int) else tuple(tf.TensorShape(shape))
    return ShapeTuple((batch_size, *inner))


@user_facing
def Input(
    shape: Any = None, batch_size: int | None = None, dtype: Any = None, sparse: bool | None = None,
    ragged: bool | None = None, batch_shape: Any = None, name: str | None = None, tensor: Any = None,
    optional: bool = False, batch_input_shape: Any = None,
) -> Any:  # fmt: skip
    """The symbolic tensor with which a model begins.

    Args:
        shape: The shape of one sample, without the batch; None for sizes that vary.
        batch_size: The number of samples, where it is fixed.
        dtype: The dtype; the default float where None.
        sparse: Whether sparse tensors are fed.
        ragged: Whether ragged tensors are fed.
        batch_shape: The shape with the batch, in place of `shape` and `batch_size`.
        name: The input's name.
        tensor: A symbolic tensor that is to be the input itself; of other tensors shape and dtype are taken.
        optional: Whether None may be fed.
        batch_input_shape: Keras 2's name of `batch_shape`.

    Returns:
        A KerasTensor.

    Raises:
        ValueError: Without a shape.

    Example:
        >>> from weft import keras
        >>> x = keras.Input(shape=(4,))
        >>> model = keras.Model(x, keras.layers.Dense(2)(x))
        >>> model.output_shape
        (None, 2)
    """
    layer = InputLayer(
        shape=shape, batch_size=batch_size, dtype=dtype, sparse=sparse, ragged=ragged,
        batch_shape=batch_shape if batch_shape is not None else batch_input_shape, name=name, input_tensor=tensor,
        optional=optional,
    )  # fmt: skip
    if tensor is not None and present_graph() is not None:
        bind(layer.output, tensor)
    return layer.output

"""Symbolic tensors: what `Input` gives and layers return for it. Any `tf` function takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import weft as tf
from weft.extend import TensorOperators, explain, op_outputs, present_graph, take_constants
from weft.keras.core import naming
from weft.keras.core.dtype_name import DTypeName, named
from weft.keras.core.dtypes import standardize_dtype
from weft.keras.core.operators import PromotingOperators, keras_ops

if TYPE_CHECKING:
    from weft.keras.core.operation import Operation


class KerasHistory(NamedTuple):
    """Where a symbolic tensor comes from: the operation, which of its calls, which output of that call."""

    operation: Operation | None
    node_index: int
    tensor_index: int


#: what a symbolic tensor is made with, and keeps
_FIXED = frozenset(("shape", "dtype", "sparse", "ragged", "ragged_rank", "row_splits_dtype"))


class KerasTensor(PromotingOperators, TensorOperators):
    """A tensor without values, that remembers which layer or function made it from which other ones.

    Args:
        shape: Its shape, None for sizes that are not known.
        dtype: Its dtype.
        name: Its name.
        sparse: Whether a sparse tensor may stand here.
        ragged: Whether a ragged tensor may stand here.
        record_history: Accepted for compatibility.
        ragged_rank: How many of a ragged tensor's axes have rows of unequal lengths.
        row_splits_dtype: The dtype of a ragged tensor's row splits.

    Raises:
        ValueError: It is said to be both sparse and ragged.

    Example:
        >>> from weft import keras
        >>> x = keras.KerasTensor((None, 3))
        >>> (x * 2.0).shape
        TensorShape([None, 3])
    """

    def __init__(
        self, shape: Any, dtype: Any = "float32", sparse: bool = False, ragged: bool = False,
        record_history: bool = True, name: str | None = None, ragged_rank: int | None = None,
        row_splits_dtype: Any = None,
    ) -> None:  # fmt: skip
        self._shape = tf.TensorShape(shape)
        self._dtype = tf.as_dtype(standardize_dtype(dtype))
        self._name = name or naming.auto_name("keras_tensor")
        self._sparse = bool(sparse)
        self._ragged = bool(ragged)
        if sparse and ragged:
            raise ValueError("KerasTensor: a tensor cannot have `sparse=True` and `ragged=True`. Take one of them.")
        self._ragged_rank = None if ragged_rank is None else int(ragged_rank)
        self._row_splits_dtype = None if row_splits_dtype is None else standardize_dtype(row_splits_dtype)
        self.record_history = record_history
        self._keras_history = KerasHistory(None, 0, 0)
        self._keras_mask: Any = None
        self._stands_for: KerasTensor | None = None

    @property
    def shape(self) -> Any:
        """Its shape, a `tf.TensorShape`; equal to the tuple of its sizes."""
        return self._shape

    @property
    def dtype(self) -> Any:
        """Its dtype: the name, which answers what a `tf.DType` is asked; that itself beside a graph of TensorFlow 1."""
        return named(self._dtype) if present_graph() is None else self._dtype

    @property
    def sparse(self) -> bool:
        """Whether a sparse tensor may stand here."""
        return self._sparse

    def mark_sparse(self) -> None:
        """Says of a result that a sparse tensor may stand here."""
        self._sparse = True

    def mark_ragged(self) -> None:
        """Says of a result that a ragged tensor may stand here."""
        self._ragged = True

    @property
    def ragged(self) -> bool:
        """Whether a ragged tensor may stand here."""
        return self._ragged

    @property
    def ragged_rank(self) -> int | None:
        """How many axes of a ragged tensor have rows of unequal lengths; None where it is not said."""
        return self._ragged_rank

    @property
    def row_splits_dtype(self) -> str | None:
        """The dtype of a ragged tensor's row splits; None where it is not said."""
        return self._row_splits_dtype

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED:
            raise AttributeError(
                f"The `{name}` attribute of KerasTensor is immutable. Make another KerasTensor with `{name}={value!r}`."
            )
        object.__setattr__(self, name, value)

    @property
    def name(self) -> str:
        """Its name; beside a graph of TensorFlow 1, that of the graph's tensor for it."""
        return self._name if present_graph() is None else self._in_graph().name

    @name.setter
    def name(self, value: str) -> None:
        self._name = value

    def _in_graph(self) -> Any:
        from weft.keras.core import in_graph

        return in_graph.lower(self)

    @property
    def op(self) -> Any:
        """The operation that makes it in the present graph of TensorFlow 1.

        Raises:
            AttributeError: Where there is no such graph.
        """
        return self._beside("op")

    @property
    def graph(self) -> Any:
        """The present graph of TensorFlow 1.

        Raises:
            AttributeError: Where there is none.
        """
        return self._beside("graph")

    def _beside(self, what: str) -> Any:
        if present_graph() is None:
            raise AttributeError(explain(
                f"'KerasTensor' object has no attribute '{what}': only tensors of a graph of TensorFlow 1 have one.",
                hint="ask inside `with tf.Graph().as_default()`, or after tf.compat.v1.disable_eager_execution()",
            ))  # fmt: skip
        return getattr(self._in_graph(), what)

    @property
    def ndim(self) -> int | None:
        """The number of its axes."""
        return self._shape.rank

    def in_dtype(self, dtype: Any) -> KerasTensor:
        """A tensor that stands for this one inside a layer that computes in another dtype."""
        found = KerasTensor(
            self._shape, dtype, sparse=self._sparse, ragged=self._ragged, ragged_rank=self._ragged_rank,
            row_splits_dtype=self._row_splits_dtype, name=self._name,
        )  # fmt: skip
        found._stands_for = self
        return found

    def recorded(self) -> KerasTensor:
        """What a record of a call holds in its place: the tensor that it stands for, where it stands for one."""
        return self if self._stands_for is None else self._stands_for

    def reshape(self, newshape: Any) -> Any:
        """The same elements in another shape."""
        return keras_ops().reshape(self, newshape)

    def squeeze(self, axis: Any = None) -> Any:
        """Without its axes of size one, or without `axis`."""
        return keras_ops().squeeze(self, axis)

    def get_shape(self) -> Any:
        """Its shape."""
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Adds what is known of the shape. Raises ValueError where it contradicts."""
        self._shape = self._shape.merge_with(shape)

    def __weft_operation__(self, op_name: str, inputs: list[Any], attrs: dict[str, Any]) -> tuple[Any, ...]:
        """Records the application of an op instead of running it; with a graph's tensors it goes into their graph."""
        from weft.keras.core import step_values
        from weft.keras.core.operation import OpNode

        attrs = {key: tf.as_dtype(value) if isinstance(value, DTypeName) else value for key, value in attrs.items()}
        if step_values.known(inputs):
            return op_outputs(op_name, step_values.filled(inputs), attrs)
        if present_graph() is not None:
            inputs, beside_graph = take_constants(inputs)
            if beside_graph:
                from weft.keras.core.in_graph import lower_all

                return op_outputs(op_name, lower_all(inputs), attrs)

        outputs = OpNode(op_name, attrs)(*inputs)
        return tuple(outputs) if isinstance(outputs, (list, tuple)) else (outputs,)

    def _as_graph_element(self) -> Any:
        """What stands for it in the open graph of TensorFlow 1, for sessions."""
        if present_graph() is None:
            raise TypeError(self._no_value("no graph of TensorFlow 1 is open"))
        from weft.keras.core.in_graph import lower

        return lower(self)

    def _no_value(self, problem: str) -> str:
        made_by = self._keras_history.operation
        return explain(
            f"`{self._name}` is a symbolic tensor of a Keras model: {problem}.",
            received=f"{self!r}" + (f", made by `{made_by.name}`" if made_by is not None else ""),
            hint="put the computation into the call() of a Layer, or use tf functions on it",
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise ValueError(self._no_value("numpy cannot take it, for it doesn't have any actual numerical value"))

    def numpy(self) -> Any:
        raise AttributeError(self._no_value("it has no values"))

    def __bool__(self) -> bool:
        raise TypeError(self._no_value("it cannot be used as a boolean. A Python `if` or `while` cannot depend on it"))

    def __int__(self) -> int:
        raise TypeError(self._no_value("int() needs a value"))

    def __float__(self) -> float:
        raise TypeError(self._no_value("float() needs a value"))

    def __index__(self) -> int:
        raise TypeError(self._no_value("range() and list indices need a value"))

    def __iter__(self) -> Any:
        if not self._shape.rank or self._shape[0] is None:
            raise TypeError(self._no_value("it cannot be iterated, its first size is not known"))
        return (self[i] for i in range(self._shape[0]))

    def __str__(self) -> str:
        return repr(self) if present_graph() is None else str(self._in_graph())

    def __repr__(self) -> str:
        flags = f", sparse={self.sparse}, ragged={self.ragged}"
        return f"<KerasTensor shape={self._shape}, dtype={self._dtype.name}{flags}, name={self._name}>"


def is_keras_tensor(value: Any) -> bool:
    """Whether a value is a symbolic tensor of a Keras model."""
    return isinstance(value, KerasTensor)


def any_symbolic(*structures: Any) -> bool:
    """Whether a symbolic tensor is anywhere in these structures."""
    return any(isinstance(leaf, KerasTensor) for structure in structures for leaf in tf.nest.flatten(structure))

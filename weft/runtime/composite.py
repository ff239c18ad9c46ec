"""Tensors made of tensors: what flattens into several values at the API."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.shapes import TensorShape
from weft.runtime import dispatch
from weft.runtime.spec import CompositeSpec, TensorSpec
from weft.runtime.tensor import Tensor, TensorOperators


class CompositeTensor:
    """Base of values that are made of several tensors; `_components` gives them, `_rebuild` puts them together."""

    def _components(self) -> list[Any]:
        raise NotImplementedError

    def _rebuild(self, parts: list[Any]) -> Any:
        raise NotImplementedError

    def _static_part(self) -> Any:
        """What it says beside its components; traces for values that differ in it are different ones. Hashable."""
        return None

    @property
    def _type_spec(self) -> Any:
        """What it is, without values; a `CompositeSpec` for those that datasets and signatures can hold."""
        raise TypeError(f"A {type(self).__name__} has no type specification.")

    def _described(self) -> Any:
        """Its spec where it has one, else None."""
        try:
            return self._type_spec
        except TypeError:
            return None

    def _loosened(self, other: Any) -> Any:
        """Itself saying only what it and another value of its kind both say beside their components."""
        return self

    def _as_arrays(self, arrays: list[Any]) -> Any:
        """What a session gives for it, out of the arrays of its components."""
        return self._rebuild(arrays)

    def _fed(self, value: Any) -> list[Any]:
        """What a session feeds to its components for a value that is given for it."""
        return list(value._components()) if isinstance(value, CompositeTensor) else list(value)

    def _before_a_loop(self, after: Any) -> Any:
        """What must be in its place before a loop that leaves `after`, where it has fewer components; else None."""
        return None

    def _changing_in_loops(self) -> tuple[tuple[int, int], ...]:
        """The sizes that a loop may change: pairs of a component's number and an axis of it."""
        return ()


def _tensor(value: Any) -> Any:
    if isinstance(value, (list, tuple, int, float, np.ndarray)):
        from weft.runtime import frontdoor  # which knows of composite tensors

        return frontdoor.convert(value)
    return value


class IndexedSlices(CompositeTensor, TensorOperators):
    """Rows of a tensor that is zero elsewhere: `values[i]` belongs to row `indices[i]`; rows may recur.

    Args:
        values: `[n, ...]`.
        indices: `[n]`, integers.
        dense_shape: The shape of the whole, where it is known.
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self._values = _tensor(values)
        self._indices = _tensor(indices)
        if isinstance(dense_shape, Tensor):
            from weft.runtime import sizes

            dense_shape = sizes.known(dense_shape)  # a tensor whose content only running tells says nothing here
        self._shape = None if dense_shape is None else tuple(
            dense_shape.as_list() if isinstance(dense_shape, TensorShape) else dense_shape
        )  # fmt: skip

    @property
    def values(self) -> Any:
        """The rows."""
        return self._values

    @property
    def indices(self) -> Any:
        """Which rows they are."""
        return self._indices

    @property
    def dense_shape(self) -> Any:
        """The shape of the whole as given, or None."""
        return None if self._shape is None else TensorShape(self._shape)

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole."""
        if self._shape is not None:
            return TensorShape(self._shape)
        return TensorShape([None]).concatenate(self._values.shape[1:])

    @property
    def dtype(self) -> Any:
        """The element type."""
        return self._values.dtype

    @property
    def name(self) -> Any:
        """The name of the rows, in a graph."""
        return self._values.name

    @property
    def op(self) -> Any:
        """The operation that makes the rows, in a graph."""
        return self._values.op

    @property
    def graph(self) -> Any:
        """The graph that the rows belong to."""
        return self._values.graph

    def dense(self) -> Any:
        """The whole tensor."""
        if self._shape is None:
            raise ValueError("These IndexedSlices do not say the shape of the whole; give dense_shape.")
        b = dispatch.builder
        return b.call("scatter_add_rows", b.full(self._shape, 0, self.dtype), self._indices, self._values)

    def _components(self) -> list[Any]:
        return [self._values, self._indices]

    def _rebuild(self, parts: list[Any]) -> IndexedSlices:
        return IndexedSlices(parts[0], parts[1], self._shape)

    @property
    def _type_spec(self) -> IndexedSlicesSpec:
        shape = TensorShape([None]).concatenate(self._values.shape[1:]) if self._shape is None else self._shape
        return IndexedSlicesSpec(shape, self.dtype, self._indices.dtype, indices_shape=self._indices.shape)

    def _static_part(self) -> Any:
        return self._shape

    def __repr__(self) -> str:
        return f"IndexedSlices(values={self._values!r}, indices={self._indices!r}, dense_shape={self._shape})"


class IndexedSlicesSpec(CompositeSpec):
    """Describes rows of a tensor that are still to come.

    Args:
        shape: Of the whole; None where unknown.
        dtype: The element type.
        indices_dtype: That of the rows' numbers.
        dense_shape_dtype: Accepted: the shape of the whole is no tensor.
        indices_shape: How many rows there are, as a shape; None where unknown.

    Example:
        >>> import weft as tf
        >>> slices = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([0]))
        >>> tf.IndexedSlicesSpec([None, 2], indices_dtype=tf.int32).is_compatible_with(slices)
        True
    """

    __slots__ = ("_dense_shape_dtype", "_dtype", "_indices_dtype", "_indices_shape", "_shape")
    value_type = IndexedSlices

    def __init__(self, shape: Any = None, dtype: Any = dtypes.float32, indices_dtype: Any = dtypes.int64,
                 dense_shape_dtype: Any = None, indices_shape: Any = None) -> None:  # fmt: skip
        self._shape = TensorShape(shape)
        self._dtype, self._indices_dtype = dtypes.as_dtype(dtype), dtypes.as_dtype(indices_dtype)
        self._dense_shape_dtype = None if dense_shape_dtype is None else dtypes.as_dtype(dense_shape_dtype)
        self._indices_shape = TensorShape([None]) if indices_shape is None else TensorShape(indices_shape)

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole."""
        return self._shape

    @property
    def dtype(self) -> dtypes.DType:
        """The element type."""
        return self._dtype

    def is_compatible_with(self, other: Any) -> bool:
        """Whether slices (or a spec of some) fit."""
        spec = other._type_spec if isinstance(other, IndexedSlices) else other
        return (isinstance(spec, IndexedSlicesSpec) and spec._dtype is self._dtype
                and spec._indices_dtype is self._indices_dtype and self._shape.is_compatible_with(spec._shape)
                and self._indices_shape.is_compatible_with(spec._indices_shape))  # fmt: skip

    def _component_specs(self) -> list[TensorSpec]:
        rows = TensorShape(None) if self._shape.rank is None else self._indices_shape.concatenate(self._shape[1:])
        return [TensorSpec(rows, self._dtype), TensorSpec(self._indices_shape, self._indices_dtype)]

    def _from_components(self, parts: list[Any]) -> IndexedSlices:
        known = self._shape.is_fully_defined()
        return IndexedSlices(parts[0], parts[1], self._shape if known else None)

    def _told(self) -> tuple[Any, ...]:
        return self._shape, self._dtype, self._indices_dtype, self._dense_shape_dtype, self._indices_shape

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IndexedSlicesSpec) and self._told() == other._told()

    def __hash__(self) -> int:
        return hash((IndexedSlicesSpec, *self._told()))

    def __repr__(self) -> str:
        shape, dtype, indices, dense, rows = self._told()
        said = None if dense is None else f"tf.{dense.name}"
        return f"IndexedSlicesSpec({shape!r}, tf.{dtype.name}, tf.{indices.name}, {said}, {rows!r})"

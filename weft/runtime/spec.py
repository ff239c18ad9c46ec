"""Descriptions of tensors without values."""

from __future__ import annotations

from typing import Any

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.base.shapes import TensorShape


class TypeSpec:
    """Base of the descriptions of values: of tensors, sparse and ragged ones, datasets."""

    __slots__ = ()


class CompositeSpec(TypeSpec):
    """Base of the descriptions of values made of several tensors (`weft.runtime.composite.CompositeTensor`).

    Datasets hold such a value as the list of its arrays; how lists are joined and cut is said here.
    """

    __slots__ = ()

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole."""
        raise NotImplementedError

    def _component_specs(self) -> list[TensorSpec]:
        """The specs of the tensors that a value is made of, in the order of its `_components`."""
        raise NotImplementedError

    def _from_components(self, parts: list[Any]) -> Any:
        """A value of these tensors."""
        raise NotImplementedError

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a value (or spec) fits."""
        raise NotImplementedError

    def _fitted(self, value: Any) -> Any:
        """A value that is compatible, in the form that the spec describes."""
        return value

    def _batched(self, size: int | None) -> CompositeSpec:
        """The spec of values stacked."""
        raise NotImplementedError

    def _row(self) -> TypeSpec:
        """The spec of one row of a value."""
        raise NotImplementedError

    def _sliced(self) -> list[Any]:
        """What a value's rows are taken of: specs whose first axes are as long as there are rows."""
        return [self]

    def _stacked(self, values: list[list[Any]]) -> list[Any]:
        """The arrays of values stacked, out of theirs."""
        raise NotImplementedError

    def _rows(self, arrays: list[Any]) -> list[Any]:
        """The rows of a value: arrays, or lists of arrays."""
        raise NotImplementedError


class TensorSpec(TypeSpec):
    """Shape and dtype of a tensor that is still to come.

    Args:
        shape: Sizes, None where unknown; None for an unknown rank.
        dtype: The element type.
        name: A name for the input.

    Example:
        >>> import weft as tf
        >>> tf.TensorSpec([None, 3]).is_compatible_with(tf.zeros([2, 3]))
        True
    """

    __slots__ = ("__weakref__", "_dtype", "_name", "_shape")

    def __init__(self, shape: Any = None, dtype: Any = dtypes.float32, name: str | None = None) -> None:
        self._shape = TensorShape(shape)
        self._dtype = dtypes.as_dtype(dtype)
        self._name = name

    @property
    def shape(self) -> TensorShape:
        """The shape."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def name(self) -> str | None:
        """The name."""
        return self._name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec of a tensor."""
        return cls(tensor.shape, tensor.dtype, name)

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> TensorSpec:
        """The same spec under another name."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Whether a tensor (or spec) fits."""
        return self._dtype == spec_or_tensor.dtype and self._shape.is_compatible_with(spec_or_tensor.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and self._shape == other._shape and self._dtype is other._dtype

    def __hash__(self) -> int:
        return hash((self._shape, self._dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self._shape}, dtype=tf.{self._dtype.name}, name={self._name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorSpec, (self._shape, self._dtype, self._name)

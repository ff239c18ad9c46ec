"""The type of a value in a graph: dense, host or resource, with shape and dtype."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weft.base import dtypes, shapes
from weft.base.dims import substitute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weft.base.dims import Dimension, Symbol
    from weft.base.dtypes import DType


@dataclass(frozen=True, slots=True)
class TensorType:
    """Shape and dtype of a value.

    Attributes:
        shape: Sizes and symbols; None where even the rank is unknown.
        dtype: The element type; `resource` for handles.
        handle: For resources, what they hold (a variable's shape and dtype).
    """

    shape: tuple[Dimension, ...] | None
    dtype: DType
    handle: TensorType | None = None

    def __post_init__(self) -> None:
        if self.dtype.__class__ is not dtypes.DType:  # the name that a library's variable or symbolic tensor has for it
            object.__setattr__(self, "dtype", dtypes.as_dtype(self.dtype))

    @property
    def rank(self) -> int | None:
        """The number of axes, or None."""
        return None if self.shape is None else len(self.shape)

    @property
    def is_resource(self) -> bool:
        """Whether values of this type are handles to state."""
        return self.dtype is dtypes.resource

    @property
    def is_host(self) -> bool:
        """Whether values of this type live on the host only (strings, objects)."""
        return self.dtype.is_host

    def with_shape(self, shape: tuple[Dimension, ...] | None) -> TensorType:
        """The same dtype with another shape."""
        return TensorType(shape, self.dtype)

    def with_sizes(self, sizes: Mapping[Symbol, Dimension]) -> TensorType:
        """The same type with known sizes in the place of some symbols; what a handle holds, too."""
        shape = None if self.shape is None else tuple(substitute(size, sizes) for size in self.shape)
        return TensorType(shape, self.dtype, None if self.handle is None else self.handle.with_sizes(sizes))

    def with_dtype(self, dtype: DType) -> TensorType:
        """The same shape with another dtype."""
        return TensorType(self.shape, dtype)

    def __str__(self) -> str:
        if self.handle is not None:
            return f"resource<{self.handle}>"
        return f"{self.dtype.name}{shapes.show(self.shape)}"


def resource_of(shape: tuple[Dimension, ...] | None, dtype: DType) -> TensorType:
    """The type of a handle to a variable that holds values of this shape and dtype."""
    return TensorType((), dtypes.resource, TensorType(shape, dtype))

"""Elements put in order, looked up in an order, and the distinct ones among them."""

from __future__ import annotations

from typing import Any, NamedTuple

from weft.api.common import apply
from weft.base import dtypes
from weft.runtime import frontdoor


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """The values in order along an axis."""
    return apply("sort", values, axis=axis, direction=direction, name=name)


def argsort(values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False,
            name: str | None = None) -> Any:  # fmt: skip
    """The indices that put the values in order along an axis."""
    return apply("argsort", values, axis=axis, direction=direction, name=name)


def unique(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Any:
    """The distinct values of a vector in order of first appearance, and for each element which of them it is."""
    result = apply("unique", x, dtype=dtypes.as_dtype(out_idx), name=name)
    return Unique(*result[:2])


class Unique(tuple):  # type: ignore[type-arg]
    """The result of `unique`: fields `y` and `idx`."""

    __slots__ = ()
    _fields = ("y", "idx")

    def __new__(cls, y: Any, idx: Any) -> Unique:
        """Pairs the two."""
        return super().__new__(cls, (y, idx))

    @property
    def y(self) -> Any:
        """The distinct values."""
        return self[0]

    @property
    def idx(self) -> Any:
        """For each element, which of them it is."""
        return self[1]


def unique_with_counts(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Any:
    """`unique`, and how often each of the distinct values occurs: fields `y`, `idx` and `count`."""
    return UniqueWithCounts(*apply("unique_with_counts", x, dtype=dtypes.as_dtype(out_idx), name=name))


class UniqueWithCounts(NamedTuple):
    """The result of `unique_with_counts`."""

    y: Any
    idx: Any
    count: Any


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = dtypes.int32,
                 name: str | None = None) -> Any:  # fmt: skip
    """Where values would have to be put into a sorted sequence to keep it sorted."""
    a, b = frontdoor.together(sorted_sequence, values, "searchsorted")
    return apply("searchsorted", a, b, side=side, dtype=dtypes.as_dtype(out_type), name=name)

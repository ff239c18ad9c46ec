"""Shapes: the rules that many ops share, and `TensorShape`, what users see of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from weft.base import dimension, dims
from weft.base.dims import Dim

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape


def show(shape: tuple[Dimension, ...] | None) -> str:
    """A shape as users read it: `(None, 3)`, in programs of TensorFlow 1 `(?, 3)`, or `<unknown>`."""
    if shape is None:
        return "<unknown>"
    unknown = "?" if dimension.objects_shown() else "None"
    inner = ", ".join(unknown if isinstance(d, Dim) else str(d) for d in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def broadcast(first: Shape, second: Shape) -> Shape | None:
    """The broadcast of two shapes by numpy's rule, or None where they do not go together."""
    rank = max(len(first), len(second))
    left = (1,) * (rank - len(first)) + first
    right = (1,) * (rank - len(second)) + second
    result = []
    for a, b in zip(left, right, strict=True):
        dimension = dims.broadcast(a, b)
        if dimension is None:
            return None
        result.append(dimension)
    return tuple(result)


def normalize_axis(axis: int, rank: int, extra: int = 0) -> int | None:
    """The axis counted from the front, or None where it lies outside `[-(rank+extra), rank+extra)`."""
    limit = rank + extra
    if not -limit <= axis < limit:
        return None
    return axis + limit if axis < 0 else axis


def is_static(shape: tuple[Dimension, ...] | None) -> bool:
    """Whether every size is known."""
    return shape is not None and all(isinstance(d, int) for d in shape)


def fresh(sizes: Iterable[int | Dim | None], hint: str = "n") -> Shape:
    """A shape with a new symbol for every None."""
    return tuple(Dim.fresh(hint) if d is None else d for d in sizes)


def refreshed(shape: tuple[Dimension, ...] | None) -> Shape | None:
    """A shape as a user gives it, for one tensor alone: two tensors with the same unknown size need not be alike."""
    return None if shape is None else tuple(Dim.fresh() if isinstance(d, Dim) else d for d in shape)


def compatible(first: tuple[Dimension, ...] | None, second: tuple[Dimension, ...] | None) -> bool:
    """Whether the two could be the shape of one tensor."""
    if first is None or second is None:
        return True
    return len(first) == len(second) and all(
        a == b or isinstance(a, Dim) or isinstance(b, Dim) for a, b in zip(first, second, strict=True)
    )


class TensorShape:
    """The shape of a tensor: sizes, None where a size is not known, no rank at all where that is not known.

    Example:
        >>> import weft as tf
        >>> shape = tf.TensorShape([None, 3])
        >>> shape.rank, shape.as_list(), shape.is_compatible_with([2, 3])
        (2, [None, 3], True)
    """

    __slots__ = ("__weakref__", "_dims")

    def __init__(self, dims: Any = None) -> None:
        if dims is None:
            self._dims: Shape | None = None
        elif isinstance(dims, TensorShape):
            self._dims = dims._dims
        elif isinstance(dims, Dim) or not hasattr(dims, "__iter__"):  # one size alone
            self._dims = (_as_dimension(dims),)
        else:
            self._dims = tuple(_as_dimension(d) for d in dims)

    @classmethod
    def known(cls, sizes: tuple[int, ...]) -> TensorShape:
        """The shape with these sizes, which are plain integers."""
        made = cls.__new__(cls)
        made._dims = sizes
        return made

    @property
    def symbolic(self) -> Shape | None:
        """The sizes with their symbols; None for an unknown rank. For shape rules, not for display."""
        return self._dims

    @property
    def rank(self) -> int | None:
        """The number of axes, or None."""
        return None if self._dims is None else len(self._dims)

    @property
    def ndims(self) -> int | None:
        """The number of axes, or None."""
        return self.rank

    @property
    def dims(self) -> list[Any] | None:
        """The sizes as a list of `Dimension`s, in both versions; None without a rank."""
        return None if self._dims is None else [_as_object(d) for d in self._dims]

    def as_list(self) -> list[int | None]:
        """The sizes as a list, None for unknown ones.

        Raises:
            ValueError: Where the rank is unknown.
        """
        if self._dims is None:
            raise ValueError("as_list() is not defined on a TensorShape of unknown rank. Test `shape.rank` first.")
        return [_plain(d) for d in self._dims]

    def num_elements(self) -> int | None:
        """The number of elements, or None where a size is unknown."""
        total = None if self._dims is None else dims.product(self._dims)
        return total if isinstance(total, int) else None

    def is_fully_defined(self) -> bool:
        """Whether every size is known."""
        return is_static(self._dims)

    def assert_is_fully_defined(self) -> None:
        """Raises ValueError unless every size is known."""
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined.")

    def is_compatible_with(self, other: Any) -> bool:
        """Whether the two could be the shape of one tensor."""
        return compatible(self._dims, TensorShape(other)._dims)

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raises ValueError unless the two could be the shape of one tensor."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {TensorShape(other)} are incompatible.")

    def assert_has_rank(self, rank: int) -> None:
        """Raises ValueError unless the rank is this or unknown."""
        if self.rank not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}.")

    def with_rank(self, rank: int) -> TensorShape:
        """This shape, known to have the rank. Raises ValueError where it has another."""
        return self.merge_with(TensorShape([None] * rank))

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """This shape, checked to have at least this rank."""
        if self.rank is not None and self.rank < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}.")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """This shape, checked to have at most this rank."""
        if self.rank is not None and self.rank > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}.")
        return self

    def assert_same_rank(self, other: Any) -> None:
        """Raises ValueError where both ranks are known and differ."""
        ranks = self.rank, TensorShape(other).rank
        if None not in ranks and ranks[0] != ranks[1]:
            raise ValueError(f"Shapes {self} and {TensorShape(other)} must have the same rank.")

    def merge_with(self, other: Any) -> TensorShape:
        """What both say together. Raises ValueError where they contradict each other.

        Sizes that neither knows stay what they are here: that both are unknown does not make them one.
        """
        that = TensorShape(other)
        self.assert_is_compatible_with(that)
        if self._dims is None:
            return that
        if that._dims is None:
            return self
        return TensorShape([a if isinstance(b, Dim) else b for a, b in zip(self._dims, that._dims, strict=True)])

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """The most exact shape that both fit: unequal sizes become None, unequal ranks unknown."""
        that = TensorShape(other)
        if self._dims is None or that._dims is None or len(self._dims) != len(that._dims):
            return TensorShape(None)
        return TensorShape([a if a == b else None for a, b in zip(self._dims, that._dims, strict=True)])

    def concatenate(self, other: Any) -> TensorShape:
        """This shape followed by the other."""
        that = TensorShape(other)
        if self._dims is None or that._dims is None:
            return TensorShape(None)
        return TensorShape(self._dims + that._dims)

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def __len__(self) -> int:
        if self._dims is None:
            raise ValueError("A TensorShape of unknown rank has no length. Test `shape.rank` first.")
        return len(self._dims)

    def __iter__(self) -> Iterator[int | None]:
        if self._dims is None:
            raise ValueError("A TensorShape of unknown rank cannot be iterated. Test `shape.rank` first.")
        seen = _as_object if dimension.wanted() else _plain
        return iter([seen(d) for d in self._dims])

    def __getitem__(self, key: Any) -> Any:
        seen = _as_object if dimension.wanted() else _plain
        if self._dims is None:
            return TensorShape(None) if isinstance(key, slice) else seen(None)
        found = self._dims[key]
        return TensorShape(found) if isinstance(found, tuple) else seen(found)

    def __bool__(self) -> bool:
        return self._dims is not None

    def __eq__(self, other: object) -> bool:
        try:
            that = TensorShape(other)
        except (TypeError, ValueError):
            return NotImplemented
        return self._plain_dims() == that._plain_dims()

    def _plain_dims(self) -> tuple[int | None, ...] | None:
        return None if self._dims is None else tuple(_plain(d) for d in self._dims)

    def __hash__(self) -> int:
        return hash(self._plain_dims())

    def __str__(self) -> str:
        return show(self._dims)

    def __repr__(self) -> str:
        seen = _as_object if dimension.objects_shown() else _plain
        return f"TensorShape({None if self._dims is None else [seen(d) for d in self._dims]})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (self._plain_dims(),)


def _plain(size: Any) -> int | None:
    return size if isinstance(size, int) else None


def _as_object(size: Any) -> Any:
    return dimension.Dimension(_plain(size))


def _as_dimension(value: Any) -> Dimension:
    if value is None:
        return Dim.fresh()
    if isinstance(value, Dim):
        return value
    if hasattr(value, "value") and not hasattr(value, "__index__"):  # a TensorFlow 1 `Dimension`
        return _as_dimension(value.value)
    try:
        size = value.__index__()
    except (AttributeError, TypeError):
        if isinstance(value, float) and value.is_integer():
            size = int(value)
        else:
            raise TypeError(f"A size must be an integer or None, received {value!r}.") from None
    if size < -1:
        raise ValueError(f"A size must not be negative, received {size}.")
    return Dim.fresh() if size == -1 else int(size)

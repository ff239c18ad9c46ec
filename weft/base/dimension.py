"""`Dimension`: the sizes of shapes as TensorFlow 1 shows them, which say None as `.value` where they are not known."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

#: whether programs see these objects in shapes, or ints and None
_shown = [False]


def show_objects(on: bool) -> None:
    """Whether the sizes that programs ask shapes for are `Dimension`s (TensorFlow 1) or ints and None."""
    _shown[0] = on


def objects_shown() -> bool:
    """Whether programs see `Dimension`s."""
    return _shown[0]


def wanted(depth: int = 2) -> bool:
    """Whether it is a program that asks a shape for its sizes, and is to see `Dimension`s; Weft itself never does."""
    if not _shown[0]:
        return False
    name = sys._getframe(depth).f_globals.get("__name__", "")
    return not (name.startswith("weft.") or name == "weft")


class Dimension:
    """A size that may be unknown: arithmetic with an unknown one gives an unknown one, comparisons give None.

    Args:
        value: The size; None where it is not known.

    Example:
        >>> import weft.compat.v1 as tf
        >>> size = tf.Dimension(3) * 2
        >>> size.value, (size + None).value
        (6, None)
    """

    __slots__ = ()

    def __new__(cls, value: Any = None) -> Any:
        if isinstance(value, Dimension):
            return value
        if value is None:
            return object.__new__(_Unknown)
        size = operator.index(value)
        if size < 0:
            raise ValueError(f"Dimension {size} must be >= 0")
        return int.__new__(_Known, size)

    @property
    def value(self) -> int | None:
        """The size, or None."""
        raise NotImplementedError

    def is_compatible_with(self, other: Any) -> bool:
        """Whether the two could be one size."""
        that = Dimension(other).value
        return self.value is None or that is None or self.value == that

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raises ValueError unless the two could be one size."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {Dimension(other)} are not compatible")

    def merge_with(self, other: Any) -> Any:
        """What both say together. Raises ValueError where they contradict each other."""
        self.assert_is_compatible_with(other)
        return Dimension(other) if self.value is None else self

    def __repr__(self) -> str:
        return f"Dimension({self.value})"

    def __str__(self) -> str:
        return "?" if self.value is None else str(self.value)


def _size(other: Any) -> Any:
    """A size or None, where it is one; `NotImplemented` elsewhere."""
    if other is None or isinstance(other, _Unknown):
        return None
    return int(other) if isinstance(other, int) and not isinstance(other, bool) else NotImplemented


def _arithmetic(plain: Callable[[Any, Any], Any], turned: bool) -> Any:
    def operate(self: Any, other: Any) -> Any:
        that = _size(other)
        if that is NotImplemented:
            if self.value is None:
                return NotImplemented
            return plain(other, self.value) if turned else plain(self.value, other)
        if self.value is None or that is None:
            return Dimension(None)
        found = plain(that, self.value) if turned else plain(self.value, that)
        return Dimension(found) if isinstance(found, int) and found >= 0 else found

    return operate


def _comparison(plain: Callable[[Any, Any], Any]) -> Any:
    def compare(self: Any, other: Any) -> Any:
        that = _size(other)
        if that is NotImplemented:
            return NotImplemented if self.value is None else plain(self.value, other)
        return None if self.value is None or that is None else plain(self.value, that)

    return compare


class _Known(int, Dimension):
    """A known size. It is an int too, so that everything that takes one takes it."""

    __slots__ = ()

    @property
    def value(self) -> int:
        """The size."""
        return int(self)

    def __hash__(self) -> int:
        return int.__hash__(self)

    def __bool__(self) -> bool:
        return int(self) != 0

    def __repr__(self) -> str:
        return Dimension.__repr__(self)

    def __str__(self) -> str:
        return int.__repr__(self)

    def __format__(self, format_spec: str) -> str:
        return format(int(self), format_spec)

    def __reduce__(self) -> tuple[Any, ...]:
        return Dimension, (int(self),)


class _Unknown(Dimension):
    """A size that is not known."""

    __slots__ = ()

    @property
    def value(self) -> None:
        """None."""
        return None

    def __hash__(self) -> int:
        return id(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Dimension, (None,)


_Numbers = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "floordiv": operator.floordiv,
            "mod": operator.mod}  # fmt: skip
for _class in (_Known, _Unknown):
    for _name, _plain in _Numbers.items():
        setattr(_class, f"__{_name}__", _arithmetic(_plain, False))
        setattr(_class, f"__r{_name}__", _arithmetic(_plain, True))
    for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(_class, f"__{_name}__", _comparison(getattr(operator, _name)))

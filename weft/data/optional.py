"""`tf.experimental.Optional`: a value that may be missing, and what iterators give of that kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base.errors import InvalidArgumentError, explain
from weft.data import structure
from weft.runtime.spec import TypeSpec
from weft.runtime.tensor import EagerTensor


class Optional:
    """A value, or none.

    Example:
        >>> import weft as tf
        >>> found = tf.experimental.Optional.from_value(3)
        >>> bool(found.has_value()), int(found.get_value())
        (True, 3)
    """

    def __init__(self, there: Any, value: Any, spec: Any) -> None:
        self._there, self._value, self._spec = there, value, spec

    @staticmethod
    def from_value(value: Any) -> Optional:
        """One that holds a structure of tensors."""
        element = structure.normal(value)
        return Optional(EagerTensor(np.asarray(True)), element, structure.specs_of(element))

    @staticmethod
    def empty(element_spec: Any) -> Optional:
        """One without a value, for values of a spec."""
        return Optional(EagerTensor(np.asarray(False)), None, element_spec)

    @property
    def element_spec(self) -> Any:
        """The specs of the value."""
        return self._spec

    def has_value(self, name: str | None = None) -> Any:
        """Whether there is a value, as a tensor."""
        return self._there

    def get_value(self, name: str | None = None) -> Any:
        """The value.

        Raises:
            InvalidArgumentError: Where there is none.
        """
        if isinstance(self._there, EagerTensor) and not bool(self._there):
            raise InvalidArgumentError(explain("The given optional does not have a value to read.",
                                               hint="ask has_value() first"))  # fmt: skip
        return self._value

    def __repr__(self) -> str:
        return f"tf.experimental.Optional(value={self._value!r}, element_spec={self._spec!r})"


class OptionalSpec(TypeSpec):
    """Describes an `Optional`.

    Args:
        element_spec: The specs of its value.
    """

    def __init__(self, element_spec: Any) -> None:
        self.element_spec = element_spec

    @property
    def value_type(self) -> Any:
        """The class that is described."""
        return Optional

    @staticmethod
    def from_value(value: Any) -> OptionalSpec:
        """The spec of an optional."""
        return OptionalSpec(value.element_spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OptionalSpec) and structure.same_spec(self.element_spec, other.element_spec)

    def __hash__(self) -> int:
        return hash(repr(self.element_spec))

    def __repr__(self) -> str:
        return f"OptionalSpec({self.element_spec!r}, TensorShape([]))"


class IteratorSpec(TypeSpec):
    """Describes an iterator over a dataset.

    Args:
        element_spec: The specs of what it gives.
    """

    def __init__(self, element_spec: Any) -> None:
        self.element_spec = element_spec

    @staticmethod
    def from_value(value: Any) -> IteratorSpec:
        """The spec of an iterator."""
        return IteratorSpec(value.element_spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IteratorSpec) and structure.same_spec(self.element_spec, other.element_spec)

    def __hash__(self) -> int:
        return hash(repr(self.element_spec))

    def __repr__(self) -> str:
        return f"IteratorSpec({self.element_spec!r})"

"""A model's outputs in order, and what users say about them by order or by name."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain, nearest


class UnknownOutput(ValueError, KeyError):
    """A name of no output: a KeyError as Keras raises for losses, a ValueError as for metrics and labels."""

    __str__ = ValueError.__str__  # a KeyError shows its message quoted


class Outputs:
    """The outputs of a model, flat.

    Args:
        y_pred: What the model returned: a tensor or a structure of them.
        names: The names of a functional model's outputs, or None.
    """

    def __init__(self, y_pred: Any, names: list[str] | None) -> None:
        self.count = len(tf.nest.flatten(y_pred))
        #: numbers in the structure of the outputs
        self.places = tf.nest.pack_sequence_as(y_pred, list(range(self.count)))
        self.keys: list[str] | None = None
        if isinstance(y_pred, dict) and len(y_pred) == self.count:
            # Flat dicts are flattened by their keys, in sorted order.
            self.keys = sorted(y_pred)
        #: the names in the order in which the model's dict was written
        self.written = list(y_pred) if self.keys is not None else None
        self.names: list[str] | None = self.keys
        if self.names is None and names is not None and len(names) == self.count:
            self.names = list(names)

    def shown(self) -> str:
        """The outputs in words."""
        if self.names:
            return ", ".join(f"`{name}`" for name in self.names)
        return f"{self.count} output{'s' if self.count > 1 else ''}"

    def label(self, place: int) -> str:
        """An output's name."""
        return self.names[place] if self.names else f"output_{place}"

    def by_name(self, given: dict[str, Any], what: str) -> list[Any]:
        """The entries of a dict, in the order of the outputs; None for those that it does not name."""
        known = self.names or []
        unknown = [key for key in given if key not in known]
        if unknown:
            raise UnknownOutput(explain(
                f"Invalid `{what}`: it names {', '.join(repr(key) for key in unknown)}, which is no output of the "
                f"model: the key in the `{what}` argument, can't be found in either the model's output or its names. "
                f"Expected keys: {known}. {nearest(str(unknown[0]), known) if known else ''}",
                expected=f"keys among {self.shown()}", received=f"keys {', '.join(repr(key) for key in given)}",
            ))  # fmt: skip
        return [given.get(name) for name in known]

    def is_nested_like(self, given: Any) -> bool:
        """Whether something is a dict that has the keys of outputs that are dicts within dicts or lists."""
        nested = isinstance(self.places, dict) and len(self.places) != self.count
        return nested and isinstance(given, dict) and set(given) <= set(self.places)

    def by_structure(self, given: Any) -> list[Any]:
        """What stands in a structure at the places of the outputs, in their order; None where nothing does."""
        found: list[Any] = [None] * self.count

        def walk(places: Any, value: Any) -> None:
            if isinstance(places, int):
                found[places] = value
            elif isinstance(places, dict):
                for key, inner in places.items():
                    walk(inner, None if value is None else value.get(key))
            else:
                for number, inner in enumerate(places):
                    walk(inner, None if value is None else value[number])

        walk(self.places, given)
        return found

    def values(self, given: Any, what: str, wanted: list[bool] | None = None) -> list[Any]:
        """What was given for the outputs, in their order.

        Args:
            given: A tensor, or a structure of them.
            what: Such as "y", for messages.
            wanted: Which outputs need one; all where None.
        """
        if given is None:
            return [None] * self.count
        if isinstance(given, dict):
            return self.by_structure(given) if self.is_nested_like(given) else self.by_name(given, what)
        flat = tf.nest.flatten(given)
        if len(flat) == self.count:
            return flat  # type: ignore[no-any-return]
        if wanted is not None and len(flat) == sum(wanted):
            supply = iter(flat)
            return [next(supply) if needed else None for needed in wanted]
        raise ValueError(explain(
            f"y_true and y_pred have different structures. The model has {self.count} "
            f"output{'s' if self.count > 1 else ''}, `{what}` has {len(flat)} part{'s' if len(flat) != 1 else ''}.",
            expected=f"one array for each of {self.shown()}",
            received=[str(getattr(value, "shape", value)) for value in flat],
            hint=f"pass {what}=[...] in the order of the outputs, or a dict by their names",
        ))  # fmt: skip

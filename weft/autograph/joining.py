"""Makes tensors of what branches and turns of a loop leave behind, where Python values differ between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from weft.autograph.jumps import PREFIX
from weft.autograph.state import Undefined
from weft.base import nest, shapes
from weft.base.dims import Dim
from weft.base.errors import explain
from weft.ir.types import TensorType
from weft.runtime import control, frontdoor
from weft.runtime.composite import CompositeTensor
from weft.runtime.concrete import TracedResult
from weft.runtime.variable import Variable

_TEXT = (str, bytes)
_NUMBERS = (bool, int, float, complex, np.generic, np.ndarray)


def _is_data(leaf: Any) -> bool:
    """Whether a value can be one in the graph: a tensor or a number."""
    return isinstance(leaf, (_NUMBERS, CompositeTensor)) or (
        frontdoor.is_tensor_like(leaf) and not isinstance(leaf, Variable)
    )


def _same(a: Any, b: Any) -> bool:
    """Whether two Python values are one: then there is nothing for the graph to decide."""
    if a is b:
        return True
    plain = (bool, int, float, str, bytes, type(None))
    return type(a) is type(b) and isinstance(a, plain) and a == b


def _show(value: Any) -> str:
    if isinstance(value, Undefined):
        return "not set"
    type = getattr(value, "type", None)
    return str(type) if isinstance(type, TensorType) else f"{value!r}"[:80]


def _leaves(value: Any) -> list[Any]:
    return nest.flatten(value)


def _name(name: str) -> str:
    return "the returned value" if name.startswith(PREFIX) else f"`{name}`"


class Branches:
    """What two branches left behind, and what of it the graph must choose.

    Args:
        names: What is handed on.
        first: Its values behind the first branch.
        second: Behind the second.
        inside: Run a function in the first branch and in the second: what a variable held there is read there.

    Attributes:
        first: The first branch's tensors among which is chosen.
        second: The second's.
    """

    def __init__(
        self,
        names: Sequence[str],
        first: Sequence[Any],
        second: Sequence[Any],
        inside: tuple[Callable[..., Any], Callable[..., Any]],
    ) -> None:
        self._inside = inside
        self.first: list[Any] = []
        self.second: list[Any] = []
        self._parts: list[tuple[Any, list[bool] | None]] = []
        for name, a, b in zip(names, first, second, strict=True):
            self._parts.append(self._part(name, a, b))
        self._shape = TracedResult(self.first)

    def _part(self, name: str, a: Any, b: Any) -> tuple[Any, list[bool] | None]:
        if isinstance(a, Undefined) and isinstance(b, Undefined):
            return a, None
        if isinstance(a, Undefined) or isinstance(b, Undefined):
            if not name.startswith(PREFIX):
                raise ValueError(explain(
                    f"`{name}` is set in one branch of an `if` whose condition is a tensor, and not in the other, and "
                    "is used after it.",
                    hint=f"set `{name}` in both branches, or before the `if`",
                ))  # fmt: skip
            # a flag tells that nobody looks at this one
            a, b = (_stand_in(b) if isinstance(a, Undefined) else a), (_stand_in(a) if isinstance(b, Undefined) else b)
        if a is b:
            return a, None
        try:
            nest.assert_same(a, b)
        except (ValueError, TypeError):
            raise self._differ(name, a, b) from None
        chosen = []
        for x, y in zip(_leaves(a), _leaves(b), strict=True):
            choose = not _same(x, y)
            if choose:
                if isinstance(x, _TEXT) and isinstance(y, _TEXT):
                    x, y = frontdoor.convert(x), frontdoor.convert(y)
                x, y = (self._read(branch, leaf) for branch, leaf in enumerate((x, y)))
                if not (_is_data(x) and _is_data(y)):
                    raise self._differ(name, x, y)
                self._match(name, x, y)
            chosen.append(choose)
        return a, chosen

    def _read(self, branch: int, leaf: Any) -> Any:
        return self._inside[branch](lambda: frontdoor.convert(leaf)) if isinstance(leaf, Variable) else leaf

    def _match(self, name: str, x: Any, y: Any) -> None:
        if isinstance(x, CompositeTensor) or isinstance(y, CompositeTensor):
            if type(x) is not type(y):
                raise self._differ(name, x, y)
            self.first.append(self._inside[0](lambda: x._before_a_loop(y)) or x)
            self.second.append(self._inside[1](lambda: y._before_a_loop(x)) or y)
            return
        if isinstance(x, _NUMBERS) != isinstance(y, _NUMBERS):  # a number takes the tensor's dtype
            if isinstance(x, _NUMBERS):
                x = frontdoor.convert(x, y.dtype)
            else:
                y = frontdoor.convert(y, x.dtype)
        x, y = frontdoor.convert(x), frontdoor.convert(y)
        if x.dtype is not y.dtype:
            raise TypeError(explain(
                f"{_name(name)} has another dtype in each branch of an `if` whose condition is a tensor.",
                received=f"{x.dtype.name} where the condition holds, {y.dtype.name} where it does not",
                hint="cast one of them: tf.cast(...)",
            ))  # fmt: skip
        self.first.append(x)
        self.second.append(y)

    def _differ(self, name: str, a: Any, b: Any) -> TypeError:
        return TypeError(explain(
            f"{_name(name)} must be a tensor, or the same Python value, in both branches of an `if` whose condition is "
            "a tensor.",
            received=f"{_show(a)} where the condition holds, {_show(b)} where it does not",
            hint="give both branches tensors of one dtype and structure",
        ))  # fmt: skip

    def results(self, outputs: Sequence[Any]) -> list[Any]:
        """The values behind the branches, for the tensors that the graph chose."""
        supply = iter(self._shape.rebuild(outputs))
        found = []
        for value, chosen in self._parts:
            if chosen is None:
                found.append(value)
                continue
            leaves = [next(supply) if choose else leaf for leaf, choose in zip(_leaves(value), chosen, strict=True)]
            found.append(nest.pack(value, leaves))
        return found


def _stand_in(value: Any) -> Any:
    """Zeros like a value, for a place that nobody looks at."""

    def zeros(leaf: Any) -> Any:
        if isinstance(leaf, _NUMBERS):
            return leaf
        if isinstance(leaf, CompositeTensor):
            return leaf._rebuild([zeros(frontdoor.convert(part)) for part in leaf._components()])
        return frontdoor.convert(0) if not frontdoor.is_tensor_like(leaf) else _zeros(leaf.type)

    return nest.map_structure(zeros, value)


def _zeros(type: TensorType) -> Any:
    """Zeros of a type; a size that is not known is 0: the stand-in is never read."""
    sizes = tuple(size if isinstance(size, int) else 0 for size in type.shape or ())
    empty = np.zeros(sizes, type.dtype.numpy) if type.dtype.name != "string" else np.full(sizes, b"", object)
    return frontdoor.convert(empty, type.dtype)


class NoneBefore(Exception):
    """A name is None before a loop and a tensor after a turn: the first turn is not like the others."""


class OtherBefore(Exception):
    """A composite value must have other components before a loop, because a turn gives it such."""

    def __init__(self, old: Any, new: Any) -> None:
        super().__init__()
        self.old, self.new = old, new

    def replaced(self, values: Sequence[Any]) -> list[Any]:
        """The values before the loop with the new one in the place of the old one."""
        grown = self.old._before_a_loop(self.new)
        return [nest.map_structure(lambda leaf: grown if leaf is self.old else leaf, value) for value in values]


class Turns:
    """The names that a loop in the graph carries from turn to turn.

    Args:
        names: What is handed on.
        before: Its values before the loop.
        invariants: For each, a nested structure of shapes that holds in all turns, or None.

    Attributes:
        before: The values before the loop.
        types: The types of the tensors that are carried.
        late: Of those that have a value only after a turn.
        unset: The user's names among these.
        loose: The types of tensors whose sizes a turn was seen to change, by their places.
        weaken: Whether a shape may become less known from turn to turn.
    """

    def __init__(self, names: Sequence[str], before: Sequence[Any], invariants: Sequence[Any],
                 loose: Mapping[int, TensorType] | None = None, weaken: bool = False) -> None:  # fmt: skip
        self.names = names
        self.late: list[TensorType] = []
        self.loose: dict[int, TensorType] = {}
        self._weaken = weaken
        self.unset: list[str] = []
        self.before = list(before)
        self._late: dict[int, TracedResult] = {}
        self._carried: list[list[bool]] = []
        carried: list[Any] = []
        self.types: list[TensorType] = []
        for value, shape in zip(before, invariants, strict=True):
            leaves = [] if isinstance(value, Undefined) else _leaves(value)
            kept = [_is_data(leaf) for leaf in leaves]
            self._carried.append(kept)
            mine = [leaf for leaf, is_carried in zip(leaves, kept, strict=True) if is_carried]
            carried += mine
            self.types += _types(mine, shape)
        self._own: dict[int, TensorType] = {}
        for place, type in (loose or {}).items():
            self.types[place] = self._own[place] = type
        self._packed = TracedResult(carried)

    def start(self) -> list[Any]:
        """The tensors before the loop."""
        return [*self._packed.tensors, *[_zeros(type) for type in self.late]]

    def rebuilt(self, tensors: Sequence[Any]) -> list[Any]:
        """The values that the names have where the carried tensors are these."""
        count = len(self.types)
        supply = iter(self._packed.rebuild(tensors[:count]))
        rest = list(tensors[count:])
        found: list[Any] = []
        for position, (value, kept) in enumerate(zip(self.before, self._carried, strict=True)):
            if position in self._late and rest:
                late = self._late[position]
                found.append(late.rebuild([rest.pop(0) for _ in late.tensors]))
            elif isinstance(value, Undefined):
                found.append(value)
            else:
                leaves = [next(supply) if carried else leaf for leaf, carried in zip(_leaves(value), kept, strict=True)]
                found.append(nest.pack(value, leaves))
        return found

    def ends(self, after: Sequence[Any]) -> list[Any]:
        """The tensors at the end of a turn, of the types that they have at its start.

        Raises:
            TypeError, ValueError: Where a turn leaves another dtype, shape or structure.
        """
        found: list[Any] = []
        late: list[Any] = []
        types = iter(enumerate(self.types))
        for position, (name, value) in enumerate(zip(self.names, after, strict=True)):
            before, kept = self.before[position], self._carried[position]
            if isinstance(before, Undefined):
                if not isinstance(value, Undefined):
                    late += self._first_set(position, name, value)
                continue
            if isinstance(value, Undefined):
                raise ValueError(explain(f"`{name}` is deleted in a loop over tensors, and used after it."))
            try:
                nest.assert_same(before, value)
            except (ValueError, TypeError) as error:
                if before is None:
                    raise NoneBefore from None
                raise TypeError(explain(
                    f"`{name}` changes its structure in a loop over tensors: {error}",
                    hint="keep its structure; collect rows in a tf.TensorArray",
                )) from None  # fmt: skip
            for old, new, carried in zip(_leaves(before), _leaves(value), kept, strict=True):
                if carried:
                    found += self._end(name, old, new, types)
                elif old is None and before is None and _is_data(new):
                    raise NoneBefore
                elif not _same(old, new):
                    raise TypeError(explain(
                        f"`{name}` is set in a loop over tensors and is no tensor.",
                        received=f"{_show(old)} before the loop, {_show(new)} after a turn",
                        hint=f"make `{name}` a tensor before the loop",
                    ))  # fmt: skip
        return [*found, *late]

    def _first_set(self, position: int, name: str, value: Any) -> list[Any]:
        """What a turn sets that had no value before."""
        if not all(_is_data(leaf) or leaf is None for leaf in _leaves(value)):
            raise TypeError(explain(f"`{name}` is set in a loop over tensors and is no tensor.", received=_show(value),
                                    hint=f"set `{name}` before the loop"))  # fmt: skip
        if not name.startswith(PREFIX):
            self.unset.append(name)
        self._late[position] = made = TracedResult(value)
        for tensor in made.tensors:
            self.late.append(_with_own_sizes(tensor.type))
        return list(made.tensors)

    def _end(self, name: str, old: Any, new: Any, types: Any) -> list[Any]:
        if isinstance(old, CompositeTensor):
            if old._before_a_loop(new) is not None:
                raise OtherBefore(old, new)
            if type(new) is not type(old):
                raise TypeError(explain(f"`{name}` changes its kind in a loop over tensors.", received=_show(new),
                                        expected=_show(old)))  # fmt: skip
            return [self._fitting(name, frontdoor.convert(part), *next(types)) for part in new._components()]
        place, wanted = next(types)
        if not _is_data(new) and not isinstance(new, Variable):
            raise TypeError(explain(f"`{name}` is a tensor before a loop over tensors and none after a turn.",
                                    received=_show(new), expected=str(wanted)))  # fmt: skip
        tensor = frontdoor.convert(new, wanted.dtype) if isinstance(new, _NUMBERS) else frontdoor.convert(new)
        return [self._fitting(name, tensor, place, wanted)]

    def _fitting(self, name: str, tensor: Any, place: int, wanted: TensorType) -> Any:
        if tensor.dtype is not wanted.dtype:
            raise TypeError(explain(
                f"`{name}` changes its dtype in a loop over tensors.",
                received=f"{wanted.dtype.name} before the loop, {tensor.dtype.name} after a turn",
                hint=f"cast it, or begin with a {tensor.dtype.name}",
            ))  # fmt: skip
        mine, theirs = wanted.shape, tensor.type.shape
        fits = mine is None or (theirs is not None and len(mine) == len(theirs) and all(
            not isinstance(a, int) or a == b for a, b in zip(mine, theirs, strict=True)))  # fmt: skip
        if not fits and self._weaken:
            self.loose[place] = _common(wanted, theirs)
            return tensor
        if not fits:
            raise ValueError(explain(
                f"`{name}` changes its shape in a loop over tensors.",
                received=f"{shapes.show(mine)} before the loop, {shapes.show(theirs)} after a turn",
                hint="keep its shape, or tell what stays: tf.autograph.experimental.set_loop_options("
                     f"shape_invariants=[({name}, tf.TensorShape([None, ...]))]) at the start of the loop",
            ))  # fmt: skip
        # what was one unknown size at the start of the turn must not be taken for the same in the next
        if mine is not None and tuple(mine) != tuple(theirs) and wanted is not self._own.get(place):
            self.loose[place] = _with_own_sizes(wanted)
        return tensor


def _with_own_sizes(type: TensorType) -> TensorType:
    """The type with unknown sizes that are nobody else's."""
    own = None if type.shape is None else tuple(size if isinstance(size, int) else Dim.fresh() for size in type.shape)
    return TensorType(own, type.dtype, type.handle)


def _common(type: TensorType, shape: Any) -> TensorType:
    """The type of all that has this type or that shape."""
    if type.shape is None or shape is None or len(shape) != len(type.shape):
        return TensorType(None, type.dtype, type.handle)
    pairs = zip(type.shape, shape, strict=True)
    common = tuple(a if isinstance(a, int) and a == b else Dim.fresh() for a, b in pairs)
    return TensorType(common, type.dtype, type.handle)


def _types(leaves: Sequence[Any], invariant: Any) -> list[TensorType]:
    return control.loop_types(leaves, invariant)

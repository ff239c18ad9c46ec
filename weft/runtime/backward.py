"""Gradients of tapes that have recorded the same before: the ops that gave them, put down once and run straight.

What the gradient rules apply depends on which ops a tape holds, on their attributes, on dtypes and shapes, and on what
leads where; never on values. So the second time a tape of one structure is asked for one set of gradients, the ops are
written down as they are applied, and from then on they run on arrays, in that order, with the kernels that eager calls
use: the bits are the same. What depends on no value of the tape (the ones to begin with, counts) is kept as computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from weft.ops import opdef
from weft.ops.families import quiet_context
from weft.ops.opdef import OpDef, Slices
from weft.runtime import context, dispatch
from weft.runtime.tensor import EagerTensor, Handle

#: how many structures are told apart, how many of them are kept, and how many ops a tape may hold
_MOST_SEEN, _MOST_KEPT, _MOST_ENTRIES = 4096, 128, 5000
#: constants of more elements are computed anew
_LARGE = 4096

_seen: set[int] = set()
_never: set[int] = set()
_kept: dict[Any, Program] = {}


class Structure(NamedTuple):
    """What decides which ops give some gradients of a tape, and the tensors that are in it."""

    key: tuple[Any, ...]
    values: list[Any]


def structure(
    entries: Sequence[Any], targets: Sequence[Any], cotangents: Sequence[Any], sources: Sequence[Any]
) -> Structure | None:
    """The structure of a tape and of what it is asked for; None where it holds more than arrays and variables.

    Args:
        entries: What it has recorded.
        targets: What is differentiated.
        cotangents: One a target, None for ones.
        sources: What it is differentiated with respect to.
    """
    if len(entries) > _MOST_ENTRIES:
        return None
    index: dict[int, int] = {}
    values: list[Any] = []
    key: list[Any] = [dispatch.engine(), len(entries)]
    for op, inputs, outputs, attrs in entries:
        if _holds_graphs(op):  # each is its own structure, and would only be counted
            return None
        key += (op, len(inputs))
        if not _place(inputs, index, values, key) or not _place(outputs, index, values, key):
            return None
        if attrs:
            key += dispatch.told(attrs)
    given = [cotangent for cotangent in cotangents if cotangent is not None]
    for asked in (targets, sources, given):
        if not _place(asked, index, values, key):
            return None
    key += (len(targets), *(c is None for c in cotangents))
    return Structure(tuple(key), values)


@cache
def _holds_graphs(op: str) -> bool:
    return opdef.get(op).higher_order


def _place(tensors: Sequence[Any], index: dict[int, int], values: list[Any], key: list[Any]) -> bool:
    """Adds to a key which tensors these are, and the types of those that come for the first time; whether it can."""
    for value in tensors:
        number = id(value)
        found = index.get(number)
        if found is None:
            if value.__class__ is EagerTensor:
                array = value._array
                key += (array.dtype, array.shape)
            elif value.__class__ is Handle:
                key.append(Handle)
            else:
                return False
            found = index[number] = len(values)
            values.append(value)
        key.append(found)
    return True


class Program:
    """The ops that give gradients, in the order in which they are applied.

    Attributes:
        template: The arrays that it begins with: constants in their places, None in the others.
        loads: Which of the tape's tensors are needed: they come first, in the order of the structure.
        steps: (kernel, places of its operands, places of its results).
        results: For each source what it gets: None, a place, or the two places and the shape of rows.
    """

    def __init__(
        self, template: list[Any], loads: list[int], steps: list[tuple[Any, tuple[int, ...], tuple[int, ...]]],
        results: list[Any],
    ) -> None:  # fmt: skip
        self.template = template
        self.loads = loads
        self.steps = steps
        self.results = results

    def run(self, values: Sequence[Any]) -> list[Any]:
        """The gradients of a tape that holds these tensors."""
        slots = self.template.copy()
        for place in self.loads:
            slots[place] = values[place]._array
        quiet_context().run(self._walk, slots)

        def tensor(place: int) -> Any:
            return values[place] if place < len(values) else EagerTensor(slots[place])

        return [
            None if found is None
            else tensor(found) if found.__class__ is int
            else Slices(tensor(found[0]), tensor(found[1]), found[2])
            for found in self.results
        ]  # fmt: skip

    def _walk(self, slots: list[Any]) -> None:
        for kernel, operands, place in self.steps:
            if len(operands) == 2:
                result = kernel(slots[operands[0]], slots[operands[1]])
            else:
                result = kernel(*[slots[operand] for operand in operands])
            if result.__class__ is np.ndarray:
                slots[place[0]] = result
            else:
                for own, part in zip(place, dispatch.as_arrays(result), strict=True):
                    slots[own] = part


class _Step(NamedTuple):
    record: OpDef
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    attrs: Mapping[str, Any]


class _Recorder(dispatch.DispatchBuilder):
    """Applies gradient rules at once and writes down what they apply."""

    def __init__(self) -> None:
        self.steps: list[_Step] = []
        self.constants: list[Any] = []

    def apply(self, record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
        outputs = super().apply(record, inputs, attrs)
        self.steps.append(_Step(record, tuple(inputs), outputs, attrs))
        return outputs

    def constant(self, value: Any, dtype: Any = None) -> Any:
        made = super().constant(value, dtype)
        self.constants.append(made)
        return made


def gradients(entries: Sequence[Any], targets: Sequence[Any], cotangents: Sequence[Any], sources: Sequence[Any],
              otherwise: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:  # fmt: skip
    """The gradients of a tape.

    Args:
        entries: What it has recorded.
        targets: What is differentiated.
        cotangents: One a target, None for ones.
        sources: What it is differentiated with respect to.
        otherwise: (builder, cotangents) -> what the gradient rules give, applied by the builder.

    Returns:
        For each source its cotangent, `Slices`, or None.
    """
    plain = context.scope() is None and dispatch.check_results is None and not context.tapes()
    found = structure(entries, targets, cotangents, sources) if plain else None
    if found is None:
        return otherwise(dispatch.builder, _begun(dispatch.builder, targets, cotangents))
    try:
        number = hash(found.key)
    except TypeError:  # an attribute that has no hash
        return otherwise(dispatch.builder, _begun(dispatch.builder, targets, cotangents))
    if number not in _seen or number in _never:
        if len(_seen) >= _MOST_SEEN:
            _seen.clear()
            _never.clear()
        _seen.add(number)
        return otherwise(dispatch.builder, _begun(dispatch.builder, targets, cotangents))
    program = _kept.get(found.key)
    if program is not None:
        with suppress(*dispatch.REFUSALS):  # the long way words them
            return program.run(found.values)
    recorder = _Recorder()
    results = otherwise(recorder, _begun(recorder, targets, cotangents))
    made = _program(entries, found.values, recorder, results)
    if made is None:
        _never.add(number)
        return results
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    _kept[found.key] = made
    return results


def _begun(b: Any, targets: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
    """The cotangents with ones where none are given."""
    return [b.ones_like(t) if c is None else c for t, c in zip(targets, cotangents, strict=True)]


def _program(entries: Sequence[Any], values: list[Any], recorder: _Recorder, results: list[Any]) -> Program | None:
    """The program of what was written down; None where something in it may differ the next time."""
    if any(any(map(dispatch.holds, attrs.values())) for _, _, _, attrs in entries):
        return None
    made = _Making(values, recorder.constants)
    for step in recorder.steps:
        if not made.add(step):
            return None
    wanted: list[Any] = []
    for result in results:
        if result is None:
            wanted.append(None)
        elif isinstance(result, Slices):
            places = made.place.get(id(result.values)), made.place.get(id(result.indices))
            if None in places:
                return None
            wanted.append((*places, result.shape))
        else:
            place = made.place.get(id(result))
            if place is None:
                return None
            wanted.append(place)
    return made.finished(wanted)


class _Making:
    """A program in the making.

    Attributes:
        place: Where each tensor's array will lie, by the tensor's identity.
    """

    def __init__(self, values: list[Any], constants: list[Any]) -> None:
        self.place = {id(value): i for i, value in enumerate(values)}
        self._count = len(values)
        self._template: list[Any] = [None] * len(values)
        self._steps: list[tuple[Any, tuple[int, ...], tuple[int, ...]]] = []
        for constant in constants:
            self._own(constant, constant._array)

    def _own(self, tensor: Any, array: Any) -> int:
        place = self.place[id(tensor)] = len(self._template)
        self._template.append(array)
        return place

    def add(self, step: _Step) -> bool:
        """Takes a step in; whether it can."""
        if not step.record.pure:
            return False
        places = [self.place.get(id(value)) for value in step.inputs]
        operands = tuple(place for place in places if place is not None)
        if len(operands) != len(places) or any(map(dispatch.holds, step.attrs.values())):
            return False
        fixed = all(place >= self._count and self._template[place] is not None for place in operands)
        small = all(output._array.size <= _LARGE for output in step.outputs)
        if fixed and small:
            for output in step.outputs:
                self._own(output, output._array)
            return True
        ready = dispatch.engine().prepare(step.record, [value._array for value in step.inputs], step.attrs)
        kernel = partial(_executed, step.record.name, step.attrs) if ready is None else ready.kernel
        self._steps.append((kernel, operands, tuple([self._own(output, None) for output in step.outputs])))
        return True

    def finished(self, results: list[Any]) -> Program:
        """The program without the steps that no result needs."""
        needed = {place for result in results if result is not None
                  for place in (result[:2] if isinstance(result, tuple) else (result,))}  # fmt: skip
        steps = []
        for kernel, operands, made in reversed(self._steps):
            if needed.intersection(made):
                steps.append((kernel, operands, made))
                needed.update(operands)
        loads = [place for place in sorted(needed) if place < self._count]
        return Program(self._template, loads, steps[::-1], results)


def _executed(op: str, attrs: Mapping[str, Any], *arrays: Any) -> tuple[Any, ...]:
    return dispatch.engine().execute(op, arrays, attrs)

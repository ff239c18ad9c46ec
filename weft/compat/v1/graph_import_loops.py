"""Loops of files: each is found by its frame and becomes one operation, a gradient's loop like the loop it goes back
over.

TensorFlow 1 keeps what a gradient needs of a loop's turns in stacks, and gradients of rows in TensorArrays beside those
that loops read and write. Both are state there. Here a loop that changes one has it as one more variable; what a stack
would hold and shapes tell already (the sizes that broadcasting asks for) is not kept at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

import weft
from weft.base.dims import Dim
from weft.compat.v1.graph_import import Environment, Importer, NotKnown, Source, handles
from weft.runtime.sizes import known
from weft.runtime.tensor import SymbolicTensor

#: what something that keeps state is known by: its kind, its node, and of gradients their name
Key = tuple[str, str, str]

_STACKS = ("StackV2", "Stack")
_PUSHES = ("StackPushV2", "StackPush")
_POPS = ("StackPopV2", "StackPop")
_WRITES = ("TensorArrayWriteV3", "TensorArrayScatterV3", "TensorArraySplitV3")
#: nodes that hand on what they are given
_PASSING = ("Enter", "RefEnter", "Switch", "RefSwitch", "Identity", "RefIdentity")


class _Stack(NamedTuple):
    """What was put on a stack, and how much of it is still there."""

    rows: Any
    count: Any


def key_of(x: Importer, source: Source) -> Key | None:
    """What a node's first operand stands for, where that keeps state; None for TensorArrays that flows hand on."""
    held = _origin(x, source)
    if held is None:
        return None
    if held.op in _STACKS:
        return "stack", held.name, ""
    if held.op == "TensorArrayGradV3":
        return gradient_key(x, held)
    return None


def gradient_key(x: Importer, source: Source) -> Key:
    """What a TensorArrayGradV3 stands for: one for each TensorArray and name, however many nodes ask for it."""
    rows = _origin(x, source)
    if rows is None:
        raise NotKnown("gradients of rows that are not known")
    return "gradient", rows.name, str(source.attrs.get("source"))


def _origin(x: Importer, source: Source) -> Source | None:
    name = source.inputs[0][0] if source.inputs else ""
    while name in x.sources and x.sources[name].op in _PASSING:
        name = x.sources[name].inputs[0][0]
    return x.sources.get(name)


# Loops --------------------------------------------------------------------------------------------------------------


class _Change(NamedTuple):
    """A node that changes something that keeps state."""

    source: Source
    key: Key


def _changes(x: Importer) -> list[_Change]:
    """All nodes that change something that keeps state."""
    if x.changes is None:
        found = []
        for source in x.sources.values():
            if source.op in (*_PUSHES, *_POPS, *_WRITES):
                key = key_of(x, source)
                if key is not None:
                    found.append(_Change(source, key))
        x.changes = found
    return list(x.changes)


def _is_within(frame: str, around: str) -> bool:
    return frame == around or frame.startswith(around + "|")


def make_loop(x: Importer, frame: str) -> None:
    """Makes a loop: the values of all its Exit nodes, and what it leaves in stacks and gradients' rows.

    Raises:
        NotKnown: For a loop in another form than TensorFlow gives loops.
    """
    from weft.compat.v1.graph_import_functions import settled_loop

    outside = x.environment
    if frame in outside.loops:
        return
    members = [s for s in x.sources.values() if x.frame_of(s.name) == frame]
    merges = [s for s in members if s.op in ("Merge", "RefMerge") and any(
        x.sources[name].op in ("NextIteration", "RefNextIteration") for name, _ in s.inputs)]  # fmt: skip
    condition = next((s for s in members if s.op == "LoopCond"), None)
    if condition is None:
        raise NotKnown("a loop without a condition")
    for source in members:
        if source.op in ("Enter", "RefEnter"):  # all that the loop takes in is made before it
            x.value(source.inputs[0])
    starts, nexts = [], []
    for merge in merges:
        enter, after = sorted((name for name, _ in merge.inputs), key=lambda n: "NextIteration" in x.sources[n].op)
        starts.append(x.value(x.sources[enter].inputs[0]))
        nexts.append(x.sources[after].inputs[0])

    changes = [change for change in _changes(x) if _is_within(x.frame_of(change.source.name), frame)]
    touched = list(dict.fromkeys(change.key for change in changes))
    grown = {change.key for change in changes if change.source.op not in _POPS}
    for key in touched:
        _begin(x, key, frame)
    #: what must be made in a turn although nothing reads it: changes, and loops within that hold some
    forced = [change.source.name for change in changes if x.frame_of(change.source.name) == frame]
    inner = dict.fromkeys(_frame_below(x.frame_of(change.source.name), frame) for change in changes
                          if x.frame_of(change.source.name) != frame)  # fmt: skip
    tests = _needed(x, frame, condition.inputs)
    works = _needed(x, frame, [*nexts, *((name, 0) for name in forced)])

    def variable(key: Key) -> Any:
        state = x.state(key)
        if key[0] != "stack":
            return state
        return state.rows if key in grown else state.count

    def within(
        variables: Sequence[Any], wanted: Sequence[tuple[str, int]], order: Iterable[str], whole: bool
    ) -> list[Any]:
        before, x.environment = x.environment, Environment(outside, frame)
        try:
            for merge, given in zip(merges, variables[: len(merges)], strict=True):
                x.environment.values[merge.name] = [given, None]
            for key, given in zip(touched, variables[len(merges) :], strict=True):
                x.environment.states[key] = _state_of(x, key, given, key in grown)
            for name in order:
                x.outputs(name)
            if whole:
                for below in inner:
                    x.loop(below)
            found = [x.value(reference) for reference in wanted]
            return [*found, *(variable(key) for key in touched)] if whole else found
        finally:
            x.environment = before

    found = settled_loop(lambda *v: within(v, condition.inputs, tests, False)[0],
                         lambda *v: tuple(within(v, nexts, works, True)),
                         [*starts, *(variable(key) for key in touched)])  # fmt: skip
    results = dict(zip((m.name for m in merges), found[: len(merges)], strict=True))
    for key, left in zip(touched, found[len(merges) :], strict=True):
        outside.states[key] = _state_of(x, key, left, key in grown)
    outside.loops.add(frame)
    for source in x.sources.values():
        if source.op in ("Exit", "RefExit") and x.frame_of(source.inputs[0][0]) == frame:
            switch = x.sources[source.inputs[0][0]]
            while switch.op == "Identity":
                switch = x.sources[switch.inputs[0][0]]
            if switch.inputs[0][0] not in results:
                raise NotKnown("a loop of this form")
            outside.values.setdefault(f"{source.name}/loop", [results[switch.inputs[0][0]]])


def _frame_below(frame: str, around: str) -> str:
    """The loop directly within another one that a frame is, or is part of."""
    depth = len(around.split("|")) if around else 0
    return "|".join(frame.split("|")[: depth + 1])


def _needed(x: Importer, frame: str, references: Sequence[tuple[str, int]]) -> list[str]:
    """The nodes of a loop that some references need, in an order in which they can be made."""
    found: set[str] = set()
    waiting = [name for name, _ in references]
    while waiting:
        name = waiting.pop()
        if name in found or name not in x.sources or x.frame_of(name) != frame:
            continue
        source = x.sources[name]
        if source.op == "Merge" and any("NextIteration" in x.sources[n].op for n, _ in source.inputs):
            continue
        found.add(name)
        if source.op not in ("Enter", "RefEnter", "Exit", "RefExit"):
            waiting += [n for n, _ in source.inputs]
    return [name for name in x.order if name in found]


def _state_of(x: Importer, key: Key, held: Any, grown: bool) -> Any:
    """What keeps state, out of the variable that a loop has for it."""
    if key[0] != "stack":
        return held
    return _Stack(held, held.size()) if grown else _Stack(x.state(key).rows, held)


def _begin(x: Importer, key: Key, frame: str) -> None:
    """Sees to it that there is what a loop will change: made by the loops before, or new."""
    if key[0] == "stack":
        for change in _changes(x):
            if change.key != key or change.source.op not in _PUSHES:
                continue
            made_in = x.frame_of(change.source.name)
            common = _common(made_in, frame)
            below = _frame_below(made_in, common)
            if made_in != common and not _is_within(made_in, frame):
                _loop_at(x, common, below)
    if x.state(key) is None:
        x.environment.states[key] = _new(x, key)


def _new(x: Importer, key: Key) -> Any:
    kind, name, _ = key
    source = x.sources[name]
    if kind == "stack":
        rows = weft.TensorArray(source.attrs["elem_type"], 0, dynamic_size=True)
        return _Stack(rows, weft.constant(0))
    size = weft.get_static_value(x.value(source.inputs[0]))
    return weft.TensorArray(source.attrs["dtype"], x.value(source.inputs[0]) if size is None else int(size),
                            dynamic_size=bool(source.attrs.get("dynamic_size")))  # fmt: skip


def _common(one: str, other: str) -> str:
    """The loop that two frames are both part of; "" where there is none."""
    parts = []
    for a, b in zip(one.split("|"), other.split("|")):
        if a != b:
            break
        parts.append(a)
    return "|".join(parts)


def _loop_at(x: Importer, around: str, frame: str) -> None:
    """Makes a loop in one of the environments around."""
    before = x.environment
    while x.environment.frame != around and x.environment.outer is not None:
        x.environment = x.environment.outer
    try:
        x.loop(frame)
    finally:
        x.environment = before


# Stacks -------------------------------------------------------------------------------------------------------------


@handles(*_STACKS)
def _stack(x: Importer, source: Source) -> Any:
    return [weft.constant(0.0)]


@handles("StackCloseV2", "StackClose")
def _close(x: Importer, source: Source) -> Any:
    return []


@handles(*_PUSHES)
def _push(x: Importer, source: Source) -> Any:
    key = key_of(x, source)
    if key is None:
        raise NotKnown("a stack that is not known")
    value = x.value(source.inputs[1])
    if not isinstance(value, SymbolicTensor):
        x.told[key] = None  # rows, which only order what is done to them
        return [value]
    sizes = known(value)
    if sizes is not None and not any(isinstance(size, Dim) for size in np.ravel(np.asarray(sizes, object))):
        x.told[key] = np.asarray(sizes, value.dtype.numpy)
        return [value]
    state = x.state(key)
    rows, holds = state.rows, x.holds(source)
    after = rows.write(rows.size(), value)
    if holds is not None:
        after = _of_size(after, rows.size() + weft.cast(holds, weft.int32))
    x.environment.states[key] = _Stack(after, after.size())
    return [value]


@handles(*_POPS)
def _pop(x: Importer, source: Source) -> Any:
    key = key_of(x, source)
    state = None if key is None else x.state(key)
    if key is None or state is None:
        raise NotKnown("a stack that nothing was put on")
    if key in x.told:
        return [_told(x.told[key])]
    holds = x.holds(source)
    last = state.count - (1 if holds is None else weft.cast(holds, weft.int32))
    x.environment.states[key] = _Stack(state.rows, last)
    return [state.rows.read(last if holds is None else weft.maximum(state.count - 1, 0))]


def _told(held: Any) -> Any:
    """What need not be kept: sizes that are known, and what only says in which order rows are written."""
    return weft.constant(0.0 if held is None else held)


def _of_size(rows: Any, size: Any) -> Any:
    made = rows._copy()
    made._size = size
    return made


# Gradients of rows --------------------------------------------------------------------------------------------------


@handles("TensorArrayGradV3")
def _gradient_rows(x: Importer, source: Source) -> Any:
    key = gradient_key(x, source)
    if x.state(key) is None:
        x.environment.states[key] = _new(x, key)
    order = weft.constant(0.0)
    return [order, order]


def changed_rows(x: Importer, source: Source, change: Callable[[Any], Any]) -> Any:
    """The flow behind a node that writes rows, gradients' or others."""
    key = key_of(x, source)
    if key is None:
        return change(x.value(source.inputs[-1]))
    x.value(source.inputs[-1])
    x.environment.states[key] = change(x.state(key))
    return weft.constant(0.0)


def rows_of(x: Importer, source: Source) -> Any:
    """The rows that a node reads, gradients' or others."""
    key = key_of(x, source)
    flow = x.value(source.inputs[-1])
    return flow if key is None else x.state(key)


def adds(x: Importer, source: Source) -> bool:
    """Whether what a node writes is added to what is there, as gradients are."""
    return key_of(x, source) is not None

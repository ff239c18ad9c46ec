"""Reverse mode over a list of applied ops. The tape, `gradients` on graphs and the training step all come here.

A record is anything with `op` (a name), `inputs`, `outputs` and `attrs`: a graph's node, or what a tape noted down.
Values are told apart by identity, so the same loop serves eager tensors and graph values; a builder applies the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from weft.autodiff import replay, subgraph  # noqa: F401  (subgraph gives builders `differentiate`)
from weft.ir.types import TensorType
from weft.ops import late, opdef
from weft.ops.builder import Builder, UnknownRankError
from weft.ops.opdef import Nondifferentiable, Slices


class Record(Protocol):
    """One application of an op."""

    @property
    def op(self) -> str: ...
    @property
    def inputs(self) -> tuple[Any, ...]: ...
    @property
    def outputs(self) -> tuple[Any, ...]: ...
    @property
    def attrs(self) -> Mapping[str, Any]: ...


class Application:
    """What a gradient rule sees: a record, which inputs a gradient is wanted for, which outputs have a cotangent (the
    others are given zeros)."""

    __slots__ = ("attrs", "inputs", "needs", "outputs", "received")

    def __init__(self, record: Record, needs: tuple[bool, ...], received: tuple[bool, ...] | None = None) -> None:
        self.received = received if received is not None else (True,) * len(record.outputs)
        self.inputs = record.inputs
        self.outputs = record.outputs
        self.attrs = record.attrs
        self.needs = needs


@dataclass
class Blocked:
    """Where a path from target to source was cut: for the explanation of an absent gradient."""

    op: str
    why: str
    record: Any = field(repr=False, default=None)


def carries_gradient(value: Any) -> bool:
    """Whether a gradient can be asked for at a value: floats, complex numbers and handles to state."""
    dtype = value.dtype
    return bool(dtype.is_floating or dtype.is_complex or dtype.name in ("resource", "variant"))


def active_values(records: Iterable[Record], sources: Sequence[Any]) -> set[int]:
    """The identities of all values that depend on a source."""
    active = {id(source) for source in sources}
    for record in records:
        if any(id(value) in active for value in record.inputs):
            active.update(id(value) for value in record.outputs)
    return active


def accumulate(b: Builder, parts: Sequence[Any]) -> Any:
    """The sum of cotangents, in the order in which they came; row slices stay sparse while all are."""
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(part, Slices) for part in parts):
        values = b.call("concat", *(part.values for part in parts), axis=0)
        index_dtype = b.dtype(parts[0].indices)
        indices = [p.indices if b.dtype(p.indices) is index_dtype else b.call("cast", p.indices, dtype=index_dtype)
                   for p in parts]  # fmt: skip
        return Slices(values, b.call("concat", *indices, axis=0), parts[0].shape)
    total = b.densify(parts[0])
    for part in parts[1:]:
        total = b.call("add", total, b.densify(part))
    return total


def reverse(
    records: Sequence[Record],
    targets: Sequence[Any],
    cotangents: Sequence[Any],
    sources: Sequence[Any],
    b: Builder,
    *,
    blocked: list[Blocked] | None = None,
    stop: Iterable[Any] = (),
) -> list[Any]:
    """Cotangents of the sources, given those of the targets.

    Args:
        records: Applied ops in the order in which they ran.
        targets: Values to differentiate.
        cotangents: One a target, of its shape.
        sources: Values to differentiate with respect to.
        b: Applies the rules.
        blocked: Receives the places at which a path to a source was cut.
        stop: Values that count as constants: what flows to them stays there and does not reach what they are made of.

    Returns:
        For each source its cotangent (a value or `Slices`), None where no target depends on it.
    """
    active = active_values(records, sources)
    wanted = {id(source) for source in sources}
    stopped = {id(value) for value in stop}
    idle = stopped - wanted
    pending: dict[int, list[Any]] = {}
    for target, cotangent in zip(targets, cotangents, strict=True):
        if id(target) in active:
            pending.setdefault(id(target), []).append(cotangent)
    for record in reversed(records):
        flowing = [pending.get(id(value)) for value in record.outputs]
        if not any(flowing):
            continue
        needs = tuple(id(v) in active and id(v) not in idle and carries_gradient(v) for v in record.inputs)
        sums = [None if parts is None else accumulate(b, parts) for parts in flowing]
        for value, total in zip(record.outputs, sums, strict=True):
            if total is not None:
                if id(value) in wanted:
                    pending[id(value)] = [total]
                else:
                    del pending[id(value)]
        if stopped and any(id(value) in stopped for value in record.outputs):
            continue  # with one of its results all of an op is a constant, as in TensorFlow
        if not any(needs):
            if blocked is not None:
                blocked.extend(_cut_by_dtype(record, active))
            continue
        b.differentiating(record)
        found = _apply_rule(record, needs, sums, b, blocked)
        b.differentiating(None)
        for value, part in zip(record.inputs, found, strict=True):
            if part is not None and id(value) in active and id(value) not in idle:
                pending.setdefault(id(value), []).append(part)
    return [accumulate(b, pending[id(source)]) if pending.get(id(source)) else None for source in sources]


def _cut_by_dtype(record: Record, active: set[int]) -> list[Blocked]:
    """Where a path passes through values that carry no gradient, such as integers."""
    return [
        Blocked(record.op, f"it takes {value.dtype.name} values, which carry no gradient", record)
        for value in record.inputs
        if id(value) in active and not carries_gradient(value)
    ]


def _apply_rule(
    record: Record, needs: tuple[bool, ...], sums: Sequence[Any], b: Builder, blocked: list[Blocked] | None
) -> Sequence[Any]:
    definition = opdef.get(record.op)
    rule = definition.vjp
    nothing = [None] * len(record.inputs)
    own = getattr(record, "pull_back", None)  # a rule that the record brings with it
    if own is None and isinstance(rule, Nondifferentiable):
        if blocked is not None:
            blocked.append(Blocked(record.op, rule.why, record))
        return nothing
    passes_slices = record.op in ("read_variable", "identity")
    full = [
        (total if passes_slices else b.densify(total))
        if total is not None
        else (b.zeros_like(value) if carries_gradient(value) and value.dtype.name != "resource" else None)
        for value, total in zip(record.outputs, sums, strict=True)
    ]
    received = tuple(total is not None for total in sums)
    parts = pull_back(b, record, needs, received, full) if own is None else own(b, full)
    return [part if need else None for part, need in zip(parts, needs, strict=True)]


def pull_back(
    b: Builder, record: Record, needs: tuple[bool, ...], received: tuple[bool, ...], cotangents: Sequence[Any]
) -> Sequence[Any]:
    """What an op's gradient rule makes of cotangents (a value for each output that can have one), whether or not it
    knows the ranks that it asks for. What the op has done is not done again: its replay is differentiated."""
    if replay.must_be_replayed(record.op, record.attrs, received):
        count = len(record.inputs)
        made = replay.replayed(b, record)
        own = len(made.outputs)
        return made.parts(b, pull_back(b, made, made.needs(needs), received[:own], cotangents[:own]), count)
    if not all(b.knows_rank(value) for value in (*record.inputs, *record.outputs)):
        return _apply_without_rank(record, needs, received, cotangents, b)
    rule: Any = opdef.get(record.op).vjp
    parts: Sequence[Any] = rule(b, Application(record, needs, received), *cotangents)
    return parts


def _apply_without_rank(
    record: Record, needs: tuple[bool, ...], received: tuple[bool, ...], full: Sequence[Any], b: Builder
) -> Sequence[Any]:
    """The rule where it asks for no rank that is not known; else a node that applies it when the graph runs.

    Raises:
        UnknownRankError: For the few ops whose gradient cannot wait (`late.why_not`) and whose rule asks for a rank.
    """
    values = (*record.inputs, *record.outputs)
    types = [TensorType(b.shape(v) if b.knows_rank(v) else None, b.dtype(v)) for v in values]
    why = late.why_not(record.op, types)
    made = late.Application(record.op, tuple(record.attrs.items()), needs, received)
    if why is not None or not late.needs_rank(made, types):
        try:
            rule: Any = opdef.get(record.op).vjp
            parts: Sequence[Any] = rule(b, Application(record, needs, received), *full)
            return parts
        except UnknownRankError as error:
            raise UnknownRankError(f"the gradient of {record.op} needs a known rank: {why}; {error}") from None
    wanted = late.inputs_with_gradient(made, types)
    cotangents = [ct for ct, value in zip(full, record.outputs, strict=True)
                  if late.carries_gradient(TensorType((), b.dtype(value)))]  # fmt: skip
    if not wanted:
        return [None] * len(record.inputs)
    found = b.call("late_gradient", *values, *cotangents, of=made.of, attributes=made.attributes, needs=needs,
                   received=received, wanted=wanted)  # fmt: skip
    by_input = dict(zip(wanted, found if len(wanted) > 1 else (found,), strict=True))
    return [by_input.get(i) for i in range(len(record.inputs))]

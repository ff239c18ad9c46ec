"""Gradients that wait for the rank: where a rule needs the rank of a tensor and none is known while the graph is made,
`late_gradient` stands for the rule, and runs it once the arrays are there.

The rule is the op's own, so that the numbers are those of a graph that knew the ranks, to the bit. A rule that asks for
no rank is applied as ever; `needs_rank` finds out which it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.errors import InvalidArgumentError
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder, UnknownRankError, inline
from weft.ops.opdef import REQUIRED, Effect, OpDef, SpecError, case, register


@dataclass(frozen=True)
class Application:
    """One application of an op, without its arrays, and what is wanted of its rule.

    Attributes:
        of: The op to differentiate.
        attributes: Its attributes, as pairs.
        needs: For each input whether a gradient is wanted.
        received: For each output whether a cotangent came (the others are given zeros).
    """

    of: str
    attributes: tuple[tuple[str, Any], ...]
    needs: tuple[bool, ...]
    received: tuple[bool, ...]


@dataclass(frozen=True)
class _Context:
    """What a rule sees of the application that it differentiates."""

    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    attrs: Mapping[str, Any]
    needs: tuple[bool, ...]
    received: tuple[bool, ...]


def why_not(op: str, types: Sequence[TensorType]) -> str | None:
    """Why the gradient of an op cannot wait until its arrays are there; None where it can.

    This is the one list of what needs a known rank: every other rule works without.
    """
    record = opdef.get(op)
    if record.higher_order:
        return "its gradient is made of those of the graphs inside it, which must know what they carry"
    if record.effect is Effect.HOST:
        return "it calls out of the graph, and must do so in the place where it stands"
    if record.effect not in (Effect.NONE, Effect.CHECK) or any(t.is_resource for t in types):
        return "it works on state, and a handle to state is not an array that could be handed on"
    return None


def carries_gradient(type: TensorType) -> bool:
    """Whether a cotangent belongs to values of a type."""
    return bool(type.dtype.is_floating or type.dtype.is_complex)


def _trace(made: Application, types: Sequence[TensorType]) -> tuple[Graph, tuple[int, ...]]:
    """The rule as a graph of (inputs, outputs, cotangents), and the inputs that it has a gradient for."""
    graph = Graph(f"{made.of}_gradient")
    values = [graph.add_input(t, "value") for t in types]
    inputs, outputs = values[: len(made.needs)], values[len(made.needs) :]
    cotangents = [graph.add_input(v.type, "cotangent") if carries_gradient(v.type) else None for v in outputs]
    b = GraphBuilder(graph)
    rule: Any = opdef.get(made.of).vjp
    context = _Context(tuple(inputs), tuple(outputs), dict(made.attributes), made.needs, made.received)
    parts = rule(b, context, *cotangents)
    found = {i: b.densify(part) for i, (part, need) in enumerate(zip(parts, made.needs, strict=True))
             if need and part is not None}  # fmt: skip
    graph.outputs = list(found.values())
    return graph, tuple(found)


def needs_rank(made: Application, types: Sequence[TensorType]) -> bool:
    """Whether the rule asks for a rank that the types of inputs and outputs do not tell."""
    try:
        _trace(made, types)
    except (UnknownRankError, InvalidArgumentError):
        return True
    return False


def inputs_with_gradient(made: Application, types: Sequence[TensorType]) -> tuple[int, ...]:
    """The inputs that the rule has a gradient for, found by trying ranks; all that need one where no rank fits."""
    for inputs, outputs in _possible_types(made.of, types[: len(made.needs)], dict(made.attributes)):
        try:
            return _trace(made, [*inputs, *outputs])[1]
        except Exception:  # a rule may fail in any way on ranks that only the shape rule has let pass
            continue
    return tuple(i for i, need in enumerate(made.needs) if need)


def _possible_types(
    op: str, types: Sequence[TensorType], attrs: Mapping[str, Any]
) -> Iterator[tuple[Sequence[TensorType], Sequence[TensorType]]]:
    """What the inputs and outputs of an op may turn out to be."""
    if op != "late_gradient":
        yield from opdef.get(op).possible_types(types, attrs)
        return
    own = types[: len(attrs["needs"])]  # the rest follows from these
    for inputs, outputs in _possible_types(attrs["of"], own, dict(attrs["attributes"])):
        cotangents = [t for t in outputs if carries_gradient(t)]
        yield [*inputs, *outputs, *cotangents], [inputs[i] for i in attrs["wanted"]]


@lru_cache(maxsize=512)
def _traced(made: Application, types: tuple[TensorType, ...], shown: str) -> tuple[Graph, tuple[int, ...]]:
    return _trace(made, types)


def rule_graph(made: Application, types: Sequence[TensorType]) -> tuple[Graph, tuple[int, ...]]:
    own = len(made.needs) + len(made.received)
    # 1, 1.0 and True are equal as keys, but not as attributes: what they look like tells them apart
    return _traced(made, tuple(types[:own]), repr(made.attributes))


def _spec(*values: TensorType, wanted: tuple[int, ...], **attrs: Any) -> tuple[TensorType, ...]:
    made = Application(**attrs)
    own = len(made.needs) + len(made.received)
    inputs, outputs = values[: len(made.needs)], values[len(made.needs) : own]
    if all(t.shape is not None for t in inputs):
        _check_outputs(made, inputs, outputs)
    expected = own + sum(carries_gradient(t) for t in outputs)
    if len(values) != expected:
        raise SpecError(f"takes {expected} tensors (inputs and outputs of {made.of}, then a cotangent for each output "
                        f"that has one), received {len(values)}")  # fmt: skip
    return tuple(values[i] for i in wanted)


def _check_outputs(made: Application, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> None:
    try:
        inferred = opdef.get(made.of).infer(inputs, dict(made.attributes))
    except InvalidArgumentError as error:
        raise SpecError(f"{made.of} does not take these inputs: {error}") from None
    fits = len(inferred) == len(outputs) and all(map(_compatible, inferred, outputs))
    if not fits:
        raise SpecError(f"these are not the outputs of {made.of}", expected=", ".join(map(str, inferred)))


def _compatible(first: TensorType, second: TensorType) -> bool:
    return shapes.compatible(first.shape, second.shape)


def _reference(*values: Any, wanted: tuple[int, ...], **attrs: Any) -> tuple[Any, ...]:
    types = [TensorType(tuple(v.shape), dtypes.as_dtype(v.dtype)) for v in values]
    graph, found = rule_graph(Application(**attrs), types)
    results = dict(zip(found, interpreter.run(graph, values), strict=True))
    return tuple(results[i] if i in results else np.zeros(values[i].shape, values[i].dtype) for i in wanted)


def _vjp(b: Any, node: Any, *cts: Any) -> Sequence[Any]:
    wanted = node.attrs["wanted"]
    made = Application(**{key: value for key, value in node.attrs.items() if key != "wanted"})
    graph, found = rule_graph(made, [TensorType(b.shape(v), b.dtype(v)) for v in node.inputs])
    by_input = dict(zip(wanted, cts, strict=True))
    wrt = [i for i, need in enumerate(node.needs) if need]
    parts = iter(inline(b, b.differentiate(graph, wrt), [*node.inputs, *(by_input[i] for i in found)]))
    return [next(parts) if need else None for need in node.needs]


_SUM = (("axis", (1,)), ("keepdims", False))

register(
    OpDef(
        name="late_gradient",
        inputs=("*values",),
        attrs={"of": REQUIRED, "attributes": REQUIRED, "needs": REQUIRED, "received": REQUIRED, "wanted": REQUIRED},
        spec=_spec,
        reference=_reference,
        dtypes=(dtypes.ALL,),
        same=(),
        any_rank=True,
        vjp=_vjp,
        outputs=None,
        doc="The gradient rule of an op, run where the ranks are known: of its inputs, its outputs and their "
        "cotangents; `wanted` lists the inputs whose cotangents are the results.",
        cases=(
            case((2, 3), (2,), (2,), of="reduce_logsumexp", attributes=_SUM, needs=(True,), received=(True,),
                 wanted=(0,), dtypes=(dtypes.float64,)),
            case((2, 3), (3, 2), (2, 2), (2, 2), of="matmul", needs=(True, True), received=(True,), wanted=(0, 1),
                 dtypes=(dtypes.float64,),
                 attributes=(("transpose_a", False), ("transpose_b", False), ("adjoint_a", False),
                             ("adjoint_b", False), ("output_type", None))),
        ),
    )
)  # fmt: skip

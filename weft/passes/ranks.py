"""A graph for ranks that are known: what was traced for tensors of any rank, as if it had been traced for these.

Types are inferred again, shapes that had to be asked for at run time become attributes, and gradients that waited for
a rank (`ops/late.py`) are written out. What comes out goes through the pipeline once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from weft.base.dims import Dim, substitute, symbols_of
from weft.base.errors import InvalidArgumentError
from weft.ir import known_sizes
from weft.ir.graph import Graph, Node, Value
from weft.ir.types import TensorType
from weft.ops import late, opdef
from weft.ops.builder import GraphBuilder, inline, substitute_attr
from weft.passes.rewrite import Rebuild

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape, Symbol


def with_shapes(graph: Graph, shapes: Mapping[int, Shape]) -> Graph:
    """A copy whose inputs have the given shapes.

    Args:
        graph: What was made for any rank; it stays as it is.
        shapes: For the places of some inputs what their shapes are: numbers, and symbols of these or other inputs.

    Raises:
        InvalidArgumentError: Where an op does not take such shapes.
    """
    types = [value.type.with_shape(shapes[place]) if place in shapes else value.type
             for place, value in enumerate(graph.inputs)]  # fmt: skip
    return _Ranked(graph, types, {}).run()


def inferred_anew(graph: Graph) -> Graph:
    """A copy whose types are those that its attributes give, whatever they were."""
    return _Ranked(graph, [value.type for value in graph.inputs], {}, anew=True).run()


class _Ranked:
    """A graph being made anew for other types of its inputs; `outside` is what sizes of its surroundings became."""

    def __init__(
        self, graph: Graph, types: Sequence[TensorType], outside: Mapping[Symbol, Dimension], anew: bool = False
    ) -> None:
        self.rebuild = Rebuild(graph)
        self.types = dict(zip(graph.inputs, types, strict=True))
        self.sizes: dict[Symbol, Dimension] = dict(outside)
        self.builder = GraphBuilder(self.rebuild.new)
        self.anew = anew

    def run(self) -> Graph:
        for node in self.rebuild.old.nodes:
            if node.op == "input":
                self._input(node)
            else:
                self._visit(node)
        return self.rebuild.finish()

    def _input(self, node: Node) -> None:
        (value,) = node.outputs
        type = self.types[value]
        type = type if type.is_resource else type.with_sizes(self.sizes)
        made = self.rebuild.new.add("input", (), {}, (type,), name=node.name)
        made.metadata = dict(node.metadata)
        self.rebuild.replace(node, made.outputs)
        self._learn(value, made.outputs[0])

    def _visit(self, node: Node) -> None:
        rebuild = self.rebuild
        attrs = {name: substitute_attr(value, self.sizes) for name, value in node.attrs.items()}
        inputs = [rebuild.values[value] for value in node.inputs]
        control = rebuild.control(node)
        self.builder.source = node.source
        outputs = self._static(node, inputs, attrs)
        if outputs is not None:
            made: tuple[Node, ...] = tuple(value.node for value in outputs)
        else:
            attrs = self._with_subgraphs(node, inputs, attrs)
            record = opdef.get(node.op)
            types = record.infer([value.type for value in inputs], attrs, node.source)
            if len(types) != len(node.outputs):
                raise InvalidArgumentError(f"{node.op} has {len(types)} results for these ranks")
            refined = [self._refined(old.type, new) for old, new in zip(node.outputs, types, strict=True)]
            copy = rebuild.new.add(node.op, inputs, attrs, refined, name=node.name, control=control,
                                   source=node.source, effect=node.effect)  # fmt: skip
            copy.metadata = dict(node.metadata)
            outputs, made = copy.outputs, (copy,)
        rebuild.replace(node, outputs, made)
        for old, new in zip(node.outputs, outputs, strict=True):
            self._learn(old, new)

    def _refined(self, old: TensorType, new: TensorType) -> TensorType:
        """A type inferred anew with what was known before: somebody may have told more than the op's rule does."""
        if self.anew or old.shape is None or old.is_resource or new.dtype is not old.dtype:
            return new
        if new.shape is None:
            return old.with_sizes(self.sizes)
        if len(new.shape) != len(old.shape):
            raise InvalidArgumentError(f"a result of rank {len(old.shape)} would have rank {len(new.shape)}")
        shape = []
        for before, now in zip(old.shape, new.shape, strict=True):
            told = substitute(before, self.sizes)
            keeps = isinstance(now, Dim) and symbols_of(before) <= self.sizes.keys()
            shape.append(told if keeps else now)
        return new.with_shape(tuple(shape))

    def _learn(self, old: Value, new: Value) -> None:
        """What sizes that the old graph knew by symbols of its own are now."""
        for before, now in zip(old.shape or (), new.shape or (), strict=False):
            symbol = before.symbol if isinstance(before, Dim) else None
            if symbol is not None:
                self.sizes.setdefault(symbol, now)

    def _static(self, node: Node, inputs: Sequence[Value], attrs: Mapping[str, Any]) -> Sequence[Value] | None:
        """The outputs of an op that asked for shapes at run time, where they are known now."""
        if node.effect or node.control or not inputs or inputs[0].shape is None:
            return None
        if node.op == "late_gradient":
            return self._gradient(inputs, attrs)
        if node.op == "shape":
            return [self.builder.dimensions(sizes=tuple(inputs[0].shape), dtype=attrs["dtype"])]
        if node.op not in _DYNAMIC:
            return None
        wanted = known_sizes.content(inputs[1])
        if not isinstance(wanted, tuple) or any(isinstance(n, int) and n < -1 for n in wanted):
            return None
        promised = attrs.get("sizes") or (None,) * len(wanted)
        if any(isinstance(n, int) and n != m for n, m in zip(promised, wanted, strict=True)):
            return None
        return [_DYNAMIC[node.op](self.builder, inputs[0], wanted)]

    def _gradient(self, inputs: Sequence[Value], attrs: Mapping[str, Any]) -> Sequence[Value] | None:
        """The rule that waited for ranks, written out."""
        if any(value.shape is None for value in inputs):
            return None
        made = late.Application(**{name: value for name, value in attrs.items() if name != "wanted"})
        graph, found = late.rule_graph(made, [value.type for value in inputs])
        results = dict(zip(found, inline(self.builder, graph, inputs), strict=True))
        return [results[i] if i in results else self.builder.zeros_like(inputs[i]) for i in attrs["wanted"]]

    def _with_subgraphs(self, node: Node, inputs: Sequence[Value], attrs: dict[str, Any]) -> dict[str, Any]:
        """The attributes with branches and bodies made anew for what they are given."""
        if not node.subgraphs():
            return attrs
        given = [value.type for value in inputs]
        if node.op == "cond":
            given = given[1:]
        elif node.op == "scan":
            first = attrs["carries"]
            last = first + attrs["sequences"]
            given[first:last] = [_row(type) for type in given[first:last]]
        elif node.op not in ("call", "while_loop"):
            return attrs
        made = {}
        for name, value in attrs.items():
            fits = isinstance(value, Graph) and name in _BODIES and len(value.inputs) == len(given)
            made[name] = self._subgraph(value, given) if fits else value
        return made

    def _subgraph(self, graph: Graph, given: Sequence[TensorType]) -> Graph:
        types = [
            type.with_shape(tuple(n if isinstance(n, int) else Dim.fresh() for n in type.shape))
            if value.shape is None and type.shape is not None and not type.is_resource
            else value.type
            for value, type in zip(graph.inputs, given, strict=True)
        ]
        return _Ranked(graph, types, self.sizes).run()


#: attributes that hold graphs which take what their nodes take
_BODIES = ("graph", "then_graph", "else_graph", "body", "condition")


def _row(type: TensorType) -> TensorType:
    return type if type.shape is None else type.with_shape(type.shape[1:])


def _reshape(b: GraphBuilder, x: Value, wanted: Shape) -> Value:
    made: Value = b.reshape(x, shape=known_sizes.resolve_minus_one(wanted, b.shape(x)))
    return made


def _broadcast(b: GraphBuilder, x: Value, wanted: Shape) -> Value:
    made: Value = b.broadcast_to(x, shape=wanted)
    return made


#: ops that take a shape as a tensor, and how they are said where the shape is known
_DYNAMIC: dict[str, Callable[[GraphBuilder, Value, Shape], Value]] = {
    "reshape_dynamic": _reshape,
    "broadcast_to_dynamic": _broadcast,
    "sum_to_shape_dynamic": lambda b, x, wanted: b.unbroadcast(x, wanted),
}

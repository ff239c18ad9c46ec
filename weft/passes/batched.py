"""A graph for many elements at once: every input gets a first axis, and every result has one.

What the graph gives for each element must be the same to the bit as if it had run for that element alone. So only ops
have a rule here whose results for one element depend on nothing else and on no order of summation, and a graph with any
other op has no such form. An op may refuse elements together that it would take alone (of different sizes, say): who
runs the graph then goes element by element, which also words all errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from weft.base.dims import Dim
from weft.base.errors import InvalidArgumentError
from weft.ir.graph import Graph, Node, Value
from weft.ops import opdef
from weft.ops.builder import GraphBuilder, substitute_attr
from weft.ops.families import elementwise_ops
from weft.ops.opdef import Effect

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Symbol


class _Unknown(Exception):
    """There is no rule for a node."""


class _Batching:
    """One graph on its way.

    Attributes:
        b: The builder of the new graph.
        size: How many elements there are.
        values: The new value of each old one, and whether it has the first axis.
    """

    def __init__(self, graph: Graph, shared: int) -> None:
        self.graph = graph
        self.made = Graph(graph.name)
        self.b = GraphBuilder(self.made)
        self.size: Dimension = Dim.fresh("elements")
        self.sizes: dict[Symbol, Dimension] = {}
        self.values: dict[Value, tuple[Value, bool]] = {}
        for place, value in enumerate(graph.inputs):
            with_axis = place < len(graph.inputs) - shared
            if with_axis and (value.shape is None or value.type.is_resource):
                raise _Unknown
            type = value.type.with_shape((self.size, *(value.shape or ()))) if with_axis else value.type
            self.define(value, self.made.add_input(type, value.node.name), with_axis)

    def define(self, old: Value, new: Value, with_axis: bool) -> None:
        """Notes what stands for a value; symbols of the old graph become the sizes that it has."""
        self.values[old] = new, with_axis
        if old.shape is None or new.shape is None or old.type.is_resource:
            return
        for dimension, size in zip(old.shape, new.shape[1:] if with_axis else new.shape, strict=True):
            symbol = dimension.symbol if isinstance(dimension, Dim) else None
            if symbol is not None:
                self.sizes.setdefault(symbol, size)

    def add(self, node: Node) -> None:
        """Adds a node's new form."""
        record = opdef.get(node.op)
        attrs = {name: substitute_attr(value, self.sizes) for name, value in node.attrs.items()}
        operands = [self.values[value] for value in node.inputs]
        if not any(with_axis for _, with_axis in operands):
            if record.effect not in (Effect.NONE, Effect.READ) or record.higher_order:
                raise _Unknown
            outputs = self.b.node(record, [value for value, _ in operands], attrs, name=node.name).outputs
        else:
            rule = _rules().get(node.op)
            if rule is None or any(value.shape is None for value, _ in operands):
                raise _Unknown
            outputs = tuple(rule(self, node, operands, attrs))
        with_axis = any(with_axis for _, with_axis in operands)
        for old, new in zip(node.outputs, outputs, strict=True):
            if old.shape is not None and (new.shape is None or len(new.shape) != len(old.shape) + with_axis):
                raise _Unknown
            self.define(old, new, with_axis)

    def result(self, value: Value) -> Value:
        """What stands for an output, with a first axis."""
        new, with_axis = self.values[value]
        if with_axis:
            return new
        if new.shape is None or new.type.is_resource:
            raise _Unknown
        whole: Value = self.b.call("broadcast_to", new, shape=(self.size, *new.shape))
        return whole

    def run(self) -> Graph:
        """The new graph."""
        for node in self.graph.nodes:
            if node.op != "input":
                self.add(node)
        self.made.outputs = [self.result(value) for value in self.graph.outputs]
        return self.made


def batched(graph: Graph, shared: int) -> Graph | None:
    """A graph for elements along a first axis; None where there is none that gives the same.

    Args:
        graph: For one element.
        shared: How many of its inputs, at the end, are the same for all elements.
    """
    if _has_effects(graph) or not graph.outputs or len(graph.inputs) == shared:
        return None
    try:
        return _Batching(graph, shared).run()
    except (_Unknown, InvalidArgumentError, ValueError, TypeError):
        return None


def _has_effects(graph: Graph) -> bool:
    """Whether running it does more than compute its outputs; what calls our own functions on the host does not."""
    return any((node.effect and not pure(node)) or any(_has_effects(g) for g in node.subgraphs())
               for node in graph.nodes)  # fmt: skip


def pure(node: Node) -> bool:
    """Whether a node calls a function on the host that has no effects."""
    return node.op == "py_function" and getattr(node.attrs["function"], "form", None) is not None


_Operands = Sequence[tuple[Value, bool]]
_Rule = Callable[[_Batching, Node, _Operands, Mapping[str, Any]], Sequence[Value]]


def _aligned(batching: _Batching, node: Node, operands: _Operands, attrs: Mapping[str, Any]) -> Sequence[Value]:
    """Operands that broadcast: those with the axis get as many behind it as the largest has."""
    rank = max(len(value.shape or ()) - with_axis for value, with_axis in operands)
    given = []
    for value, with_axis in operands:
        shape = value.shape or ()
        if with_axis and len(shape) - 1 < rank:
            value = batching.b.call("reshape", value, shape=(shape[0], *(1,) * (rank + 1 - len(shape)), *shape[1:]))
        given.append(value)
    return batching.b.node(opdef.get(node.op), given, attrs, name=node.name).outputs


def _first(batching: _Batching, node: Node, operands: _Operands, attrs: Mapping[str, Any]) -> Sequence[Value]:
    """The first operand has the axis and the op takes any shape; the others are the same for all."""
    if not operands[0][1] or any(with_axis for _, with_axis in operands[1:]):
        raise _Unknown
    return batching.b.node(opdef.get(node.op), [value for value, _ in operands], attrs, name=node.name).outputs


def _later(*names: str) -> _Rule:
    """Attributes that number axes; negative ones count from the end, which stays where it is."""

    def moved(axis: Any) -> Any:
        if isinstance(axis, tuple):
            return tuple([moved(one) for one in axis])
        return axis + 1 if isinstance(axis, int) and axis >= 0 else axis

    def rule(batching: _Batching, node: Node, operands: _Operands, attrs: Mapping[str, Any]) -> Sequence[Value]:
        if any(attrs[name] is None for name in names):
            raise _Unknown
        return _first(batching, node, operands, {**attrs, **{name: moved(attrs[name]) for name in names}})

    return rule


def _joined(batching: _Batching, node: Node, operands: _Operands, attrs: Mapping[str, Any]) -> Sequence[Value]:
    """Operands side by side: all of them get the axis."""
    given = [value if with_axis else batching.b.call("broadcast_to", value, shape=(batching.size, *(value.shape or ())))
             for value, with_axis in operands]  # fmt: skip
    axis = attrs["axis"]
    attrs = {**attrs, "axis": axis + 1 if axis >= 0 else axis}
    return batching.b.node(opdef.get(node.op), given, attrs, name=node.name).outputs


def _in_front(name: str, entry: Any) -> _Rule:
    """An attribute that has an entry for each axis."""

    def rule(batching: _Batching, node: Node, operands: _Operands, attrs: Mapping[str, Any]) -> Sequence[Value]:
        added = batching.size if entry is None else entry
        return _first(batching, node, operands, {**attrs, name: (added, *attrs[name])})

    return rule


def _broadcast(batching: _Batching, node: Node, operands: _Operands, attrs: Mapping[str, Any]) -> Sequence[Value]:
    value, shape = operands[0][0], tuple(attrs["shape"])
    own = value.shape or ()
    if len(own) - 1 < len(shape):
        value = batching.b.call("reshape", value, shape=(own[0], *(1,) * (len(shape) + 1 - len(own)), *own[1:]))
    return [batching.b.call("broadcast_to", value, shape=(batching.size, *shape))]


def _permuted(batching: _Batching, node: Node, operands: _Operands, attrs: Mapping[str, Any]) -> Sequence[Value]:
    rank = len(operands[0][0].shape or ()) - 1
    perm = (0, *(axis % rank + 1 for axis in attrs["perm"]))
    return _first(batching, node, operands, {**attrs, "perm": perm})


def _sliced(batching: _Batching, node: Node, operands: _Operands, attrs: Mapping[str, Any]) -> Sequence[Value]:
    if len(operands) > 1 or any(entry[0] not in ("slice", "int", "newaxis", "ellipsis") for entry in attrs["index"]):
        raise _Unknown
    return _first(batching, node, operands, {**attrs, "index": (("slice", None, None, None), *attrs["index"])})


def _looked_up(batching: _Batching, node: Node, operands: _Operands, attrs: Mapping[str, Any]) -> Sequence[Value]:
    """Rows of a table that is the same for all elements."""
    (table, table_with), (indices, indices_with) = operands
    if table_with or not indices_with or attrs["axis"] != 0 or attrs["batch_dims"] != 0:
        raise _Unknown
    return batching.b.node(opdef.get("gather"), [table, indices], attrs, name=node.name).outputs


def _exact(batching: _Batching, node: Node, operands: _Operands, attrs: Mapping[str, Any]) -> Sequence[Value]:
    """A reduction whose order cannot show: of whole numbers, and to the largest or the least."""
    dtype = operands[0][0].dtype
    if node.op in ("reduce_sum", "reduce_prod") and not dtype.is_integer:
        raise _Unknown
    return _later("axis")(batching, node, operands, attrs)


def _split(batching: _Batching, node: Node, operands: _Operands, attrs: Mapping[str, Any]) -> Sequence[Value]:
    if attrs["width"] is None:
        raise _Unknown  # rows are as wide as the longest of all
    return _first(batching, node, operands, attrs)


def _on_host(batching: _Batching, node: Node, operands: _Operands, attrs: Mapping[str, Any]) -> Sequence[Value]:
    """One of our own functions on the host, where there is one for many elements."""
    form = getattr(attrs["function"], "form", None)
    if form is None or form.together is None or len(operands) != 1 or not all(f.fixed for f in form.features):
        raise _Unknown
    types = tuple([type.with_shape((batching.size, *(type.shape or ()))) for type in attrs["types"]])
    return _first(batching, node, operands, {**attrs, "function": form.together, "types": types})


_made: dict[str, _Rule] = {}


def _rules() -> Mapping[str, _Rule]:
    """The rules by ops' names."""
    if not _made:
        _made.update(dict.fromkeys((*elementwise_ops(), "select", "clip"), _aligned))
        _made.update(dict.fromkeys((
            "identity", "stop_gradient", "prevent_gradient", "cast", "bitcast", "relu6", "leaky_relu", "elu",
            "string_lower", "string_upper", "string_strip", "string_length", "string_to_number", "regex_replace",
            "regex_full_match", "string_to_hash_bucket", "string_to_hash_bucket_fast", "positions_of", "decode_raw",
        ), _first))  # fmt: skip
        _made.update({
            "expand_dims": _later("axis"), "squeeze": _later("axis"), "reverse": _later("axis"),
            "one_hot": _later("axis"), "argmax": _later("axis"), "argmin": _later("axis"),
            "reduce_max": _exact, "reduce_min": _exact, "reduce_any": _exact, "reduce_all": _exact,
            "reduce_sum": _exact, "reduce_prod": _exact,
            "concat": _joined, "stack": _joined, "split": _later("axis"), "unstack": _later("axis"),
            "pad": _in_front("paddings", (0, 0)), "tile": _in_front("multiples", 1),
            "reshape": _in_front("shape", None), "ensure_shape": _in_front("shape", None),
            "broadcast_to": _broadcast, "transpose": _permuted, "strided_slice": _sliced, "gather": _looked_up,
            "string_split_rows": _split, "py_function": _on_host,
        })  # fmt: skip
    return _made


__all__ = ["batched"]

"""How gradient rules, decompositions and passes apply ops: `b.multiply(x, b.exp(y))`.

A rule is written once against `Builder`. `GraphBuilder` records nodes; the runtime has one that executes at once (and
is recorded by an outer tape). Values are whatever the builder works on; they have `shape` and `dtype`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base.dims import Dim, substitute
from weft.ir.graph import Constant, Graph, Node, Value
from weft.ops import opdef
from weft.ops.opdef import Effect, OpDef, Slices

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Symbol
    from weft.base.dtypes import DType
    from weft.base.sources import SourceLine

#: (graph, indices of the inputs to differentiate for) -> graph of (inputs, output cotangents) -> input cotangents;
#: autodiff supplies it, so that control flow can be differentiated from this floor.
Differentiate = Callable[[Graph, Sequence[int]], Graph]


class UnknownRankError(LookupError):
    """A gradient rule asks for the shape of a tensor whose rank is not known while the graph is made."""


class Builder:
    """Applies ops. Tensor inputs are positional, attributes are keywords; Python numbers become constants.

    Attributes:
        differentiate: Turns a sub-graph into its gradient; set by autodiff while rules run.
        split_body: Makes of a sub-graph its two halves, joined by residuals; likewise.
    """

    differentiate: Differentiate
    split_body: Callable[[Graph, Sequence[int]], Any]

    def apply(self, record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
        """Applies an op to values; returns its outputs."""
        raise NotImplementedError

    def differentiating(self, application: Any) -> None:
        """Hears whose gradient rule applies ops from now on; None for sums between rules. For names in graphs."""

    def node_behind(self, value: Any) -> Node | None:
        """The node of a graph that makes a value; None for a value that has been computed."""
        return value.node if isinstance(value, Value) else None

    def of_value(self, value: Value) -> Any:
        """A value of a graph as what this builder works on."""
        return value

    def has_read(self, handle: Any, value: Value) -> Any:
        """The same for what a read of a variable has given that was put into the graph elsewhere."""
        return self.of_value(value)

    def constant(self, value: Any, dtype: DType | None = None) -> Any:
        """A constant value."""
        array = np.asarray(value, dtype=None if dtype is None else dtype.numpy)
        return self.apply(opdef.get("constant"), (), {"value": Constant(array)})[0]

    def shape(self, value: Any) -> tuple[Any, ...]:
        """The sizes and symbols of a value's shape."""
        shape = value.shape
        if hasattr(shape, "symbolic"):
            shape = shape.symbolic
        if shape is None:
            raise UnknownRankError("the rank of a tensor is not known while the graph is made; tell it with "
                                   "x.set_shape(...), or with tf.ensure_shape(x, ...)")  # fmt: skip
        return tuple(shape)

    def knows_rank(self, value: Any) -> bool:
        """Whether `shape` has an answer."""
        shape = value.shape
        return getattr(shape, "symbolic", shape) is not None

    def dtype(self, value: Any) -> DType:
        """The dtype of a value."""
        dtype: DType = value.dtype
        return dtype

    def lift(self, value: Any, like: Any) -> Any:
        """A Python number or numpy array as a constant of another value's dtype; values pass."""
        if isinstance(value, (int, float, complex, bool, np.generic, np.ndarray)):
            return self.constant(value, self.dtype(like))
        return value

    def full_like(self, value: Any, number: Any) -> Any:
        """A tensor of a value's shape and dtype, filled with one number."""
        return self.broadcast_like(self.constant(number, self.dtype(value)), value)

    def full(self, shape: tuple[Any, ...], number: Any, dtype: DType) -> Any:
        """A tensor filled with one number."""
        return self.call("broadcast_to", self.constant(number, dtype), shape=tuple(shape))

    def zeros_like(self, value: Any) -> Any:
        """Zeros of a value's shape and dtype."""
        return self.full_like(value, 0)

    def ones_like(self, value: Any) -> Any:
        """Ones of a value's shape and dtype."""
        return self.full_like(value, 1)

    def densify(self, cotangent: Any) -> Any:
        """A cotangent as a whole tensor: `Slices` are added up into zeros."""
        if not isinstance(cotangent, Slices):
            return cotangent
        zeros = self.full(cotangent.shape, 0, self.dtype(cotangent.values))
        return self.call("scatter_add_rows", zeros, cotangent.indices, cotangent.values)

    def unbroadcast(self, cotangent: Any, shape: tuple[Any, ...]) -> Any:
        """Sums a cotangent over the axes along which an operand of this shape was broadcast."""
        wide = self.shape(cotangent)
        if wide == tuple(shape):
            return cotangent
        extra = len(wide) - len(shape)
        axes = list(range(extra))
        dynamic = False
        for axis, (size, target) in enumerate(zip(wide[extra:], shape, strict=True), start=extra):
            if size == target:
                continue
            if isinstance(target, Dim):
                dynamic = True  # it may be 1 at run time: whether to sum is known only then
            elif target == 1:
                axes.append(axis)  # any other number is, at run time, the size itself
        if dynamic:
            return self.call("sum_to_shape", cotangent, shape=tuple(shape))
        summed = self.call("reduce_sum", cotangent, axis=tuple(axes), keepdims=False)
        return summed if self.shape(summed) == tuple(shape) else self.call("reshape", summed, shape=tuple(shape))

    # The same for the shape of another value, whose rank may be unknown: then the shape is asked for at run time.

    def unbroadcast_like(self, cotangent: Any, operand: Any) -> Any:
        """Sums a cotangent over the axes along which an operand was broadcast."""
        if self.knows_rank(cotangent) and self.knows_rank(operand):
            return self.unbroadcast(cotangent, self.shape(operand))
        return self.call("sum_to_shape_dynamic", cotangent, self.call("shape", operand))

    def reshape_like(self, value: Any, like: Any) -> Any:
        """A value's elements in the shape of another value."""
        if self.knows_rank(like):
            return self.call("reshape", value, shape=self.shape(like))
        return self.call("reshape_dynamic", value, self.call("shape", like))

    def broadcast_like(self, value: Any, like: Any) -> Any:
        """A value broadcast to the shape of another one."""
        if self.knows_rank(like):
            return self.call("broadcast_to", value, shape=self.shape(like))
        return self.call("broadcast_to_dynamic", value, self.call("shape", like))

    def conj(self, value: Any) -> Any:
        """The complex conjugate; real values as they are."""
        return self.call("conj", value) if self.dtype(value).is_complex else value

    def call(self, op: str, *inputs: Any, **attrs: Any) -> Any:
        """Applies the op of that name; one output comes bare, several as a tuple."""
        record = opdef.get(op)
        like = next((i for i in inputs if not isinstance(i, (int, float, complex, bool, np.generic, np.ndarray))), None)
        values = [self.lift(i, like) if like is not None else self.constant(i) for i in inputs]
        outputs = self.apply(record, values, record.complete(attrs))
        return outputs[0] if len(outputs) == 1 else outputs

    def __getattr__(self, op: str) -> Callable[..., Any]:
        if op.startswith("_"):
            raise AttributeError(op)
        try:
            opdef.get(op)
        except KeyError as error:
            raise AttributeError(str(error)) from None

        def method(self: Builder, *inputs: Any, **attrs: Any) -> Any:
            return self.call(op, *inputs, **attrs)

        method.__name__ = op
        setattr(Builder, op, method)  # found directly from now on
        bound: Callable[..., Any] = getattr(self, op)
        return bound


class GraphBuilder(Builder):
    """Records into a graph. Values are `ir.Value`s."""

    def __init__(self, graph: Graph, source: SourceLine | None = None, control: Iterable[Node] = ()) -> None:
        self.graph = graph
        self.source = source
        self.control = tuple(control)
        self.prefix = ""  # stands in front of the names of nodes that are given none

    def apply(self, record: OpDef, inputs: Sequence[Value], attrs: Mapping[str, Any]) -> tuple[Value, ...]:
        """Adds a node of the op and returns its outputs."""
        return self.node(record, inputs, attrs).outputs

    def node(
        self,
        record: OpDef,
        inputs: Sequence[Value],
        attrs: Mapping[str, Any],
        *,
        name: str | None = None,
        control: Iterable[Node] = (),
    ) -> Node:
        """Adds a node of the op, its types inferred."""
        types = record.infer([v.type for v in inputs], attrs, self.source)
        effect = record.effect not in (Effect.NONE, Effect.READ) or (
            record.higher_order and any(g.has_effects() for g in attrs.values() if isinstance(g, Graph))
        )
        name = name or self.prefix + record.name
        return self.graph.add(record.name, inputs, attrs, types, name=name, control=(*self.control, *control),
                              source=self.source, effect=effect)  # fmt: skip


def inline(builder: Builder, graph: Graph, inputs: Sequence[Any]) -> list[Any]:
    """Applies a graph's nodes through a builder: the body of a call without the call.

    Sizes that the graph knows by symbols of its own become those of the values it is applied to.
    """
    sizes: dict[Symbol, Dimension] = {}
    values: dict[Value, Any] = {}

    def define(inner: Value, outer: Any) -> None:
        values[inner] = outer
        if inner.shape is None or inner.type.is_resource or not builder.knows_rank(outer):
            return
        for dimension, size in zip(inner.shape, builder.shape(outer), strict=True):
            symbol = dimension.symbol if isinstance(dimension, Dim) else None
            if symbol is not None and symbol not in sizes:
                sizes[symbol] = size

    for inner, outer in zip(graph.inputs, inputs, strict=True):
        define(inner, outer)
    for node in graph.nodes:
        if node.op == "input":
            continue
        attrs = {key: substitute_attr(value, sizes) for key, value in node.attrs.items()}
        outputs = builder.apply(opdef.get(node.op), [values[v] for v in node.inputs], attrs)
        for inner, outer in zip(node.outputs, outputs, strict=True):
            define(inner, outer)
    return [values[v] for v in graph.outputs]


def substitute_attr(value: Any, sizes: Mapping[Symbol, Dimension]) -> Any:
    """An attribute with the sizes that it mentions replaced."""
    if isinstance(value, Dim):
        return substitute(value, sizes)
    if isinstance(value, tuple):
        return tuple(substitute_attr(item, sizes) for item in value)
    return value

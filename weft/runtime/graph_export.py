"""A graph as TensorFlow's GraphDef: every node as operations that TensorFlow runs, under the names that it has here.

What has no operation of its own in TensorFlow is written out in several, `name/…`; the last one has the node's name. A
node of which nothing that TensorFlow knows can be made (a Python function) is written under its type alone: such a
graph is still read by Weft and shown by TensorBoard, and TensorFlow says which operation it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from weft.base.dims import Derived, Dim, Symbol
from weft.base.dtypes import DType
from weft.base.shapes import TensorShape
from weft.formats.messages.graph import GraphDef, NodeDef
from weft.formats.tensors import shape_to_proto, to_tensor_proto
from weft.ir import graph as ir
from weft.ops import opdef
from weft.ops.builder import GraphBuilder, inline
from weft.ops.opdef import Effect
from weft.runtime import graph_ops
from weft.runtime.graph_export_contexts import Context, outputs_read

#: what TensorFlow 1.15 writes into its graphs
PRODUCER = 134


#: what computes with sizes
_SIZES = {"//": "FloorDiv", "floordiv": "FloorDiv", "%": "FloorMod", "floormod": "FloorMod", "max": "Maximum",
          "broadcast": "Maximum", "min": "Minimum"}  # fmt: skip


#: operations with more outputs than ours have
_FURTHER_OUTPUTS = frozenset({"Merge", "SoftmaxCrossEntropyWithLogits",
                              "SparseSoftmaxCrossEntropyWithLogits", "Unique"})


class NotWritten(Exception):
    """A node of which no operation of TensorFlow's can be made."""


#: our op -> the function that writes a node of it: (writer, node) to a reference for each output
RULES: dict[str, Callable[[Writer, ir.Node], Sequence[str]]] = {}


def rule(*ops: str) -> Callable[[Any], Any]:
    """Registers what writes these ops."""

    def register(function: Any) -> Any:
        for op in ops:
            RULES[op] = function
        return function

    return register


def graph_def(graph: Any, add_shapes: bool = False) -> GraphDef:
    """A `tf.Graph` as a message.

    Args:
        graph: The graph.
        add_shapes: Whether nodes say their outputs' shapes, in `_output_shapes`.
    """
    return Writer(graph.ir, add_shapes).written()


def with_contexts(graph: Any, add_shapes: bool = False) -> tuple[GraphDef, list[Any]]:
    """A `tf.Graph` as a message, and a message for each side of its branches and each of its loops."""
    writer = Writer(graph.ir, add_shapes)
    found = writer.written()
    read = outputs_read(found.node)
    return found, [context.message(read) for context in writer.contexts]


class Inside(NamedTuple):
    """A sub-graph that has been written.

    Attributes:
        outputs: References of its outputs.
        effects: Names of the operations in it that change something.
    """

    outputs: list[str]
    effects: list[str]


#: what stands in a part of a graph for a tensor from around it: (reference, dtype, whether it is a variable)
Bring = Callable[[str, Any, bool], str]


class Writer:
    """Writes one graph.

    Args:
        graph: The graph of the IR.
        add_shapes: Whether nodes say their outputs' shapes.
    """

    def __init__(self, graph: ir.Graph, add_shapes: bool = False) -> None:
        from weft.runtime import graph_export_control, graph_export_draws, graph_export_rules, graph_export_windows

        assert graph_export_rules and graph_export_draws and graph_export_windows and graph_export_control
        self.graph = graph
        self.references: dict[ir.Value, str] = {}
        self.variables: dict[ir.Value, str] = {}
        self.kept: dict[Any, Any] = {}
        self._add_shapes = add_shapes
        self._made: list[tuple[ir.Node, NodeDef]] = []
        self._names = {name.lower() for name in graph.names}
        self._sources = ir.symbol_sources(graph)
        self._message = GraphDef()
        self._node: Any = None
        self._prefix = ""
        self._main: dict[ir.Node, str] = {}
        #: the cells behind handles
        self.cells: dict[ir.Value, Any] = {value: key.target for key, value in graph.captures.items()}
        #: what is made of the states of generators that are no variables of the graph: seeds of draws, not written
        self.private: set[ir.Value] = set()
        self._pivot = ""
        self._around: Callable[[Any, str], str] | None = None
        #: sides of branches and loops that are in no other
        self.contexts: list[Context] = []
        self._context: Context | None = None

    def written(self) -> GraphDef:
        """The message."""
        message = self._message
        message.versions.producer = PRODUCER
        for node in self.graph.nodes:
            self._write(node)
        for _, entry in self._made:
            message.node.append(entry)
        return message

    def _write(self, node: ir.Node) -> None:
        if node.outputs and node.outputs[0].type.is_resource:
            return
        self._node, self._prefix = node, node.name
        count, kept, contexts = len(self._made), dict(self.kept), len(self.contexts)
        try:
            found = list(self._rule(node)(self, node))
        except NotWritten:
            del self._made[count:]
            del self.contexts[contexts:]
            self.kept = kept
            found = self._as_type(node)
        self.references.update(zip(node.outputs, found, strict=False))
        if len(self._made) > count:
            self._main[node] = next((e.name for _, e in self._made[count:] if e.name == node.name),
                                    self._made[-1][1].name)  # fmt: skip
            if self._add_shapes:
                self._shape(node)

    def _rule(self, node: ir.Node) -> Callable[[Writer, ir.Node], Sequence[str]]:
        if node.metadata.get("writer") is not None:
            return node.metadata["writer"]  # type: ignore[no-any-return]
        if "attributes" in node.metadata:
            return _with_attributes
        if node.op != "random_stream" and any(value in self.private for value in node.inputs):
            return _privately
        return RULES.get(node.op, _decomposed)

    def _as_type(self, node: ir.Node) -> list[str]:
        inputs = [self.references[v] for v in node.inputs if v in self.references]
        self.op(graph_ops.type_of(node), inputs, main=True)
        return [f"{node.name}:{i}" if i else node.name for i in range(len(node.outputs))]

    def _shape(self, node: ir.Node) -> None:
        entry = next((e for _, e in reversed(self._made) if e.name == node.name), None)
        if entry is not None and node.outputs and entry.op not in _FURTHER_OUTPUTS:
            shapes = [_plain_shape(value.type.shape) for value in node.outputs]
            del shapes[1 if entry.op == "Identity" else len(shapes) :]
            encode(entry.attr["_output_shapes"], shapes)

    # What rules use

    @property
    def prefix(self) -> str:
        """The name of the node that is being written."""
        return self._prefix

    def reserved(self, name: str) -> str:
        """A name behind the node's that nothing else gets, for `full` of `op`."""
        return self._unique(f"{self._prefix}/{name}")

    def op(self, kind: str, inputs: Sequence[str], name: str = "", main: bool = False, plain: bool = False,
           full: str = "", **attributes: Any) -> str:  # fmt: skip
        """Writes an operation.

        Args:
            kind: TensorFlow's name for it.
            inputs: References of its operands.
            name: What it is called behind the node's name; none with `main`.
            main: Whether it has the node's own name.
            plain: Whether what the node waits for is not its matter.
            full: A reserved name.
            **attributes: Its attributes.

        Returns:
            The reference of its first output.
        """
        entry = NodeDef()
        entry.name = full or (self._prefix if main else self._unique(f"{self._prefix}/{name or kind}"))
        entry.op = kind
        entry.input.extend(inputs)
        control = [] if kind == "Const" or plain else self._control()
        if self._pivot and not plain and all(reference.startswith("^") for reference in inputs):
            control = [*control, f"^{self._pivot}"]  # what reads nothing of its part must be told where it belongs
        entry.input.extend(c for c in control if c not in entry.input)
        device = str(self._node.metadata.get("device", ""))
        if device:
            entry.device = device
        for key, value in attributes.items():
            encode(entry.attr[key], value)
        if main and "gradient" in self._node.metadata:
            encode(entry.attr["_gradient_op_type"], str(self._node.metadata["gradient"]))
        self._made.append((self._node, entry))
        if self._context is not None:
            self._context.names.append(entry.name)
        return str(entry.name)

    def context(self, label: str, loops: bool, **fields: Any) -> Context:
        """A side of a branch or a loop, within what is being written."""
        made = Context(self._context, f"{self._prefix}/{label}", loops, **fields)
        if self._context is None:
            self.contexts.append(made)
        return made

    @contextmanager
    def part_of(self, context: Context | None) -> Iterator[None]:
        """What is written in the block is part of this."""
        before, self._context = self._context, context
        try:
            yield
        finally:
            self._context = before

    def _unique(self, wanted: str) -> str:
        name, number = wanted, 0
        while name.lower() in self._names:
            number += 1
            name = f"{wanted}_{number}"
        self._names.add(name.lower())
        return name

    def _control(self) -> list[str]:
        found = []
        for before in self._node.control:
            name = self._main.get(before)
            if name is not None:
                found.append(f"^{name}")
        for value in self._node.metadata.get("waits", ()):
            if value in self.references:
                found.append(f"^{self.references[value].partition(':')[0]}")
        return list(dict.fromkeys(found))

    def operands(self, node: ir.Node) -> list[str]:
        """The references of a node's tensors.

        Raises:
            NotWritten: Where one has none.
        """
        try:
            return [self.references[value] for value in node.inputs if not value.type.is_resource]
        except KeyError:
            raise NotWritten from None

    def const(self, value: Any, name: str, dtype: Any = None) -> str:
        """A constant; the one that the graph has for the operand of that name, where there is one."""
        array = np.asarray(value, dtype)
        existing = self.graph.names.get(f"{self._prefix}/{name}")
        if existing is not None and existing.op != "constant":
            existing = None
        for operand in (*self._node.metadata.get("operands", ()), *(existing.outputs if existing else ())):
            held = operand.node.attrs["value"].array if operand.node.op == "constant" else None
            if held is not None and held.dtype == array.dtype and np.array_equal(held, array) and (
                held.shape == array.shape and operand in self.references
            ):  # fmt: skip
                return self.references[operand]
        return self.op("Const", [], name, dtype=_dtype(array), value=array)

    def size(self, dimension: Any, name: str = "size") -> str:
        """A size as a scalar int32 tensor."""
        if not isinstance(dimension, Dim):
            return self.const(int(dimension), name, np.int32)
        total = None
        for monomial, coefficient in dimension._terms.items():
            term = None if coefficient == 1 and monomial else self.const(coefficient, f"{name}/factor", np.int32)
            for atom in monomial:
                factor = self._atom(atom, name)
                term = factor if term is None else self.op("Mul", [term, factor], f"{name}/mul", T=np.int32)
            assert term is not None
            total = term if total is None else self.op("Add", [total, term], f"{name}/add", T=np.int32)
        assert total is not None
        return total

    def _atom(self, atom: Any, name: str) -> str:
        if atom in self.kept:
            return str(self.kept[atom])
        if isinstance(atom, Derived):
            first, second = (self.size(argument, name) for argument in atom.arguments)
            kind = _SIZES[atom.function]
            found = self.op(kind, [first, second], f"{name}/{kind}", T=np.int32)
        else:
            assert isinstance(atom, Symbol)
            source = self._sources.get(atom)
            if (source is None or source not in self.references) and self._around is not None:
                found = self.kept[atom] = self._around(atom, name)
                return found
            if source is None or source not in self.references:
                raise NotWritten
            axis = next(i for i, n in enumerate(source.shape or ()) if isinstance(n, Dim) and n.symbol is atom)
            whole = self.op("Shape", [self.references[source]], f"{name}/Shape", T=source.dtype, out_type=np.int32)
            bounds = [self.const([n], f"{name}/stack", np.int32) for n in (axis, axis + 1, 1)]
            found = self.op("StridedSlice", [whole, *bounds], f"{name}/strided_slice", T=np.int32, Index=np.int32,
                            begin_mask=0, end_mask=0, ellipsis_mask=0, new_axis_mask=0, shrink_axis_mask=1)  # fmt: skip
        self.kept[atom] = found
        return found

    def shape(self, sizes: Sequence[Any], name: str = "shape", wild: bool = False) -> str:
        """Sizes as an int32 vector; with `wild`, -1 may stand for one that is not known."""
        unknown = [i for i, n in enumerate(sizes) if isinstance(n, Dim)]
        if not unknown or (wild and len(unknown) == 1):
            return self.const([-1 if i in unknown else int(n) for i, n in enumerate(sizes)], name, np.int32)
        parts = [self.size(n, f"{name}/{i}") for i, n in enumerate(sizes)]
        return self.op("Pack", parts, name, N=len(parts), T=np.int32, axis=0)

    def decomposed(self, node: ir.Node) -> list[str]:
        """Writes a node in the smaller ops that it is made of.

        Raises:
            NotWritten: Where it is made of none.
        """
        record = opdef.get(node.op)
        if record.decompose is None or any(v.shape is None for v in (*node.inputs, *node.outputs)):
            raise NotWritten
        part = ir.Graph("part")
        inputs = [part.add_input(value.type, "x") for value in node.inputs]
        try:
            made = record.decompose(GraphBuilder(part), *inputs, **node.attrs)
        except Exception:
            raise NotWritten from None
        results = made if isinstance(made, (tuple, list)) else (made,)
        for inner, outer in zip(inputs, self.operands(node), strict=True):
            self.references[inner] = outer
        prefix = self._prefix
        for inner_node in part.nodes:
            if inner_node.op != "input":
                inner_node.control = node.control
                self._write_part(prefix, inner_node)
        self._prefix, self._node = prefix, node
        found = [self.references[value] for value in results]
        first = self.op("Identity", [found[0]], main=True, T=node.outputs[0].dtype)
        return [first, *found[1:]]


    def _write_part(self, prefix: str, node: ir.Node) -> None:
        """Writes a node of which the one at hand is made."""
        self._prefix = node.name = self._unique(f"{prefix}/{node.name}")
        self._node = node
        count = len(self._made)
        found = list(self._rule(node)(self, node))
        self.references.update(zip(node.outputs, found, strict=False))
        if len(self._made) > count:
            self._main[node] = next((e.name for _, e in self._made[count:] if e.name == node.name),
                                    self._made[-1][1].name)  # fmt: skip

    def inside(self, graph: ir.Graph, given: Sequence[ir.Value], references: Sequence[str], pivot: str = "",
               bring: Bring | None = None, context: Context | None = None) -> Inside:  # fmt: skip
        """Writes a sub-graph.

        Args:
            graph: The sub-graph.
            given: What its inputs are around it.
            references: What they are in it; "" for a cell that has no operation.
            pivot: The operation that what reads nothing waits for.
            bring: Brings further tensors from around it in.
            context: What it is part of, where not of the same as the node.

        Raises:
            NotWritten: Where it gives something that no operation of TensorFlow's gives.
        """
        part = ir.Graph("part")
        inputs = [part.add_input(value.type, "x") for value in graph.inputs]
        results = inline(GraphBuilder(part), graph, inputs)
        _take_notes(graph, part)
        for inner, outer, reference in zip(inputs, given, references, strict=True):
            if inner.type.is_resource:
                self.cells[inner] = self.cells.get(outer)
                self.variables.update({inner: reference} if reference else {})
            else:
                self.references[inner] = reference
        before = self._state()

        def around(atom: Any, name: str) -> str:
            within = self._state()
            self._set_state(before)
            try:
                found = self._atom(atom, name)
            finally:
                self._set_state(within)
            return found if bring is None else bring(found, np.int32, False)

        kept = {key: value for key, value in self.kept.items() if isinstance(key, ir.Value)}
        self._set_state((self._prefix, self._node, ir.symbol_sources(part), kept, pivot or self._pivot, around,
                         context or self._context))  # fmt: skip
        try:
            for node in part.nodes:
                if node.op != "input":
                    self._write_part(before[0], node)
        finally:
            self._set_state(before)
        effects = [self._main[node] for node in part.nodes if node in self._main and _changes(node)]
        if not all(value in self.references for value in results):  # states of generators are no tensors in files
            raise NotWritten
        return Inside([self.references[value] for value in results], effects)

    def _state(self) -> tuple[Any, ...]:
        return self._prefix, self._node, self._sources, self.kept, self._pivot, self._around, self._context

    def _set_state(self, state: tuple[Any, ...]) -> None:
        self._prefix, self._node, self._sources, self.kept, self._pivot, self._around, self._context = state


def _changes(node: ir.Node) -> bool:
    """Whether a node does something beside what it returns."""
    record = opdef.get(node.op)
    inner = (value for value in node.attrs.values() if isinstance(value, ir.Graph))
    return record.effect in (Effect.WRITE, Effect.HOST) or any(graph.has_effects() for graph in inner)


def _take_notes(graph: ir.Graph, part: ir.Graph) -> None:
    """Gives the nodes of a copy the notes of those that they were copied from, and what these wait for."""
    own, copies = ([node for node in one.nodes if node.op != "input"] for one in (graph, part))
    if [node.op for node in own] != [node.op for node in copies]:
        return
    pairs = dict(zip(own, copies, strict=True))
    for node, copy in pairs.items():
        copy.metadata.update({k: v for k, v in node.metadata.items() if k not in ("operation", "operands")})
        copy.control = tuple(pairs[other] for other in node.control if other in pairs)


#: between the state of a generator and the stream of its draws
_ARITHMETIC = frozenset({"add", "subtract", "floormod", "cast", "identity", "concat", "stack", "reshape", "slice"})


def _decomposed(x: Writer, node: ir.Node) -> list[str]:
    return x.decomposed(node)


def _privately(x: Writer, node: ir.Node) -> list[str]:
    """Writes nothing for what only makes a seed."""
    if node.op not in _ARITHMETIC:
        raise NotWritten
    x.private.update(node.outputs)
    return []


def _with_attributes(x: Writer, node: ir.Node) -> list[str]:
    """What has been told its attributes: queues, readers, and what is done with them."""
    given = node.metadata["attributes"]
    inputs = [] if node.op == "constant" else x.operands(node)
    kind = str(node.metadata["type"])
    shared: dict[str, Any] = {"container": "", "shared_name": ""} if node.op == "constant" else {}
    x.op(kind, inputs, main=True, **given, **shared)
    return [f"{node.name}:{i}" if i else node.name for i in range(len(node.outputs))]


def _dtype(array: Any) -> Any:
    from weft.base import dtypes

    return dtypes.string if array.dtype == object else dtypes.as_dtype(array.dtype)


def _plain_shape(shape: Any) -> TensorShape:
    return TensorShape(None if shape is None else [n if isinstance(n, int) else None for n in shape])


def encode(attr: Any, value: Any) -> None:
    """Writes a Python value into an AttrValue."""
    if isinstance(value, (list, tuple)):
        _encode_list(attr.list, value)
    elif isinstance(value, bool):
        attr.b = value
    elif isinstance(value, DType):
        attr.type = value.as_datatype_enum
    elif isinstance(value, type):
        from weft.base import dtypes

        attr.type = dtypes.as_dtype(value).as_datatype_enum
    elif isinstance(value, (int, np.integer)):
        attr.i = int(value)
    elif isinstance(value, float):
        attr.f = value
    elif isinstance(value, str):
        attr.s = value.encode()
    elif isinstance(value, bytes):
        attr.s = value
    elif isinstance(value, TensorShape):
        attr.shape.CopyFrom(_shape_proto(value))
    elif isinstance(value, np.ndarray):
        attr.tensor.CopyFrom(to_tensor_proto(value))
    else:
        raise TypeError(f"no attribute: {value!r}")


def _shape_proto(shape: TensorShape) -> Any:
    return shape_to_proto(None if shape.rank is None else tuple(shape.as_list()))


def _encode_list(listed: Any, items: Sequence[Any]) -> None:
    listed.SetInParent()
    for item in items:
        if isinstance(item, DType):
            listed.type.append(item.as_datatype_enum)
        elif isinstance(item, TensorShape):
            listed.shape.append(_shape_proto(item))
        elif isinstance(item, bool):
            listed.b.append(item)
        elif isinstance(item, (int, np.integer)):
            listed.i.append(int(item))
        elif isinstance(item, float):
            listed.f.append(item)
        else:
            listed.s.append(item.encode() if isinstance(item, str) else item)


def decode(attr: Any) -> Any:
    """What an AttrValue holds, in Python."""
    from weft.base import dtypes
    from weft.formats.tensors import from_tensor_proto, shape_from_proto

    kind = attr.WhichOneof("value")
    if kind is None:
        return None
    value = getattr(attr, kind)
    if kind == "type":
        return dtypes.as_dtype(value)
    if kind == "shape":
        return TensorShape(shape_from_proto(value))
    if kind == "tensor":
        return from_tensor_proto(value)
    if kind != "list":
        return value
    for field, _ in value.ListFields():
        items = list(getattr(value, field.name))
        if field.name == "type":
            return [dtypes.as_dtype(item) for item in items]
        return [TensorShape(shape_from_proto(item)) for item in items] if field.name == "shape" else items
    return []


def attributes_of(entry: Any) -> Mapping[str, Any]:
    """A NodeDef's attributes, in Python."""
    return {key: decode(entry.attr[key]) for key in entry.attr}

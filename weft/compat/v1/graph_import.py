"""Graphs that come as GraphDef messages: TensorFlow's own and ours, made again of Weft's ops under the same names.

Loops and branches are single operations here; in TensorFlow 1's graphs they are many (Enter, Switch, Merge, …). A loop
is found by its frame and made again; of a branch both sides are computed and one is taken, which for operations without
effects is the same. An operation that Weft lacks raises where it is run, not where its graph is read.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import weft
from weft.base import dtypes, nest
from weft.base.dtypes import DType
from weft.base.errors import UnimplementedError, explain, nearest
from weft.formats.messages.graph import GraphDef
from weft.formats.text import from_text
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.runtime import context, dispatch
from weft.runtime import graph as graphs
from weft.runtime.graph import Operation
from weft.runtime.graph_export import NotWritten, attributes_of
from weft.runtime.host_call import host_call
from weft.runtime.operation_counts import standing_for
from weft.runtime.scopes import NameScope
from weft.runtime.tensor import SymbolicTensor

#: TensorFlow's op -> what makes it again: (importer, node) to its outputs
HANDLERS: dict[str, Any] = {}
#: the modules that hold handlers
PARTS = ("rules", "network", "functions", "loops", "lists", "media", "text", "numbers", "updates", "queues")


def handles(*ops: str) -> Any:
    """Registers what makes these operations."""

    def register(function: Any) -> Any:
        for op in ops:
            HANDLERS[op] = function
        return function

    return register


class Source:
    """One node of a message.

    Attributes:
        name: Its name.
        op: Its operation.
        inputs: What it reads, as (node, output).
        control: The nodes before it.
        attrs: Its attributes, in Python.
    """

    def __init__(self, entry: Any) -> None:
        self.name, self.op, self.device = str(entry.name), str(entry.op), str(entry.device)
        self.inputs: list[tuple[str, int]] = []
        self.control: list[str] = []
        for text in entry.input:
            if text.startswith("^"):
                self.control.append(text[1:])
            else:
                base, colon, number = text.rpartition(":")
                self.inputs.append((base, int(number)) if colon and number.isdigit() else (text, 0))
        self.attrs = attributes_of(entry)


class Environment:
    """The values that nodes have: of the whole graph, within one turn of a loop, or on one side of a branch.

    Args:
        outer: What lies around it.
        frame: The loop.
        members: The nodes of the side; None where it is no branch.
    """

    def __init__(self, outer: Environment | None = None, frame: str = "",
                 members: frozenset[str] | None = None) -> None:  # fmt: skip
        self.outer, self.frame, self.members = outer, frame, members
        self.values: dict[str, list[Any]] = {}
        self.operations: dict[str, Any] = {}
        #: what stacks and gradients' rows hold here, and the loops that have been made here
        self.states: dict[Any, Any] = {}
        self.loops: set[str] = set()


class Importer:
    """Makes the nodes of one message.

    Args:
        sources: Its nodes.
        given: Tensors for some references, in place of what the message says.
        prefix: What stands before all names; "" or a path that ends with `/`.
        library: Functions of the message by name.
    """

    def __init__(self, sources: Iterable[Source], given: Mapping[tuple[str, int], Any], prefix: str,
                 library: Mapping[str, Any] | None = None) -> None:  # fmt: skip
        for part in PARTS:
            importlib.import_module(f"weft.compat.v1.graph_import_{part}")  # each registers what it makes
        self.library: Mapping[str, Any] = library or {}
        #: whether its nodes are part of another node: then they have no names of the message's
        self.within = False
        self.sources = {source.name: source for source in sources}
        self._given, self._prefix = given, prefix
        self._frames = _frames(self.sources)
        self._used: dict[str, int] = {}
        for source in self.sources.values():
            for name, output in source.inputs:
                self._used[name] = max(self._used.get(name, 0), output)
        self.whole = Environment()
        #: for each node of a branch: what must hold for it, as (reference of the predicate, side)
        self.branches: dict[str, frozenset[tuple[tuple[str, int], int]]] = {}
        self.environment = self.whole
        #: variables' handles, by the names of their nodes
        self.handles: dict[str, Any] = {}
        self.order = _ordered(self.sources)
        #: the nodes that change stacks or gradients' rows, once they have been looked for
        self.changes: Sequence[Any] | None = None
        #: what is read anew for the node at hand, and which variables have changed before each node
        self._again_read: dict[tuple[str, int], Any] = {}
        self._changed: dict[str, frozenset[str]] = {}
        #: stacks that need hold nothing, and what would lie on them
        self.told: dict[Any, Any] = {}

    def run(self) -> None:
        """Makes all nodes."""
        for name in self.order:
            if not self._frames[name]:
                self.outputs(name)

    def value(self, reference: tuple[str, int]) -> Any:
        """The tensor of a reference."""
        if reference in self._given:
            return self._given[reference]
        if reference in self._again_read:
            return self._again_read[reference]
        name, output = reference
        if name not in self.sources:
            raise ValueError(explain(f"The graph reads `{name}:{output}`, and has no node of that name.",
                                     received=nearest(name, self.sources)))  # fmt: skip
        outputs = self.outputs(name)
        if output >= len(outputs):
            raise NotKnown(f"`{name}:{output}`")
        return outputs[output]

    def values(self, source: Source) -> list[Any]:
        """The tensors that a node reads."""
        return [self.value(reference) for reference in source.inputs]

    def static(self, source: Source, position: int) -> Any:
        """The value of a constant operand.

        Raises:
            NotKnown: Where it is not known before the graph runs.
        """
        found = weft.get_static_value(self.value(source.inputs[position]))
        if found is None:
            raise NotKnown(f"operand {position} must be a constant")
        return found

    def handle(self, source: Source, position: int = 0) -> Any:
        """The handle of a variable that is an operand; None for what is none."""
        name = source.inputs[position][0]
        while name in self.sources and self.sources[name].op in _PASSING:
            name = self.sources[name].inputs[0][0]
        if name in self.sources:
            self.outputs(name)
        return self.handles.get(name)

    def outputs(self, name: str) -> list[Any]:
        """The outputs of a node, which is made where it is not there yet."""
        place = self._place(name)
        found = place.values.get(name)
        if found is None:
            source = self.sources[name]
            before, self.environment = self.environment, place
            try:
                found = place.values[name] = self._make(source)
            finally:
                self.environment = before
        return found

    def _place(self, name: str) -> Environment:
        """Where a node's values are kept: in the innermost loop that it is part of."""
        frame, place = self._frames[name], self.environment
        while place.outer is not None and (
            place.frame != frame or (place.members is not None and name not in place.members)
        ):
            place = place.outer
        if place.frame != frame:
            raise NotKnown("a part of a loop, read from outside of it")
        return place

    def _make(self, source: Source) -> list[Any]:
        self._note_branch(source)
        before = [self._operation(name) for name in source.control if name in self.sources]
        made_before = [item for item in before if item is not None]
        inside = self.within or self.environment is not self.whole
        full = self._prefix + source.name
        scope = context.scope()
        assert scope is not None
        if source.op not in _LAZY:
            with contextlib.suppress(NotKnown):
                self.values(source)  # made before the node's own name scope is open
        names = context.names()
        kept = list(names)
        names[:] = [full] if not inside else [self._prefix[:-1]] if self._prefix and self.within else []
        devices = context.devices()
        if source.device:
            devices.append(source.device)
        outer_read = self._again_read
        try:
            with weft.control_dependencies(made_before):
                count = len(scope.graph.nodes)
                self._again_read = self._read_anew(source)
                found = self._handled(source)
                if not inside:
                    found = self._named(source, full, found, scope, count)
        finally:
            names[:] = kept
            self._again_read = outer_read
            if source.device:
                devices.pop()
        return found

    def _read_anew(self, source: Source) -> dict[tuple[str, int], Any]:
        """What a node that waits for changes of variables reads: what TensorFlow has read before is the same memory."""
        if not source.control or self.environment is not self.whole:
            return {}
        if not self._changed:
            self._note_changes()
        changed = frozenset().union(*(self._changed.get(name, frozenset()) for name in source.control))
        found = {}
        for reference in source.inputs if changed else ():
            read = self.sources.get(reference[0])
            if read is not None and (read.op == "VariableV2" or (read.op == "Identity" and not read.control)):
                name = read.name if read.op == "VariableV2" else read.inputs[0][0]
                handle = self.handles.get(name) if name in changed else None
                if handle is not None:
                    found[reference] = dispatch.apply(opdef.get("read_variable"), (handle,), {}, "read")[0]
        return found

    def _note_changes(self) -> None:
        for name in self.order:
            source = self.sources[name]
            before = {self._changed.get(n, frozenset()) for n in (*(n for n, _ in source.inputs), *source.control)}
            found = max(before, key=len, default=frozenset())
            found = found if all(other <= found for other in before) else found.union(*before)
            if source.inputs and any(word in source.op for word in ("Assign", "Apply", "Scatter")):
                written = {n for n, _ in source.inputs if n in self.sources and self.sources[n].op == "VariableV2"}
                found = found if written <= found else found | written
            self._changed[name] = found

    def _handled(self, source: Source) -> list[Any]:
        handler = HANDLERS.get(source.op)
        if handler is None:
            if source.op not in self.library:
                return self._missing(source, "")
            handler = HANDLERS["PartitionedCall"]
        try:
            found = handler(self, source)
        except (NotKnown, TypeError, ValueError, AttributeError, KeyError, NotImplementedError) as problem:
            return self._missing(source, str(problem).partition("\n")[0])
        return list(found) if isinstance(found, (list, tuple)) else [found]

    def prefix_of(self, source: Source) -> str:
        """What stands before the names of nodes that a node is made of; none in a graph within the graph."""
        return f"{self._prefix}{source.name}/" if self.environment is self.whole and not self.within else ""

    def _missing(self, source: Source, why: str) -> list[Any]:
        """What raises where it is run."""
        count = self._used.get(source.name, 0) + 1
        problem = explain(f"Weft has no operation `{source.op}` for graphs that come from files"
                          + (f" in this form ({why})" if why else "") + ".", received=f"node `{source.name}`",
                          hint="run a part of the graph that does without it")  # fmt: skip

        def refuse(*arrays: Any) -> Sequence[Any]:
            raise UnimplementedError(problem)

        kind = next((source.attrs[key] for key in ("dtype", "T", "out_type", "Tout")
                     if isinstance(source.attrs.get(key), DType)), dtypes.float32)  # fmt: skip
        shapes = source.attrs.get("_output_shapes") or []
        types = [TensorType(shapes[i].symbolic if i < len(shapes) else None, kind) for i in range(count)]
        return list(host_call(refuse, [], types, source.op, source.name.rpartition("/")[2]))

    def _named(self, source: Source, full: str, found: list[Any], scope: Any, count: int) -> list[Any]:
        """Gives the node of the first output, or the operation, the name that it had."""
        graph = scope.graph
        if not found:
            found_operation = graphs.no_op(name=f"{full}/")
            self.environment.operations[source.name] = found_operation
            node = found_operation.node
        elif isinstance(found[0], Operation):
            node = found[0].node
            self.environment.operations[source.name] = found[0]
        elif isinstance(found[0], SymbolicTensor):
            node = found[0]._value.node
            if node.graph is not graph:
                return found
            if node not in graph.nodes[count:] or node.metadata.get("imported"):
                found[0] = dispatch.apply(opdef.get("identity"), (found[0],), {}, "Identity")[0]
                node = found[0]._value.node
        else:
            return found
        for other in graph.nodes[count:]:
            if other is not node:
                other.metadata["hidden"] = True
        if node.name != full:
            taken = graph.names.get(full)
            if taken is not None and taken is not node:
                graph.rename(taken, graph.unique_name(full))
            graph.rename(node, full)
        node.metadata.pop("hidden", None)
        node.metadata.update(type=source.op, imported=True)
        if isinstance(source.attrs.get("_gradient_op_type"), bytes):
            node.metadata["gradient"] = source.attrs["_gradient_op_type"].decode()
        if node.op == "py_function" and "writer" not in node.metadata and source.op not in _LAZY:
            node.metadata["writer"] = self._again(source)
        return found

    def _again(self, source: Source) -> Any:
        """What writes a node that Weft calls Python for: as it was read."""
        with contextlib.suppress(NotKnown):
            values = [getattr(tensor, "_value", None) for tensor in self.values(source)]
            held = {key: value for key, value in source.attrs.items() if value is not None and key[0] != "_"}

            def written(x: Any, node: Any) -> list[str]:
                if any(value not in x.references for value in values):
                    raise NotWritten
                x.op(source.op, [x.references[value] for value in values], main=True, **held)
                return [f"{node.name}:{i}" if i else node.name for i in range(len(node.outputs))]

            return written
        return None

    def _operation(self, name: str) -> Any:
        """What stands for a node that must run before another; None where nothing needs to."""
        if self._frames[name] != self.environment.frame and (
            not self._is_inside(self._frames[name]) or name not in self._place(name).values
        ):
            return None
        outputs = self.outputs(name)
        operation = self._place(name).operations.get(name)
        if operation is not None:
            return operation
        first = next((item for item in nest.flatten(outputs) if isinstance(item, SymbolicTensor)), None)
        scope = context.scope()
        if first is None or scope is None or first._value.node.graph is not scope.graph:
            return None
        return graphs.operation_of(first._value.node)

    def _is_inside(self, frame: str) -> bool:
        """Whether this is a turn of a loop, or within one."""
        place: Environment | None = self.environment
        while place is not None and place.frame != frame:
            place = place.outer
        return place is not None

    # Branches

    def _note_branch(self, source: Source) -> None:
        found: set[tuple[tuple[str, int], int]] = set()
        if source.op not in _LAZY:
            for name, output in source.inputs:
                if name in self.sources:
                    self.outputs(name)
                    found |= self.branches.get(name, frozenset()) | self._side(name, output)
            for name in source.control:
                if name in self.sources and self._frames[name] == self._frames[source.name]:
                    self.outputs(name)
                    found |= self.branches.get(name, frozenset())
                    pivot = self.sources[name]
                    if pivot.op == "Identity" and pivot.inputs[0][0] in self.sources:
                        found |= self._side(*pivot.inputs[0])
        self.branches[source.name] = frozenset(found)

    def _side(self, name: str, output: int) -> set[tuple[tuple[str, int], int]]:
        """Which side of which branch an output is of, where it is one of a Switch."""
        switch = self.sources[name]
        if switch.op not in ("Switch", "RefSwitch"):
            return set()
        predicate = switch.inputs[1]
        loops = predicate[0] in self.sources and self.sources[predicate[0]].op == "LoopCond"
        return set() if loops else {(predicate, output)}

    def holds(self, source: Source) -> Any:
        """Whether the branch that a node is part of is taken, as a bool tensor; None for a node of no branch."""
        found = None
        for reference, side in sorted(self.branches.get(source.name, ())):
            predicate = self.value(reference)
            one = predicate if side == 1 else weft.logical_not(predicate)
            found = one if found is None else weft.logical_and(found, one)
        return found

    def chosen(self, reference: tuple[str, int], source: Source) -> Any:
        """A merge of two sides of which only the one that is taken may run; None where both may.

        What is on a side may refuse its operands there (a picture of another kind), so a side that is not taken must
        not run. What draws or writes is on its side only once, and both sides run then.
        """
        members = [frozenset(n for n, held in self.branches.items() if (reference, side) in held) for side in (0, 1)]
        ops = {self.sources[name].op for part in members for name in part}
        if not ops & _REFUSING or any(op in _ONCE or "Assign" in op or "Apply" in op or "Random" in op for op in ops):
            return None
        side_of = {self._side_within(name, output, reference): (name, output) for name, output in source.inputs}
        outside = self.environment

        def take(side: int) -> Any:
            before, self.environment = self.environment, Environment(outside, outside.frame, members[side])
            try:
                found = self.value(side_of[side])
                return weft.identity(found) if isinstance(found, SymbolicTensor) else found
            finally:
                self.environment = before

        return weft.cond(self.value(reference), lambda: take(1), lambda: take(0))

    def _side_within(self, name: str, output: int, reference: tuple[str, int]) -> int:
        held = self.branches.get(name, frozenset()) | self._side(name, output)
        return 1 if (reference, 1) in held else 0

    # Loops

    def frame_of(self, name: str) -> str:
        """The loop that a node is part of, as the path of frames' names; "" outside of all."""
        return self._frames.get(name, "")

    def state(self, key: Any) -> Any:
        """What a stack or a gradient's rows hold at this place; None where there is nothing yet."""
        place: Environment | None = self.environment
        while place is not None:
            if key in place.states:
                return place.states[key]
            place = place.outer
        return None

    def loop(self, frame: str) -> None:
        """Makes a loop: the values of all its Exit nodes."""
        from weft.compat.v1.graph_import_loops import make_loop

        make_loop(self, frame)

    def exit(self, source: Source) -> Any:
        """The value of an Exit node."""
        key = f"{source.name}/loop"
        if key not in self.environment.values:
            self.loop(self._frames[source.inputs[0][0]])
        return self.environment.values[key][0]


class NotKnown(Exception):
    """A node in a form that is not known."""


#: operations that may refuse what they are given, in what the other side of a branch is for
_REFUSING = frozenset("""
    Assert DecodeJpeg DecodePng DecodeBmp DecodeGif DecodeImage DecodeAndCropJpeg DecodeWav DecodeRaw DecodeCSV
    DecodeCompressed ParseExample ParseExampleV2 ParseSingleExample ParseTensor ReadFile StringToNumber PyFunc
    CheckNumerics EnsureShape Reshape Cholesky MatrixInverse GatherV2 GatherNd
""".split())
#: operations that must run once
_ONCE = frozenset("""
    Enter Exit StackPushV2 StackPopV2 TensorArrayGradV3 Multinomial TruncatedNormal PyFunc ScatterAdd ScatterUpdate
""".split())
#: nodes that hand a variable's handle on
_PASSING = frozenset({"Switch", "RefSwitch", "Enter", "RefEnter", "Identity"})
#: nodes whose operands are not made before them
_LAZY = frozenset({"Exit", "Enter", "RefEnter", "NextIteration"})


def _frames(sources: Mapping[str, Source]) -> dict[str, str]:
    """The loop that each node is part of, as the path of frames' names; "" outside of all."""
    found: dict[str, str] = {}
    for name in _ordered(sources):
        source = sources[name]
        inputs = [n for n, _ in source.inputs] + source.control
        around = max((found.get(n, "") for n in inputs), key=len, default="")
        if source.op in ("Enter", "RefEnter"):
            label = source.attrs["frame_name"]
            text = label.decode() if isinstance(label, bytes) else str(label)
            around = f"{around}|{text}" if around else text
        elif source.op == "Exit":
            around = around.rpartition("|")[0]
        found[name] = around
    return found


def _ordered(sources: Mapping[str, Source]) -> list[str]:
    """Names in an order in which nodes can be made; loops are cut where they begin anew."""
    order: list[str] = []
    done: set[str] = set()
    for first in sources:
        stack: list[tuple[str, bool]] = [(first, False)]
        while stack:
            name, ready = stack.pop()
            if ready:
                order.append(name)
                continue
            if name in done or name not in sources:
                continue
            done.add(name)
            stack.append((name, True))
            source = sources[name]
            for before in [*(n for n, _ in source.inputs), *source.control]:
                if before not in done and not (before in sources and sources[before].op == "NextIteration"):
                    stack.append((before, False))
    return order


def import_graph_def(graph_def: Any = None, input_map: Any = None, return_elements: Any = None,
                     name: str | None = None, op_dict: Any = None, producer_op_list: Any = None) -> Any:  # fmt: skip
    """Adds the nodes of a GraphDef to the default graph.

    Args:
        graph_def: The message, of TensorFlow or of Weft.
        input_map: Tensors in place of some of the graph's, by name.
        return_elements: Names of operations and tensors to return.
        name: What stands before all names; `import` where None, nothing for "".
        op_dict: Accepted.
        producer_op_list: Accepted.

    Returns:
        The elements that were asked for; None without `return_elements`.

    Raises:
        TypeError: For what is no GraphDef.
        ValueError: For names that are not there.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default() as first:
        ...     doubled = tf.multiply(tf.placeholder(tf.float32, [], name="x"), 2.0, name="doubled")
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     found, = tf.import_graph_def(first.as_graph_def(), return_elements=["doubled:0"], name="")
        ...     float(session.run(found, {"x:0": 3.0}))
        6.0
    """
    return import_counted(_message(graph_def), input_map, return_elements, name, None)


def import_counted(message: GraphDef, input_map: Any, return_elements: Any, name: str | None,
                   operations: int | None) -> Any:  # fmt: skip
    """As `import_graph_def`, of a message that stands for so many operations; as many as it has nodes where None."""
    if context.scope() is None:  # eager: nodes can only be of the default graph
        with graphs.default_graph().as_default():
            return import_counted(message, input_map, return_elements, name, operations)
    with (NameScope(name if name is not None else "import") as scope,
          standing_for(len(message.node) if operations is None else operations)):  # fmt: skip
        given = {_reference(key): weft.convert_to_tensor(value) for key, value in (input_map or {}).items()}
        sources = [Source(entry) for entry in message.node]
        known = {source.name for source in sources}
        for key, output in given:
            if key not in known:
                raise ValueError(explain("import_graph_def: `input_map` names what the graph has not.",
                                         received=f"{key}:{output}", hint=nearest(key, known)))  # fmt: skip
        before, context.names()[:] = list(context.names()), []
        try:
            library = {function.signature.name: function for function in message.library.function}
            importer = Importer(sources, given, scope, library)
            with context.names_as_read():
                importer.run()
        finally:
            context.names()[:] = before
    if return_elements is None:
        return None
    return [_element(importer, scope, wanted) for wanted in return_elements]


def _element(importer: Importer, scope: str, wanted: str) -> Any:
    base, colon, number = wanted.rpartition(":")
    name = base if colon and number.isdigit() else wanted
    if name not in importer.sources:
        raise ValueError(explain(f"Requested return element {wanted!r} not found in the graph.",
                                 hint=nearest(name, importer.sources)))  # fmt: skip
    if name != wanted:
        return importer.value((name, int(number)))
    return graphs.default_graph().get_operation_by_name(scope + name)


def _reference(text: Any) -> tuple[str, int]:
    label = text if isinstance(text, str) else text.name
    base, colon, number = label.rpartition(":")
    return (base, int(number)) if colon and number.isdigit() else (label, 0)


def _message(graph_def: Any) -> GraphDef:
    if isinstance(graph_def, GraphDef):
        return graph_def
    if isinstance(graph_def, bytes):
        return GraphDef.FromString(graph_def)
    if isinstance(graph_def, str):
        return from_text(graph_def, GraphDef)
    if hasattr(graph_def, "SerializeToString"):
        return GraphDef.FromString(graph_def.SerializeToString())
    raise TypeError(explain("graph_def must be a GraphDef proto.", received=type(graph_def).__name__))

"""Variables of TensorFlow 1 graphs: the graph holds a template, each session a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from weft.base import dtypes
from weft.base.errors import OutOfRangeError, explain
from weft.base.shapes import TensorShape, refreshed
from weft.formats.messages.variable import VariableDef
from weft.ir.graph import Node, Value
from weft.ir.types import TensorType
from weft.runtime import context, dispatch, frontdoor, placement
from weft.runtime import graph as graphs
from weft.runtime.aggregation import VariableAggregation, VariableSynchronization
from weft.runtime.graph import GraphKeys, Operation
from weft.runtime.host_call import host_call
from weft.runtime.tensor import Handle, wrap
from weft.runtime.variable import Template, Variable, with_creators


class GraphVariable(Variable):
    """A variable of a graph under construction. Its value lives in sessions; `initializer` gives it the first one."""

    #: which part of a tensor in checkpoints it is, where it is not one by itself
    _save_slice_info: Any = None

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: str | None = None,
        constraint: Callable[[Any], Any] | None = None,
        use_resource: Any = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
        shape: Any = None,
    ) -> None:
        if initial_value is None:
            raise ValueError(explain("A Variable needs an initial_value.", hint="for instance tf.zeros(shape)"))
        scope = context.scope()
        assert scope is not None
        trainable = True if trainable is None else bool(trainable)
        if name is not None and name.endswith("/"):
            full = name[:-1]
        else:
            full = scope.graph.unique_name(context.node_name(name or "Variable"))
        before = list(context.names())
        context.names()[:] = [full]
        held, scope.control = scope.control, []  # its making waits for nothing that happens to be asked for around it
        try:
            value = initial_value
            if callable(value) and not hasattr(value, "dtype"):
                context.names()[:] = [f"{full}/Initializer"]
                value = value()
                context.names()[:] = [full]
            start = frontdoor.convert(value, None if frontdoor.is_tensor_like(value) else dtype, name="initial_value")
            if dtype is not None and start.dtype is not dtypes.as_dtype(dtype):
                start = dispatch.call("cast", start, dtype=dtypes.as_dtype(dtype))
            if validate_shape and shape is None and not start.shape.is_fully_defined():
                raise ValueError(
                    explain(f"Variable `{full}`: initial_value must have a fully known shape.", received=repr(start),
                            hint="give the tensor a shape with set_shape, or pass validate_shape=False")  # fmt: skip
                )
            static = TensorShape(shape if shape is not None else (start.shape if validate_shape else None))
            self._name = f"{full}:0"
            self._cell = Template(full, trainable)
            self._static, self._dtype, self._constraint = static, start.dtype, constraint
            self._aggregation, self._synchronization = aggregation, synchronization
            self.handle = Handle(self._cell, TensorType(refreshed(static.symbolic), start.dtype))
            self._graph = graphs.default_graph()
            self._initial = start
            self._add_nodes(full, start)
        finally:
            scope.control = held
            context.names()[:] = before
        keys = list(collections) if collections is not None else [GraphKeys.GLOBAL_VARIABLES]
        if trainable and GraphKeys.TRAINABLE_VARIABLES not in keys:
            keys.append(GraphKeys.TRAINABLE_VARIABLES)
        self._graph.add_to_collections(keys, self)

    def _add_nodes(self, full: str, start: Any) -> None:
        """The nodes that TensorFlow 1 makes: the variable, what assigns its first value, what reads it."""
        self._whole = dispatch.apply(_record("read_variable"), (self.handle,), {}, f"{full}/")[0]
        self._whole._value.node.metadata.update(type="VariableV2", variable=self)
        devices = context.devices()
        if devices and callable(devices[-1]):  # which asks for the type
            self._whole._value.node.metadata["device"] = placement.device_of(devices, self.op)
        guarded = _guarded(start, full.rpartition("/")[2])
        assigned = dispatch.apply(_record("assign_variable"), (self.handle, guarded), {}, "Assign")[0]
        self._initializer = graphs.operation_of(assigned._value.node)
        self._snapshot = dispatch.apply(_record("identity"), (self._whole,), {}, "read")[0]

    def _set_save_slice_info(self, save_slice_info: Any) -> None:
        self._save_slice_info = save_slice_info

    def _get_save_slice_info(self) -> Any:
        return self._save_slice_info

    @property
    def op(self) -> Operation:
        """The operation that stands for it in the graph."""
        return graphs.operation_of(self._whole._value.node)

    @property
    def device(self) -> str:
        """Where it is to be, if that was said."""
        return self.op.device

    @property
    def graph(self) -> Any:
        """Its graph."""
        return self._graph

    @property
    def initializer(self) -> Operation:
        """The operation that gives it its first value."""
        return self._initializer

    @property
    def initial_value(self) -> Any:
        """The tensor of its first value."""
        return self._initial

    def initialized_value(self) -> Any:
        """Its value, or its first value where it has none yet."""
        from weft.runtime import control
        from weft.runtime.operation_counts import standing_for
        from weft.runtime.scopes import Unit

        initialized = self.is_initialized()
        with Unit("cond") as unit, standing_for(8):
            found = unit.results(control.cond(initialized, self.read_value, lambda: self._initial), "Merge", "Merge")
        found._value.node.metadata["initialized"] = True
        return found

    def _as_graph_element(self) -> Any:
        return self._whole

    def _read_as_tensor(self) -> Any:
        """Its value: the one read that all share, or one of its own where it must come after something."""
        scope = context.scope()
        if _reads_at_once(scope, self._graph):
            return self._snapshot
        if scope is not None and scope.outermost().graph is not self._graph.ir:
            return self._snapshot  # what is made of it goes into its graph
        return self.read_value()

    def value(self) -> Any:
        """Its value as a tensor."""
        return self._read_as_tensor()

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """The operation that gives it a value; as a tensor, the new value."""
        return self._write("assign_variable", self._incoming(value), name, read_value)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """The operation that adds to it; as a tensor, the new value."""
        return self._write("assign_add_variable", self._incoming_delta(delta), name, read_value)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """The operation that subtracts from it; as a tensor, the new value."""
        return self._write("assign_sub_variable", self._incoming_delta(delta), name, read_value)

    def _write(self, op: str, value: Any, name: str | None, read_value: bool) -> Any:
        return self._after(dispatch.apply(_record(op), (self.handle, value), {}, name)[0], read_value)

    def eval(self, session: Any = None) -> Any:
        """Its value in a session (the default one where None)."""
        from weft.runtime import session as sessions

        return sessions.evaluate(self, None, session)

    def load(self, value: Any, session: Any = None) -> None:
        """Gives it a value in a session at once."""
        from weft.runtime import session as sessions

        target = session or sessions.default_session(required=True)
        array = frontdoor.to_array(value, self._dtype)
        self._static.assert_is_compatible_with(array.shape)
        cell = target._cell(self._cell)
        with cell.lock:
            cell.write(array)

    def numpy(self) -> Any:
        raise NotImplementedError(explain(f"Variable `{self._name}` has values only in sessions.",
                                          hint="use session.run(variable)"))  # fmt: skip

    def count_up_to(self, limit: int, name: str | None = None) -> Any:
        """Its value, which is then one more; see `tf.count_up_to`."""
        return count_up_to(self, limit, name)

    def to_proto(self, export_scope: str | None = None) -> VariableDef | None:
        """The names of its operations as a message, None where it is not in the scope that is exported."""
        prefix = f"{export_scope.rstrip('/')}/" if export_scope else ""
        return variable_def(self, prefix) if self._name.startswith(prefix) else None

    def _after(self, result: Any, read_value: bool) -> Any:
        return result if read_value else graphs.operation_of(result._value.node)

    def __repr__(self) -> str:
        return f"<tf.Variable '{self._name}' shape={self._static} dtype={self._dtype.name}_ref>"

    def __reduce__(self) -> Any:
        raise TypeError(f"{self!r} belongs to a graph and cannot be pickled on its own.")

    def __deepcopy__(self, memo: Any) -> Any:
        raise TypeError(f"{self!r} belongs to a graph and cannot be copied on its own.")


def _guarded(start: Any, name: str) -> Any:
    """A first value that is made of other variables, made of their first values where they have none yet.

    What cannot be made twice, because it draws, writes or waits for something, stays as it is.
    """
    from weft.runtime.operation_counts import further

    value = getattr(start, "_value", None)
    repeated: set[Node] = set()
    variables: dict[Node, GraphVariable] = {}
    stack = [] if value is None else [value.node]
    while stack:
        node = stack.pop()
        if node in repeated or node in variables:
            continue
        if node.op == "identity" and node.inputs[0].node.op == "read_variable" and not node.control:
            node = node.inputs[0].node
        variable = node.metadata.get("variable")
        if isinstance(variable, GraphVariable) and variable._initial is not None:
            variables[node] = variable
        elif node.op == "input" or node.effect or node.control or any(v.type.is_resource for v in node.inputs):
            continue
        else:
            repeated.add(node)
            stack.extend(v.node for v in node.inputs)
    if not variables or value is None:
        if value is not None and "initialized" in value.node.metadata:
            further(12)  # TensorFlow makes the choice once more, of reads as they begin
        return start
    further(len(variables))
    made: dict[Value, Any] = {}

    def again(value: Value) -> Any:
        """What stands for a value where it depends on a variable; itself elsewhere."""
        if value not in made:
            node = value.node
            source = node.inputs[0].node if node.op == "identity" and node.inputs[0].node in variables else node
            if source in variables:
                made[value] = variables[source].initialized_value()
            elif node not in repeated:
                made[value] = wrap(value)
            else:
                inputs = [again(each) for each in node.inputs]
                if all(own is wrap(each) for own, each in zip(inputs, node.inputs, strict=True)):
                    made[value] = wrap(value)
                else:
                    label = f"{node.name.rpartition('/')[2]}_{name}"
                    made.update(zip(node.outputs, dispatch.apply(_record(node.op), inputs, node.attrs, label),
                                    strict=True))  # fmt: skip
        return made[value]

    return again(value)


def variable_def(variable: Any, prefix: str = "") -> VariableDef:
    """A variable of a graph as a message: the names of its nodes, without what stands in front of all."""
    made = VariableDef(trainable=bool(variable.trainable))
    made.variable_name = variable.name.removeprefix(prefix)
    made.initializer_name = variable.initializer.name.removeprefix(prefix)
    made.snapshot_name = variable._snapshot.name.removeprefix(prefix)
    if variable.initial_value is not None:
        made.initial_value_name = variable.initial_value.name.removeprefix(prefix)
    info = getattr(variable, "_save_slice_info", None)  # Keras' variables come whole
    if info is not None:
        part = made.save_slice_info_def
        part.full_name = info.full_name.removeprefix(prefix)
        for field in ("full_shape", "var_offset", "var_shape"):
            getattr(part, field).extend(getattr(info, field))
    return made


def count_up_to(ref: Any, limit: int, name: str | None = None) -> Any:
    """A variable's value, which is then one more.

    Args:
        ref: An integer variable.
        limit: Where it stands so high, running this raises OutOfRangeError.
        name: The operation's name.

    Raises:
        TypeError: For a variable of no integers.
    """
    from weft.runtime.operation_counts import standing_for
    from weft.runtime.scopes import NameScope

    if not ref.dtype.is_integer:
        raise TypeError(explain("count_up_to counts in an integer variable.", received=repr(ref),
                                hint="make the variable of tf.int32 or tf.int64"))  # fmt: skip
    with NameScope(name, "CountUpTo"), standing_for(1):
        before = ref.read_value()

        def check(value: Any) -> list[Any]:
            if value >= limit:
                raise OutOfRangeError(f"Reached limit of {limit}")
            return [value]

        (checked,) = host_call(check, [before], [TensorType((), before.dtype)], "CountUpTo", "value")
        with _behind(checked):
            after = ref.assign_add(frontdoor.convert(1, before.dtype))
        with _behind(after):
            return dispatch.call("identity", checked)


@contextmanager
def _behind(tensor: Any) -> Iterator[None]:
    """What is made within the block runs after the operation of a tensor of this graph, branch or loop."""
    scope = context.scope()
    if scope is None:
        yield
        return
    with context.after(scope, (graphs.node_of(tensor),)):
        yield


def _reads_at_once(scope: Any, graph: Any) -> bool:
    """Whether a read here is the one that all share: nothing says that it must come after something.

    In branches and loops, too: what goes round in a loop is read once, before it.
    """
    while scope is not None and not scope.ordered and not any(scope.control):
        if scope.graph is graph.ir:
            return True
        scope = scope.outer
    return False


class SharedVariable(Variable):
    """A variable with a value of its own, which a graph of TensorFlow 1 may hold, too: all sessions have that value.

    Those of Keras are such, because `fit` runs without a session. Where no graph holds it, it is as any other.
    """

    _graph: Any = None
    _initializer: Any = None
    _initial: Any = None

    def enter_graph(self, name: str, first: Callable[[], Any]) -> None:
        """Makes the open graph of TensorFlow 1 hold it, in its collections; does nothing where there is none.

        Args:
            name: Its name there, made unique.
            first: Gives its first value, for its initializer.
        """
        scope = context.outermost_graph()
        if scope is None or self._graph is not None:
            return
        graph = graphs.wrapper_of(scope.graph)
        with context.open_scope(scope), context.without_control(scope):
            full = scope.graph.unique_name(context.node_name(name))
            before = list(scope.names)
            scope.names[:] = [full]
            try:
                self._whole = dispatch.apply(_record("read_variable"), (self.handle,), {}, f"{full}/")[0]
                self._whole._value.node.metadata.update(type="VariableV2", variable=self)
                self._snapshot = dispatch.apply(_record("identity"), (self._whole,), {}, "read")[0]
            finally:
                scope.names[:] = before
        self._graph, self._first, self._name = graph, first, f"{full}:0"
        keys = [GraphKeys.GLOBAL_VARIABLES]
        graph.add_to_collections(keys + [GraphKeys.TRAINABLE_VARIABLES] * self._cell.trainable, self)

    def _held_by_graph(self, what: str) -> Any:
        if self._graph is None:
            raise AttributeError(explain(f"Variable `{self._name}` is in no graph, so it has no {what}."))
        return self._graph

    @property
    def graph(self) -> Any:
        """The graph of TensorFlow 1 that holds it."""
        return self._held_by_graph("graph")

    @property
    def op(self) -> Operation:
        """The operation that stands for it in its graph."""
        self._held_by_graph("op")
        return graphs.operation_of(self._whole._value.node)

    @property
    def initializer(self) -> Operation:
        """The operation that gives it its first value again."""
        if self._initializer is None:
            scope = self._held_by_graph("initializer")._scope
            with context.open_scope(scope), context.without_control(scope):
                before = list(scope.names)
                scope.names[:] = [f"{self._name[:-2]}/Initializer"]
                try:
                    types = [TensorType(refreshed(self._static.symbolic), self._dtype)]
                    self._initial = host_call(self._first_array, [], types, name="initial_value")[0]
                    scope.names[:] = [self._name[:-2]]
                    assigned = dispatch.apply(_record("assign_variable"), (self.handle, self._initial), {}, "Assign")[0]
                finally:
                    scope.names[:] = before
            self._initializer = graphs.operation_of(assigned._value.node)
        return self._initializer  # type: ignore[no-any-return]

    def _first_array(self) -> list[Any]:
        with context.open_scope(None):
            return [frontdoor.convert(self._first()).numpy()]

    @property
    def initial_value(self) -> Any:
        """The tensor of its first value, in its graph."""
        return self._initial if self.initializer is not None else None

    def _as_graph_element(self) -> Any:
        self._held_by_graph("operation")
        return self._whole

    def _read_as_tensor(self) -> Any:
        if self._graph is not None and _reads_at_once(context.scope(), self._graph):
            return self._snapshot
        return super()._read_as_tensor()

    def _after(self, result: Any, read_value: bool) -> Any:
        scope = context.scope()
        if scope is None or scope.ordered:
            return super()._after(result, read_value)
        return result if read_value else graphs.operation_of(result._value.node)

    def numpy(self) -> Any:
        """The present value as an array; it has one beside graphs of TensorFlow 1, too."""
        with context.outside_graphs():
            return super().numpy()

    def eval(self, session: Any = None) -> Any:
        """Its value in a session (the default one where None)."""
        from weft.runtime import session as sessions

        return sessions.evaluate(self, None, session)

    def load(self, value: Any, session: Any = None) -> None:
        """Gives it a value at once."""
        with context.open_scope(None):
            self.assign(frontdoor.to_array(value, self._dtype))


def is_of_graph(variable: Any) -> bool:
    """Whether a graph of TensorFlow 1 holds a variable."""
    return isinstance(variable, Variable) and getattr(variable, "_graph", None) is not None


def _record(op: str) -> Any:
    from weft.ops import opdef

    return opdef.get(op)


def make_variable(*args: Any, **kwargs: Any) -> Variable:
    """A variable of the graph under construction, or an eager one."""
    scope = context.scope()
    if scope is not None and not scope.ordered:
        with context.enter_graph(scope.outermost()):  # out of branches and loops
            made: Variable = with_creators(GraphVariable, args, kwargs)
            return made
    for name in ("collections", "expected_shape", "use_resource"):
        kwargs.pop(name, None)
    return Variable(*args, **kwargs)

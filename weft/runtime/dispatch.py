"""The one place where ops are applied: executed at once, or recorded into the graph under construction, and noted down
by every active tape."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from weft.autodiff import replay
from weft.base import flags, garbage, sources
from weft.base.dtypes import DType
from weft.base.errors import InaccessibleTensorError, InvalidArgumentError, explain
from weft.engines.base import Engine, Executable
from weft.ir.graph import Constant, Graph, Node, Value
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.ops.builder import Builder, GraphBuilder
from weft.ops.opdef import Effect, OpDef
from weft.passes import pipeline
from weft.runtime import context, engine_loader, graph_ops, placement
from weft.runtime import tensor as tensors
from weft.runtime.context import Scope
from weft.runtime.tensor import EagerTensor, Handle, Literal, Replaceable, Tensor, literal, wrap

_engine: Engine | None = None
_chosen = False
#: after an eager op: (record, results); set by `tf.debugging.enable_check_numerics`
check_results: Callable[[OpDef, Sequence[Any]], None] | None = None
#: after an op of a function that is being traced: (record, outputs) to the outputs to go on with; set together with it
check_traced: Callable[[OpDef, tuple[Any, ...]], tuple[Any, ...]] | None = None


def engine() -> Engine:
    """The engine in use."""
    global _engine
    if _engine is None:
        _engine = engine_loader.load()
    return _engine


def use_engine(name: str | None) -> None:
    """Switches to another engine; the default one where None."""
    global _engine, _chosen
    _engine = None if name is None else engine_loader.load(name)
    _chosen = name is not None
    for record in opdef.loaded():
        record.ready.clear()


def chosen() -> bool:
    """Whether the program itself has said which engine to use."""
    return _chosen


def apply(record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any], name: str | None = None) -> tuple[Any, ...]:
    """Applies an op to tensors.

    Args:
        record: The op.
        inputs: Tensors, or objects with `__weft_operation__`, which then decide themselves.
        attrs: Complete attributes.
        name: The node's name, where one is made.

    Returns:
        The outputs, always a tuple.
    """
    for value in inputs:
        if not isinstance(value, Tensor):
            return _delegate(value, record, inputs, attrs, name)
    scope = context.scope()
    tapes = context.tapes()
    if record.higher_order and scope is None and tapes and any(t.follows(record.name, inputs, attrs) for t in tapes):
        plan = replay.recorded(record.name, [tensor.type for tensor in inputs], attrs)
        if plan is not None:
            return _execute_recorded(record, inputs, attrs, plan)
    outputs = _execute(record, inputs, attrs) if scope is None else _record(scope, record, inputs, attrs, name)
    for tape in tapes:
        tape.note(record.name, inputs, outputs, attrs)
    if check_traced is not None and scope is not None and scope.ordered:
        return check_traced(record, outputs)
    return outputs


def _execute_recorded(
    record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any], plan: replay.Plan
) -> tuple[Any, ...]:
    """Runs an op whose graphs read, write or draw, so that tapes can differentiate it without running it again."""
    held = [call("read_variable", inputs[i]) for i in plan.held]
    outputs = _execute(record, inputs, {**attrs, **plan.attrs})
    own = len(outputs) - plan.kept
    kept = outputs[own:]
    given = plan.inputs(inputs, held, kept)
    made = plan.replay_attrs(tensor._array.shape for tensor in kept)
    for tape in context.tapes():
        tape.note(plan.op, given, outputs[:own], made)
    return outputs[:own]


#: functions that hear of every graph before it runs
run_watchers: list[Callable[[Graph], None]] = []


def settle() -> None:
    """Raises what this thread's last run was wrong about, where an engine was to tell later; waits for it."""
    settles = getattr(engine(), "settle", None)
    if settles is not None:
        settles()


def forget() -> None:
    """Waits no more for such a run."""
    forgets = getattr(engine(), "forget", None)
    if forgets is not None:
        forgets()


def compiled(graph: Graph) -> Executable:
    """A graph as the engine runs it: through the passes, compiled once."""
    if run_watchers:
        for watcher in run_watchers:
            watcher(graph)
    chosen = engine()
    found: Executable | None = graph.compiled.get(chosen.name)
    if found is None:
        with garbage.Later():
            traced = getattr(chosen, "compile_traced", None)
            found = chosen.compile(pipeline.run(graph)) if traced is None else traced(graph)
            graph.compiled[chosen.name] = found
    return found


def _delegate(
    value: Any, record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any], name: str | None
) -> tuple[Any, ...]:
    handler = getattr(value, "__weft_operation__", None)
    if handler is None:
        raise TypeError(f"{record.name} takes tensors, received {type(value).__name__}.")
    return tuple(handler(record.name, list(inputs), dict(attrs)))


#: how many kinds of calls of one op are kept ready
_MOST_READY = 512


def _kind(record: OpDef, arrays: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
    """All that decides whether an op takes its arguments, and how it runs: dtypes, shapes, attributes. None where
    these cannot be told in short."""
    if not record.pure:
        return None
    try:
        if record.by_dtype:
            return tuple([array.dtype for array in arrays]) if len(arrays) == len(record.inputs) else None
        plain = not attrs or attrs is record.defaults
        return (() if plain else told(attrs), *[(array.dtype, array.shape) for array in arrays])
    except AttributeError:
        return None


def told(attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Attributes as part of a key. True, 1 and 1.0 are equal, and 0.0 and -0.0, so more than their values is in it."""
    values = attrs.values()
    kinds = tuple(map(type, values))
    if float in kinds:
        return tuple(attrs.items()), kinds, tuple([repr(value) for value in values if value.__class__ is float])
    return tuple(attrs.items()), kinds


def _execute(record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    arrays = []
    for tensor in inputs:
        try:
            arrays.append(tensor._array)
        except AttributeError:
            raise leaked(tensor, "is used outside of it") from None
    kind = _kind(record, arrays, attrs)
    try:
        ready = record.ready.get(kind)
    except TypeError:  # an attribute that has no hash
        kind = ready = None
    if ready is None:
        return _execute_new(record, inputs, arrays, attrs, kind)
    try:
        result = ready.run(*arrays)
    except REFUSALS as error:
        if record.by_dtype:
            record.infer([tensor.type for tensor in inputs], attrs)
        raise _worded(record, inputs, error) from None
    if result.__class__ is not np.ndarray:
        results = as_arrays(result)
        if len(results) != 1:
            if check_results is not None:
                check_results(record, results)
            return tuple(map(EagerTensor, results))
        result = results[0]
    if check_results is not None:
        check_results(record, (result,))
    return (EagerTensor(result),)


def at_once() -> bool:
    """Whether ops run at once and nobody looks at their results; the same is written out where it has to be quick."""
    return context.scope() is None and check_results is None


def single(record: OpDef, x: EagerTensor, call: tuple[Any, ...] = ()) -> EagerTensor | None:
    """An op with one result on an eager tensor, the short way.

    Args:
        record: The op.
        x: The tensor.
        call: What stands for the attributes, as it was given to `remember`; () for no attributes.

    Returns:
        None where a graph is being built, and where no such call has been accepted before: then it takes `apply`.
    """
    scopes = context.local.scopes
    if (scopes[-1] is not None if scopes else context.process["graph_mode"]) or check_results is not None:
        return None
    array = x._array
    ready = record.ready.get((array.dtype,) if record.by_dtype else (call, (array.dtype, array.shape)))
    if ready is None:
        return None
    try:
        result = ready.run(array)
    except REFUSALS:
        return None  # and `apply` words it
    made = EagerTensor(result if result.__class__ is np.ndarray else np.asarray(result))
    for tape in context.local.tapes:
        tape.note(record.name, (x,), (made,), ready.attrs)
    return made


def pair(record: OpDef, x: EagerTensor, y: EagerTensor, call: tuple[Any, ...] = ()) -> EagerTensor | None:
    """The same on two eager tensors."""
    scopes = context.local.scopes
    if (scopes[-1] is not None if scopes else context.process["graph_mode"]) or check_results is not None:
        return None
    a, b = x._array, y._array
    ready = record.ready.get(
        (a.dtype, b.dtype) if record.by_dtype else (call, (a.dtype, a.shape), (b.dtype, b.shape))
    )
    if ready is None:
        return None
    try:
        result = ready.run(a, b)
    except REFUSALS:
        return None
    made = EagerTensor(result if result.__class__ is np.ndarray else np.asarray(result))
    for tape in context.local.tapes:
        tape.note(record.name, (x, y), (made,), ready.attrs)
    return made


def several(record: OpDef, tensors: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[EagerTensor, ...] | None:
    """The same on any number of tensors, with any number of results.

    Args:
        record: The op.
        tensors: The operands.
        attrs: The attributes, with or without those that have their defaults.
    """
    scopes = context.local.scopes
    if (scopes[-1] is not None if scopes else context.process["graph_mode"]) or check_results is not None:
        return None
    arrays = []
    for tensor in tensors:
        if tensor.__class__ is not EagerTensor:
            return None
        arrays.append(tensor._array)
    try:
        ready = record.ready.get(_kind(record, arrays, attrs))
        if ready is None:
            return None
        result = ready.run(*arrays)
    except REFUSALS:
        return None
    if result.__class__ is np.ndarray:
        made: tuple[EagerTensor, ...] = (EagerTensor(result),)
    else:
        made = tuple(map(EagerTensor, as_arrays(result)))
    for tape in context.local.tapes:
        tape.note(record.name, tensors, made, ready.attrs)
    return made


def finish(
    record: OpDef, tensors: Sequence[Any], attrs: Mapping[str, Any], name: str | None = None
) -> tuple[Any, ...]:
    """Applies an op whose attributes may lack those that have their defaults."""
    made = several(record, tensors, attrs)
    if made is not None:
        return made
    whole = record.complete(attrs)
    outputs = apply(record, tensors, whole, name)
    if len(whole) != len(attrs):
        remember(record, attrs, tensors, whole)
    return outputs


def read(handle: Handle) -> EagerTensor | None:
    """The value of a variable, the short way; None where a graph is being built, or where it has no value."""
    scopes = context.local.scopes
    if (scopes[-1] is not None if scopes else context.process["graph_mode"]) or check_results is not None:
        return None
    array = handle._array.read()
    if array.__class__ is not np.ndarray:
        return None
    made = EagerTensor(array)
    for tape in context.local.tapes:
        tape.note("read_variable", (handle,), (made,), _NO_ATTRS)
    return made


_NO_ATTRS: Mapping[str, Any] = {}


def write(record: OpDef, handle: Handle, value: EagerTensor) -> bool:
    """Gives a variable a value, or adds one to it, the short way; False where it takes `apply`.

    That is where a graph is being built or tapes record, and where dtype and shape are not the variable's very own.
    """
    scopes = context.local.scopes
    if (scopes[-1] is not None if scopes else context.process["graph_mode"]) or check_results is not None:
        return False
    held, array, cell = handle.handle_type, value._array, handle._array
    if context.local.tapes or array.dtype is not held.dtype.numpy or array.shape != held.shape:
        return False
    try:
        with cell.lock:
            record.reference(cell, array)
    except REFUSALS:
        return False  # nothing is written then
    return True


def remember(
    record: OpDef, call: tuple[Any, ...] | Mapping[str, Any], tensors: Sequence[Any], attrs: Mapping[str, Any]
) -> None:
    """Lets what has just been applied be found the short way, under another name than all of its attributes.

    Args:
        record: The op.
        call: For `single` and `pair` what the attributes were made of, beginning with a text: equal only to what gives
            equal attributes. For `several` some of the attributes.
        tensors: The operands.
        attrs: The attributes, complete.
    """
    if not record.pure or len(record.ready) >= _MOST_READY or any(t.__class__ is not EagerTensor for t in tensors):
        return
    arrays = [tensor._array for tensor in tensors]
    try:
        ready = record.ready.get(_kind(record, arrays, attrs))
    except TypeError:
        return
    if ready is not None:
        short = call.__class__ is tuple
        kind = (call, *[(a.dtype, a.shape) for a in arrays]) if short else _kind(record, arrays, call)  # type: ignore[arg-type]
        record.ready[kind] = ready


def as_arrays(result: Any) -> tuple[Any, ...]:
    """What a reference gives, as a tuple of arrays."""
    results = result if isinstance(result, tuple) else (result,)
    return tuple(r if isinstance(r, np.ndarray) else np.asarray(r) for r in results)


#: whether an op has run in this process
_started = False


def started() -> bool:
    """Whether an op has run, so that what engines are told before they start comes too late."""
    return _started


def _execute_new(
    record: OpDef, inputs: Sequence[Any], arrays: list[Any], attrs: Mapping[str, Any], kind: Any
) -> tuple[Any, ...]:
    """Runs an op on arguments of a kind that it may refuse; the next time that kind is ready."""
    global _started
    _started = True
    types = record.infer([tensor.type for tensor in inputs], attrs)
    try:
        if record.name == "call":
            results = tuple(compiled(attrs["graph"]).run(arrays))
        else:
            results = engine().execute(record.name, arrays, attrs)
    except REFUSALS as error:
        raise _worded(record, inputs, error) from None
    if kind is not None and all(type.handle is None for type in types) and not any(map(holds, attrs.values())):
        ready = engine().prepare(record, arrays, attrs)
        if ready is not None:
            if len(record.ready) >= _MOST_READY:
                record.ready.clear()
            record.ready[kind] = ready
    if check_results is not None:
        check_results(record, results)
    return tuple(
        Handle(result, type.handle) if type.handle is not None else EagerTensor(result)
        for result, type in zip(results, types, strict=True)
    )


def holds(value: Any) -> bool:
    """Whether an attribute is more than `told` tells: an array, a graph, a function of the program, or a number with a
    sign that does not show when it is compared."""
    if isinstance(value, (tuple, list)):
        return any((item.__class__ is float and item == 0) or holds(item) for item in value)
    if isinstance(value, (complex, np.inexact)):
        return bool(value == 0)
    return isinstance(value, (Constant, Graph)) or callable(value)


#: what references raise at values that they do not take
REFUSALS = (ValueError, TypeError, IndexError, ZeroDivisionError, np.linalg.LinAlgError)


def _worded(record: OpDef, inputs: Sequence[Any], error: Exception) -> Exception:
    """What an op's reference has raised, as users are told."""
    if isinstance(error, InvalidArgumentError) or flags.debug():
        return error
    received = [f"{record.input_name(i)}: {t.type}" for i, t in enumerate(inputs)]
    return InvalidArgumentError(explain(f"{record.name}: {error}", received=received))


def _record(
    scope: Scope, record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any], name: str | None
) -> tuple[Any, ...]:
    home = None if scope.ordered else _home(scope, inputs)
    if home is not None:
        with context.enter_graph(home):
            return _record(home, record, inputs, attrs, name)
    if scope.ordered:
        stack, part = context.names(), context.part()
        label = "/".join([*([part] if part else []), *stack, name or record.name]) if stack or part else name
        values = [resolve(tensor, scope) for tensor in inputs]
        extra: list[Value] = []
    else:
        label, values, extra = _named(scope, record, inputs, attrs, name)
    handles = [value for value in values if value.type.is_resource]
    host = record.effect is Effect.HOST
    writes = record.effect in (Effect.WRITE, Effect.HOST)
    if record.higher_order:
        writes = writes or any(g.has_effects() for g in attrs.values() if isinstance(g, Graph))
    effectful = bool(handles) or host or writes or bool(scope.control)
    control = scope.control_for(handles, writes, host) if effectful else []
    builder = GraphBuilder(scope.graph, sources.user_line(), control)
    node = builder.node(record, values, attrs, name=label)
    if effectful:
        scope.note_effect(node, handles, writes, host)
    devices = context.devices()
    if devices and devices[-1]:
        node.metadata["device"] = placement.device_of(devices, node_result(node))
    if extra:
        node.metadata["operands"] = extra
    return tuple(wrap(value) for value in node.outputs) or (node_result(node),)


def _home(scope: Scope, inputs: Sequence[Any]) -> Scope | None:
    """The other graph of TensorFlow 1 that an op goes into because its first tensor of a graph belongs there."""
    value = next((tensor._value for tensor in inputs if getattr(tensor, "_value", None) is not None), None)
    if value is None:
        return None
    graph = value.node.graph
    around: Scope | None = scope
    while around is not None:
        if around.graph is graph:
            return None
        around = around.outer
    found: Scope | None = None if graph.wrapper is None else graph.wrapper._scope
    return None if found is None or found.ordered else found


def _named(
    scope: Scope, record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any], name: str | None
) -> tuple[str, list[Value], list[Value]]:
    """In TensorFlow 1's graphs: the node's name, its operands, and constants that only TensorFlow has as operands."""
    shown = graph_ops.shown(record.name)
    if name is not None and name.endswith("/"):
        context.check_name(name, "node")
        label = scope.graph.reserve_exactly(name[:-1])
    else:
        label = scope.graph.reserve(context.node_name(name or graph_ops.name_of(record.name, attrs)))
    values: list[Value] = []
    for position, tensor in enumerate(inputs):
        if isinstance(tensor, EagerTensor):
            known = position < len(shown.operands) and shown.operands[position]
            operand = shown.operands[position] if known else f"{shown.rest}_{position}"
            values.append(_constant(scope, tensor._array.copy(), f"{label}/{operand}"))
        else:
            values.append(resolve(tensor, scope))
    made, outside = graph_ops.constants(record.name, attrs, values)
    extra = [_constant(scope, array, context.qualified("Const") if outside else f"{label}/{operand}")
             for operand, array in made]  # fmt: skip
    return label, values, extra


def _constant(scope: Scope, array: Any, name: str) -> Value:
    return GraphBuilder(scope.graph).node(opdef.get("constant"), (), {"value": Constant(array)}, name=name).outputs[0]


def node_result(node: Node) -> Any:
    """What stands for a node without outputs; `weft.runtime.graph` makes it an Operation."""
    importlib.import_module("weft.runtime.graph")
    return tensors.operation_of(node)


def resolve(tensor: Any, scope: Scope) -> Value:
    """The value that stands for a tensor inside a scope: its own, a constant, or a captured input.

    A single integer is a constant; a single float from outside is captured, because it may be differentiated.

    Raises:
        InaccessibleTensorError: For a tensor of a graph that is not around this one.
    """
    value = getattr(tensor, "_value", None)
    if value is not None:
        if value.node.graph is scope.graph:
            return value  # type: ignore[no-any-return]
        outer = scope.outer
        while outer is not None and outer.graph is scope.graph:
            outer = outer.outer
        if outer is None:
            raise leaked(tensor, f"is used in graph `{scope.graph.name}`")
        return _capture(scope, wrap(resolve(tensor, outer)), value.type)
    if isinstance(tensor, EagerTensor):
        if not scope.ordered or (tensor._array.size <= 1 and not _may_be_followed(tensor)):
            found = scope.captured.get(id(tensor))
            if found is None:
                builder = GraphBuilder(scope.graph)
                record = opdef.get("constant")
                made = builder.node(record, (), {"value": Constant(tensor._array.copy())}, name="Const")
                found = scope.captured[id(tensor)] = (tensor, made.outputs[0])
            return found[1]
        return _capture(scope, tensor, tensor.type)
    if isinstance(tensor, Handle):
        return _capture_handle(scope, tensor)
    raise TypeError(f"Not a tensor: {tensor!r}.")


def _may_be_followed(tensor: EagerTensor) -> bool:
    """Whether a tape outside of the graph may ask for a gradient at a tensor, or a file for another in its place."""
    if isinstance(tensor, Replaceable):
        return True
    return not isinstance(tensor, Literal) and (tensor.dtype.is_floating or tensor.dtype.is_complex)


def _capture(scope: Scope, tensor: Any, type: TensorType) -> Value:
    found = scope.captured.get(id(tensor))
    if found is None:
        value = scope.graph.capture(_Key(tensor), type)
        found = scope.captured[id(tensor)] = (tensor, value)
    return found[1]


def _capture_handle(scope: Scope, handle: Handle) -> Value:
    """A cell is captured once, by whichever handle; nested scopes pass it inwards."""
    found = scope.captured.get(id(handle._array))
    if found is None:
        if scope.outer is not None:
            resolve(handle, scope.outer)
        label = getattr(handle._array, "name", "") or "variable"
        # in a graph of TensorFlow 1 the variable's own name is taken, and the next variable counts on it
        value = scope.graph.capture(_Key(handle), handle.type, label if scope.ordered else f"{label}/handle")
        found = scope.captured[id(handle._array)] = (handle, value)
    return found[1]


class _Key:
    """A key by identity: tensors compare element by element."""

    __slots__ = ("target",)

    def __init__(self, target: Any) -> None:
        self.target = target

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.target is other.target

    def __hash__(self) -> int:
        return id(self.target)


def leaked(tensor: Any, how: str) -> InaccessibleTensorError:
    """The error for a symbolic tensor that is used where its graph is not being built."""
    node = tensor._value.node
    return InaccessibleTensorError(
        explain(f"Tensor `{node.name}` of graph `{node.graph.name}`{tensors.made_at(node)} {how}.",
                received=str(tensor.type), hint=tensors.LEAKED_HINT)  # fmt: skip
    )


def call(op: str, *inputs: Any, **attrs: Any) -> Any:
    """Applies the op of that name to tensors; one output comes bare, several as a tuple."""
    outputs = finish(opdef.get(op), inputs, attrs)
    return outputs[0] if len(outputs) == 1 else outputs


class DispatchBuilder(Builder):
    """Applies gradient rules to tensors: at once when eager, into the graph under construction otherwise."""

    def shape(self, value: Any) -> tuple[Any, ...]:
        """The sizes and symbols of a tensor's shape."""
        return value._array.shape if value.__class__ is EagerTensor else super().shape(value)

    def knows_rank(self, value: Any) -> bool:
        """Whether `shape` has an answer."""
        return value.__class__ is EagerTensor or super().knows_rank(value)

    def apply(self, record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
        """Applies an op through the dispatcher."""
        return apply(record, inputs, attrs)

    def differentiating(self, application: Any) -> None:
        """Gradients belong to the part of the program whose results they are of."""
        if context.scope() is not None:
            value = None if application is None else getattr(application.outputs[0], "_value", None)
            context.set_part("" if value is None else value.node.name.rpartition("/")[0])

    def node_behind(self, value: Any) -> Node | None:
        """The node that makes a symbolic tensor; None for an eager one."""
        found = getattr(value, "_value", None)
        return None if found is None else found.node

    def of_value(self, value: Value) -> Any:
        """A value of a graph as a tensor."""
        return wrap(value)

    def has_read(self, handle: Any, value: Value) -> Any:
        """The same for what a read of a variable has given, which tapes have not seen yet."""
        found = wrap(value)
        for tape in context.tapes():
            tape.note("read_variable", [handle], [found], {})
        return found

    def constant(self, value: Any, dtype: DType | None = None) -> Any:
        """A constant: an eager tensor, which a graph under construction takes in as a constant node."""
        return literal(np.asarray(value, dtype=None if dtype is None else dtype.numpy))


builder = DispatchBuilder()

"""TensorFlow 1's view of graphs: `Graph`, `Operation`, collections, names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from weft.base import nest, sources
from weft.base.errors import explain, nearest
from weft.ir import graph as ir
from weft.ops import opdef
from weft.ops.builder import GraphBuilder
from weft.runtime import context, graph_ops
from weft.runtime import tensor as tensors
from weft.runtime.context import Scope
from weft.runtime.tensor import SymbolicTensor, Tensor, wrap


class Operation:
    """A node of a graph, as TensorFlow 1 shows it."""

    def __init__(self, node: ir.Node) -> None:
        self._node = node

    @property
    def node(self) -> ir.Node:
        """The node of the IR."""
        return self._node

    @property
    def name(self) -> str:
        """Its name."""
        return self._node.name

    @property
    def type(self) -> str:
        """The op's name, as TensorFlow 1 has it: `"MatMul"`."""
        return graph_ops.type_of(self._node)

    @property
    def graph(self) -> Graph:
        """Its graph."""
        return wrapper_of(self._node.graph)

    @property
    def inputs(self) -> list[Any]:
        """The tensors that it reads."""
        extra = self._node.metadata.get("operands", ())
        return [wrap(value) for value in (*self._node.inputs, *extra) if not value.type.is_resource]

    @property
    def outputs(self) -> list[Any]:
        """The tensors that it makes."""
        return [wrap(value) for value in self._node.outputs]

    @property
    def control_inputs(self) -> list[Operation]:
        """The operations that run before it though it reads nothing of them."""
        return [operation_of(node) for node in self._node.control]

    @property
    def device(self) -> str:
        """Where it is to run, if that was said."""
        return str(self._node.metadata.get("device", ""))

    @property
    def node_def(self) -> Any:
        """Its message in the graph's GraphDef."""
        return next(node for node in self.graph.as_graph_def().node if node.name == self.name)

    @property
    def op_def(self) -> Any:
        """What operations of its type take and give: an OpDef message."""
        return definitions().op_def(self.type)

    @property
    def traceback(self) -> tuple[tuple[str, int, str, str], ...]:
        """The line of the program that made it, as `(file, line, function, text)`; empty where it is not known."""
        source = self._node.source
        return () if source is None else ((source.file, source.line, source.function, source.text),)

    # TensorFlow's own names with an underscore, which programs read all the same

    _inputs, _outputs, _control_inputs, _graph, _node_def = inputs, outputs, control_inputs, graph, node_def

    @property
    def _id(self) -> int:
        return self.graph.get_operations().index(self)

    @property
    def _input_types(self) -> list[Any]:
        return [tensor.dtype for tensor in self.inputs]

    def values(self) -> tuple[Any, ...]:
        """The tensors that it makes, as a tuple."""
        return tuple(self.outputs)

    def get_attr(self, name: str) -> Any:
        """An attribute.

        Raises:
            ValueError: Where it has none of that name.
        """
        if name in self._node.attrs:
            return self._node.attrs[name]
        if name == "_gradient_op_type" and "gradient" in self._node.metadata:
            return str(self._node.metadata["gradient"]).encode()
        from weft.runtime.graph_export import attributes_of

        given = attributes_of(self.node_def)
        if name not in given:
            known = [*self._node.attrs, *given]
            raise ValueError(f"Operation {self.name} has no attribute {name!r}. {nearest(name, known)}")
        return given[name]

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Runs it in a session (the default one where None)."""
        tensors.evaluate_in_session(self, feed_dict, session)

    def __repr__(self) -> str:
        return f"<tf.Operation '{self.name}' type={self.type}>"

    def __str__(self) -> str:
        return str(self.node_def)

    def __reduce__(self) -> Any:
        raise TypeError(f"{self!r} belongs to a graph and cannot be pickled on its own.")


def operation_of(node: ir.Node) -> Operation:
    """The operation of a node; the same one every time."""
    found = node.metadata.get("operation")
    if found is None:
        found = node.metadata["operation"] = Operation(node)
    return found


def _not_known() -> Any:
    raise NotImplementedError(explain(
        "TensorFlow's operations are known by their type once version 1's names are there.",
        hint="import weft.compat.v1",
    ))  # fmt: skip


#: gives what knows TensorFlow's operations by their type (`create_op`, `op_def`); compat sets it
definitions: Callable[[], Any] = _not_known


class GraphKeys:
    """Names of the collections that TensorFlow 1 keeps."""

    GLOBAL_VARIABLES = "variables"
    VARIABLES = "variables"
    LOCAL_VARIABLES = "local_variables"
    MODEL_VARIABLES = "model_variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    REGULARIZATION_LOSSES = "regularization_losses"
    LOSSES = "losses"
    UPDATE_OPS = "update_ops"
    SUMMARIES = "summaries"
    GLOBAL_STEP = "global_step"
    INIT_OP = "init_op"
    QUEUE_RUNNERS = "queue_runners"
    TABLE_INITIALIZERS = "table_initializer"
    SAVERS = "savers"
    WEIGHTS = "weights"
    BIASES = "biases"
    ACTIVATIONS = "activations"
    TRAIN_OP = "train_op"
    LOCAL_INIT_OP = "local_init_op"
    READY_OP = "ready_op"
    READY_FOR_LOCAL_INIT_OP = "ready_for_local_init_op"
    SUMMARY_OP = "summary_op"
    EVAL_STEP = "eval_step"
    METRIC_VARIABLES = "metric_variables"
    SAVEABLE_OBJECTS = "saveable_objects"
    ASSET_FILEPATHS = "asset_filepaths"
    LAYER_VARIABLES = "layer_variables"
    CONCATENATED_VARIABLES = "concatenated_variables"
    TRAINABLE_RESOURCE_VARIABLES = "trainable_resource_variables"
    RESOURCES = "resources"
    LOCAL_RESOURCES = "local_resources"
    COND_CONTEXT = "cond_context"
    WHILE_CONTEXT = "while_context"


class Graph:
    """A graph to build into: `with tf.Graph().as_default(): ...`.

    Example:
        >>> import weft as tf
        >>> graph = tf.Graph()
        >>> with graph.as_default():
        ...     total = tf.constant(1.0) + 2.0
        >>> total.graph is graph
        True
    """

    def __init__(self, scope: Scope | None = None) -> None:
        self._scope = scope if scope is not None else Scope(ir.Graph("graph"), None, ordered=False)
        self._scope.graph.wrapper = self
        self._collections: dict[str, list[Any]] = {}
        self.seed: int | None = None
        self.finalized = False
        self._unfeedable: dict[int, Any] = {}
        self._unfetchable: dict[int, Any] = {}

    @property
    def ir(self) -> ir.Graph:
        """The graph of the IR."""
        return self._scope.graph

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Within the block ops are added to this graph."""
        with context.enter_graph(self._scope):
            yield self

    def finalize(self) -> None:
        """Refuses further operations."""
        self.finalized = True
        self._scope.graph.frozen = True

    def get_operations(self) -> list[Operation]:
        """All operations, in order."""
        return [operation_of(node) for node in self.ir.nodes if graph_ops.is_shown(node)]

    def get_operation_by_name(self, name: str) -> Operation:
        """The operation of that name.

        Raises:
            KeyError: With the nearest names, where there is none.
            ValueError: For the name of a tensor.
        """
        if not isinstance(name, str):
            raise TypeError(f"Operations are looked up by name, received {name!r}.")
        node = self.ir.names.get(name)
        if node is None and ":" in name:
            raise ValueError(f"{name!r} names a tensor, not an operation: use get_tensor_by_name, or leave `:` off.")
        if node is None:
            known = [other for other, made in self.ir.names.items() if graph_ops.is_shown(made)]
            raise KeyError(f"The name {name!r} refers to an operation that is not in the graph. {nearest(name, known)}")
        return operation_of(node)

    def _operation_called(self, name: str | None) -> Operation | None:
        """The operation of that name, None where there is none."""
        node = None if name is None else self.ir.names.get(name)
        return None if node is None else operation_of(node)

    def get_tensor_by_name(self, name: str) -> Any:
        """The tensor of that name, such as `"add:0"`.

        Raises:
            ValueError: For a name without an output number.
            KeyError: Where there is none.
        """
        if not isinstance(name, str):
            raise TypeError(f"Tensors are looked up by name, received {name!r}.")
        base, colon, index = name.rpartition(":")
        if not colon or not index.isdigit():
            raise ValueError(f"A tensor is named `operation:output`, such as `{name}:0`; received {name!r}.")
        outputs = self.get_operation_by_name(base).outputs
        if int(index) >= len(outputs):
            raise KeyError(f"Operation {base!r} has {len(outputs)} outputs; {name!r} asks for another.")
        return outputs[int(index)]

    def as_graph_element(self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        """The tensor or operation that an object or a name stands for.

        Raises:
            TypeError: For what stands for neither.
            ValueError: For one of another graph.
        """
        if isinstance(obj, str):
            return self.get_tensor_by_name(obj) if ":" in obj else self.get_operation_by_name(obj)
        element = obj._as_graph_element() if hasattr(obj, "_as_graph_element") else obj
        if isinstance(element, (SymbolicTensor, Operation)):
            owner = element.graph
            if owner is not self:
                raise ValueError(explain(f"{element!r} is not an element of this graph."))
            return element
        raise TypeError(f"{obj!r} ({type(obj).__name__}) is neither a tensor nor an operation of a graph.")

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """A name that no operation has yet.

        Args:
            name: The name that is wanted, inside the open name scopes; `_1`, `_2`, … follow it where it is taken.
            mark_as_used: Whether it counts as taken from now on.
        """
        return self.ir.unique_name(context.qualified(name), take=mark_as_used)

    def add_to_collection(self, name: str, value: Any) -> None:
        """Puts a value into a collection."""
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Puts a value into several collections."""
        for name in [names] if isinstance(names, str) else names:
            self.add_to_collection(name, value)

    def get_collection(self, name: str, scope: str | None = None) -> list[Any]:
        """A copy of a collection; with a scope, of the members whose name matches it."""
        import re

        members = list(self._collections.get(name, []))
        if scope is None:
            return members
        pattern = re.compile(scope)
        return [m for m in members if hasattr(m, "name") and pattern.match(m.name)]

    def get_collection_ref(self, name: str) -> list[Any]:
        """A collection itself."""
        return self._collections.setdefault(name, [])

    def get_all_collection_keys(self) -> list[str]:
        """The names of the collections that are not empty."""
        return [name for name, members in self._collections.items() if members]

    def clear_collection(self, name: str) -> None:
        """Empties a collection."""
        self._collections.pop(name, None)

    def is_feedable(self, tensor: Any) -> bool:
        """Whether a run can be given a value for a tensor."""
        return id(tensor) not in self._unfeedable

    @property
    def restricts_feeds(self) -> bool:
        """Whether there is something that cannot be fed."""
        return bool(self._unfeedable)

    def prevent_feeding(self, tensor: Any) -> None:
        """Refuses values for a tensor from now on."""
        self._unfeedable[id(tensor)] = tensor

    def is_fetchable(self, tensor_or_op: Any) -> bool:
        """Whether a run can give the value of a tensor, or run an operation."""
        return id(tensor_or_op) not in self._unfetchable

    @property
    def restricts_fetches(self) -> bool:
        """Whether there is something that cannot be fetched."""
        return bool(self._unfetchable)

    def prevent_fetching(self, op: Any) -> None:
        """Refuses an operation and its outputs as fetches from now on."""
        for item in (op, *op.outputs):
            self._unfetchable[id(item)] = item

    def name_scope(self, name: str) -> Any:
        """As `tf.name_scope`, within this graph."""
        from weft.runtime.scopes import NameScope

        return NameScope(name)

    @contextmanager
    def device(self, device_name_or_function: Any) -> Iterator[None]:
        """As `tf.device`."""
        name = device_name_or_function
        if hasattr(name, "to_string"):  # a DeviceSpec
            name = name.to_string()
        context.devices().append(name if isinstance(name, str) or callable(name) else "")
        try:
            yield
        finally:
            context.devices().pop()

    def gradient_override_map(self, op_type_map: Any) -> Any:
        """Within the block operations of some types get gradients that `tf.RegisterGradient` has under other names.

        Args:
            op_type_map: From types of operations to names.

        Raises:
            TypeError: For what maps anything but strings to strings.
        """
        from weft.runtime.gradient_overrides import override

        return override(self.ir, op_type_map)

    def create_op(self, op_type: str, inputs: Any, dtypes: Any = None, input_types: Any = None,
                  name: str | None = None, attrs: Any = None, op_def: Any = None, compute_shapes: bool = True,
                  compute_device: bool = True) -> Operation:  # fmt: skip
        """Makes an operation of TensorFlow's by its type.

        Args:
            op_type: Its type, such as `MatMul`.
            inputs: Its operands, the members of lists in a row.
            dtypes: Accepted: the dtypes of its results follow from its operands and attributes.
            input_types: Accepted.
            name: Its name; its type where None.
            attrs: Its attributes, AttrValue messages by name; dtypes that operands tell may be left out.
            op_def: Accepted.
            compute_shapes: Accepted.
            compute_device: Accepted.

        Raises:
            NotFoundError: For a type that is not known.
        """
        return definitions().create_op(self, op_type, inputs, name, attrs)  # type: ignore[no-any-return]

    @contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        """Accepted: everything runs in this process."""
        yield

    @contextmanager
    def container(self, container_name: str) -> Iterator[None]:
        """Accepted: variables belong to their session."""
        yield

    def get_name_scope(self) -> str:
        """The name scope that is open, without a `/` at its end; empty outside of all."""
        return context.path()

    @contextmanager
    def control_dependencies(self, control_inputs: Sequence[Any] | None) -> Iterator[None]:
        """What is added within the block runs after these; None takes away what the blocks around it ask for."""
        if control_inputs is None:
            with context.without_control(self._scope):
                yield
            return
        with context.after(self._scope, map(node_of, nest.flatten(list(control_inputs)))):
            yield

    def as_graph_def(self, from_version: Any = None, add_shapes: bool = False, use_pybind11_proto: bool = False) -> Any:
        """The graph as TensorFlow's GraphDef message, which TensorFlow runs.

        Args:
            from_version: Accepted.
            add_shapes: Whether nodes say their outputs' shapes.
            use_pybind11_proto: Accepted.

        Example:
            >>> import weft.compat.v1 as tf
            >>> with tf.Graph().as_default() as graph:
            ...     y = tf.placeholder(tf.float32, [None], name="x") + 1.0
            >>> [node.op for node in graph.as_graph_def().node]
            ['Placeholder', 'Const', 'Add']
        """
        from weft.runtime.graph_export import graph_def

        return graph_def(self, add_shapes)

    @property
    def graph_def_versions(self) -> Any:
        """The versions that its GraphDef is marked with, as a VersionDef message."""
        from weft.formats.messages.graph import VersionDef
        from weft.runtime.graph_export import PRODUCER

        return VersionDef(producer=PRODUCER)

    @property
    def version(self) -> int:
        """How many operations the graph has; TensorFlow's number, where functions make as many operations here."""
        return graph_ops.count(self.ir)

    @property
    def building_function(self) -> bool:
        """Whether this is a traced function's graph."""
        return self._scope.ordered

    def __repr__(self) -> str:
        return f"<tf.Graph with {len(self.ir.nodes)} operations>"


class FuncGraph(Graph):
    """The graph of a traced function, while it is traced and afterwards."""

    @property
    def name(self) -> str:
        """The function's name."""
        return self.ir.name

    @property
    def inputs(self) -> list[Any]:
        """The symbolic arguments, and behind them what stands for things of outside."""
        own = self.ir.inputs
        return [wrap(value) for value in (*own, *(v for v in self.ir.captures.values() if v not in own))]

    @property
    def outputs(self) -> list[Any]:
        """The symbolic results; none before the function has returned."""
        return [wrap(value) for value in self.ir.outputs]

    @property
    def captures(self) -> list[tuple[Any, Any]]:
        """Pairs of a tensor or variable's handle of outside and what stands for it."""
        return [(key.target, wrap(value)) for key, value in self.ir.captures.items()]

    @property
    def external_captures(self) -> list[Any]:
        """What it uses of outside."""
        return [outside for outside, _ in self.captures]

    @property
    def internal_captures(self) -> list[Any]:
        """What stands for that."""
        return [inside for _, inside in self.captures]

    @property
    def variables(self) -> tuple[Any, ...]:
        """The variables that it uses."""
        found = (getattr(handle._array, "variable", lambda: None)() for handle in self.external_captures
                 if isinstance(handle, tensors.Handle))  # fmt: skip
        return tuple(variable for variable in found if variable is not None)

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """The trainable variables that it uses."""
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def outer_graph(self) -> Graph:
        """The graph around it: that of the function around, else the default graph."""
        outer = self._scope.outer
        return wrapper_of(outer.graph) if outer is not None else _wrap(context.default_scope())

    def __repr__(self) -> str:
        return f"FuncGraph(name={self.name}, id={id(self)})"


def node_of(item: Any) -> ir.Node:
    """The node behind a tensor, an operation or a variable."""
    element = item._as_graph_element() if hasattr(item, "_as_graph_element") else item
    if isinstance(element, Operation):
        return element.node
    if isinstance(element, SymbolicTensor):
        return element._value.node
    raise TypeError(f"{item!r} ({type(item).__name__}) is neither a tensor nor an operation of a graph.")


def wrapper_of(graph: ir.Graph) -> Graph:
    """TensorFlow 1's view of a graph; the same one every time."""
    found = graph.wrapper
    if found is None:
        for scope in [s for s in (context.scope(),) if s is not None and s.graph is graph]:
            return FuncGraph(scope) if scope.ordered else Graph(scope)
        return FuncGraph(Scope(graph, None, ordered=True))
    return found  # type: ignore[no-any-return]


def default_graph() -> Graph:
    """The graph that ops are added to now; inside a branch or a loop of TensorFlow 1, the graph that it is part of."""
    scope = context.scope()
    while scope is not None and not scope.ordered and scope.outer is not None:
        scope = scope.outer
    return wrapper_of((scope or context.default_scope()).graph) if scope is not None else _wrap(context.default_scope())


def _wrap(scope: Scope) -> Graph:
    found = scope.graph.wrapper
    return found if found is not None else Graph(scope)


def reset_default_graph() -> None:
    """Starts a new default graph.

    Raises:
        AssertionError: Within the block of a graph or a session, whose graph this would not be.
    """
    scope = context.scope()
    if scope is not None and scope is not context.default_scope():
        raise AssertionError(explain("Do not use tf.reset_default_graph() to clear nested graphs.",
                                     hint="call it outside of `with graph.as_default()` and sessions"))  # fmt: skip
    context.set_default_scope(None)


def no_op(name: str | None = None) -> Any:
    """An operation that does nothing; None when eager."""
    scope = context.scope()
    if scope is None:
        return None
    before = [node for group in scope.control for node in group]
    label = _label(scope, name or "NoOp")
    return operation_of(GraphBuilder(scope.graph, None, before).node(opdef.get("no_op"), (), {}, name=label))


def _label(scope: Scope, name: str) -> str:
    """A node's name: inside the open name scopes, or as it is where it ends with `/`."""
    if not name.endswith("/"):
        return context.node_name(name)
    context.check_name(name, "node")
    return scope.graph.reserve_exactly(name[:-1])


def group(*inputs: Any, name: str | None = None) -> Any:
    """An operation that has run when all of these have; None when eager."""
    scope = context.scope()
    if scope is None:
        return None
    before = [node_of(item) for item in nest.flatten(list(inputs)) if item is not None]
    before += [node for held in scope.control for node in held]
    label = _label(scope, name or "group_deps")
    return operation_of(GraphBuilder(scope.graph, None, before).node(opdef.get("no_op"), (), {}, name=label))


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Any:
    """A tensor that each run is given a value for.

    Raises:
        RuntimeError: When eager.
    """
    from weft.base import dtypes
    from weft.base.shapes import TensorShape, refreshed
    from weft.ir.types import TensorType

    scope = context.scope()
    if scope is None:
        raise RuntimeError(
            explain("tf.placeholder is for graphs, and ops run at once here.",
                    hint="build inside `with tf.Graph().as_default():`, or call tf.compat.v1.disable_eager_execution() "
                    "first")  # fmt: skip
        )
    type = TensorType(refreshed(TensorShape(shape).symbolic), dtypes.as_dtype(dtype))
    value = scope.graph.add_input(type, _label(scope, name or "Placeholder"))
    value.node.source = sources.user_line()
    return wrap(value)


def is_feedable(tensor: Any) -> bool:
    """Whether a run can be given a value for a tensor."""
    return isinstance(tensor, Tensor)


tensors.operation_of = operation_of
tensors.graph_wrapper = wrapper_of

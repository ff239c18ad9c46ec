"""Graphs, sessions, variables and collections, as TensorFlow 1 has them."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

import weft
from weft.base import dimension
from weft.base.dimension import Dimension as Dimension
from weft.base.errors import explain
from weft.compat.v1 import gradient_counts
from weft.compat.v1.configs import ConfigProto as ConfigProto
from weft.compat.v1.configs import GPUOptions as GPUOptions
from weft.compat.v1.configs import GraphOptions as GraphOptions
from weft.compat.v1.configs import OptimizerOptions as OptimizerOptions
from weft.compat.v1.naming import in_graph
from weft.runtime import context, frontdoor
from weft.runtime import graph as graphs
from weft.runtime import random as streams
from weft.runtime.gradients import gradients as _gradients
from weft.runtime.graph import GraphKeys
from weft.runtime.graph_variable import is_of_graph, make_variable
from weft.runtime.operation_counts import made, standing_for
from weft.runtime.scopes import Unit
from weft.runtime.session import InteractiveSession, Session, default_session  # noqa: F401
from weft.runtime.tape import UnconnectedGradients
from weft.runtime.variable import Variable as _EagerVariable

placeholder = graphs.placeholder
#: what a program has switched on or off; None for what its version does by itself
_asked: dict[str, bool | None] = {"control_flow_v2": None, "resource_variables": None}
reset_default_graph = graphs.reset_default_graph
get_default_graph = graphs.default_graph


class _VariableMaker(type):
    """Makes `tf.Variable(...)` give a graph's variable inside a graph and an eager one elsewhere."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Variable and kwargs.get("variable_def") is not None:
            return cls.from_proto(kwargs["variable_def"], kwargs.get("import_scope"))  # type: ignore[attr-defined]
        if cls is Variable:
            return make_variable(*args, **kwargs)
        return super().__call__(*args, **kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _EagerVariable)


class Variable(metaclass=_VariableMaker):
    """A variable; in a graph its value lives in sessions. See `weft.Variable`."""

    @staticmethod
    def from_proto(variable_def: Any, import_scope: str | None = None) -> Any:
        """The variable that a VariableDef names, of the default graph.

        Args:
            variable_def: What `Variable.to_proto` gave.
            import_scope: A name scope in front of its names.

        Raises:
            KeyError: Where the graph has not all of its operations.
        """
        from weft.compat.v1.meta_graphs import variable_from_def

        prefix = f"{import_scope.rstrip('/')}/" if import_scope else ""
        return variable_from_def(variable_def, graphs.default_graph(), prefix)


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Any:
    """A tensor that may be fed and else has the default value."""
    if not in_graph():
        return weft.identity(input, name=name)
    with Unit(name or "PlaceholderWithDefault") as unit:
        tensor = weft.identity(frontdoor.convert(input, name="input"), name=unit.name + "/")
    wanted = weft.TensorShape(shape)
    wanted.assert_is_compatible_with(tensor.shape)
    # the shape may be wider than that of the default, so that other sizes can be fed
    tensor._value.type = tensor._value.type.with_shape(wanted.symbolic)
    tensor._value.node.metadata["type"] = "PlaceholderWithDefault"
    return tensor


def _as_version_1(on: bool) -> None:
    """Graphs, sizes and the numbering of random streams as version 1.15 has them, or everything as version 2 has it."""
    (disable_v2_behavior if on else enable_v2_behavior)()
    streams.number_by_operations(on)


def disable_eager_execution() -> None:
    """From now on ops are added to the default graph."""
    context.set_graph_mode(True)


def enable_eager_execution(config: Any = None, device_policy: Any = None, execution_mode: Any = None) -> None:
    """From now on ops run at once."""
    context.set_graph_mode(False)


def disable_v2_behavior() -> None:
    """Graphs, `==` on tensors by identity, and sizes that are `Dimension`s, as in TensorFlow 1."""
    context.set_graph_mode(True)
    context.set_identity_equality(True)
    dimension.show_objects(True)


def disable_tensor_equality() -> None:
    """Lets `==` on tensors ask whether they are the same object, as in TensorFlow 1."""
    context.set_identity_equality(True)


def enable_tensor_equality() -> None:
    """Lets `==` on tensors compare their elements, but for graphs of TensorFlow 1, where it never does."""
    if not context.graph_mode():
        context.set_identity_equality(False)


def enable_v2_behavior() -> None:
    """Undoes `disable_v2_behavior`."""
    context.set_graph_mode(False)
    context.set_identity_equality(False)
    dimension.show_objects(False)


def disable_resource_variables() -> None:
    """Accepted: variables have one kind."""
    _asked["resource_variables"] = False


def enable_resource_variables() -> None:
    """Accepted: variables have one kind."""
    _asked["resource_variables"] = True


def resource_variables_enabled() -> bool:
    """Whether variables are asked to be handles to resources; they have one kind here."""
    return _enabled("resource_variables")


def _enabled(what: str) -> bool:
    asked = _asked[what]
    return asked if asked is not None else not context.graph_mode()


def enable_control_flow_v2() -> None:
    """Accepted: branches and loops have one form."""
    _asked["control_flow_v2"] = True


def disable_control_flow_v2() -> None:
    """Accepted: branches and loops have one form."""
    _asked["control_flow_v2"] = False


def control_flow_v2_enabled() -> bool:
    """Whether branches and loops of a graph are asked to be functions of their own; they have one form here."""
    return _enabled("control_flow_v2")


def disable_v2_tensorshape() -> None:
    """From now on the sizes in shapes are `Dimension`s."""
    dimension.show_objects(True)


def enable_v2_tensorshape() -> None:
    """From now on the sizes in shapes are ints or None."""
    dimension.show_objects(False)


def dimension_value(dimension: Any) -> int | None:
    """A size as an int or None, whether it is a `Dimension` or plain."""
    found: int | None = getattr(dimension, "value", dimension)
    return found


def dimension_at_index(shape: Any, index: int) -> Any:
    """The size of an axis as a `Dimension`, an unknown one where the rank is not known."""
    sizes = weft.TensorShape(shape).symbolic
    return Dimension(None if sizes is None or not isinstance(sizes[index], int) else sizes[index])


def executing_eagerly_outside_functions() -> bool:
    """Whether what lies around all traced functions is eager."""
    return context.outermost_eager()


def get_default_session() -> Any:
    """The session whose block is open, or None."""
    return default_session()


def set_random_seed(seed: int | None) -> None:
    """Makes the random numbers of the graph (and of eager code) the same every time."""
    if context.scope() is None:
        streams.set_seed(seed)
        return
    graphs.default_graph().seed = seed


def _definitions() -> Any:
    return importlib.import_module("weft.compat.v1.made_operations")


graphs.definitions = _definitions
_DEFAULT_SEED = 87654321  # the graph's seed where only the op has one


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The seeds of graph and op: where only the graph has one, that of the op is the number of operations so far."""
    seed = graphs.default_graph().seed
    if seed is None:
        return (None, None) if op_seed is None else _no_zeros(_DEFAULT_SEED, op_seed)
    return _no_zeros(seed, made() if op_seed is None else op_seed)


def _no_zeros(seed: int, op_seed: int) -> tuple[int, int]:
    """Two seeds that are not both 0, which kernels take for none."""
    return (seed, op_seed) if seed or op_seed else (0, 2**31 - 1)


def add_to_collection(name: str, value: Any) -> None:
    """Puts a value into a collection of the default graph."""
    graphs.default_graph().add_to_collection(name, value)


def get_collection(key: str, scope: str | None = None) -> list[Any]:
    """A copy of a collection of the default graph."""
    return graphs.default_graph().get_collection(key, scope)


def get_collection_ref(key: str) -> list[Any]:
    """A collection of the default graph itself."""
    return graphs.default_graph().get_collection_ref(key)


def global_variables(scope: str | None = None) -> list[Any]:
    """The variables of the default graph."""
    return get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Any]:
    """The local variables of the default graph."""
    return get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The trainable variables of the default graph."""
    return get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def variables_initializer(var_list: Sequence[Any], name: str = "init") -> Any:
    """An operation that gives variables their first values."""
    return graphs.group(*(v.initializer for v in var_list if is_of_graph(v)), name=name)


def global_variables_initializer() -> Any:
    """An operation that gives all variables of the default graph their first values."""
    return variables_initializer(global_variables())


def local_variables_initializer() -> Any:
    """An operation that gives all local variables their first values."""
    return variables_initializer(local_variables())


def tables_initializer(name: str = "init_all_tables") -> Any:
    """An operation that fills the tables of the default graph."""
    return graphs.group(*graphs.default_graph().get_collection(GraphKeys.TABLE_INITIALIZERS), name=name)


def is_variable_initialized(variable: Any) -> Any:
    """Whether a variable has a value, as a tensor."""
    return variable_of(variable).is_initialized()


def report_uninitialized_variables(var_list: Any = None, name: str = "report_uninitialized_variables") -> Any:
    """The names of the variables without a value, as a string tensor."""
    found = list(var_list) if var_list is not None else global_variables() + local_variables()
    if not in_graph():
        return weft.constant(np.zeros(0, object))
    with Unit(name) as unit:
        if not found:
            return unit.call(weft.constant(np.zeros(0, object)), "Const")
        names = weft.constant([v.name.split(":")[0] for v in found])
        missing = weft.stack([weft.logical_not(v.is_initialized()) for v in found])
        return unit.call(weft.boolean_mask(names, missing), "boolean_mask/GatherV2", "GatherV2")


def variable_of(ref: Any) -> Any:
    """What to write to for an argument `ref`: a variable, or the variable of a graph that this tensor stands for.

    Raises:
        AttributeError: For anything else.
    """
    if hasattr(ref, "assign"):
        return ref
    node = getattr(getattr(ref, "_value", None), "node", None)
    found = None if node is None else node.metadata.get("variable")
    if found is None and node is not None and "handle" in node.metadata:
        from weft.compat.v1.meta_graphs import variable_from_node

        found = variable_from_node(ref)
    if found is None:
        hint = "pass the variable, or the tensor of its own name, such as `w:0`"
        raise AttributeError(explain("Only a variable can be assigned to.", received=repr(ref), hint=hint))
    return found


def assign(ref: Any, value: Any, validate_shape: Any = None, use_locking: Any = None, name: str | None = None) -> Any:
    """Gives a variable a value; returns the new value."""
    return variable_of(ref).assign(value, name=name)


def assign_add(ref: Any, value: Any, use_locking: Any = None, name: str | None = None) -> Any:
    """Adds to a variable; returns the new value."""
    return variable_of(ref).assign_add(value, name=name)


def assign_sub(ref: Any, value: Any, use_locking: Any = None, name: str | None = None) -> Any:
    """Subtracts from a variable; returns the new value."""
    return variable_of(ref).assign_sub(value, name=name)


def gradients(ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients",
              colocate_gradients_with_ops: bool = False, gate_gradients: bool = False, aggregation_method: Any = None,
              stop_gradients: Any = None,
              unconnected_gradients: Any = UnconnectedGradients.NONE) -> list[Any]:  # fmt: skip
    """The gradients of the sum of `ys` with respect to each of `xs`."""
    with standing_for() as standing:
        if standing.counts:
            standing.total = gradient_counts.of(ys, xs, grad_ys, gate_gradients)
        return _gradients(ys, xs, grad_ys, stop_gradients, unconnected_gradients, name)

"""`tf.contrib.framework`: the step counter, variables by scope."""

from __future__ import annotations

from typing import Any

import weft
from weft import argsort as argsort
from weft import is_tensor as is_tensor
from weft import nest as nest
from weft import sort as sort
from weft.compat.v1 import graphs
from weft.compat.v1.checkpoints import init_from_checkpoint as init_from_checkpoint
from weft.compat.v1.checkpoints import list_variables as list_variables
from weft.compat.v1.checkpoints import load_checkpoint as load_checkpoint
from weft.compat.v1.checkpoints import load_variable as load_variable
from weft.compat.v1.contrib.arg_scopes import (  # noqa: F401
    add_arg_scope,
    arg_scope,
    arg_scope_func_key,
    arg_scoped_arguments,
    current_arg_scope,
    has_arg_scope,
)
from weft.compat.v1.dropped_ops import with_dependencies as _with_dependencies
from weft.compat.v1.global_step import (  # noqa: F401
    assert_global_step,
    create_global_step,
    get_global_step,
    get_or_create_global_step,
)
from weft.compat.v1.inner import deprecated as deprecated
from weft.compat.v1.inner import deprecated_args as deprecated_args
from weft.compat.v1.inner import smart_cond as smart_cond
from weft.compat.v1.inner import smart_constant_value as smart_constant_value
from weft.compat.v1.saver import Saver
from weft.compat.v1.variable_scopes import get_variable
from weft.runtime.graph import GraphKeys


def get_variables(scope: Any = None, suffix: str | None = None, collection: str = "variables") -> list[Any]:
    """The variables of a collection, those of a scope alone where one is given, and of this last name.

    Args:
        scope: A scope, or its name.
        suffix: The last part of the names.
        collection: The collection.
    """
    found = graphs.get_collection(collection, getattr(scope, "name", scope))
    return [v for v in found if suffix is None or v.name.split(":")[0].split("/")[-1] == suffix]


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:
    """The variables of this last name."""
    return get_variables(scope, given_name)


def get_unique_variable(var_op_name: str) -> Any:
    """The variable of a name.

    Raises:
        ValueError: Where there is none.
    """
    found = [v for v in graphs.global_variables() if v.op.name == var_op_name]
    if not found:
        raise ValueError(f"Couldn't find variable {var_op_name}")
    return found[0]


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The variables of the collection MODEL_VARIABLES; the arguments are those of `get_variables`."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The local variables; the arguments are those of `get_variables`."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


def with_same_shape(expected_tensor: Any, tensor: Any) -> Any:
    """`tensor`, once it is known to have the shape of `expected_tensor`.

    Raises:
        InvalidArgumentError: When it runs, where it has not.
    """
    wanted, given = weft.convert_to_tensor(expected_tensor), weft.convert_to_tensor(tensor)
    alike = weft.debugging.assert_equal(weft.shape(wanted), weft.shape(given), message="The tensors' shapes differ.")
    return given if alike is None else _with_dependencies([alike], given)


def get_name_scope() -> str:
    """The name scope that is open, without the slash at its end; empty at the top."""
    return str(graphs.get_default_graph().get_name_scope())


@add_arg_scope
def variable(name: str, shape: Any = None, dtype: Any = weft.float32, initializer: Any = None, regularizer: Any = None,
             trainable: bool = True, collections: Any = None, caching_device: Any = None, device: Any = None,
             partitioner: Any = None, custom_getter: Any = None, use_resource: Any = None) -> Any:  # fmt: skip
    """A variable, as `tf.get_variable` makes it."""
    kept = list(collections) if collections is not None else [GraphKeys.GLOBAL_VARIABLES]
    return get_variable(name, shape, dtype, initializer, regularizer, trainable, collections=kept)


@add_arg_scope
def model_variable(name: str, shape: Any = None, dtype: Any = weft.float32, initializer: Any = None,
                   regularizer: Any = None, trainable: bool = True, collections: Any = None,
                   **accepted: Any) -> Any:  # fmt: skip
    """A variable that belongs to the model: it joins the collection MODEL_VARIABLES as well."""
    kept = [*(collections or []), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES]
    return variable(name, shape, dtype, initializer, regularizer, trainable, kept, **accepted)


def add_model_variable(var: Any) -> None:
    """Puts a variable into the collection MODEL_VARIABLES."""
    if var not in graphs.get_collection(GraphKeys.MODEL_VARIABLES):
        graphs.add_to_collection(GraphKeys.MODEL_VARIABLES, var)


def assign_from_checkpoint_fn(model_path: Any, var_list: Any, ignore_missing_vars: bool = False,
                              reshape_variables: bool = False) -> Any:  # fmt: skip
    """A function of a session that gives variables what a checkpoint holds.

    Args:
        model_path: The checkpoint.
        var_list: Variables, or those by their names in the checkpoint.
        ignore_missing_vars: Whether variables that the checkpoint has not are left alone.
        reshape_variables: Whether other shapes of the same size are taken.

    Returns:
        The function; None where nothing is left to restore.
    """
    named = dict(var_list) if isinstance(var_list, dict) else {v.op.name: v for v in var_list}
    if ignore_missing_vars:
        held = load_checkpoint(model_path)
        named = {name: v for name, v in named.items() if held.has_tensor(name)}
    if not named:
        return None
    saver = Saver(named, reshape=reshape_variables)
    return lambda session: saver.restore(session, str(model_path))


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The trainable variables; the arguments are those of `get_variables`."""
    return get_variables(scope, suffix, "trainable_variables")


def get_variables_to_restore(include: Any = None, exclude: Any = None) -> list[Any]:
    """The variables whose names begin with one of `include` (all where None) and with none of `exclude`."""
    taken = [v for scope in include for v in get_variables(scope)] if include else get_variables()
    left = {id(v) for scope in exclude or [] for v in get_variables(scope)}
    return [v for v in taken if id(v) not in left]



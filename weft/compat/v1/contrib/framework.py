"""`tf.contrib.framework`: the step counter, variables by scope."""

from __future__ import annotations

from typing import Any

from weft.compat.v1 import graphs
from weft.compat.v1.checkpoints import init_from_checkpoint as init_from_checkpoint
from weft.compat.v1.checkpoints import list_variables as list_variables
from weft.compat.v1.checkpoints import load_checkpoint as load_checkpoint
from weft.compat.v1.checkpoints import load_variable as load_variable
from weft.compat.v1.global_step import (  # noqa: F401
    assert_global_step,
    create_global_step,
    get_global_step,
    get_or_create_global_step,
)


def get_variables(scope: Any = None, suffix: str | None = None, collection: str = "variables") -> list[Any]:
    """The variables of a collection, those of a scope alone where one is given, and of this last name.

    Args:
        scope: A scope, or its name.
        suffix: The last part of the names.
        collection: The collection.
    """
    found = graphs.get_collection(collection, getattr(scope, "name", scope))
    return [v for v in found if suffix is None or v.name.split(":")[0].split("/")[-1] == suffix]


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The trainable variables; the arguments are those of `get_variables`."""
    return get_variables(scope, suffix, "trainable_variables")


def get_variables_to_restore(include: Any = None, exclude: Any = None) -> list[Any]:
    """The variables whose names begin with one of `include` (all where None) and with none of `exclude`."""
    taken = [v for scope in include for v in get_variables(scope)] if include else get_variables()
    left = {id(v) for scope in exclude or [] for v in get_variables(scope)}
    return [v for v in taken if id(v) not in left]



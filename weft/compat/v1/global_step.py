"""The step counter of a graph: one integer variable in a collection of its own."""

from __future__ import annotations

from typing import Any

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1 import initializers
from weft.compat.v1.naming import in_graph
from weft.compat.v1.variable_scopes import get_variable
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys

#: the step counter of eager code, once it is made
_eager_steps: list[Any] = []


def get_global_step(graph: Any = None) -> Any:
    """The step counter of a graph (the default one where None), or None where it has none.

    Raises:
        TypeError: Where several are there, or what is there is no single integer.
    """
    if graph is None and not in_graph():
        return _eager_steps[0] if _eager_steps else None
    graph = graph or graphs.default_graph()
    found = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(found) > 1:
        raise TypeError("Multiple tensors in the collection GLOBAL_STEP; a graph has one step counter.")
    step = found[0] if found else _by_name(graph)
    if step is not None:
        assert_global_step(step)
    return step


def _by_name(graph: Any) -> Any:
    for variable in graph.get_collection(GraphKeys.GLOBAL_VARIABLES):
        if variable.name == "global_step:0":
            return variable
    return None


def create_global_step(graph: Any = None) -> Any:
    """Makes the step counter: an int64 variable `global_step`, not trained.

    Raises:
        ValueError: Where there is one already.
    """
    if get_global_step(graph) is not None:
        raise ValueError(explain('"global_step" already exists.', hint="use tf.train.get_or_create_global_step()"))
    if graph is None and not in_graph():
        zeros = initializers.zeros_initializer()
        _eager_steps.append(get_variable("global_step", [], dtypes.int64, zeros, trainable=False))
        return _eager_steps[0]
    with (graph or graphs.default_graph()).as_default():
        keys = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP]
        return get_variable("global_step", [], dtypes.int64, initializers.zeros_initializer(), trainable=False,
                            collections=keys)  # fmt: skip


def get_or_create_global_step(graph: Any = None) -> Any:
    """The step counter; made where there is none.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default():
        ...     tf.train.get_or_create_global_step().name
        'global_step:0'
    """
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def assert_global_step(global_step_tensor: Any) -> None:
    """Checks that it is a single integer.

    Raises:
        TypeError: For others.
    """
    if not (isinstance(global_step_tensor, (weft.Variable, weft.Tensor)) and global_step_tensor.dtype.is_integer):
        raise TypeError(f"The global step must be an integer variable, received {global_step_tensor!r}.")
    if global_step_tensor.shape.rank not in (0, None):
        raise TypeError(f"The global step must be a single number, received shape {global_step_tensor.shape}.")


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The number of steps so far, as a Python int."""
    if not in_graph():
        return int(global_step_tensor.numpy())
    return int(sess.run(global_step_tensor))

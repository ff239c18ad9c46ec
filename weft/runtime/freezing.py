"""Traced functions as graphs of TensorFlow 1 in which variables are constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from weft.base.errors import explain
from weft.base.shapes import TensorShape
from weft.ops.builder import inline
from weft.ops.opdef import OpDef
from weft.runtime import dispatch, frontdoor
from weft.runtime import graph as graphs
from weft.runtime.tensor import Handle
from weft.runtime.wrapped import WrappedFunction


class _Held(NamedTuple):
    """What stands for a variable's handle: the value that it has now."""

    name: str
    value: Any


class _Freezer(dispatch.DispatchBuilder):
    """Applies the nodes of a traced function; what reads a variable is its value."""

    def apply(self, record: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
        """Applies an op.

        Raises:
            NotImplementedError: For what writes a variable, or reads one within a loop or a branch.
        """
        held = [value for value in inputs if isinstance(value, _Held)]
        if not held:
            return super().apply(record, inputs, attrs)
        if record.name != "read_variable":
            raise NotImplementedError(explain(
                f"A function can be frozen that reads its variables; this one has `{record.name}` on `{held[0].name}`.",
                hint="read the variable before the loop or branch, and update it elsewhere",
            ))  # fmt: skip
        return (frontdoor.constant(held[0].value.copy(), held[0].name),)


class FrozenFunction(WrappedFunction):
    """A function whose variables have become constants.

    Attributes:
        graph: The graph: a placeholder for each argument, an `Identity` for each result.
        inputs: The placeholders.
        outputs: The results.
    """

    def __init__(self, function: Any) -> None:
        held = [_held(item) for item in function.captured]  # before the graph is open, in which nothing has a value

        def build() -> list[Any]:
            count = len(function.graph.inputs) - len(function.captured)
            self.inputs = [graphs.placeholder(value.dtype, TensorShape(value.shape), name=value.node.name)
                           for value in function.graph.inputs[:count]]  # fmt: skip
            given = [item if isinstance(item, _Held) else frontdoor.constant(item) for item in held]
            found = inline(_Freezer(), function.graph, [*self.inputs, *given])
            return [dispatch.call("identity", frontdoor.convert(tensor)) for tensor in found]

        super().__init__(build, [], function.name)
        self.outputs = self._returned
        self._arguments = self.inputs


def _held(item: Any) -> Any:
    """What a captured tensor or variable is now."""
    if not isinstance(item, Handle):
        return np.asarray(item.numpy())
    variable = item._array.variable() if hasattr(item._array, "variable") else None
    if variable is None:
        return _Held(getattr(item._array, "name", "resource"), None)
    return _Held(variable.name.partition(":")[0], np.asarray(variable.numpy()))


def convert_variables_to_constants_v2(func: Any, lower_control_flow: bool = True,
                                      aggressive_inlining: bool = False) -> FrozenFunction:  # fmt: skip
    """A traced function with its variables' present values as constants.

    Args:
        func: What `get_concrete_function` gave.
        lower_control_flow: Accepted; files have TensorFlow 1's control flow.
        aggressive_inlining: Accepted; calls are always put in place.

    Raises:
        NotImplementedError: For a function that writes variables, or reads them within a loop or a branch.

    Example:
        >>> import weft as tf
        >>> factor = tf.Variable(2.0)
        >>> function = tf.function(lambda x: x * factor).get_concrete_function(tf.TensorSpec([], tf.float32))
        >>> frozen = convert_variables_to_constants_v2(function)
        >>> float(frozen(tf.constant(3.0))[0]), [node.op for node in frozen.graph.as_graph_def().node]
        (6.0, ['Placeholder', 'Const', 'Mul', 'Identity'])
    """
    return FrozenFunction(func)

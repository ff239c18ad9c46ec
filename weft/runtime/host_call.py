"""Nodes that call Python on arrays, shown as the operations that TensorFlow has in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from weft.ir.types import TensorType
from weft.ops import opdef
from weft.ops.host import Form
from weft.runtime import context, dispatch, frontdoor
from weft.runtime.stages import SessionCall


def host_call(function: Callable[..., Sequence[Any]], inputs: Sequence[Any], types: Sequence[TensorType],
              type: str = "PyFunc", name: str | None = None) -> tuple[Any, ...]:  # fmt: skip
    """Calls a function on arrays whenever the node runs.

    Args:
        function: Arrays to as many arrays as there are types; strings are object arrays of bytes.
        inputs: Tensors.
        types: The results' types.
        type: What the operation shows as.
        name: Its name, as ops take it; a `/` at its end takes it as it is.
    """
    attrs = {"function": function, "types": tuple(types), "gradient": None}
    scope = context.scope()
    if name is None and scope is not None and not scope.ordered:
        name = type
    outputs = dispatch.apply(opdef.get("py_function"), list(inputs), attrs, name)
    for tensor in outputs[:1]:
        node = tensor._value.node if getattr(tensor, "_value", None) is not None else getattr(tensor, "node", None)
        if node is not None:
            node.metadata["type"] = type
    return outputs


def host_result(function: Callable[..., Any], inputs: Sequence[Any], type: TensorType, name: str,
                form: Form | None = None) -> Any:  # fmt: skip
    """What a function of arrays that has one result gives whenever the node runs.

    Args:
        function: Arrays to an array.
        inputs: Tensors, or what becomes some.
        type: The result's type.
        name: The node's name.
        form: What it does, for engines that have code of their own for it.
    """

    def run(*arrays: Any) -> list[Any]:
        return [function(*arrays)]

    run.form = form  # type: ignore[attr-defined]
    attrs = {"function": run, "types": (type,), "gradient": None}
    return dispatch.apply(opdef.get("py_function"), [frontdoor.convert(i) for i in inputs], attrs, name)[0]


def session_call(function: Callable[..., Sequence[Any]], inputs: Sequence[Any], types: Sequence[TensorType], type: str,
                 name: str | None = None, attributes: Mapping[str, Any] | None = None) -> Any:  # fmt: skip
    """Calls a function of the running session and of arrays whenever the node runs; it may wait.

    Args:
        function: (session, arrays) to as many arrays as there are types.
        inputs: Tensors.
        types: The results' types.
        type: What the operation shows as.
        name: Its name, as ops take it.
        attributes: What the operation has as attributes in TensorFlow, for files.

    Returns:
        The outputs; the operation itself where it has none.
    """
    made = host_call(SessionCall(function), inputs, types, type, name)
    node = made[0]._value.node if types else made[0].node
    node.metadata["attributes"] = dict(attributes or {})
    return made if types else made[0]

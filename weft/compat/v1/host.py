"""Nodes that call Python on the running session and arrays, shown as the operations that TensorFlow 1 has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from weft.ir.types import TensorType
from weft.runtime.host_call import host_call as host_call
from weft.runtime.stages import SessionCall


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

"""Which operations of a written graph belong to which branch or loop: TensorFlow needs it to differentiate them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from weft.formats.messages.control_flow import CondContextDef, ControlFlowContextDef, ValuesDef, WhileContextDef


class Context:
    """A side of a branch, or a loop, that is being written.

    Args:
        outer: That around it.
        label: Its name.
        loops: Whether it is a loop.
        **fields: What the message holds, but its tensors.
    """

    def __init__(self, outer: Context | None, label: str, loops: bool, **fields: Any) -> None:
        self.label, self.loops, self.fields = label, loops, fields
        self.names: list[str] = []
        self.outside: dict[str, str] = {}
        self.inner: list[Context] = []
        if outer is not None:
            outer.inner.append(self)

    def message(self, outputs: dict[str, set[int]]) -> Any:
        """It as a message.

        Args:
            outputs: Numbers of the outputs of operations that others read.
        """
        made: Any = (WhileContextDef if self.loops else CondContextDef)(context_name=self.label, **self.fields)
        made.values_def.CopyFrom(self._values(outputs))
        for context in self.inner:
            nested = ControlFlowContextDef()
            (nested.while_ctxt if context.loops else nested.cond_ctxt).CopyFrom(context.message(outputs))
            made.nested_contexts.append(nested)
        return made

    def members(self) -> Iterable[str]:
        """The names of its operations and of those within what is within it."""
        yield from self.names
        for context in self.inner:
            yield from context.members()

    def _values(self, outputs: dict[str, set[int]]) -> ValuesDef:
        made = ValuesDef()
        found = [tensor(self.fields["pivot_name"])]
        for name in self.members():
            found.extend(f"{name}:{number}" for number in sorted(outputs.get(name, set()) | {0}))
        made.values.extend(dict.fromkeys([*found, *map(tensor, self.outside)]))
        for outer, inner in self.outside.items():
            made.external_values[tensor(outer)] = tensor(inner)
        if not self.loops:
            asked = self.fields["pred_name"]
            made.values.append(asked)
            made.external_values[asked] = asked
        return made


def tensor(reference: str) -> str:
    """The name of the tensor that a reference of a GraphDef means."""
    return reference if ":" in reference else f"{reference}:0"


def outputs_read(nodes: Iterable[Any]) -> dict[str, set[int]]:
    """Which outputs of which operations others read."""
    found: dict[str, set[int]] = {}
    for node in nodes:
        for reference in node.input:
            if not reference.startswith("^"):
                name, _, number = reference.partition(":")
                found.setdefault(name, set()).add(int(number or 0))
    return found

"""What branches and loops of version 1's graphs are made of, as collections name it."""

from __future__ import annotations

from weft.formats.containers import RepeatedMessage, RepeatedScalar, ScalarMap
from weft.formats.fields import mapping, message, repeated, repeated_message, scalar
from weft.formats.message import Message


class ValuesDef(Message, proto="tensorflow.ValuesDef"):
    """The tensors of a branch or loop, and what stands in it for those from around it."""

    values: RepeatedScalar[str] = repeated(1, "string")
    external_values: ScalarMap[str, str] = mapping(2, "string", "string")


class CondContextDef(Message, proto="tensorflow.CondContextDef"):
    """One side of a branch."""

    context_name: str = scalar(1, "string")
    pred_name: str = scalar(2, "string")
    pivot_name: str = scalar(3, "string")
    branch: int = scalar(4, "int32")
    values_def: ValuesDef = message(5, "tensorflow.ValuesDef")
    nested_contexts: RepeatedMessage[ControlFlowContextDef] = repeated_message(6, "tensorflow.ControlFlowContextDef")


class WhileContextDef(Message, proto="tensorflow.WhileContextDef"):
    """A loop."""

    context_name: str = scalar(1, "string")
    parallel_iterations: int = scalar(2, "int32")
    back_prop: bool = scalar(3, "bool")
    swap_memory: bool = scalar(4, "bool")
    pivot_name: str = scalar(5, "string")
    pivot_for_pred_name: str = scalar(6, "string")
    pivot_for_body_name: str = scalar(7, "string")
    loop_exit_names: RepeatedScalar[str] = repeated(8, "string")
    loop_enter_names: RepeatedScalar[str] = repeated(10, "string")
    values_def: ValuesDef = message(9, "tensorflow.ValuesDef")
    maximum_iterations_name: str = scalar(11, "string")
    nested_contexts: RepeatedMessage[ControlFlowContextDef] = repeated_message(12, "tensorflow.ControlFlowContextDef")


class ControlFlowContextDef(Message, proto="tensorflow.ControlFlowContextDef"):
    """A branch's side or a loop, within another."""

    cond_ctxt: CondContextDef = message(1, "tensorflow.CondContextDef", oneof="ctxt")
    while_ctxt: WhileContextDef = message(2, "tensorflow.WhileContextDef", oneof="ctxt")

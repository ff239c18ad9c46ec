"""`tf.summary`: writes what a program sees into event files, which TensorBoard shows.

In traced functions a summary is an effect: it is written whenever the function runs, in program order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from weft.api.image.common import convert_image_dtype
from weft.api.summary.tracing import trace_export as trace_export
from weft.api.summary.tracing import trace_off as trace_off
from weft.api.summary.tracing import trace_on as trace_on
from weft.api.summary.writers import FileWriter, SummaryWriter, create_file_writer, create_noop_writer, flush, state
from weft.base import dtypes
from weft.base.absent import Namespace
from weft.base.errors import explain
from weft.formats import summaries
from weft.formats.messages.graph import GraphDef
from weft.formats.messages.summary import Event, Summary, SummaryMetadata
from weft.formats.tensors import to_tensor_proto
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.runtime import context, dispatch, frontdoor
from weft.runtime.graph import Graph
from weft.runtime.graph_defs import graph_def_of
from weft.runtime.scopes import NameScope
from weft.runtime.tensor import EagerTensor

_FALSE = np.asarray(False)
_TRUE = np.asarray(True)


def _tensor(value: Any, dtype: Any = None) -> Any:
    """A value as a tensor; Python's and numpy's own are made one of this dtype."""
    return frontdoor.convert(value, None if frontdoor.is_tensor_like(value) else dtype)


def _recording() -> Any:
    """Whether summaries are recorded: a Python bool, or a bool tensor of the graph under construction."""
    if state.writer is None or type(state.writer).__name__ == "NoopWriter":
        return False
    chosen = state.recording() if callable(state.recording) else state.recording
    if not frontdoor.is_tensor_like(chosen):
        return bool(chosen)
    tensor = frontdoor.convert(chosen)
    return bool(tensor) if context.executing_eagerly() else tensor


def _emit(name: str, step: Any, data: Callable[[], Sequence[Any]], build: Callable[..., Summary]) -> Any:
    """Writes a summary, or adds the node that does.

    Args:
        name: The tag, to which open name scopes are put before.
        step: The step, or None.
        data: Gives the tensors that it is made of; not asked where nothing is recorded.
        build: Makes the summary of the tag and the tensors' arrays.

    Returns:
        Whether it was written, a bool tensor.
    """
    wanted = _recording()
    if wanted is False:
        return frontdoor.convert(_FALSE)
    chosen = state.step if step is None else step
    if chosen is None:
        raise ValueError(
            "No step set. Please specify one either through the `step` argument or through "
            "tf.summary.experimental.set_step()"
        )
    writer, tag = state.writer, context.qualified(name)
    assert writer is not None
    step_tensor = frontdoor.convert(chosen)

    def write(flag: Any, moment: Any, *arrays: Any) -> list[Any]:
        if bool(flag):
            writer._take(build(tag, *arrays), int(moment))
        return [np.array(bool(flag))]

    tensors = [_TRUE if wanted is True else wanted, step_tensor, *data()]
    if context.executing_eagerly():
        write(*[t._array if isinstance(t, EagerTensor) else np.asarray(t) for t in tensors])
        return frontdoor.convert(_TRUE)
    attrs = {"function": write, "types": (TensorType((), dtypes.bool_),), "gradient": None}
    return dispatch.apply(opdef.get("py_function"), [frontdoor.convert(t) for t in tensors], attrs, "write_summary")[0]


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Writes a number.

    Args:
        name: The tag.
        data: A scalar, kept in single precision.
        step: The step; that of `set_step` or of the writer where None.
        description: Shown beside the plot, in Markdown.

    Returns:
        Whether it was written, a bool tensor.

    Raises:
        ValueError: Without a step, or for data that are no scalar.
    """

    def tensors() -> list[Any]:
        tensor = _tensor(data)
        _require_rank(name, tensor, 0, "scalar")
        return [tensor]

    return _emit(name, step, tensors, lambda tag, array: summaries.scalar(
        tag, float(np.asarray(array).astype(np.float32)), description=description or ""))  # fmt: skip


def histogram(name: str, data: Any, step: Any = None, buckets: Any = None, description: str | None = None) -> Any:
    """Writes how numbers are distributed.

    Args:
        name: The tag.
        data: Numbers of any shape.
        step: The step; that of `set_step` or of the writer where None.
        buckets: How many equal buckets; 30 where None.
        description: Shown beside the plot, in Markdown.

    Returns:
        Whether it was written, a bool tensor.
    """
    count = 30 if buckets is None else int(buckets)
    return _emit(name, step, lambda: [_tensor(data)], lambda tag, array: summaries.histogram(
        tag, np.asarray(array).astype(np.float64), buckets=count, description=description or ""))  # fmt: skip


def image(name: str, data: Any, step: Any = None, max_outputs: Any = 3, description: str | None = None) -> Any:
    """Writes images.

    Args:
        name: The tag.
        data: `[count, height, width, channels]`; floats from 0 to 1, or uint8. Channels: 1, 2 (grey and alpha), 3 or 4.
        step: The step; that of `set_step` or of the writer where None.
        max_outputs: The most images that are kept.
        description: Shown beside the images, in Markdown.

    Returns:
        Whether it was written, a bool tensor.

    Raises:
        ValueError: For data of another rank.
    """

    def tensors() -> list[Any]:
        tensor = _tensor(data)
        _require_rank(name, tensor, 4, "batch of images [count, height, width, channels]")
        return [convert_image_dtype(tensor, dtypes.uint8, saturate=True)]

    return _emit(name, step, tensors, lambda tag, array: summaries.images(
        tag, np.asarray(array), max_outputs=int(max_outputs), description=description or ""))  # fmt: skip


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Writes texts, which are shown as Markdown.

    Args:
        name: The tag.
        data: A string, or strings of any shape.
        step: The step; that of `set_step` or of the writer where None.
        description: Shown beside the text, in Markdown.

    Returns:
        Whether it was written, a bool tensor.
    """

    def tensors() -> list[Any]:
        tensor = _tensor(data)
        if tensor.dtype != dtypes.string:
            raise TypeError(explain(f"tf.summary.text {name!r}: `data` must be strings.", received=tensor.dtype.name,
                                    hint="tf.strings.as_string makes strings of numbers"))  # fmt: skip
        return [tensor]

    return _emit(name, step, tensors, lambda tag, array: summaries.text(tag, array, description=description or ""))


def audio(name: str, data: Any, sample_rate: Any, step: Any = None, max_outputs: Any = 3,
          encoding: str | None = None, description: str | None = None) -> Any:  # fmt: skip
    """Writes sounds.

    Args:
        name: The tag.
        data: `[count, frames, channels]`, floats from -1 to 1.
        sample_rate: Frames a second.
        step: The step; that of `set_step` or of the writer where None.
        max_outputs: The most sounds that are kept.
        encoding: `"wav"`.
        description: Shown beside the sounds, in Markdown.

    Returns:
        Whether it was written, a bool tensor.

    Raises:
        ValueError: For data of another rank, or another encoding.
    """
    if encoding not in (None, "wav"):
        raise ValueError(f"Unknown encoding: {encoding!r}. Sounds are written as 'wav'.")

    def tensors() -> list[Any]:
        tensor = _tensor(data, dtypes.float32)
        _require_rank(name, tensor, 3, "batch of sounds [count, frames, channels]")
        return [tensor, frontdoor.convert(sample_rate)]

    return _emit(name, step, tensors, lambda tag, array, rate: summaries.audio(
        tag, np.asarray(array), int(rate), max_outputs=int(max_outputs), description=description or ""))  # fmt: skip


def _require_rank(name: str, tensor: Any, rank: int, what: str) -> None:
    found = tensor.shape.rank
    if found is not None and found != rank:
        shape = "Expected scalar shape, saw shape" if rank == 0 else f"Expected a {what}, saw shape"
        raise ValueError(explain(f"tf.summary {name!r}: {shape}: {tensor.shape}."))


def write(tag: str, tensor: Any, step: Any = None, metadata: Any = None, name: str | None = None) -> Any:
    """Writes a tensor as it is.

    Args:
        tag: The tag, to which no name scope is put before.
        tensor: A tensor, or a function that gives one, which is called where it is recorded only.
        step: The step; that of `set_step` or of the writer where None.
        metadata: A SummaryMetadata, its bytes, or None: which plugin shows it.
        name: Accepted.

    Returns:
        Whether it was written, a bool tensor.
    """
    kept = metadata if metadata is None or isinstance(metadata, bytes) else metadata.SerializeToString()

    def build(_: str, array: Any) -> Summary:
        value = Summary.Value(tag=tag, tensor=to_tensor_proto(np.asarray(array)))
        if kept is not None:
            value.metadata.CopyFrom(SummaryMetadata.FromString(kept))
        return Summary(value=[value])

    return _emit(tag, step, lambda: [_tensor(tensor() if callable(tensor) else tensor)], build)


def graph(graph_data: Any) -> Any:
    """Writes a graph, for TensorBoard's page of graphs.

    Args:
        graph_data: A `tf.Graph`, or a GraphDef.

    Returns:
        Whether it was written, a bool tensor.

    Raises:
        ValueError: For anything else.
        RuntimeError: Where a graph is being built.
    """
    if not context.executing_eagerly():
        raise RuntimeError(explain("tf.summary.graph cannot be called while a graph is being built.",
                                   hint="call it outside tf.function"))  # fmt: skip
    if isinstance(graph_data, Graph):
        graph_data = graph_def_of(graph_data)
    if not isinstance(graph_data, GraphDef):
        raise ValueError(f"Argument 'graph_data' is not tf.Graph or tf.compat.v1.GraphDef. Received graph_data="
                         f"{graph_data} of type {type(graph_data).__name__}.")  # fmt: skip
    writer = state.writer
    if _recording() is False or not isinstance(writer, FileWriter):
        return frontdoor.convert(_FALSE)
    writer._put(Event(wall_time=time.time(), graph_def=graph_data.SerializeToString()))
    return frontdoor.convert(_TRUE)


@contextmanager
def record_if(condition: Any) -> Iterator[None]:
    """Records summaries within the block only where a condition holds.

    Args:
        condition: A bool, a bool tensor, or a function that gives one.
    """
    before, state.recording = state.recording, condition
    try:
        yield
    finally:
        state.recording = before


def should_record_summaries() -> Any:
    """Whether summaries are recorded: there is a writer, and the condition of `record_if` holds. A bool tensor."""
    return frontdoor.convert(_recording())


def get_step() -> Any:
    """The step of summaries that are given none; None where there is none."""
    return state.step


def set_step(step: Any) -> None:
    """Sets the step of summaries that are given none.

    Args:
        step: A number, or a variable, of which each summary takes the present value.
    """
    state.step = step


@contextmanager
def summary_scope(name: str, default_name: str = "summary", values: Any = None) -> Iterator[tuple[str, str]]:
    """A name scope for a summary of one's own; yields its tag and the scope.

    Args:
        name: The tag, without the scopes around it.
        default_name: The scope's name where `name` is empty.
        values: Accepted.
    """
    label = name or default_name
    tag = context.qualified(label)
    with NameScope(label) as scope:
        yield tag, scope


def write_raw_pb(tensor: Any, step: Any = None, name: str | None = None) -> Any:
    """Writes encoded `Summary` messages.

    Args:
        tensor: Strings.
        step: The step; that of `set_step` or of the writer where None.
        name: Accepted.
    """

    def build(_: str, array: Any) -> Summary:
        joined = Summary()
        for part in np.asarray(array, object).ravel().tolist():
            joined.MergeFrom(Summary.FromString(part))
        return joined

    return _emit("raw", step, lambda: [_tensor(tensor)], build)


experimental = Namespace("tf.summary.experimental", get_step=get_step, set_step=set_step,
                         summary_scope=summary_scope, write_raw_pb=write_raw_pb)  # fmt: skip

__all__ = [
    "SummaryWriter", "audio", "create_file_writer", "create_noop_writer", "experimental", "flush", "graph",
    "histogram", "image", "record_if", "scalar", "should_record_summaries", "text", "trace_export", "trace_off",
    "trace_on", "write",
]  # fmt: skip

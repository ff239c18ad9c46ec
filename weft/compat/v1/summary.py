"""`tf.summary` of version 1: operations whose results are summaries, and the writer that TensorBoard reads from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.compat.v1 import logging
from weft.compat.v1.naming import in_graph
from weft.compat.v1.summary_writer import FileWriter as FileWriter
from weft.compat.v1.summary_writer import FileWriterCache as FileWriterCache
from weft.formats import summaries
from weft.formats.messages.summary import Event as Event
from weft.formats.messages.summary import SessionLog as SessionLog
from weft.formats.messages.summary import Summary as Summary
from weft.formats.messages.summary import SummaryMetadata
from weft.formats.messages.summary import TaggedRunMetadata as TaggedRunMetadata
from weft.formats.tensors import to_tensor_proto
from weft.ir.types import TensorType
from weft.runtime import context, frontdoor
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys
from weft.runtime.host_call import host_call
from weft.runtime.scopes import NameScope

SummaryDescription = Summary


def all_v2_summary_ops() -> list[Any]:
    """The operations of version 2's summaries in the default graph: those write when they run, here too."""
    return list(graphs.default_graph().get_collection("_SUMMARY_V2"))


_ILLEGAL = re.compile(r"[^-/\w.]")


def _clean(name: str) -> str:
    """The name with what TensorBoard does not take replaced."""
    cleaned = _ILLEGAL.sub("_", name).lstrip("/")
    if cleaned != name:
        logging.info("Summary name %s is illegal; using %s instead.", name, cleaned)
    return cleaned


@contextmanager
def _scope(name: str, family: str | None, default: str | None = None) -> Iterator[tuple[str, str]]:
    """The tag, and the name of the node with `/` behind it."""
    label = _clean(name or default or "summary")
    family = None if family is None else _clean(family)
    with NameScope(label if family is None else f"{family}/{label}") as scope:
        tag = scope.rstrip("/")
        yield (tag if family is None else f"{family}/{tag}"), scope


def _node(build: Callable[..., Summary], inputs: list[Any], operands: dict[str, Any], type: str, scope: str,
          collections: Any) -> Any:  # fmt: skip
    for operand, value in operands.items():
        frontdoor.constant(value if isinstance(value, np.ndarray) else np.array(value, object), operand)
    (made,) = host_call(lambda *arrays: [np.array(build(*arrays).SerializeToString(), object)], inputs,
                        [TensorType((), dtypes.string)], type, scope)  # fmt: skip
    made._value.node.metadata["writer"] = _writer(type, operands)
    for key in collections if collections is not None else [GraphKeys.SUMMARIES]:
        graphs.default_graph().add_to_collection(key, made)
    return made


def _writer(type: str, operands: dict[str, Any]) -> Any:
    """What a graph's file says about a summary."""

    def written(x: Any, node: Any) -> list[str]:
        held = [x.const(value if isinstance(value, np.ndarray) else np.array(value, object), name)
                for name, value in operands.items()]  # fmt: skip
        tensors = x.operands(node)
        kind = {"MergeSummary": {"N": len(tensors)}, "AudioSummaryV2": {}}.get(type, {"T": node.inputs[-1].dtype})
        first = held[:1] if type == "TensorSummaryV2" else held  # what it says of the tensor comes after that
        return [x.op(type, [*first, *tensors, *held[len(first) :]], main=True, **kind)]

    return written


def _nothing() -> Any:
    return weft.constant(b"")


def scalar(name: str, tensor: Any, collections: Any = None, family: str | None = None) -> Any:
    """The summary of one number, as an operation.

    Args:
        name: What the number is called; name scopes go before it.
        tensor: A single number.
        collections: Those that it joins; the summaries' where None.
        family: Numbers of one family are shown together.

    Returns:
        A string tensor, for `FileWriter.add_summary`.
    """
    if not in_graph():
        return _nothing()
    value = weft.convert_to_tensor(tensor)
    with _scope(name, family) as (tag, scope):
        return _node(lambda x: summaries.simple_scalar(tag, _single(x, tag)), [value], {"tags": tag.encode()},
                     "ScalarSummary", scope, collections)  # fmt: skip


def _single(array: Any, tag: str) -> float:
    if np.size(array) != 1:
        raise InvalidArgumentError(
            explain(f"Summary {tag!r} of a scalar was given a tensor.", received=f"shape {list(np.shape(array))}",
                    hint="reduce it first, with tf.reduce_mean, or use tf.summary.histogram")  # fmt: skip
        )
    return float(np.asarray(array).reshape(())[()])


def histogram(name: str, values: Any, collections: Any = None, family: str | None = None) -> Any:
    """The summary of how numbers are spread, as an operation.

    Args:
        name: What they are called; name scopes go before it.
        values: Numbers of any shape; NaN and infinity are refused when it runs.
        collections: Those that it joins; the summaries' where None.
        family: As for `scalar`.
    """
    if not in_graph():
        return _nothing()
    tensor = weft.convert_to_tensor(values)
    with _scope(name, family, "HistogramSummary") as (tag, scope):
        return _node(lambda x: _histogram(tag, x), [tensor], {"tag": tag.encode()}, "HistogramSummary", scope,
                     collections)  # fmt: skip


def _histogram(tag: str, array: Any) -> Summary:
    numbers = np.asarray(array, np.float64)
    if not np.isfinite(numbers).all():
        raise InvalidArgumentError(
            explain(f"Nan in summary histogram for: {tag}: not all of its numbers are finite.",
                    hint="the loss has probably diverged: look at it, or lower the learning rate")  # fmt: skip
        )
    return summaries.simple_histogram(tag, numbers)


def image(name: str, tensor: Any, max_outputs: int = 3, collections: Any = None, family: str | None = None) -> Any:
    """The summary of some images, as an operation.

    Args:
        name: What they are called; name scopes go before it.
        tensor: `[batch, height, width, channels]` with 1, 3 or 4 channels: uint8, or floats, which are scaled so that
            they fill the range.
        max_outputs: How many of the batch.
        collections: Those that it joins; the summaries' where None.
        family: As for `scalar`.
    """
    if not in_graph():
        return _nothing()
    value = weft.convert_to_tensor(tensor)
    if value.shape.rank not in (4, None):
        raise ValueError(explain(f"Summary {name!r}: images are [batch, height, width, channels].",
                                 received=str(value.shape)))  # fmt: skip
    with _scope(name, family) as (tag, scope):
        return _node(lambda x: _images(tag, x, max_outputs), [value], {"tag": tag.encode()}, "ImageSummary", scope,
                     collections)  # fmt: skip


def _images(tag: str, batch: Any, most: int) -> Summary:
    found = Summary()
    count = min(len(batch), most)
    for number in range(count):
        label = f"{tag}/image" if most == 1 else f"{tag}/image/{number}"
        found.value.append(summaries.simple_image(label, _bytes(batch[number])).value[0])
    return found


def _bytes(picture: Any) -> Any:
    """Floats as bytes: from 0 on by the greatest value; on both sides of 0 around 127; what is not finite is red."""
    if picture.dtype == np.uint8:
        return picture
    values = picture.astype(np.float32)
    finite = np.isfinite(values)
    known = values[finite]
    least, greatest = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    if least < 0:
        widest = max(abs(least), abs(greatest))
        scale, offset = (0.0 if widest < 1e-6 else 127.0 / widest), 128.0
    else:
        scale, offset = (0.0 if greatest < 1e-6 else 255.0 / greatest), 0.0
    shown = np.where(finite, values, 0.0) * np.float32(scale) + np.float32(offset)
    whole = shown.astype(np.uint8)
    bad = ~finite.all(axis=-1)
    if bad.any():
        mark = {1: [255], 3: [255, 0, 0], 4: [255, 0, 0, 255]}[picture.shape[-1]]
        whole[bad] = np.array(mark, np.uint8)
    return whole


def audio(name: str, tensor: Any, sample_rate: Any, max_outputs: int = 3, collections: Any = None,
          family: str | None = None) -> Any:  # fmt: skip
    """The summary of some sounds, as an operation.

    Args:
        name: What they are called; name scopes go before it.
        tensor: `[batch, frames, channels]` or `[batch, frames]`, floats from -1 to 1.
        sample_rate: Frames a second.
        max_outputs: How many of the batch.
        collections: Those that it joins; the summaries' where None.
        family: As for `scalar`.
    """
    if not in_graph():
        return _nothing()
    value = weft.convert_to_tensor(tensor)
    with _scope(name, family) as (tag, scope):
        rate = (frontdoor.convert(sample_rate, dtypes.float32, "sample_rate") if frontdoor.is_tensor_like(sample_rate)
                else frontdoor.constant(np.float32(sample_rate), "sample_rate"))  # fmt: skip
        return _node(lambda x, r: _sounds(tag, x, float(r), max_outputs), [value, rate], {"tag": tag.encode()},
                     "AudioSummaryV2", scope, collections)  # fmt: skip


def _sounds(tag: str, batch: Any, rate: float, most: int) -> Summary:
    found = Summary()
    for number in range(min(len(batch), most)):
        sound = batch[number] if batch.ndim == 3 else batch[number][:, None]
        label = f"{tag}/audio" if most == 1 else f"{tag}/audio/{number}"
        content = Summary.Audio(
            sample_rate=rate, num_channels=sound.shape[1], length_frames=sound.shape[0], content_type="audio/wav",
            encoded_audio_string=summaries.encode_wav(np.asarray(sound, np.float32), int(rate)),
        )  # fmt: skip
        found.value.append(Summary.Value(tag=label, audio=content))
    return found


def text(name: str, tensor: Any, collections: Any = None) -> Any:
    """The summary of strings, as an operation.

    Args:
        name: What they are called; name scopes go before it.
        tensor: Strings of any shape, in Markdown.
        collections: Those that it joins; the summaries' where None.
    """
    value = weft.convert_to_tensor(tensor)
    if value.dtype != dtypes.string:
        raise ValueError(f"Expected tensor {getattr(value, 'name', name)} to have dtype string, got {value.dtype.name}")
    metadata = SummaryMetadata()
    metadata.plugin_data.plugin_name = "text"
    return tensor_summary(name, value, summary_metadata=metadata, collections=collections)


def tensor_summary(name: str, tensor: Any, summary_description: Any = None, collections: Any = None,
                   summary_metadata: Any = None, family: str | None = None,
                   display_name: str | None = None) -> Any:  # fmt: skip
    """The summary of a whole tensor, as an operation.

    Args:
        name: What it is called; name scopes go before it.
        tensor: The tensor.
        summary_description: What TensorBoard says of it.
        collections: Those that it joins; the summaries' where None.
        summary_metadata: A `SummaryMetadata` that says which plugin shows it.
        family: As for `scalar`.
        display_name: What TensorBoard shows as its name.
    """
    if not in_graph():
        return _nothing()
    metadata = SummaryMetadata()
    if summary_metadata is not None:
        metadata.CopyFrom(summary_metadata)
    if display_name:
        metadata.display_name = display_name
    if summary_description:
        metadata.summary_description = summary_description
    value = weft.convert_to_tensor(tensor)
    with _scope(name, family) as (tag, scope):
        operands = {"tag": tag.encode(), "serialized_summary_metadata": metadata.SerializeToString()}
        return _node(lambda x: _whole(tag, x, metadata), [value], operands, "TensorSummaryV2", scope, collections)


def _whole(tag: str, array: Any, metadata: SummaryMetadata) -> Summary:
    found = Summary.Value(tag=tag, tensor=to_tensor_proto(array))
    found.metadata.CopyFrom(metadata)
    return Summary(value=[found])


def merge(inputs: Any, collections: Any = None, name: str | None = None) -> Any:
    """All these summaries in one.

    Args:
        inputs: String tensors of summaries.
        collections: Those that it joins; none where None.
        name: A name for the operation.

    Raises:
        InvalidArgumentError: When it runs, for two values of one tag.
    """
    if not in_graph():
        return _nothing()
    given = [weft.convert_to_tensor(item) for item in inputs]
    with NameScope(_clean(name or "Merge")):
        return _node(_merged, given, {}, "MergeSummary", context.qualified(name or "MergeSummary") + "/",
                     collections if collections is not None else [])  # fmt: skip


def _merged(*contents: Any) -> Summary:
    whole, tags = Summary(), set()
    for content in contents:
        for value in Summary.FromString(bytes(np.asarray(content)[()])).value:
            if value.tag in tags:
                raise InvalidArgumentError(f"Duplicate tag {value.tag} found in summary inputs")
            tags.add(value.tag)
            whole.value.append(value)
    return whole


def merge_all(key: str = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None) -> Any:
    """All summaries of the default graph in one operation; None where it has none.

    Args:
        key: The collection that they are in.
        scope: A pattern that their names must match.
        name: A name for the operation.
    """
    found = graphs.default_graph().get_collection(key, scope)
    return merge(found, name=name) if found else None




def initialize(graph: Any = None, session: Any = None) -> None:
    """Accepted: writers need no preparing."""

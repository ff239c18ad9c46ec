"""`tf.io` of version 1: files, records, examples, and raw bytes as numbers."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import weft
from weft.api import examples as _examples
from weft.api import io as _io
from weft.api.examples import (  # noqa: F401
    FixedLenFeature,
    FixedLenSequenceFeature,
    SparseFeature,
    TFRecordOptions,
    TFRecordWriter,
    VarLenFeature,
)
from weft.api.file_ops import content_of, put_content
from weft.api.io import decode_base64, encode_base64  # noqa: F401
from weft.api.sequence_examples import parse_single_sequence_example  # noqa: F401
from weft.api.tables import decode_csv as _decode_csv
from weft.base import dtypes
from weft.base.absent import absent
from weft.compat.v1.naming import in_graph
from weft.compat.v1.ops import _old_name
from weft.formats.tfrecord import read_records
from weft.ir.types import TensorType
from weft.runtime.host_call import host_call
from weft.runtime.scopes import NameScope


class TFRecordCompressionType:
    """How records are compressed."""

    NONE, ZLIB, GZIP = 0, 1, 2


def tf_record_iterator(path: Any, options: Any = None) -> Iterator[bytes]:
    """The records of a TFRecord file, one after another.

    Args:
        path: The file.
        options: A compression ("GZIP", "ZLIB"), or TFRecordOptions.
    """
    chosen = options if isinstance(options, TFRecordOptions) or options is None else TFRecordOptions(options)
    return read_records(path, None if chosen is None else chosen.compression_type)


def _set_type(found: Any, type: str) -> None:
    first = next((t for t in weft.nest.flatten(found) if getattr(t, "_value", None) is not None), None)
    if first is not None:
        first._value.node.metadata["type"] = type


def _shown(type: str, name: str | None, function: Any, *args: Any) -> Any:
    """Parses in a node of that type, which stands in a scope of its name."""
    if not in_graph():
        return function(*args, name)
    with NameScope(name, type):
        found = function(*args, name or type)
    _set_type(found, type)
    return found


def parse_single_example(serialized: Any, features: Any, name: str | None = None, example_names: Any = None) -> Any:
    """The columns of one `Example`; see `weft.io.parse_single_example`. Version 1 takes the name third."""
    return _shown("ParseSingleExample", name, _examples.parse_single_example, serialized, features, example_names)


def parse_example(serialized: Any, features: Any, name: str | None = None, example_names: Any = None) -> Any:
    """The columns of a batch of `Example`s; see `weft.io.parse_example`. Version 1 takes the name third."""
    return _shown("ParseExample", name, _examples.parse_example, serialized, features, example_names)


def decode_csv(records: Any, record_defaults: Any, field_delim: str = ",", use_quote_delim: bool = True,
               name: str | None = None, na_value: str = "", select_cols: Any = None) -> Any:  # fmt: skip
    """Lines of a table as columns; see `weft.io.decode_csv`. Version 1 takes the name fifth."""
    label = name or ("DecodeCSV" if in_graph() else None)
    found = _decode_csv(records, record_defaults, field_delim, use_quote_delim, na_value, select_cols, label)
    _set_type(found, "DecodeCSV")
    return found


def read_file(filename: Any, name: str | None = None) -> Any:
    """The bytes of a file, when it runs.

    Args:
        filename: A tensor of one string.
        name: A name for the operation.

    Raises:
        NotFoundError: Where there is no such file.
    """

    label = name or ("ReadFile" if in_graph() else None)
    inputs, text = [weft.convert_to_tensor(filename)], TensorType((), dtypes.string)
    return host_call(lambda path: [content_of(path)], inputs, [text], "ReadFile", label)[0]


def write_file(filename: Any, contents: Any, name: str | None = None) -> Any:
    """Writes bytes to a file, when it runs; folders are made.

    Args:
        filename: A tensor of one string.
        contents: Another.
        name: A name for the operation.
    """
    inputs = [weft.convert_to_tensor(filename), weft.convert_to_tensor(contents)]
    label = name or ("WriteFile" if in_graph() else None)
    text = TensorType((), dtypes.string)
    (done,) = host_call(lambda path, content: [put_content(path, content)], inputs, [text], "WriteFile", label)
    return done.op if in_graph() else None


def decode_raw(input_bytes: Any = None, out_type: Any = None, little_endian: bool = True, name: str | None = None,
               bytes: Any = None) -> Any:  # fmt: skip
    """The bytes of strings, which must be of one length, as numbers; `bytes` is another name of `input_bytes`.

    Raises:
        TypeError: Without strings or a dtype.
    """
    text = _old_name(input_bytes, bytes, "input_bytes", "bytes")
    if text is None or out_type is None:
        raise TypeError("decode_raw needs `input_bytes` and `out_type`.")
    return _io.decode_raw(text, out_type, little_endian, None, name)


#: functions that mean the same in version 2, and names of modules that need this one
_SHARED = frozenset(
    """decode_compressed decode_json_example decode_proto deserialize_many_sparse encode_png encode_proto parse_tensor
    serialize_tensor write_graph gfile""".split()
)
#: functions that are those of `tf.image`
_IMAGES = frozenset(
    """decode_and_crop_jpeg decode_bmp decode_gif decode_image decode_jpeg decode_png encode_jpeg extract_jpeg_shape
    is_jpeg""".split()
)
_FILES = ("match_filenames_once", "matching_files")
_QUEUES = ("FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "QueueBase", "RandomShuffleQueue")


def parse_sequence_example(serialized: Any, context_features: Any = None, sequence_features: Any = None,
                           example_names: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """Batches of sequences; see `weft.io.parse_sequence_example`."""
    return weft.io.parse_sequence_example(serialized, context_features, sequence_features, example_names, name)


def serialize_sparse(sp_input: Any, name: str | None = None, out_type: Any = dtypes.string) -> Any:
    """A SparseTensor as a vector of three strings; version 1 takes the name second."""
    return weft.io.serialize_sparse(sp_input, out_type, name)


def serialize_many_sparse(sp_input: Any, name: str | None = None, out_type: Any = dtypes.string) -> Any:
    """The slices of a SparseTensor, each as three strings; version 1 takes the name second."""
    return weft.io.serialize_many_sparse(sp_input, out_type, name)


def __getattr__(name: str) -> Any:
    if name in _IMAGES:
        return getattr(importlib.import_module("weft.compat.v1.image"), name)
    if name in _FILES:
        return getattr(importlib.import_module("weft.compat.v1.input"), name)
    if name in _SHARED:
        return getattr(weft.io, name)
    if name in _QUEUES:
        return getattr(importlib.import_module("weft.api.queues"), name)
    own = [n for n in globals() if not n.startswith("_")]
    raise AttributeError(absent(f"tf.io.{name}", [*own, *_SHARED, *_IMAGES, *_FILES, *_QUEUES]))


def __dir__() -> list[str]:
    return sorted({*globals(), *_SHARED, *_IMAGES, *_FILES, *_QUEUES})

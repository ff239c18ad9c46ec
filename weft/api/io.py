"""`tf.io`: raw bytes as numbers, Base64, training examples."""

from __future__ import annotations

import os
from typing import Any

from weft.api import gfile  # noqa: F401
from weft.api.common import apply, integer
from weft.api.examples import (  # noqa: F401
    FixedLenFeature,
    FixedLenSequenceFeature,
    SparseFeature,
    TFRecordOptions,
    TFRecordWriter,
    VarLenFeature,
    parse_example,
    parse_single_example,
)
from weft.api.file_ops import (  # noqa: F401
    matching_files,
    parse_tensor,
    read_file,
    serialize_tensor,
    write_file,
)
from weft.api.image.codecs import (  # noqa: F401
    decode_and_crop_jpeg,
    decode_bmp,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_png,
    decode_webp,
    encode_jpeg,
    encode_png,
    extract_jpeg_shape,
    is_jpeg,
)
from weft.api.proto_fields import decode_json_example, decode_proto, encode_proto  # noqa: F401
from weft.api.ragged_features import RaggedFeature  # noqa: F401
from weft.api.sequence_examples import parse_sequence_example, parse_single_sequence_example  # noqa: F401
from weft.api.sparse_files import deserialize_many_sparse, serialize_many_sparse, serialize_sparse  # noqa: F401
from weft.api.tables import decode_csv  # noqa: F401
from weft.base import dtypes
from weft.formats import files, text
from weft.runtime.variable import Variable


def decode_raw(input_bytes: Any, out_type: Any, little_endian: bool = True, fixed_length: int | None = None,
               name: str | None = None) -> Any:  # fmt: skip
    """The bytes of strings as numbers.

    Args:
        input_bytes: Strings of any shape, of one length unless `fixed_length` is given.
        out_type: The numbers' dtype.
        little_endian: Whether the first byte of a number is its least.
        fixed_length: Cuts each string, or fills it with zeros, to so many bytes.
        name: The node's name.

    Returns:
        `[..., numbers]`.

    Raises:
        InvalidArgumentError: Where the lengths differ, or are no multiple of the dtype's size.

    Example:
        >>> import weft as tf
        >>> tf.io.decode_raw(b"\\x01\\x00\\x02\\x00", tf.int16).numpy().tolist()
        [1, 2]
    """
    length = None if fixed_length is None else integer(fixed_length, "fixed_length")
    return apply("decode_raw", input_bytes, dtype=dtypes.as_dtype(out_type), little_endian=bool(little_endian),
                 fixed_length=length, name=name)  # fmt: skip


def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Any:
    """The strings that compressed ones stand for.

    Args:
        bytes: Strings of any shape.
        compression_type: `"GZIP"`, `"ZLIB"`, or `""` for strings that are not compressed.
        name: The node's name.

    Raises:
        InvalidArgumentError: For strings that are not compressed so, or cut off.

    Example:
        >>> import zlib
        >>> import weft as tf
        >>> tf.io.decode_compressed(zlib.compress(b"weft"), "ZLIB").numpy()
        b'weft'
    """
    return apply("decode_compressed", bytes, compression_type=compression_type or "", name=name)


def match_filenames_once(pattern: Any, name: str | None = None) -> Any:
    """A variable with the names of the files that fit shell patterns now, in order.

    Args:
        pattern: A pattern, or a list of them.
        name: The variable's name.
    """
    return Variable(matching_files(pattern), trainable=False, name=name, shape=[None])


def write_graph(graph_or_graph_def: Any, logdir: Any, name: str, as_text: bool = True) -> str:
    """Writes a graph as a GraphDef into a file, for people and tools to look at.

    Args:
        graph_or_graph_def: A `tf.Graph`, or a GraphDef.
        logdir: The folder, which is made.
        name: The file's name.
        as_text: Whether it is written as text.

    Returns:
        The file's path.
    """
    given = graph_or_graph_def
    message = given.as_graph_def() if hasattr(given, "as_graph_def") else given
    path = os.path.join(os.fsdecode(logdir), name)
    with files.replacing(path) as file:
        file.write(text.to_text(message).encode("utf-8") if as_text else message.SerializeToString())
    return path


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Any:
    """Strings in web-safe Base64, with padding or without.

    Example:
        >>> import weft as tf
        >>> tf.io.encode_base64("weft").numpy()
        b'd2VmdA'
    """
    return apply("encode_base64", input, pad=bool(pad), name=name)


def decode_base64(input: Any, name: str | None = None) -> Any:
    """The strings that web-safe Base64 stands for, padded or not."""
    return apply("decode_base64", input, name=name)

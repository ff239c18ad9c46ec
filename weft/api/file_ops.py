"""`tf.io`: whole files as strings, tensors as strings."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from weft.api import gfile
from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.errors import InvalidArgumentError, explain
from weft.ir.types import TensorType
from weft.ops.host import Form
from weft.runtime.host_call import host_result
from weft.runtime.kept_calls import keepable


def _text(array: Any) -> str:
    if array.ndim:
        raise InvalidArgumentError(explain("A file name is one string.", received=f"shape {array.shape}",
                                           hint="use dataset.map for several"))  # fmt: skip
    found = array.item()
    return found.decode() if isinstance(found, bytes) else str(found)


def content_of(path: Any) -> Any:
    """A file's bytes as an array of one string; the path is such an array, too."""
    try:
        return np.asarray(gfile.content(_text(path)), object)
    except OSError as error:
        raise gfile.error_of(error, _text(path)) from None


def put_content(path: Any, content: Any) -> Any:
    """Writes a file; folders are made. Returns the path."""
    text = _text(path)
    try:
        os.makedirs(os.path.dirname(text) or ".", exist_ok=True)
        with open(text, "wb") as file:
            file.write(bytes(content.item()))
    except OSError as error:
        raise gfile.error_of(error, text) from None
    return path


@keepable("io.read_file", "filename")
def read_file(filename: Any, name: str | None = None) -> Any:
    """A file's content: a scalar string.

    Raises:
        NotFoundError: Where there is no such file, when it runs.
    """
    return host_result(content_of, [filename], TensorType((), dtypes.string), name or "ReadFile", Form("read_file"))


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Writes a string to a file, when it runs; folders are made."""
    host_result(put_content, [filename, contents], TensorType((), dtypes.string), name or "WriteFile")


def matching_files(pattern: Any, name: str | None = None) -> Any:
    """The paths that match a pattern, or one of several: strings, sorted."""
    def run(patterns: Any) -> Any:
        found = gfile.glob([p.decode() if isinstance(p, bytes) else p for p in patterns.ravel().tolist()])
        result = np.empty(len(found), object)
        result[:] = [path.encode() for path in sorted(found)]
        return result

    return host_result(run, [pattern], TensorType((Dim.fresh(),), dtypes.string), name or "MatchingFiles")


def serialize_tensor(tensor: Any, name: str | None = None) -> Any:
    """A tensor as a string, in the format of TensorFlow's TensorProto.

    Example:
        >>> import weft as tf
        >>> text = tf.io.serialize_tensor(tf.constant([1, 2]))
        >>> tf.io.parse_tensor(text, tf.int32).numpy().tolist()
        [1, 2]
    """
    from weft.formats import tensors

    def run(array: Any) -> Any:
        return np.asarray(tensors.to_tensor_proto(array, raw=True).SerializeToString(), object)

    return host_result(run, [tensor], TensorType((), dtypes.string), name or "SerializeTensor")


def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Any:
    """The tensor that a string of `serialize_tensor` holds, of unknown shape where it is traced.

    Raises:
        InvalidArgumentError: For another dtype, or a string that is no tensor.
    """
    from weft.formats import tensors
    from weft.formats.messages.tensor import TensorProto

    wanted = dtypes.as_dtype(out_type)

    def run(text: Any) -> Any:
        try:
            found = tensors.from_tensor_proto(TensorProto.FromString(bytes(text.item())))
        except Exception as error:
            raise InvalidArgumentError(explain(f"parse_tensor: the string holds no tensor: {error}")) from None
        if dtypes.as_dtype(found.dtype) is not wanted:
            raise InvalidArgumentError(explain("parse_tensor: the string holds a tensor of another dtype.",
                                               received=found.dtype.name, expected=wanted.name))  # fmt: skip
        return found

    return host_result(run, [serialized], TensorType(None, wanted), name or "ParseTensor")

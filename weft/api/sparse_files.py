"""Sparse tensors as strings: three tensors in TensorFlow's format, of the places, the values and the shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.errors import InvalidArgumentError, explain
from weft.formats import tensors
from weft.formats.messages.tensor import TensorProto
from weft.ir.types import TensorType
from weft.runtime import frontdoor
from weft.runtime.host_call import host_call
from weft.runtime.sparse import SparseTensor, SparseTensorSpec


def _texts(arrays: list[Any]) -> list[bytes]:
    return [tensors.to_tensor_proto(array).SerializeToString() for array in arrays]


def _need(sp_input: Any) -> SparseTensor:
    if not isinstance(sp_input, SparseTensor):
        raise TypeError(explain("Input must be a SparseTensor.", received=type(sp_input).__name__))
    return sp_input


def serialize_sparse(sp_input: Any, out_type: Any = dtypes.string, name: str | None = None) -> Any:
    """A sparse tensor as three strings: its places, values and shape.

    Example:
        >>> import weft as tf
        >>> tf.io.serialize_sparse(tf.SparseTensor([[0]], [1.5], [2])).shape
        TensorShape([3])
    """
    x = _need(sp_input)
    return host_call(lambda *arrays: [np.array(_texts(list(arrays)), object)], x._components(),
                     [TensorType((3,), dtypes.string)], "SerializeSparse", name)[0]  # fmt: skip


def serialize_many_sparse(sp_input: Any, out_type: Any = dtypes.string, name: str | None = None) -> Any:
    """The rows of a sparse tensor as strings: `[rows, 3]`, for each row its places, values and shape."""
    x = _need(sp_input)
    spec = SparseTensorSpec(None, x.dtype)

    def run(*arrays: Any) -> list[Any]:
        rows = [_texts(row) for row in spec._rows(list(arrays))]
        made = np.empty((len(rows), 3), object)
        for number, row in enumerate(rows):
            made[number] = row
        return [made]

    kind = TensorType((Dim.fresh("rows"), 3), dtypes.string)
    return host_call(run, x._components(), [kind], "SerializeManySparse", name)[0]


def deserialize_many_sparse(serialized_sparse: Any, dtype: Any, rank: int | None = None,
                            name: str | None = None) -> SparseTensor:  # fmt: skip
    """Strings of `serialize_sparse`, one sparse tensor a row, as one with an axis more.

    Args:
        serialized_sparse: `[rows, 3]`, strings.
        dtype: The element type.
        rank: The rank of a row, where it is known.
        name: Accepted.

    Raises:
        InvalidArgumentError: For strings that are no sparse tensor of that dtype.
    """
    wanted = dtypes.as_dtype(dtype)
    spec = SparseTensorSpec(None, wanted)

    def run(texts: Any) -> list[Any]:
        rows = []
        for number, row in enumerate(texts.tolist()):
            try:
                parts = [tensors.from_tensor_proto(TensorProto.FromString(text)) for text in row]
            except Exception as error:
                raise InvalidArgumentError(explain(
                    f"deserialize_many_sparse: row {number} holds no sparse tensor: {error}")) from None  # fmt: skip
            if dtypes.as_dtype(parts[1].dtype) is not wanted:
                raise InvalidArgumentError(explain(
                    f"deserialize_many_sparse: row {number} is of another dtype.", expected=wanted.name,
                    received=dtypes.as_dtype(parts[1].dtype).name))  # fmt: skip
            rows.append(parts)
        return spec._stacked(rows)

    count = Dim.fresh("entries")
    size = Dim.fresh("rank") if rank is None else rank + 1
    types = [TensorType((count, size), dtypes.int64), TensorType((count,), wanted), TensorType((size,), dtypes.int64)]
    given = [frontdoor.convert(serialized_sparse)]
    return SparseTensor(*host_call(run, given, types, "DeserializeManySparse", name))


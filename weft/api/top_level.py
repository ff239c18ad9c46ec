"""Functions of the top level that few programs use."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api import array, math, matrices
from weft.base import dtypes, hashing
from weft.base.errors import explain
from weft.base.shapes import TensorShape
from weft.ir.types import TensorType
from weft.runtime import context, frontdoor
from weft.runtime.host_call import host_call
from weft.runtime.spec import TensorSpec
from weft.runtime.tensor import SymbolicTensor


def realdiv(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y for floats and complex numbers."""
    return math.divide(x, y, name)


def matrix_square_root(input: Any, name: str | None = None) -> Any:
    """The matrices whose squares are given."""
    return matrices.sqrtm(input, name)


def is_symbolic_tensor(tensor: Any) -> bool:
    """Whether a tensor stands for a value that only running its graph gives."""
    return isinstance(tensor, SymbolicTensor) or isinstance(getattr(tensor, "_values", None), SymbolicTensor)


def get_current_name_scope() -> str:
    """The path of the name scopes that are open; "" outside of all."""
    return context.path()


def type_spec_from_value(value: Any) -> Any:
    """What a value is like: the TensorSpec of a tensor or array, the spec of a ragged or sparse tensor or a dataset.

    Raises:
        TypeError: For what has no spec.

    Example:
        >>> import weft as tf
        >>> tf.type_spec_from_value([1, 2])
        TensorSpec(shape=(2,), dtype=tf.int32, name=None)
    """
    from weft.data.structure import spec_of

    if isinstance(value, TensorSpec):
        return value
    try:
        if isinstance(value, (list, tuple, int, float, bool, str, bytes, np.ndarray, np.generic)):
            found = frontdoor.convert(value)
            return TensorSpec(found.shape, found.dtype)
        return spec_of(value)
    except (TypeError, ValueError, AttributeError):
        raise TypeError(explain("type_spec_from_value: this has no TypeSpec.", received=repr(value))) from None


def fingerprint(data: Any, method: str = "farmhash64", name: str | None = None) -> Any:
    """Eight bytes for each element of a batch, the same everywhere and for good.

    Args:
        data: `[batch, ...]`: strings, or numbers, of which a whole row counts.
        method: "farmhash64".
        name: The node's name.

    Returns:
        uint8 `[batch, 8]`, the least byte first.

    Raises:
        ValueError: For another method.
    """
    if method not in ("farmhash64", b"farmhash64"):
        raise ValueError(explain("fingerprint: no such method.", received=repr(method), expected="'farmhash64'"))
    x = frontdoor.convert(data)

    def run(values: Any) -> list[Any]:
        rows = values.reshape(len(values), -1) if values.size else values.reshape(len(values), 0)
        if values.dtype == object:
            bare = [[hashing.fingerprint64(item) for item in row] for row in rows.tolist()]
            numbers = [row[0] if values.ndim == 1 else hashing.fingerprint64(np.array(row, "<u8").tobytes())
                       for row in bare]  # fmt: skip
        else:
            numbers = [hashing.fingerprint64(np.ascontiguousarray(row).tobytes()) for row in rows]
        return [np.array(numbers, "<u8").view(np.uint8).reshape(-1, 8)]

    batch = None if x.shape.rank is None else x.shape.symbolic[0]
    return host_call(run, [x], [TensorType(TensorShape([batch, 8]).symbolic, dtypes.uint8)], "Fingerprint", name)[0]


def extract_volume_patches(input: Any, ksizes: Any, strides: Any, padding: str, name: str | None = None) -> Any:
    """Windows of volumes laid out along the channels.

    Args:
        input: `[batch, planes, rows, columns, channels]`.
        ksizes: `[1, planes, rows, columns, 1]`: the windows' sizes.
        strides: `[1, planes, rows, columns, 1]`: how far windows lie apart.
        padding: "VALID" or "SAME".
        name: The node's name.

    Returns:
        `[batch, windows down each axis..., planes * rows * columns * channels]`.
    """
    x = frontdoor.convert(input)
    window, steps = [int(k) for k in ksizes][1:4], [int(s) for s in strides][1:4]
    counts: list[Any] = []
    for axis, (size, step) in zip((3, 2, 1), list(zip(window, steps, strict=True))[::-1], strict=True):
        known = x.shape[axis]
        whole = array.shape(x)[axis] if known is None else known
        if padding.upper() == "SAME":
            count = (whole + step - 1) // step
            missing = (count - 1) * step + size - whole
            missing = math.maximum(missing, 0) if known is None else max(missing, 0)
            sides: list[Any] = [[0, 0]] * x.shape.rank
            sides[axis] = [missing // 2, missing - missing // 2]
            x = array.pad(x, sides)
        else:
            count = (whole - size) // step + 1
        counts.insert(0, count)  # axes behind this one are two each already
        places = array.expand_dims(array.range(count) * step, 1) + np.arange(size, dtype=np.int32)
        x = array.gather(x, places, axis=axis)  # the axis becomes two: which window, and where in it
    # [batch, planes, in, rows, in, columns, in, channels]
    x = array.transpose(x, [0, 1, 3, 5, 2, 4, 6, 7])
    depth = int(np.prod(window))
    channels = array.shape(x)[-1] if x.shape[-1] is None else x.shape[-1]
    return array.reshape(x, [-1, *counts, depth * channels], name=name)

"""`tf.experimental.dlpack`: tensors handed to other libraries, and taken from them, as DLPack capsules."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api import array
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import frontdoor
from weft.runtime.tensor import EagerTensor


class _Capsule:
    """A capsule as what numpy takes."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def to_dlpack(tf_tensor: Any) -> Any:
    """A DLPack capsule of a copy of a tensor.

    Raises:
        InvalidArgumentError: For strings and other dtypes that DLPack has not.
    """
    found = frontdoor.convert(tf_tensor)
    if not isinstance(found, EagerTensor):
        raise TypeError(explain("to_dlpack takes a tensor that has a value.", received=str(found.type)))
    try:
        return np.array(found.numpy()).__dlpack__()
    except (BufferError, TypeError, AttributeError):
        raise InvalidArgumentError(explain("to_dlpack: DLPack has no such dtype.", received=found.dtype.name,
                                           hint="tf.cast it")) from None  # fmt: skip


def from_dlpack(dlcapsule: Any) -> Any:
    """A tensor with a copy of what a DLPack capsule holds, or anything that has a `__dlpack__`.

    Example:
        >>> import weft as tf
        >>> tf.experimental.dlpack.from_dlpack(tf.experimental.dlpack.to_dlpack(tf.range(3))).numpy().tolist()
        [0, 1, 2]
    """
    held = dlcapsule if hasattr(dlcapsule, "__dlpack__") else _Capsule(dlcapsule)
    return array.constant(np.array(np.from_dlpack(held)))

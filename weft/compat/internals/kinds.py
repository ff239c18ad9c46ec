"""Classes that packages name in annotations and `isinstance`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import weft

Tensor = weft.Tensor
Function = GenericFunction = PolymorphicFunction = type(weft.function(lambda: None))
Callable = Callable[..., Any]  # type: ignore[misc,assignment]
TensorLike = Tensor | weft.RaggedTensor | weft.SparseTensor | weft.Variable | np.ndarray | np.generic
TensorLike = TensorLike | int | float | complex | bool | str | bytes | list | tuple  # type: ignore[misc,assignment]


class TraceType:
    """What packages derive descriptions of arguments from; Weft tells arguments apart by their values."""


class SupportsTracingProtocol:
    """What packages derive classes of arguments from that describe themselves."""


class DistributedVariable:
    """What `isinstance` is asked about: a variable here is one for all replicas, and no such object."""


def make_composite_tensor(cls: Any, module_name: str = "tf.linalg") -> Any:
    """The class of linear operators, as it is."""
    return cls

"""`tf.types`: what annotations and `isinstance` name."""

from __future__ import annotations

from typing import Union

import numpy as np

from weft.base.absent import Namespace
from weft.runtime.concrete import ConcreteFunction
from weft.runtime.function import Function
from weft.runtime.replicas import PerReplica
from weft.runtime.tensor import Tensor

#: what functions take where they want a tensor; without parameters, so that `isinstance` takes it
TensorLike = Union[  # noqa: UP007
    Tensor, int, float, bool, str, bytes, complex, tuple, list, np.ndarray, np.generic  # type: ignore[type-arg]
]


class _AnyFunction(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, (Function, ConcreteFunction))

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, (Function, ConcreteFunction))


class Callable(metaclass=_AnyFunction):
    """What `tf.function` and `get_concrete_function` give, for `isinstance`."""


experimental = Namespace(
    "tf.types.experimental",
    Callable=Callable,
    ConcreteFunction=ConcreteFunction,
    GenericFunction=Function,
    PolymorphicFunction=Function,
    TensorLike=TensorLike,
    distributed=Namespace("tf.types.experimental.distributed", PerReplica=PerReplica),
)

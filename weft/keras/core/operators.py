"""Operators between tensors of Keras: dtypes that differ meet by Keras' promotion, not by TensorFlow's rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf
from weft.keras.core.dtypes import is_float, standardize_dtype

#: method → (the function of `keras.ops`, whether the operands change places)
_FUNCTIONS: dict[str, tuple[str, bool]] = {
    f"__{side}{name}__": (function, bool(side))
    for name, function in {
        "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
        "mod": "mod", "pow": "power", "matmul": "matmul", "and": "logical_and", "or": "logical_or",
        "xor": "logical_xor",
    }.items()
    for side in ("", "r")
} | {"__lt__": ("less", False), "__le__": ("less_equal", False), "__gt__": ("greater", False),
     "__ge__": ("greater_equal", False)}  # fmt: skip


def _keras_decides(own: str, other: Any, function: str) -> bool:
    """Whether Keras' rules give another result than TensorFlow's, which hold for all else."""
    if function == "true_divide" and not (is_float(own) or "complex" in own):
        return True
    if function.startswith("logical") and own != "bool":
        return True
    found = getattr(other, "dtype", None)
    if found is None or not (tf.is_tensor(other) or isinstance(other, (tf.Variable, PromotingOperators))):
        return False
    return standardize_dtype(found) != own


def _is_vector(value: Any) -> bool:
    shape = getattr(value, "shape", None)
    return shape is not None and (shape.rank if isinstance(shape, tf.TensorShape) else len(shape)) == 1


def keras_ops() -> Any:
    """`keras.ops`, which is made of what this module is beneath."""
    from weft.keras import ops

    return ops


def _method(name: str, function: str, reverse: bool) -> Callable[[Any, Any], Any]:
    def operate(self: Any, other: Any) -> Any:
        vectors = function == "matmul" and (_is_vector(self) or _is_vector(other))  # which tf.matmul does not take
        if not vectors and not _keras_decides(standardize_dtype(self.dtype), other, function):
            return getattr(super(PromotingOperators, self), name)(other)
        return getattr(keras_ops(), function)(*((other, self) if reverse else (self, other)))

    operate.__name__ = operate.__qualname__ = name
    return operate


class PromotingOperators:
    """A mixin before one that has the operators of TensorFlow's tensors."""

    dtype: Any

    def __round__(self, ndigits: int | None = None) -> Any:
        return keras_ops().round(self, decimals=ndigits or 0)


def compare_elements(cls: type) -> None:
    """Gives a class whose `==` compares element by element the same for two dtypes; others keep their identity."""
    for name, function in (("__eq__", "equal"), ("__ne__", "not_equal")):
        setattr(cls, name, _method(name, function, False))


for _name, (_function, _reverse) in _FUNCTIONS.items():
    setattr(PromotingOperators, _name, _method(_name, _function, _reverse))

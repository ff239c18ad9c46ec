"""Penalties on weights or outputs, added to what training minimises."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain, nearest, word_absent
from weft.keras.core import lookup
from weft.keras.core.construction import KnownArguments


def _factor(name: str, value: Any, owner: str) -> float:
    if isinstance(value, bool) or not hasattr(value, "__float__") or not 0 <= float(value) < float("inf"):
        raise ValueError(
            explain(f"{owner}: `{name}` must be a finite number that is not negative.", received=repr(value))
        )
    return float(value)


class Regularizer(metaclass=KnownArguments):
    """A function of a tensor whose value is added to what training minimises.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> class Sum(keras.regularizers.Regularizer):
        ...     def __call__(self, x):
        ...         return 0.5 * tf.reduce_sum(x)
        >>> layer = keras.layers.Dense(1, kernel_regularizer=Sum(), kernel_initializer="ones")
        >>> _ = layer(tf.ones((1, 4)))
        >>> [float(loss) for loss in layer.losses]
        [2.0]
    """

    def __call__(self, x: Any) -> Any:
        """The penalty of a tensor, a scalar."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        raise NotImplementedError(f"{type(self).__name__} has no get_config() method.")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The regularizer of a configuration."""
        return cls(**config)


class L1(Regularizer):
    """`l1 · Σ|x|`.

    Args:
        l1: The factor.
    """

    def __init__(self, l1: float = 0.01, **old: Any) -> None:
        self.l1 = _factor("l1", 0.01 if (value := old.pop("l", l1)) is None else value, "L1")
        _refuse(old, "L1", ("l1",))

    def __call__(self, x: Any) -> Any:
        return self.l1 * tf.reduce_sum(tf.abs(x))

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """`l2 · Σx²`.

    Args:
        l2: The factor.
    """

    def __init__(self, l2: float = 0.01, **old: Any) -> None:
        self.l2 = _factor("l2", 0.01 if (value := old.pop("l", l2)) is None else value, "L2")
        _refuse(old, "L2", ("l2",))

    def __call__(self, x: Any) -> Any:
        return self.l2 * tf.reduce_sum(tf.square(x))

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class L1L2(Regularizer):
    """`l1 · Σ|x| + l2 · Σx²`.

    Args:
        l1: The first factor.
        l2: The second factor.
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor("l1", 0.0 if l1 is None else l1, "L1L2")
        self.l2 = _factor("l2", 0.0 if l2 is None else l2, "L1L2")

    def __call__(self, x: Any) -> Any:
        total = tf.zeros((), dtype=x.dtype)
        if self.l1:
            total += self.l1 * tf.reduce_sum(tf.abs(x))
        if self.l2:
            total += self.l2 * tf.reduce_sum(tf.square(x))
        return total

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """Keeps the rows (or columns) of a matrix apart: penalises their cosines.

    Args:
        factor: The factor.
        mode: `"rows"` or `"columns"`.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor("factor", factor, "OrthogonalRegularizer")
        if mode not in ("rows", "columns"):
            raise ValueError(
                f'Invalid value for argument `mode`. Expected one of {{"rows", "columns"}}. Received: mode={mode}'
            )
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        if len(x.shape) != 2:
            raise ValueError(
                f"Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape={tuple(x.shape)}"
            )
        x = tf.convert_to_tensor(x)
        rows = x if self.mode == "rows" else tf.transpose(x)
        rows = rows / tf.sqrt(tf.maximum(tf.reduce_sum(tf.square(rows), axis=1, keepdims=True), 1e-12))
        count = int(rows.shape[0])
        products = tf.abs(tf.matmul(rows, rows, transpose_b=True)) * (1.0 - tf.eye(count, dtype=rows.dtype))
        return self.factor * 0.5 * tf.reduce_sum(products) / (count * (count - 1.0) / 2.0)

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


def _refuse(unknown: dict[str, Any], owner: str, known: tuple[str, ...]) -> None:
    for word in unknown:
        raise TypeError(f"{owner} does not know the keyword `{word}`. {nearest(word, known)}")


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Both penalties, each with its factor."""
    return L1L2(l1=l1, l2=l2)


l1 = L1
l2 = L2
orthogonal_regularizer = OrthogonalRegularizer

_TABLE: dict[str, Any] = {
    "L1": L1, "L2": L2, "L1L2": L1L2, "OrthogonalRegularizer": OrthogonalRegularizer, "l1": L1, "l2": L2,
    "l1_l2": l1_l2, "l1l2": L1L2, "orthogonal_regularizer": OrthogonalRegularizer,
}  # fmt: skip


def get(identifier: Any) -> Any:
    """The regularizer for None, a name such as `"l2"`, a configuration, a class or a function."""
    if identifier in ("l1_l2", "l1l2") if isinstance(identifier, str) else False:
        return L1L2(0.01, 0.01) if identifier == "l1_l2" else L1L2()
    return lookup.get(identifier, _TABLE, "regularizer")


def serialize(regularizer: Any) -> Any:
    """The configuration of a regularizer."""
    return lookup.serialize(regularizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The regularizer of a configuration."""
    return lookup.deserialize(config, _TABLE, "regularizer", custom_objects)


word_absent(globals(), "keras.regularizers")

__all__ = [
    "L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "deserialize", "get", "l1", "l1_l2", "l2",
    "orthogonal_regularizer", "serialize",
]  # fmt: skip

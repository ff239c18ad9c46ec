"""What initializers have in common."""

from __future__ import annotations

from typing import Any

from weft.keras.core.construction import KnownArguments


class Initializer(metaclass=KnownArguments):
    """Gives a weight its first value: called with a shape and a dtype, it returns a tensor.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> class Sevens(keras.initializers.Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return 7 * tf.ones(shape, dtype)
        >>> keras.layers.Dense(1, kernel_initializer=Sevens())(tf.ones((1, 2))).numpy().tolist()
        [[14.0]]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """A tensor of this shape and dtype."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__(shape, dtype) method.")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The initializer of a configuration."""
        return cls(**config)

    def clone(self) -> Any:
        """Another one with the same arguments."""
        return type(self).from_config(self.get_config())

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.get_config() == other.get_config()  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), repr(sorted(self.get_config().items(), key=repr))))

"""TensorFlow 2's own initializers: `tf.zeros_initializer` and its like."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api import array, random
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor


class Initializer:
    """Called with a shape and a dtype, it gives a tensor."""

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Its arguments."""
        return dict(vars(self))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """The initializer with these arguments."""
        return cls(**{name: value for name, value in config.items() if name != "dtype"})


class zeros_initializer(Initializer):
    """Zeros.

    Example:
        >>> import weft as tf
        >>> tf.zeros_initializer()([2], tf.int32).numpy().tolist()
        [0, 0]
    """

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Any:
        return array.zeros(shape, dtype)


class ones_initializer(Initializer):
    """Ones."""

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Any:
        return array.ones(shape, dtype)


class constant_initializer(Initializer):
    """One value everywhere, or these values in the shape.

    Args:
        value: A number, or as many numbers as the shape has places.
        support_partial_shape: Accepted.
    """

    def __init__(self, value: Any = 0, support_partial_shape: bool = False) -> None:
        if not np.isscalar(value) and not isinstance(value, (list, tuple, np.ndarray)):
            raise TypeError(explain("constant_initializer takes a number, a list or an array.", received=repr(value)))
        self.value, self.support_partial_shape = value, support_partial_shape

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        wanted = None if dtype is None else dtypes.as_dtype(dtype)
        if np.ndim(self.value) == 0:
            return array.fill(shape, array.constant(self.value, wanted))
        values = frontdoor.convert(np.asarray(self.value), None)
        values = values if wanted is None else array.cast(values, wanted)
        size = int(np.prod([int(n) for n in shape], dtype=np.int64))
        if values.shape.num_elements() != size:
            raise TypeError(explain(
                "constant_initializer has another number of values than the shape.",
                expected=f"{size} for {list(shape)}", received=str(np.size(self.value)),
            ))  # fmt: skip
        return array.reshape(values, shape)


class _Random(Initializer):
    """Numbers drawn from a stream; with a seed the same ones at each call."""

    _names: tuple[str, str] = ("", "")

    def __init__(self, first: Any, second: Any, seed: int | None) -> None:
        setattr(self, self._names[0], first)
        setattr(self, self._names[1], second)
        self.seed = seed

    def _drawn(self, kind: str, shape: Any, dtype: Any) -> Any:
        wanted = dtypes.as_dtype(dtype)
        if not (wanted.is_floating or (kind == "uniform" and wanted.is_integer)):
            raise ValueError(explain(f"{type(self).__name__} gives floating point numbers.", received=wanted.name))
        bounds = {name: getattr(self, name) for name in self._names}
        if self.seed is None:
            return getattr(random, kind)(shape, dtype=wanted, **bounds)
        return getattr(random, f"stateless_{kind}")(shape, seed=[self.seed, 0], dtype=wanted, **bounds)


class random_uniform_initializer(_Random):
    """Evenly distributed numbers from `minval` up to `maxval`."""

    _names = ("minval", "maxval")

    def __init__(self, minval: Any = -0.05, maxval: Any = 0.05, seed: int | None = None) -> None:
        super().__init__(minval, maxval, seed)

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Any:
        return self._drawn("uniform", shape, dtype)


class random_normal_initializer(_Random):
    """Normally distributed numbers.

    Example:
        >>> import weft as tf
        >>> draw = tf.random_normal_initializer(seed=3)
        >>> bool(tf.reduce_all(draw([4]) == draw([4])))
        True
    """

    _names = ("mean", "stddev")

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None) -> None:
        super().__init__(mean, stddev, seed)

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Any:
        return self._drawn("normal", shape, dtype)

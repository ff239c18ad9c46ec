"""Layers that change shapes."""

from __future__ import annotations

import math
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.config import standardize_data_format
from weft.keras.layers.convolution.arguments import per_axis
from weft.keras.layers.input_spec import InputSpec
from weft.keras.layers.layer import Layer
from weft.keras.layers.preprocessing.image.resampling import INTERPOLATIONS, one_of, resize, size_of
from weft.keras.ops.sparse import reshape, transpose


class Flatten(Layer):
    """All axes but the batch as one.

    Args:
        data_format: With `"channels_first"` the channels are moved to the end first.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Flatten()(tf.ones((2, 3, 4))).shape
        TensorShape([2, 12])
    """

    _stays_sparse = any

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """The output."""
        shape = inputs.shape
        if self.data_format == "channels_first" and shape.rank > 1:
            inputs = transpose(inputs, (0, *range(2, shape.rank), 1))
        sizes = list(shape)[1:]
        size = -1 if None in sizes else math.prod(sizes)
        if size == -1 and shape[0] is not None:
            return reshape(inputs, (shape[0], -1))
        if size == -1:
            return reshape(inputs, (tf.shape(inputs)[0], -1))
        return reshape(inputs, (-1 if size else tf.shape(inputs)[0], size))


class Reshape(Layer):
    """The same values under another shape.

    Args:
        target_shape: The shape without the batch; one size may be -1 and is then computed.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Reshape((2, -1))(tf.ones((1, 6))).shape
        TensorShape([1, 2, 3])
    """

    _stays_sparse = any

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = (target_shape,) if isinstance(target_shape, int) else tuple(int(n) for n in target_shape)
        if any(size < -1 for size in self.target_shape):
            raise ValueError(explain(
                "Reshape: a size is a non-negative integer, or -1 for one that is computed. Received: "
                f"target_shape={self.target_shape}",
            ))  # fmt: skip
        if self.target_shape.count(-1) > 1:
            raise ValueError(explain(
                "Reshape: only one size may be -1: there must be at most one unknown dimension. Received: "
                f"target_shape={self.target_shape}"
            ))

    def call(self, inputs: Any) -> Any:
        """The output."""
        sizes = list(inputs.shape)[1:]
        if None not in sizes:
            self._check(math.prod(sizes), inputs.shape)
            wanted = self._resolved(math.prod(sizes))
            return reshape(inputs, (tf.shape(inputs)[0], *wanted))
        return reshape(inputs, (tf.shape(inputs)[0], *self.target_shape))

    def _resolved(self, total: int) -> tuple[int, ...]:
        known = math.prod(size for size in self.target_shape if size != -1)
        return tuple(total // known if size == -1 and known else size for size in self.target_shape)

    def _check(self, total: int, shape: Any) -> None:
        known = math.prod(size for size in self.target_shape if size != -1)
        fits = known == total if -1 not in self.target_shape else known and total % known == 0
        if not fits:
            raise ValueError(explain(
                f"Layer `{self.name}` (Reshape): {total} values a sample do not fill the shape {self.target_shape}.",
                expected=f"{known} values" + (" or a multiple" if -1 in self.target_shape else ""),
                received=f"shape {shape}, {total} values a sample",
            ))  # fmt: skip


class Permute(Layer):
    """The axes in another order.

    Args:
        dims: The axes, counted from 1, without the batch: (2, 1) swaps the first two.
        **kwargs: As for every layer.
    """

    _stays_sparse = any

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(explain(
                "Permute: Invalid permutation argument `dims`: it must hold each axis from 1 on once; "
                "the batch, axis 0, is left out.",
                received=str(self.dims),
            ))  # fmt: skip
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        """The output."""
        return transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """A vector over and over: `[batch, features]` to `[batch, n, features]`.

    Args:
        n: How often.
        **kwargs: As for every layer.
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(n, int):
            raise TypeError(f"RepeatVector: Expected an integer value for `n`, received {n!r}.")
        if n <= 0:
            raise ValueError(explain("RepeatVector: `n` should be a positive integer.", received=repr(n)))
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        """The output."""
        return tf.repeat(tf.expand_dims(inputs, 1), self.n, axis=1)


def pairs(layer: str, name: str, value: Any, rank: int) -> tuple[tuple[int, int], ...]:
    """An argument as (before, after) for each axis: one integer, one an axis, or a pair an axis."""
    if isinstance(value, int):
        return ((value, value),) * rank
    items = tuple(value)
    flat = [n for item in items for n in (item if isinstance(item, (list, tuple)) else [item])]
    if any(not hasattr(n, "__index__") or n < 0 for n in flat) or any(
        isinstance(item, (list, tuple)) and len(item) != 2 for item in items
    ):
        items = ()  # which is refused
    if rank == 1:
        if len(items) == 2 and all(isinstance(n, int) for n in items):
            return ((items[0], items[1]),)
        items = ()
    if len(items) != rank:
        raise ValueError(
            explain(f"{layer}: `{name}` must be an integer, or {rank} integers or pairs.", received=repr(value))
        )
    return tuple((item, item) if isinstance(item, int) else (int(item[0]), int(item[1])) for item in items)


class _Border(Layer):
    """What padding and cropping have in common."""

    rank = 0
    data_format: str

    def _axes(self) -> range:
        return range(1, self.rank + 1) if self.data_format == "channels_last" else range(2, self.rank + 2)


class BaseZeroPadding(_Border):
    """Zeros around the inputs."""

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = pairs(type(self).__name__, "padding", padding, self.rank)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        """The output."""
        paddings = [[0, 0] for _ in range(self.rank + 2)]
        for axis, (before, after) in zip(self._axes(), self.padding):
            paddings[axis] = [before, after]
        return tf.pad(inputs, paddings)


class ZeroPadding1D(BaseZeroPadding):
    """Zeros before and after sequences.

    Args:
        padding: How many: an integer, or a pair (before, after).
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.
    """

    rank = 1

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding[0]}


class ZeroPadding2D(BaseZeroPadding):
    """Zeros around images.

    Args:
        padding: An integer, (rows, columns), or ((above, below), (left, right)).
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.
    """

    rank = 2


class ZeroPadding3D(BaseZeroPadding):
    """Zeros around volumes. Arguments as for ZeroPadding2D, with three axes."""

    rank = 3


class BaseCropping(_Border):
    """Takes the borders off."""

    def __init__(self, cropping: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = pairs(type(self).__name__, "cropping", cropping, self.rank)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        """The output."""
        slices: list[Any] = [slice(None)] * (self.rank + 2)
        for axis, (before, after) in zip(self._axes(), self.cropping):
            size = inputs.shape[axis]
            if size is not None and before + after >= size:
                raise ValueError(explain(
                    f"Layer `{self.name}` ({type(self).__name__}): cropping leaves nothing of axis {axis}. "
                    + ("The `cropping` parameter of `Cropping1D` layer must be smaller than the size of this axis."
                       if self.rank == 1 else "Values in `cropping` argument should be smaller than the corresponding "
                       "spatial dimension of the input."),
                    received=f"shape {inputs.shape}, cropping {self.cropping}",
                ))  # fmt: skip
            slices[axis] = slice(before, -after if after else None)
        return inputs[tuple(slices)]


class Cropping1D(BaseCropping):
    """Takes steps off the ends of sequences.

    Args:
        cropping: How many: an integer, or a pair (before, after).
        **kwargs: As for every layer.
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        # Steps are the second axis, whatever the default data format.
        super().__init__(cropping, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("data_format")
        config["cropping"] = self.cropping[0]
        return config


class Cropping2D(BaseCropping):
    """Takes the borders off images.

    Args:
        cropping: An integer, (rows, columns), or ((above, below), (left, right)).
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(BaseCropping):
    """Takes the borders off volumes. Arguments as for Cropping2D, with three axes."""

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class UpSampling1D(Layer):
    """Every step over and over.

    Args:
        size: How often.
        **kwargs: As for every layer.
    """

    _old_arguments = {"length": "size"}

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(size, bool) or not hasattr(size, "__index__"):
            raise TypeError(explain("UpSampling1D: Expected an integer value for `size`.", received=repr(size)))
        if size <= 0:
            raise ValueError(explain("UpSampling1D: `size` should be a positive integer.", received=repr(size)))
        self.size = int(size)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        """The output."""
        return tf.repeat(inputs, self.size, axis=1)


class _UpSampling(Layer):
    rank = 0

    def __init__(self, size: Any = 2, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = per_axis(type(self).__name__, "size", size, self.rank)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        """The output."""
        first = 1 if self.data_format == "channels_last" else 2
        for axis, count in enumerate(self.size, first):
            if count != 1:
                inputs = tf.repeat(inputs, count, axis=axis)
        return inputs


class UpSampling2D(_UpSampling):
    """Larger images: every row and column over and over.

    Args:
        size: How often, for rows and columns.
        data_format: `"channels_last"` or `"channels_first"`.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
        **kwargs: As for every layer.
    """

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = one_of("UpSampling2D", "interpolation", interpolation, INTERPOLATIONS[:-1])

    def call(self, inputs: Any) -> Any:
        """The output."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        first = self.data_format == "channels_first"
        images = tf.transpose(inputs, (0, 2, 3, 1)) if first else inputs
        height, width = (size_of(images, axis) * self.size[axis - 1] for axis in (1, 2))
        images = resize(images, height, width, self.interpolation)
        return tf.transpose(images, (0, 3, 1, 2)) if first else images


class UpSampling3D(_UpSampling):
    """Larger volumes: every plane, row and column over and over. Arguments as for UpSampling2D."""

    rank = 3

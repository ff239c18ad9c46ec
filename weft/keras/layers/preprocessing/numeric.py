"""Layers for numbers and categories that are numbers."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras.core import keras_tensor
from weft.keras.core.dtypes import is_int
from weft.keras.core.operation import evaluate_symbolically
from weft.keras.core.shapes import shapes_of
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.layer import Layer
from weft.keras.layers.preprocessing.encoding import batches, check_mode, check_sparse, encode
from weft.keras.ops.sparse import dense


class Normalization(Layer):
    """Moves and scales numbers so that they have mean 0 and variance 1, by what it saw in `adapt()` or is told.

    Args:
        axis: The axis or axes that have a mean and variance for each place, such as that of the features; None for
            one mean and variance of everything.
        mean: The mean; with `variance`, in place of `adapt()`.
        variance: The variance.
        invert: Whether to go the other way: from normalised numbers to the original ones.
        **kwargs: As for every layer.

    Example:
        >>> import numpy as np
        >>> from weft import keras
        >>> layer = keras.layers.Normalization(axis=None)
        >>> layer.adapt(np.array([1.0, 2.0, 3.0]))
        >>> layer(np.array([2.0])).numpy().tolist()
        [0.0]
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ValueError(explain(
                "Normalization: when setting values directly, both `mean` and `variance` must be set.",
                received=f"mean={mean!r}, variance={variance!r}",
            ))  # fmt: skip
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.input_mean, self.input_variance = mean, variance
        self.invert = invert
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        self._kept = tuple(sorted(axis % rank if -rank <= axis < rank else self._refuse(rank) for axis in self.axis))
        sizes = tuple(input_shape[axis] for axis in self._kept)
        if None in sizes:
            raise ValueError(explain(
                f"Layer `{self.name}` (Normalization): All `axis` values to be kept must have a known shape; axis "
                f"{self._kept[sizes.index(None)]} has none.",
                received=f"shape {tf.TensorShape(input_shape)}", hint="give the input its full shape, or use axis=None",
            ))  # fmt: skip
        self._wide = tuple(input_shape[axis] if axis in self._kept else 1 for axis in range(rank))
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(shape=sizes, initializer="zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(shape=sizes, initializer="ones", trainable=False, name="variance")
            self.count = self.add_weight(shape=(), dtype="int64", initializer="zeros", trainable=False, name="count")

    def _refuse(self, rank: int) -> int:
        raise ValueError(explain(
            f"Layer `{self.name}` (Normalization): All `axis` values must be in the range [-ndim, ndim).",
            received=f"axis={self.axis}, {rank} axes",
        ))  # fmt: skip

    @property
    def mean(self) -> Any:
        """The mean, with an axis of size 1 for every other axis of the input."""
        return self._constant(self.input_mean, "adapt_mean")

    @property
    def variance(self) -> Any:
        """The variance, likewise."""
        return self._constant(self.input_variance, "adapt_variance")

    def _constant(self, given: Any, name: str) -> Any:
        if not self.built:
            return given
        if given is None:
            return tf.reshape(tf.cast(getattr(self, name), self.compute_dtype), self._wide)
        value = np.asarray(given, np.float64)
        sizes = tuple(self._wide[axis] for axis in self._kept)
        own = value.shape
        if value.ndim <= len(sizes) and all(a in (1, b) for a, b in zip(own[::-1], sizes[::-1])):
            # for each place along the axes, as adapt() finds them, or along the last of these
            value = np.broadcast_to(value, sizes).reshape(self._wide)
        value = np.broadcast_to(value, self._wide) if value.ndim <= len(self._wide) else value.reshape(self._wide)
        return tf.cast(value, self.compute_dtype)

    def adapt(self, data: Any) -> None:
        """Takes mean and variance from data.

        Args:
            data: An array, a tensor, or an iterable of batches.
        """
        if self.input_mean is not None:
            raise ValueError(explain(
                f"Layer `{self.name}` (Normalization) was given mean and variance, so there is nothing to adapt."
            ))  # fmt: skip
        count, mean, spread = 0, np.float64(0.0), np.float64(0.0)
        for batch in batches(data, self):
            if isinstance(data, (list, tuple)) and not data:
                raise ValueError(explain(
                    f"Layer `{self.name}` (Normalization): adapt() received an empty iterable.", hint="pass data"
                ))  # fmt: skip
            if not self.built:
                if not np.ndim(batch):
                    raise TypeError(explain(
                        f"Layer `{self.name}` (Normalization): adapt() takes arrays or batches of them, which have a "
                        "`.shape`.", received=repr(batch)[:100],
                    ))  # fmt: skip
                self.build(batch.shape if 0 in self.axis else (None, *batch.shape[1:]))
            values = np.asarray(batch, np.float64)
            found = tuple(values.shape[axis] for axis in self._kept) if values.ndim == len(self._wide) else None
            if found != tuple(self._wide[axis] for axis in self._kept):
                raise ValueError(explain(
                    f"Layer `{self.name}` (Normalization): adapt() was given data of an incompatible shape.",
                    received=f"shape {values.shape}", expected=f"{self._wide} along the axes {self._kept}",
                ))  # fmt: skip
            axes = tuple(axis for axis in range(values.ndim) if axis not in self._kept)
            size = int(np.prod([values.shape[axis] for axis in axes], dtype=np.int64))
            if not size:
                continue
            own, own_spread = values.mean(axes), values.var(axes) * size
            # Two parts' spreads add up, and what their means lie apart adds to it.
            total = count + size
            apart = own - mean
            spread = spread + own_spread + apart**2 * (count * size / total)
            mean = mean + apart * (size / total)
            count = total
        if not count:
            raise ValueError(
                f"Layer `{self.name}` (Normalization): adapt() was given no data: it cannot adapt to an empty iterable."
            )
        self.adapt_mean.assign(np.asarray(mean, np.float32))
        self.adapt_variance.assign(np.asarray(spread / count, np.float32))
        self.count.assign(count)

    def reset_state(self) -> None:
        """Forgets what it was adapted to."""
        if self.built and self.input_mean is None:
            self.adapt_mean.assign(tf.zeros_like(self.adapt_mean))
            self.adapt_variance.assign(tf.ones_like(self.adapt_variance))
            self.count.assign(0)

    def call(self, inputs: Any) -> Any:
        """The output."""
        values = tf.cast(inputs, self.compute_dtype)
        deviation = tf.maximum(tf.sqrt(self.variance), tf.cast(1e-7, self.compute_dtype))
        return self.mean + values * deviation if self.invert else (values - self.mean) / deviation

    def get_config(self) -> dict[str, Any]:
        def plain(value: Any) -> Any:
            return None if value is None else np.asarray(value).tolist()

        config = super().get_config()
        return {**config, "axis": self.axis or None, "mean": plain(self.input_mean),
                "variance": plain(self.input_variance)}  # fmt: skip


class Discretization(Layer):
    """Numbers as the numbers of the bins that they fall into.

    Args:
        bin_boundaries: Where a bin ends and the next begins; what lies on a boundary belongs above it.
        num_bins: How many bins `adapt()` is to find, each with as many numbers as the others.
        epsilon: How exact `adapt()` is: the share of the numbers by which a boundary may be off.
        output_mode: "int", "one_hot", "multi_hot" or "count".
        sparse: Whether the result is a sparse tensor; not with "int".
        dtype: Of the result, but for "int", which gives int32.
        name: Its name.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Discretization(bin_boundaries=[0.0, 1.0])(tf.constant([-1.0, 0.5, 2.0])).numpy().tolist()
        [0, 1, 2]
    """

    def __init__(
        self, bin_boundaries: Any = None, num_bins: int | None = None, epsilon: float = 0.01, output_mode: str = "int",
        sparse: bool = False, dtype: Any = None, name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        mode = check_mode("Discretization", output_mode, ("int", "one_hot", "multi_hot", "count"))
        super().__init__(name=name, dtype=dtype, **kwargs)
        check_sparse("Discretization", sparse, mode)
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(explain(
                "Discretization: Both `num_bins` and `bin_boundaries` cannot be set, and one of them must be."
                if num_bins is not None else "Discretization: You need to set either `num_bins` or `bin_boundaries`.",
                received=f"bin_boundaries={bin_boundaries!r}, num_bins={num_bins!r}",
            ))  # fmt: skip
        if num_bins is not None:
            positive_int("Discretization", "num_bins", num_bins)
        self.bin_boundaries = None if bin_boundaries is None else sorted(float(b) for b in bin_boundaries)
        self.num_bins = num_bins
        self.epsilon = epsilon
        self.output_mode = mode
        self.sparse = sparse
        self._adapted = False
        self.autocast = False  # numbers are compared as they come

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer of a configuration: once adapted, it has both boundaries and a number of bins."""
        config = dict(config)
        adapted = config.pop("bin_boundaries", None) if config.get("num_bins") is not None else None
        layer = cls(**config)
        if adapted is not None:
            layer.bin_boundaries = [float(bound) for bound in adapted]
        return layer

    @property
    def output_dtype(self) -> str:
        """The dtype of the output."""
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def load_own_variables(self, store: Any) -> None:
        """Does nothing: the boundaries are in the configuration. Older releases wrote variables that none has now."""

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Finds the boundaries of bins that hold equally many numbers.

        Args:
            data: An array, a tensor, or an iterable of batches.
            steps: How many batches are looked at; all by default.
        """
        if self.num_bins is None:
            raise ValueError(explain(
                f"Layer `{self.name}` (Discretization) was given its boundaries, so there is nothing to adapt.",
                hint="make it with num_bins= in place of bin_boundaries=",
            ))  # fmt: skip
        summary = np.zeros((2, 0), np.float32)
        for batch in islice(batches(data, self), steps):
            values = np.sort(np.ravel(batch).astype(np.float32))
            own = _shorter(np.stack([values, np.ones_like(values)]), self.epsilon)
            joined = np.concatenate([summary, own], axis=1)
            summary = _shorter(joined[:, np.argsort(joined[0])], self.epsilon)
        self.bin_boundaries = _shorter(summary, 1.0 / self.num_bins)[0, :-1].tolist()
        self._adapted = True

    def reset_state(self) -> None:
        """Forgets the boundaries that `adapt()` found."""
        if self.num_bins is not None:
            self.bin_boundaries, self._adapted = None, False

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output; `num_bins` says how many bins there are before `adapt()` finds them."""
        bins = int(self.num_bins or 0) if self.bin_boundaries is None else len(self.bin_boundaries) + 1
        if not len(input_shape) and self.output_mode != "int":
            return (bins,)  # of one number
        inputs = keras_tensor.KerasTensor(input_shape, "int32")
        return shapes_of(evaluate_symbolically(lambda values: encode(values, bins, self.output_mode, "int32"), inputs))

    def call(self, inputs: Any) -> Any:
        """The output."""
        if self.bin_boundaries is None:
            raise ValueError(explain(
                f"Layer `{self.name}` (Discretization) does not know its bins yet. You need to call "
                "`.adapt()` before.",
                hint="call layer.adapt(data) first, or make it with bin_boundaries=[...]",
            ))  # fmt: skip
        values = inputs if inputs.dtype in ("float32", "float64") else tf.cast(inputs, "float32")
        bounds = tf.cast(tf.constant(self.bin_boundaries, dtype="float64"), values.dtype)
        flat = tf.searchsorted(bounds, tf.reshape(values, (-1,)), side="right", out_type="int32")
        # Whatever is not a number goes where no boundary is above it.
        flat = tf.where(tf.math.is_nan(tf.reshape(values, (-1,))), len(self.bin_boundaries), flat)
        found = tf.reshape(flat, tf.shape(inputs))
        return encode(found, len(self.bin_boundaries) + 1, self.output_mode, self.output_dtype, sparse=self.sparse)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self._adapted:  # a configuration may have only one of both
            config["num_bins"] = None
        config.pop("trainable")  # which Keras' own does not take
        return config


def _shorter(summary: Any, epsilon: float) -> Any:
    """A summary (numbers in order, and how many each stands for, `[2, n]`) by 1 / epsilon numbers, between which equal
    shares of the weight lie."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon * np.arange(1, int(1.0 / epsilon + 1e-6) + 1)
    weight = np.cumsum(summary[1])
    bounds = np.interp(shares, weight / weight[-1], summary[0])
    reached = np.interp(shares, weight / weight[-1], weight)
    return np.stack([bounds, np.diff(reached, prepend=0.0)]).astype(np.float32)


class CategoryEncoding(Layer):
    """Category numbers as vectors with a place for each category.

    Args:
        num_tokens: The number of categories.
        output_mode: "multi_hot" (which occur in a sample), "count" (how often) or "one_hot" (a vector a number).
        sparse: Whether the result is a sparse tensor; not with "int".
        **kwargs: As for every layer.

    Returns:
        For inputs `[batch, n]`: `[batch, num_tokens]`; for "one_hot" `[batch, n, num_tokens]`. Numbers outside
        `[0, num_tokens)` are refused where they are known, and leave no trace else.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.CategoryEncoding(num_tokens=4)(tf.constant([[0, 2, 2]])).numpy().tolist()
        [[1.0, 0.0, 1.0, 0.0]]
    """

    _old_arguments = {"max_tokens": "num_tokens"}

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if num_tokens is None:
            raise ValueError(explain(
                "CategoryEncoding: num_tokens must be set to use this layer.",
                hint="where the categories are not known, an IntegerLookup layer finds them",
            ))  # fmt: skip
        if not isinstance(num_tokens, float) and hasattr(num_tokens, "__index__") and num_tokens < 1:
            raise ValueError(explain("CategoryEncoding: `num_tokens` must be >= 1.", received=repr(num_tokens)))
        self.num_tokens = positive_int("CategoryEncoding", "num_tokens", num_tokens)
        self.output_mode = check_mode("CategoryEncoding", "multi_hot" if output_mode == "binary" else output_mode,
                                      ("count", "one_hot", "multi_hot"))  # fmt: skip
        self.sparse = bool(sparse)
        self.autocast = False

    def _gives_sparse(self, flags: list[bool]) -> bool:
        return self.sparse

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """The vectors."""
        inputs = dense(inputs)
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(explain(
                f"Layer `{self.name}` (CategoryEncoding): `count_weights` is not used when `output_mode` is not "
                "'count'.",
                received=f"output_mode={self.output_mode!r}",
            ))  # fmt: skip
        values = inputs if is_int(inputs.dtype) else tf.cast(inputs, "int64")
        tf.debugging.assert_non_negative(
            values, message=f"CategoryEncoding `{self.name}`: a category number is below 0"
        )
        return encode(values, self.num_tokens, self.output_mode, self.compute_dtype, count_weights, self.sparse)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("sparse", None)
        return config

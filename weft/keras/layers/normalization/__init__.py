"""Normalisation: values brought to mean 0 and variance 1, then scaled and moved by learned numbers."""

from __future__ import annotations

import functools
import math
from typing import Any

import weft as tf
from weft import extend
from weft.extend import explain
from weft.keras import constraints, initializers, regularizers
from weft.keras.core.dtypes import is_float
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.input_spec import InputSpec, require_axes
from weft.keras.layers.layer import Layer


class BatchNormalization(Layer):
    """Normalises each channel over the batch in training, and by moving averages otherwise.

    Args:
        axis: The axis of the channels.
        momentum: How much of the moving averages stays at each step.
        epsilon: Added to the variance.
        center: Whether to add a learned beta.
        scale: Whether to multiply by a learned gamma.
        beta_initializer: First value of beta.
        gamma_initializer: First value of gamma.
        moving_mean_initializer: First value of the moving mean.
        moving_variance_initializer: First value of the moving variance.
        beta_regularizer: Penalty on beta.
        gamma_regularizer: Penalty on gamma.
        beta_constraint: What is done to beta after an update.
        gamma_constraint: What is done to gamma after an update.
        renorm: Whether to correct a batch's statistics towards the moving ones in training too, for small batches.
        renorm_clipping: Bounds of the correction: `rmin` and `rmax` of its factor, `dmax` of its offset.
        renorm_momentum: How much of the averages used for the correction stays at each step.
        synchronized: Whether replicas of `strategy.run` share their statistics; what `fit` shares out it computes as
            for the whole batch in any case.
        **kwargs: As for every layer.

    Source: Ioffe and Szegedy 2015.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> layer = keras.layers.BatchNormalization()
        >>> layer(tf.ones((2, 3)), training=True).shape, [w.name for w in layer.weights]
        (TensorShape([2, 3]), ['gamma', 'beta', 'moving_mean', 'moving_variance'])
    """

    moving_stddev: Any
    renorm_mean: Any
    renorm_stddev: Any

    def __init__(
        self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None,
        beta_constraint: Any = None, gamma_constraint: Any = None, renorm: bool = False, renorm_clipping: Any = None,
        renorm_momentum: float = 0.99, synchronized: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        mode = kwargs.pop("mode", 0)
        if mode != 0:
            raise ValueError(explain(
                "BatchNormalization: `mode` of Keras 1 is 0: statistics for each feature, of the batch in training and "
                "moving averages otherwise.", received=f"mode={mode!r}",
                hint="mode 1 is LayerNormalization; for 2, call the layer with training=True",
            ))  # fmt: skip
        super().__init__(**kwargs)
        unknown = set(renorm_clipping or ()) - {"rmin", "rmax", "dmax"}
        if unknown:
            raise ValueError(explain(
                f"BatchNormalization: `renorm_clipping` does not know {sorted(unknown)[0]!r}: Received invalid keys.",
                expected="a dict with `rmin`, `rmax`, `dmax`, or some of them",
            ))  # fmt: skip
        if renorm_clipping:
            _check_clipping(**{key: value for key, value in renorm_clipping.items() if value is not None})
        if isinstance(axis, (list, tuple)) and len(axis) == 1:
            axis = axis[0]
        self.axis = int(axis)
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.synchronized = synchronized
        self.renorm = renorm
        self.renorm_clipping = dict(renorm_clipping or {}) if renorm else None
        self.renorm_momentum = float(renorm_momentum)
        self.supports_masking = True
        self.gamma: Any = None
        self.beta: Any = None

    def build(self, input_shape: Any) -> None:
        require_axes(self, input_shape)
        size = input_shape[self.axis]
        if size is None:
            raise ValueError(explain(
                f"Layer `{self.name}` (BatchNormalization): axis {self.axis} of its input must have a known size.",
                received=f"shape {tf.TensorShape(input_shape)}",
            ))  # fmt: skip
        shape = (size,)
        if self.scale:
            self.gamma = self.add_weight(
                shape=shape, name="gamma", initializer=self.gamma_initializer, regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint, autocast=False,
            )  # fmt: skip
        if self.center:
            self.beta = self.add_weight(
                shape=shape, name="beta", initializer=self.beta_initializer, regularizer=self.beta_regularizer,
                constraint=self.beta_constraint, autocast=False,
            )  # fmt: skip
        self.moving_mean = self.add_weight(
            shape=shape, name="moving_mean", initializer=self.moving_mean_initializer, trainable=False, autocast=False
        )
        self.moving_variance = self.add_weight(
            shape=shape,
            name="moving_variance",
            initializer=self.moving_variance_initializer,
            trainable=False,
            autocast=False,
        )
        if self.renorm:
            stddev = self._first_stddev
            for name, first in (("moving_stddev", stddev), ("renorm_mean", "zeros"), ("renorm_stddev", stddev)):
                weight = self.add_weight(shape=shape, name=name, initializer=first, trainable=False, autocast=False)
                setattr(self, name, weight)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})

    def _first_stddev(self, shape: Any, dtype: Any = None) -> Any:
        """Goes with the first moving variance."""
        return tf.sqrt(self.moving_variance_initializer(shape, dtype=dtype))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The output; in training, the moving averages move."""
        if tf.is_tensor(training):  # subclasses hand on what they compute
            known = tf.get_static_value(training)
            if known is None:
                moving, still = (functools.partial(self.call, inputs, way, mask) for way in (True, False))
                return tf.cond(tf.cast(training, "bool"), moving, still)
            training = bool(known)
        wide = self.variable_dtype
        values = tf.cast(inputs, wide) if inputs.dtype != wide else inputs
        axis = self.axis % values.shape.rank
        scale = tf.ones_like(self.moving_mean) if self.gamma is None else tf.convert_to_tensor(self.gamma)
        offset = tf.zeros_like(self.moving_mean) if self.beta is None else tf.convert_to_tensor(self.beta)
        if not (training and self.trainable):
            result = self._inference(values, scale, offset, axis, self.moving_mean, self.moving_variance)
        elif self.renorm:
            result = self._renormalized(values, mask, scale, offset, axis)
        elif mask is None and self._replicas() is None:
            result, mean, variance = extend.op(
                "batch_norm_training", values, scale, offset, axis=axis, epsilon=self.epsilon
            )
            self._move(mean, variance)
        else:
            mean, variance = self._masked_moments(values, mask, axis)
            result = self._inference(values, scale, offset, axis, mean, variance)
            self._move(mean, variance)
        return (
            tf.cast(result, self.compute_dtype)
            if is_float(inputs.dtype) and result.dtype != self.compute_dtype
            else result
        )

    def _renormalized(self, values: Any, mask: Any, scale: Any, offset: Any, axis: int) -> Any:
        """The output by the batch's statistics, corrected towards the moving ones; no gradient in the correction."""
        mean, variance = self._masked_moments(values, mask, axis)
        stddev = tf.sqrt(variance + self.epsilon)
        factor = tf.stop_gradient(stddev / self.renorm_stddev)
        move = tf.stop_gradient((mean - self.renorm_mean) / self.renorm_stddev)
        clip = self.renorm_clipping or {}
        factor = tf.minimum(tf.maximum(factor, clip.get("rmin", -float("inf"))), clip.get("rmax", float("inf")))
        move = tf.minimum(tf.maximum(move, -clip.get("dmax", float("inf"))), clip.get("dmax", float("inf")))
        result = self._inference(values, scale * factor, offset + scale * move, axis, mean, variance)
        for weight, new, keep in (
            (self.moving_mean, mean, self.momentum), (self.moving_stddev, stddev, self.momentum),
            (self.renorm_mean, mean, self.renorm_momentum), (self.renorm_stddev, stddev, self.renorm_momentum),
        ):  # fmt: skip
            weight.assign(weight * keep + new * (1.0 - keep))
        self.moving_variance.assign(tf.maximum(tf.square(self.moving_stddev) - self.epsilon, 0.0))
        return result

    def _inference(self, values: Any, scale: Any, offset: Any, axis: int, mean: Any, variance: Any) -> Any:
        return extend.op(
            "batch_norm_inference", values, scale, offset, tf.convert_to_tensor(mean), tf.convert_to_tensor(variance),
            axis=axis, epsilon=self.epsilon,
        )  # fmt: skip

    def _move(self, mean: Any, variance: Any) -> None:
        keep = self.momentum
        self.moving_mean.assign(self.moving_mean * keep + mean * (1.0 - keep))
        self.moving_variance.assign(self.moving_variance * keep + variance * (1.0 - keep))

    def _masked_moments(self, values: Any, mask: Any, axis: int) -> tuple[Any, Any]:
        """Mean and variance of the places that the mask keeps; of all where there is none."""
        rank = values.shape.rank
        axes = [n for n in range(rank) if n != axis]
        replicas = self._replicas()
        if replicas is not None:
            return self._moments_of_all(replicas, values, mask, axes)
        if mask is None:
            mean = tf.reduce_mean(values, axis=axes, keepdims=True)
            variance = tf.reduce_mean(tf.square(values - mean), axis=axes, keepdims=True)
            return tf.reshape(mean, (-1,)), tf.reshape(variance, (-1,))
        weights = _beside(mask, values)
        count = tf.reduce_sum(weights * tf.ones_like(values), axis=axes, keepdims=True) + 1e-7
        mean = tf.reduce_sum(values * weights, axis=axes, keepdims=True) / count
        variance = tf.reduce_sum(weights * tf.square(values - mean), axis=axes, keepdims=True) / count
        return tf.reshape(mean, (-1,)), tf.reshape(variance, (-1,))

    def _replicas(self) -> Any:
        """The replicas that share their statistics with this one; None where there are none."""
        context = tf.distribute.get_replica_context() if self.synchronized else None
        return None if context is None or context.num_replicas_in_sync == 1 else context

    def _moments_of_all(self, replicas: Any, values: Any, mask: Any, axes: list[int]) -> tuple[Any, Any]:
        """Mean and variance over the batches of all replicas, which may have different numbers of rows."""

        def total(x: Any) -> Any:
            return replicas.all_reduce(tf.distribute.ReduceOp.SUM, tf.reduce_sum(x, axis=axes, keepdims=True))

        weights = tf.ones_like(values) if mask is None else _beside(mask, values) * tf.ones_like(values)
        count = tf.maximum(total(weights), 1e-7)
        mean = total(values * weights) / count
        variance = total(weights * tf.square(values - mean)) / count
        return tf.reshape(mean, (-1,)), tf.reshape(variance, (-1,))


def _beside(mask: Any, values: Any) -> Any:
    """A mask as numbers that go with values, whose first axes it has."""
    weights = tf.cast(mask, values.dtype)
    while weights.shape.rank < values.shape.rank:
        weights = tf.expand_dims(weights, -1)
    return weights


def _axis_or_axes(layer: str, axis: Any) -> Any:
    """An axis, or a list of several."""
    if isinstance(axis, (list, tuple)):
        return list(axis)
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise TypeError(explain(
            f"{layer}: Invalid value for `axis` argument: expected an int or a list/tuple of ints. "
            "(Expected an int or a list/tuple of ints for the argument 'axis'.)", received=repr(axis)
        ))
    return int(axis)


def _check_clipping(rmin: float = -math.inf, rmax: float = math.inf, dmax: float = 0.0) -> None:
    """Refuses bounds of the correction between which nothing lies."""
    if rmin > rmax:
        raise ValueError(explain(
            "BatchNormalization: of `renorm_clipping`, rmax should be greater than rmin.",
            received=f"rmin={rmin}, rmax={rmax}",
        ))  # fmt: skip
    if dmax < 0:
        raise ValueError(explain(
            "BatchNormalization: of `renorm_clipping`, dmax should be non-negative.", received=f"dmax={dmax}"
        ))  # fmt: skip


class LayerNormalization(Layer):
    """Normalises each sample over its features.

    Args:
        axis: The axis or axes of the features.
        epsilon: Added to the variance.
        center: Whether to add a learned beta.
        scale: Whether to multiply by a learned gamma.
        beta_initializer: First value of beta.
        gamma_initializer: First value of gamma.
        beta_regularizer: Penalty on beta.
        gamma_regularizer: Penalty on gamma.
        beta_constraint: What is done to beta after an update.
        gamma_constraint: What is done to gamma after an update.
        rms_scaling: Divides by the deviation alone, without taking off the mean and adding beta; RMSNormalization
            is another thing, and mostly what is meant.
        **kwargs: As for every layer.

    Source: Ba, Kiros and Hinton 2016.
    """

    def __init__(
        self, axis: Any = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", beta_regularizer: Any = None,
        gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None,
        rms_scaling: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.axis = _axis_or_axes("LayerNormalization", axis)
        self.rms_scaling = rms_scaling
        self.autocast = False  # sums of squares must not overflow
        self.epsilon = float(epsilon)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True
        self.gamma: Any = None
        self.beta: Any = None

    def _axes(self, rank: int) -> tuple[int, ...]:
        axes = self.axis if isinstance(self.axis, list) else [self.axis]
        return tuple(sorted(axis % rank for axis in axes))

    def build(self, input_shape: Any) -> None:
        # Keras sorts the axes as they are written, so that -1 comes before 1; saved weights have their shape from that.
        require_axes(self, input_shape)
        axes = sorted(self.axis) if isinstance(self.axis, list) else [self.axis]
        shape = tuple(input_shape[axis] for axis in axes)
        if self.scale:
            self.gamma = self.add_weight(
                shape=shape, name="gamma", initializer=self.gamma_initializer, regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint, autocast=False,
            )  # fmt: skip
        if self.center and not self.rms_scaling:
            self.beta = self.add_weight(
                shape=shape, name="beta", initializer=self.beta_initializer, regularizer=self.beta_regularizer,
                constraint=self.beta_constraint, autocast=False,
            )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The output."""
        wide = self.variable_dtype
        values = tf.cast(inputs, wide) if inputs.dtype != wide else inputs
        axes = self._axes(values.shape.rank)
        sizes = [int(values.shape[axis]) for axis in axes]
        scale = tf.ones(sizes, dtype=wide) if self.gamma is None else tf.reshape(self.gamma, sizes)
        offset = tf.zeros(sizes, dtype=wide) if self.beta is None else tf.reshape(self.beta, sizes)
        if self.rms_scaling:
            variance = tf.math.reduce_variance(values, axis=axes, keepdims=True)
            result = values * tf.math.rsqrt(variance + self.epsilon)
            shape = [int(size) if axis in axes else 1 for axis, size in enumerate(values.shape)]
            result = result * tf.reshape(scale, shape)
        else:
            result = extend.op("layer_norm", values, scale, offset, axis=axes, epsilon=self.epsilon)
        return tf.cast(result, self.compute_dtype) if result.dtype != self.compute_dtype else result


class GroupNormalization(Layer):
    """Normalises groups of channels, sample by sample.

    Args:
        groups: The number of groups; -1 for one a channel.
        axis: The axis of the channels.
        epsilon: Added to the variance.
        center: Whether to add a learned beta.
        scale: Whether to multiply by a learned gamma.
        beta_initializer: First value of beta.
        gamma_initializer: First value of gamma.
        beta_regularizer: Penalty on beta.
        gamma_regularizer: Penalty on gamma.
        beta_constraint: What is done to beta after an update.
        gamma_constraint: What is done to gamma after an update.
        **kwargs: As for every layer.

    Source: Wu and He 2018.
    """

    def __init__(
        self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", beta_regularizer: Any = None,
        gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.groups = -1 if groups == -1 else positive_int("GroupNormalization", "groups", groups)
        self.axis = int(axis)
        self.autocast = False  # sums of squares must not overflow
        self.epsilon = float(epsilon)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True
        self.gamma: Any = None
        self.beta: Any = None

    def build(self, input_shape: Any) -> None:
        require_axes(self, input_shape)
        size = input_shape[self.axis]
        groups = size if self.groups == -1 else self.groups
        if size is None:
            raise ValueError(explain(
                f"Layer `{self.name}` (GroupNormalization): axis {self.axis} of its input tensor should have a defined "
                f"dimension but the layer received an input with shape {tf.TensorShape(input_shape)}."
            ))  # fmt: skip
        if size < groups or size % groups:
            raise ValueError(explain(
                f"Layer `{self.name}` (GroupNormalization): {size} channels cannot be shared out to {groups} groups. "
                + ("Number of groups cannot be more than the number of channels." if groups > size
                   else "Number of groups must be a multiple of the number of channels, or divide it."),
                received=f"shape {tf.TensorShape(input_shape)}, channels at axis {self.axis}",
                hint="choose groups= so that it divides the number of channels",
            ))  # fmt: skip
        self._groups = int(groups)
        if self.scale:
            self.gamma = self.add_weight(
                shape=(size,), name="gamma", initializer=self.gamma_initializer, regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint, autocast=False,
            )  # fmt: skip
        if self.center:
            self.beta = self.add_weight(
                shape=(size,), name="beta", initializer=self.beta_initializer, regularizer=self.beta_regularizer,
                constraint=self.beta_constraint, autocast=False,
            )  # fmt: skip
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})

    def call(self, inputs: Any) -> Any:
        """The output."""
        wide = self.variable_dtype
        values = tf.cast(inputs, wide) if inputs.dtype != wide else inputs
        size = int(values.shape[self.axis])
        scale = tf.ones((size,), dtype=wide) if self.gamma is None else tf.convert_to_tensor(self.gamma)
        offset = tf.zeros((size,), dtype=wide) if self.beta is None else tf.convert_to_tensor(self.beta)
        axis = self.axis % values.shape.rank
        result = extend.op("group_norm", values, scale, offset, groups=self._groups, axis=axis, epsilon=self.epsilon)
        return tf.cast(result, self.compute_dtype) if result.dtype != self.compute_dtype else result


class UnitNormalization(Layer):
    """Scales each sample to norm 1.

    Args:
        axis: The axis or axes of the norm.
        **kwargs: As for every layer.
    """

    _stateless = True

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = _axis_or_axes("UnitNormalization", axis)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The output."""
        return tf.nn.l2_normalize(inputs, axis=self.axis, epsilon=1e-12)

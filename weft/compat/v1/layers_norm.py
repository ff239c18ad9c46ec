"""`tf.layers`: batch normalization, whose averages are brought up to date by operations in UPDATE_OPS."""

from __future__ import annotations

from typing import Any

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1 import gradient_counts, initializers
from weft.compat.v1 import nn as _nn
from weft.compat.v1.layer_base import Layer, static_bool
from weft.compat.v1.moving_averages import assign_moving_average
from weft.compat.v1.naming import in_graph
from weft.runtime.operation_counts import standing_for
from weft.runtime.scopes import Unit

#: the least epsilon of the fused form, which version 1 uses for images
_LEAST = 1.001e-5


class BatchNormalization(Layer):
    """(x - mean) / sqrt(variance + epsilon) · gamma + beta: over the batch in training, by averages elsewhere.

    Args:
        axis: The axis that keeps its own means and variances.
        momentum: Share of the old averages in the new ones.
        epsilon: Keeps the divisor from 0.
        center: Whether there is a beta.
        scale: Whether there is a gamma.
        beta_initializer: As for `get_variable`, like those that follow.
        gamma_initializer: For gamma.
        moving_mean_initializer: For the averages of means.
        moving_variance_initializer: For the averages of variances.
        beta_regularizer: A function that gives a penalty.
        gamma_regularizer: Likewise.
        beta_constraint: What optimizers apply after an update.
        gamma_constraint: Likewise.
        renorm: Must be False.
        renorm_clipping: Accepted.
        renorm_momentum: Accepted.
        fused: Whether variances count as those of a sample, which is how images are treated; None decides.
        trainable: Whether optimizers update gamma and beta.
        virtual_batch_size: Must be None.
        adjustment: Must be None.
        name: The name of its variable scope.
        **kwargs: What every `Layer` takes.
    """

    def __init__(self, axis: Any = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True,
                 scale: bool = True, beta_initializer: Any = None, gamma_initializer: Any = None,
                 moving_mean_initializer: Any = None, moving_variance_initializer: Any = None,
                 beta_regularizer: Any = None, gamma_regularizer: Any = None, beta_constraint: Any = None,
                 gamma_constraint: Any = None, renorm: bool = False, renorm_clipping: Any = None,
                 renorm_momentum: float = 0.99, fused: bool | None = None, trainable: bool = True,
                 virtual_batch_size: Any = None, adjustment: Any = None, name: str | None = None,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(trainable, name, **kwargs)
        for word, value in (("renorm", renorm), ("virtual_batch_size", virtual_batch_size), ("adjustment", adjustment)):
            if value:
                raise NotImplementedError(explain(f"batch_normalization has no `{word}`.", received=repr(value),
                                                  hint="leave it out"))  # fmt: skip
        self.axis, self.momentum, self.epsilon, self.fused = axis, momentum, epsilon, fused
        self.center, self.scale = center, scale
        self.gamma: Any = None
        self.beta: Any = None
        self.moving_mean: Any = None
        self.moving_variance: Any = None
        ones, zeros = initializers.ones_initializer, initializers.zeros_initializer
        self._made = {
            "gamma": (gamma_initializer or ones(), gamma_regularizer, gamma_constraint, True) if scale else None,
            "beta": (beta_initializer or zeros(), beta_regularizer, beta_constraint, True) if center else None,
            "moving_mean": (moving_mean_initializer or zeros(), None, None, False),
            "moving_variance": (moving_variance_initializer or ones(), None, None, False),
        }

    def build(self, input_shape: Any) -> None:
        """Makes gamma, beta and the averages."""
        if input_shape.rank is None:
            raise ValueError(f"Input to layer `{self.name}` has undefined rank: {input_shape}")
        axis = self.axis[0] if isinstance(self.axis, (list, tuple)) else self.axis
        self._axis = axis % input_shape.rank
        size = self._known_size(input_shape, self._axis, "normalized dimension")
        if self.fused is None:
            self.fused = input_shape.rank == 4 and self._axis in (1, 3)
        self.dtype = dtypes.float32 if self.dtype in (dtypes.float16, dtypes.bfloat16) else self.dtype
        for part, options in self._made.items():
            made = None
            if options is not None:
                initializer, regularizer, constraint, trained = options
                made = self.add_weight(part, [size], None, initializer, regularizer, trained, constraint)
            setattr(self, part, made)
        self.built = True

    def call(self, inputs: Any, training: Any = False, *args: Any, **kwargs: Any) -> Any:
        """Computes its result."""
        known = static_bool(training)
        with standing_for(self._operations(known, inputs.shape.rank)) as standing:
            standing.gradients = self._gradients(inputs, known)
            if known is None:  # a placeholder made without a shape holds one bool
                training = weft.reshape(training, [])
            return self._result(inputs, training, known)

    def _gradients(self, inputs: Any, known: bool | None) -> Any:
        """How many operations the gradient of a call stands for."""
        if self.fused:
            return 6, 6
        if known is False:
            return 16, 6
        over = [place for place in range(inputs.shape.rank) if place != self._axis]
        return (lambda: gradient_counts.normalized(inputs._value, over, self.scale)), 21 if self.scale else 18

    def _operations(self, known: bool | None, rank: int) -> int | None:
        """How many operations TensorFlow makes of a call, where they are not as many as ours."""
        missing = (not self.scale) + (not self.center)
        if self.fused:
            return {False: 2, True: 14, None: 36}[known] + missing
        return None if known is False else (24 if known else 56) - (not self.scale)

    def _result(self, inputs: Any, training: Any, known: bool | None) -> Any:
        over = [place for place in range(inputs.shape.rank) if place != self._axis]
        if known is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            mean, variance = self._of_batch(inputs, over)
            self._update(inputs, over, mean, variance, training, known)
            if known is None:
                mean = weft.where(training, mean, self.moving_mean)
                variance = weft.where(training, variance, self.moving_variance)
        return self._normalized(inputs, mean, variance, known)

    def _of_batch(self, inputs: Any, over: list[int]) -> tuple[Any, Any]:
        if not self.fused or not in_graph():
            found: tuple[Any, Any] = _nn.moments(inputs, over)
            return found
        with Unit("Moments") as unit:
            found = weft.nn.moments(inputs, over)
            unit.hide()
        return found

    def _update(self, inputs: Any, over: list[int], mean: Any, variance: Any, training: Any, known: Any) -> None:
        decay: Any = self.momentum
        if self.fused:
            count = 1
            for place in over:
                count = count * inputs.shape.symbolic[place]
            number = weft.cast(count if isinstance(count, int) else weft.size(inputs) // inputs.shape[self._axis],
                               variance.dtype)  # fmt: skip
            variance = variance * (number / weft.maximum(number - 1.0, 1.0))
        if known is None:
            decay = weft.where(training, weft.cast(decay, mean.dtype), weft.cast(1.0, mean.dtype))
        for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            self.add_update(assign_moving_average(average, value, decay, zero_debias=False))

    def _placed(self, part: Any, inputs: Any) -> Any:
        """A value for each channel, along the channels' axis."""
        shape = [1] * inputs.shape.rank
        shape[self._axis] = -1
        return None if part is None else weft.reshape(part, shape)

    def _normalized(self, inputs: Any, mean: Any, variance: Any, known: bool | None) -> Any:
        beta, gamma = self.beta, self.gamma
        if self._axis != inputs.shape.rank - 1:
            mean, variance, beta, gamma = (self._placed(part, inputs) for part in (mean, variance, beta, gamma))
        epsilon: float = max(self.epsilon, _LEAST) if self.fused else self.epsilon
        if not self.fused or not in_graph():
            return _nn.batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
        with Unit("FusedBatchNormV3" if known is not None else "cond") as unit:
            result = weft.nn.batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
            if known is not None:
                return unit.call(result, "", "FusedBatchNormV3", single=True)
            return unit.call(result, "Merge", "Merge", single=True)


def batch_normalization(inputs: Any, axis: Any = -1, momentum: float = 0.99, epsilon: float = 1e-3,
                        center: bool = True, scale: bool = True, beta_initializer: Any = None,
                        gamma_initializer: Any = None, moving_mean_initializer: Any = None,
                        moving_variance_initializer: Any = None, beta_regularizer: Any = None,
                        gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None,
                        training: Any = False, trainable: bool = True, name: str | None = None, reuse: Any = None,
                        renorm: bool = False, renorm_clipping: Any = None, renorm_momentum: float = 0.99,
                        fused: bool | None = None, virtual_batch_size: Any = None,
                        adjustment: Any = None) -> Any:  # fmt: skip
    """Batch normalization; see `BatchNormalization` for the arguments.

    In training the averages must be brought up to date with the step:

        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            train = optimizer.minimize(loss)

    Args:
        inputs: A tensor.
        training: Whether this is training: a bool, or a tensor of one.
        reuse: Whether the variables of an earlier layer of this name are used again.
    """
    layer = BatchNormalization(
        axis, momentum, epsilon, center, scale, beta_initializer, gamma_initializer, moving_mean_initializer,
        moving_variance_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint, renorm,
        renorm_clipping, renorm_momentum, fused, trainable, virtual_batch_size, adjustment, name, _reuse=reuse,
    )  # fmt: skip
    return layer(inputs, training=training)



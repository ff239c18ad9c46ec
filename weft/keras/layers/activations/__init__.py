"""Activation functions as layers."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import activations, constraints, initializers, regularizers
from weft.keras.layers.input_spec import InputSpec
from weft.keras.layers.layer import Layer


class Activation(Layer):
    """An activation function.

    Args:
        activation: Its name, or a function of a tensor.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Activation("relu")(tf.constant([[-1.0, 2.0]])).numpy().tolist()
        [[0.0, 2.0]]
    """

    _stateless = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        """The function's value."""
        return self.activation(inputs)


class ReLU(Layer):
    """`max(x, 0)` with a slope below, a bound above, a threshold.

    Args:
        max_value: The greatest output.
        negative_slope: The slope below the threshold.
        threshold: Where the negative side begins.
        **kwargs: As for every layer.
    """

    _stateless = True

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("max_value", max_value), ("negative_slope", negative_slope), ("threshold", threshold)):
            if (value is None and name != "max_value") or (value is not None and value < 0):
                none = "" if name == "max_value" else "None or "
                raise ValueError(f"{name} of a ReLU layer cannot be {none}a negative value, received {value!r}.")
        self.supports_masking = True
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold

    def call(self, inputs: Any) -> Any:
        """The function's value."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class ThresholdedReLU(Layer):
    """x above a threshold, 0 elsewhere.

    Args:
        theta: The threshold.
        **kwargs: As for every layer.
    """

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if theta is None or theta < 0:
            raise ValueError(f"ThresholdedReLU: `theta` must not be negative, received {theta!r}.")
        self.supports_masking = True
        self.theta = float(theta)

    def call(self, inputs: Any) -> Any:
        """The function's value."""
        return tf.where(inputs > self.theta, inputs, tf.zeros_like(inputs))


class LeakyReLU(Layer):
    """x where it is positive, `negative_slope · x` elsewhere.

    Args:
        negative_slope: The slope; Keras 2 called it `alpha`.
        **kwargs: As for every layer.
    """

    _stateless = True

    _old_arguments = {"alpha": "negative_slope"}

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if negative_slope is None or negative_slope < 0:
            raise ValueError(
                "The negative_slope value of a Leaky ReLU layer cannot be None or negative, received "
                f"{negative_slope!r}."
            )
        self.supports_masking = True
        self.negative_slope = negative_slope

    def call(self, inputs: Any) -> Any:
        """The function's value."""
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)


class ELU(Layer):
    """x where it is positive, `alpha · (eˣ − 1)` elsewhere.

    Args:
        alpha: The factor.
        **kwargs: As for every layer.
    """

    _stateless = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        """The function's value."""
        return activations.elu(inputs, alpha=self.alpha)


class Softmax(Layer):
    """Positive numbers whose sum along an axis is 1.

    Args:
        axis: The axis or axes.
        **kwargs: As for every layer.
    """

    _stateless = True

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The function's value; places where the mask is False get 0."""
        if mask is None:
            return activations.softmax(inputs, axis=self.axis)
        self._check_mask(tf.TensorShape(inputs.shape), tf.TensorShape(mask.shape))
        kept = mask if mask.dtype == "bool" else mask > tf.cast(0.5, mask.dtype)
        least = tf.cast(-3e4 if inputs.dtype == "float16" else -1e9, inputs.dtype)
        shares = activations.softmax(tf.where(kept, inputs, least), axis=self.axis)
        # Where nothing is kept, the result is all zeros rather than an even share for padding.
        return tf.where(kept, shares, tf.zeros_like(shares))

    def _check_mask(self, inputs: Any, mask: Any) -> None:
        if inputs.rank is None or mask.rank is None:
            return
        pairs = zip(reversed(tuple(mask)), reversed(tuple(inputs)))
        problem = None
        if mask.rank > inputs.rank:
            problem = "it must not have more dimensions"
        elif any(None not in pair and pair[0] not in (1, pair[1]) for pair in pairs):
            problem = "its sizes must be 1 or those of the inputs"
        if problem is not None:
            raise ValueError(explain(
                f"Layer `{self.name}` (Softmax): the mask must be broadcastable to the inputs, {problem}.",
                received=f"inputs {inputs}, mask {mask}",
            ))  # fmt: skip


class PReLU(Layer):
    """x where it is positive, `alpha · x` elsewhere, alpha learned for every place.

    Args:
        alpha_initializer: First value of alpha.
        alpha_regularizer: Penalty on alpha.
        alpha_constraint: What is done to alpha after an update.
        shared_axes: Axes along which there is one alpha.
        **kwargs: As for every layer.

    Source: He et al. 2015.
    """

    def __init__(self, alpha_initializer: Any = "Zeros", alpha_regularizer: Any = None, alpha_constraint: Any = None,
                 shared_axes: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.supports_masking = True
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = (
            [shared_axes] if isinstance(shared_axes, int) else None if shared_axes is None else list(shared_axes)
        )

    def build(self, input_shape: Any) -> None:
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            shape[axis - 1] = 1
        if None in shape:
            raise ValueError(explain(
                f"Layer `{self.name}` (PReLU) needs known sizes.", received=f"shape {tf.TensorShape(input_shape)}",
                hint="share alpha along the axes whose size varies: shared_axes=[1, 2]",
            ))  # fmt: skip
        self.alpha = self.add_weight(
            shape=shape, name="alpha", initializer=self.alpha_initializer, regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )  # fmt: skip
        axes = {axis: size for axis, size in enumerate(input_shape) if axis and axis not in (self.shared_axes or ())}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Any) -> Any:
        """The function's value."""
        return tf.nn.relu(inputs) - self.alpha * tf.nn.relu(-inputs)

"""Densely connected layers."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import activations, constraints, initializers, regularizers
from weft.keras.core import in_graph
from weft.keras.core.dtypes import is_float
from weft.keras.layers.core.lora import LowRank, adapted
from weft.keras.layers.input_spec import InputSpec
from weft.keras.layers.layer import Layer
from weft.keras.ops.sparse import product_with_matrix


def positive_int(layer: str, name: str, value: Any) -> int:
    """The argument as an int.

    Raises:
        ValueError: Unless it is a positive integer, naming layer and argument.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) <= 0:
        raise ValueError(explain(
            f"{layer}: Invalid value for argument `{name}`. Expected a strictly positive value. "
            f"Received {name}={value!r}.", hint=f"`{name}` must be a positive integer",
        ))  # fmt: skip
    return int(value)


def as_float(inputs: Any, dtype: Any) -> Any:
    """Integers and booleans as floats of the layer's dtype; floats stay."""
    return inputs if is_float(inputs.dtype) else tf.cast(inputs, dtype)


class Dense(LowRank, Layer):
    """`activation(inputs · kernel + bias)` along the last axis.

    Args:
        units: The size of the output's last axis.
        activation: Function of the result; none by default.
        use_bias: Whether there is a bias.
        kernel_initializer: First value of the kernel `[inputs, units]`.
        bias_initializer: First value of the bias `[units]`.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: What is done to the kernel after an update.
        bias_constraint: What is done to the bias after an update.
        lora_rank: The size of a low-rank addition that is trained in the kernel's place; see `enable_lora`.
        lora_alpha: Its factor times its size; its size by default.
        quantization_config: Must be None.
        **kwargs: As for every layer.

    Returns:
        For inputs `[batch, …, inputs]`, `[batch, …, units]`.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Dense(3)(tf.ones((2, 4))).shape
        TensorShape([2, 3])
    """

    _checkpoint_aliases = {"kernel": "_kernel"}
    kernel = adapted("kernel")

    _old_arguments = {"output_dim": "units"}

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
        lora_rank: int | None = None, lora_alpha: float | None = None, quantization_config: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_low_rank(lora_rank, lora_alpha, quantization_config)
        self.units = positive_int(type(self).__name__, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        size = input_shape[-1]
        if size is None:
            raise ValueError(explain(
                f"Layer `{self.name}` (Dense): the last axis of its input must have a known size.",
                received=f"shape {tf.TensorShape(input_shape)}",
                hint="give the input its full shape, for instance keras.Input(shape=(784,))",
            ))  # fmt: skip
        self.kernel = self.add_weight(
            name="kernel", shape=(size, self.units), initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.units,), initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )  # fmt: skip
        self._build_low_rank()
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The output."""
        inputs = as_float(inputs, self.compute_dtype)
        sparse = isinstance(inputs, tf.SparseTensor)
        result = product_with_matrix(inputs, self.kernel) if sparse else tf.matmul(inputs, self.kernel)
        if self.bias is not None:
            result = in_graph.add_bias(result, self.bias)
        return result if self.activation is None else self.activation(result)

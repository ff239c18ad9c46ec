"""A Dense layer whose product is written as an einsum."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import activations, constraints, initializers, regularizers
from weft.keras.layers.core.dense import as_float
from weft.keras.layers.core.lora import LowRank, adapted
from weft.keras.layers.layer import Layer


class EinsumDense(LowRank, Layer):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    Args:
        equation: Such as `"ab,bc->ac"` (which is Dense) or `"...x,xy->...y"`.
        output_shape: The sizes of the output without the batch; None entries are taken from the input.
        activation: Function of the result.
        bias_axes: Letters of the output's axes that the bias has; None for no bias.
        kernel_initializer: First value of the kernel.
        bias_initializer: First value of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: What is done to the kernel after an update.
        bias_constraint: What is done to the bias after an update.
        lora_rank: The size of a low-rank addition that is trained in the kernel's place; see `enable_lora`.
        lora_alpha: Its factor times its size; its size by default.
        quantization_config: Must be None.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> layer = keras.layers.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d")
        >>> layer(tf.ones((2, 3, 4))).shape
        TensorShape([2, 3, 5])
    """

    _checkpoint_aliases = {"kernel": "_kernel"}
    kernel = adapted("kernel")

    def __init__(
        self, equation: str, output_shape: Any, activation: Any = None, bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
        lora_rank: int | None = None, lora_alpha: float | None = None, quantization_config: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        kwargs.pop("gptq_unpacked_column_size", None)  # says something of quantised kernels alone
        super().__init__(**kwargs)
        self._set_low_rank(lora_rank, lora_alpha, quantization_config)
        self.equation = equation.replace(" ", "")
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        kernel_shape, bias_shape = self._shapes(tuple(input_shape))
        self.kernel = self.add_weight(
            name="kernel", shape=kernel_shape, initializer=self._start(), regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )  # fmt: skip
        if bias_shape is not None:
            self.bias = self.add_weight(
                name="bias", shape=bias_shape, initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )  # fmt: skip

        self._build_low_rank()

    def _shapes(self, input_shape: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
        """The shapes of kernel and bias: each letter has the size that it has in the input or the output."""
        left, arrow, output = self.equation.partition("->")
        inputs, comma, kernel = left.partition(",")
        if not arrow or not comma or not kernel:
            raise ValueError(explain(
                f"Layer `{self.name}` (EinsumDense): the equation is not understood.", received=self.equation,
                expected="input,kernel->output, such as 'abc,cd->abd'",
            ))  # fmt: skip
        sizes = _sizes(inputs, input_shape)
        wanted = (
            *([None] if not output.startswith("...") or inputs.endswith("...") else []),
            *self.partial_output_shape,
        )
        for letter, size in _sizes(output, wanted, strict=False).items():
            if size is not None:
                if sizes.get(letter) not in (None, size):
                    raise ValueError(explain(
                        f"Layer `{self.name}` (EinsumDense): letter `{letter}` of {self.equation!r} has two sizes.",
                        received=f"{sizes[letter]} in the input {tf.TensorShape(input_shape)}, {size} in output_shape",
                    ))  # fmt: skip
                sizes[letter] = size
        missing = [letter for letter in kernel if sizes.get(letter) is None]
        if missing:
            raise ValueError(explain(
                f"Layer `{self.name}` (EinsumDense): the size of letter `{missing[0]}` of the kernel is not known.",
                received=f"equation {self.equation!r}, input {tf.TensorShape(input_shape)}, output_shape "
                f"{self.partial_output_shape}",
            ))  # fmt: skip
        if not self.bias_axes:
            return tuple(sizes[letter] for letter in kernel), None
        letters = output.replace("...", "")
        first = min(letters.index(letter) for letter in self.bias_axes)
        bias = tuple(sizes[letter] if letter in self.bias_axes else 1 for letter in letters[first:])
        if output.endswith("..."):  # the axes that these dots stand for lie behind those of the bias
            bias += (1,) * (len(input_shape) - len(inputs.replace("...", "")))
        return tuple(sizes[letter] for letter in kernel), bias

    def _start(self) -> Any:
        """The kernel's initializer, told which axes the product sums over and which it leaves in the output."""
        if not hasattr(self.kernel_initializer, "for_axes"):
            return self.kernel_initializer
        left, _, output = self.equation.partition("->")
        kernel = left.partition(",")[2]
        inner = [axis for axis, letter in enumerate(kernel) if letter not in output]
        outer = [axis for axis, letter in enumerate(kernel) if letter in output]
        return self.kernel_initializer.for_axes(inner, outer) if inner and outer else self.kernel_initializer

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The output."""
        result = tf.einsum(self.equation, as_float(inputs, self.compute_dtype), self.kernel)
        if self.bias is not None:
            result = result + self.bias
        return result if self.activation is None else self.activation(result)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_shape": self.partial_output_shape}


def _sizes(letters: str, shape: tuple[Any, ...], strict: bool = True) -> dict[str, Any]:
    """The size of each letter; those behind an ellipsis are counted from the end."""
    head, dots, tail = letters.partition("...")
    if dots:
        found = dict(zip(head, shape))
        found.update(zip(reversed(tail), reversed(shape)))
        return found
    if len(letters) != len(shape) and strict:
        raise ValueError(explain(
            f"EinsumDense: {letters!r} names {len(letters)} axes.", received=f"shape {tf.TensorShape(shape)}"
        ))  # fmt: skip
    return dict(zip(letters, shape))

"""How much arithmetic a model is: the multiplications and additions of its products and convolutions."""

from __future__ import annotations

import math
from typing import Any

#: numbers read and written for each parameter by an Adam step: value, two moments, and the gradient
ADAM_TRAFFIC = 7


def count(model: Any, batch: int, training: bool) -> dict[str, float]:
    """What a step of a built Keras model is.

    Args:
        model: A functional model of any library with Keras' interface.
        batch: Rows in a step.
        training: Whether the step is a training step.

    Returns:
        `flops` of a step, and `parameters` of the model. A training step is three times the forward pass, less the
        gradient towards the model's inputs, which nobody computes. What is not a product (norms, activations, pooling,
        optimizers) is not counted.
    """
    forward = [flops(layer) for layer in model.layers]
    counted = sum(forward)
    if training:
        counted = 3 * counted - _not_asked(model, forward)
    return {"flops": float(batch * counted), "parameters": float(model.count_params())}


def _not_asked(model: Any, forward: list[int]) -> int:
    """The first layer with a product needs no gradient of its inputs, unless something is learned before it."""
    for layer, amount in zip(model.layers, forward):
        if amount:
            return amount
        if layer.get_weights():
            return 0
    return 0


def flops(layer: Any) -> int:
    """Floating-point operations of one row's way forwards through a layer; 0 where it has no products."""
    kind = type(layer).__name__
    rule = _RULES.get(kind)
    return int(rule(layer)) if rule else 0


def _shapes(layer: Any) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]


def _places(tensor: Any) -> int:
    """Positions in time and space of a tensor `[batch, ..., channels]`."""
    return math.prod(int(size) for size in tensor.shape[1:-1])


def _product(layer: Any) -> int:
    return 2 * math.prod(_shapes(layer)[0]) * _places(layer.output)


def _spread(layer: Any) -> int:
    """A transposed convolution visits its kernel once for each position of its input."""
    return 2 * math.prod(_shapes(layer)[0]) * _places(layer.input)


def _recurrent(layer: Any) -> int:
    kernels = [shape for shape in _shapes(layer) if len(shape) == 2 and min(shape) > 2]
    steps = int(layer.input.shape[1])
    return 2 * steps * sum(map(math.prod, kernels))


def _attention(layer: Any) -> int:
    shapes = _shapes(layer)
    steps = int(layer.output.shape[1])
    heads, depth = shapes[0][1:]
    projections = sum(math.prod(shape) for shape in shapes if len(shape) == 3)
    return 2 * steps * (projections + 2 * steps * heads * depth)


_RULES = {
    "Dense": _product,
    "Conv1D": _product,
    "Conv2D": _product,
    "DepthwiseConv2D": _product,
    "Conv2DTranspose": _spread,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "Bidirectional": _recurrent,
    "MultiHeadAttention": _attention,
}

"""Activation functions."""

from __future__ import annotations

from typing import Any

from weft.extend import explain, nearest, word_absent
from weft.keras.activations.functions import (
    celu,
    elu,
    exponential,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    keras2_hard_sigmoid,
    leaky_relu,
    linear,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from weft.keras.saving.registry import get_registered_object, is_registered
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object

swish = silu
hard_swish = hard_silu

_FUNCTIONS = (
    celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, linear, log_sigmoid,
    log_softmax, mish, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus, softsign, sparse_plus,
    sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink, threshold,
)  # fmt: skip
_TABLE: dict[str, Any] = {function.__name__: function for function in _FUNCTIONS}
_TABLE |= {"swish": silu, "hard_swish": hard_silu, "identity": linear, "keras2_hard_sigmoid": keras2_hard_sigmoid}


def get(identifier: Any) -> Any:
    """The activation for a name, a function, a layer, or a configuration; None is the identity.

    Args:
        identifier: One of these.

    Returns:
        A function of a tensor.

    Raises:
        ValueError: For an unknown name, naming the nearest ones.

    Example:
        >>> from weft import keras
        >>> keras.activations.get("relu")([-1.0, 2.0]).numpy().tolist()
        [0.0, 2.0]
    """
    if identifier is None:
        return linear
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        found = get_registered_object(identifier, module_objects=_TABLE)
        if found is None:
            raise ValueError(explain(
                f"There is no activation named {identifier!r}. {nearest(identifier, _TABLE)}",
                hint="pass one of the known names, or a function of a tensor",
            ))  # fmt: skip
        return found() if isinstance(found, type) else found
    if callable(identifier):
        return identifier
    raise TypeError(explain(
        f"{identifier!r} is no activation.", expected="a name, a function of a tensor, or a layer",
        received=f"an object of class {type(identifier).__name__}",
    ))  # fmt: skip


def serialize(activation: Any) -> Any:
    """The name of a known function, or the configuration of a layer or of a function of one's own.

    What a program's own function is called is all that is written of it: who reads the configuration hands the function
    to `custom_objects`, or registers it.
    """
    return activation.__name__ if _is_known(activation) else serialize_keras_object(activation)


def _is_known(activation: Any) -> bool:
    return _TABLE.get(getattr(activation, "__name__", "")) is activation


def as_argument(activation: Any) -> Any:
    """What a layer's configuration says of an activation.

    A function of the program's own stays itself, so that the configuration makes the layer again in this program
    without being told what the name means; what writes the configuration into a file writes its name.
    """
    own = not (_is_known(activation) or hasattr(activation, "get_config") or is_registered(activation))
    return activation if own else serialize(activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The activation of a name or configuration."""
    return deserialize_keras_object(
        config, custom_objects=custom_objects, module_objects=_TABLE, printable_module_name="activation"
    )


word_absent(globals(), "keras.activations")

__all__ = [
    "celu", "deserialize", "elu", "exponential", "gelu", "get", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu",
    "serialize", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink", "threshold",
]  # fmt: skip

"""What a layer's `build` and `compute_output_shape` are given: the shapes of the arguments of its call."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain, signature_of
from weft.keras.core.call_signature import CallSignature
from weft.keras.core.conversion import is_tensor
from weft.keras.core.shapes import shapes_of


def has_tensors(value: Any) -> bool:
    """Whether a tensor is anywhere in a structure."""
    return any(is_tensor(leaf) for leaf in tf.nest.flatten(value))


def shape_arguments(
    layer: Any, method: Any, arguments: dict[str, Any], signature: CallSignature
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The positional and keyword arguments for a method that takes shapes.

    A method with one parameter takes the shape of the first tensor. One with several names them after the parameters
    of `call`, with `_shape` behind them.

    Args:
        layer: The layer.
        method: Its `build`, or its `compute_output_shape`.
        arguments: The arguments of its call, by name.
        signature: What its call takes.

    Raises:
        ValueError: Where one of several parameters belongs to no parameter of `call`.
    """
    shapes = {name: shapes_of(value) for name, value in arguments.items() if has_tensors(value)}
    parameters = [p for p in signature_of(method).parameters.values() if p.kind is not p.VAR_KEYWORD]
    names = [p.name for p in parameters]
    if not names:
        return (), {}
    by_name = {f"{name}_shape": shape for name, shape in shapes.items()}
    optional = sum(p.default is not p.empty for p in parameters)
    if len(names) - optional <= 1 and names[0] not in by_name:
        return (next(iter(shapes.values()), None),), {}
    if len(names) == 1:
        return (), {names[0]: by_name[names[0]]}
    for parameter in parameters:
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL:
            _check_name(layer, method, parameter.name, signature)
    required = {p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL}
    return (), {name: by_name.get(name) for name in names if name in by_name or name in required}


def _check_name(layer: Any, method: Any, name: str, signature: CallSignature) -> None:
    what = f"{type(layer).__name__}.{method.__name__}()"
    if not name.endswith("_shape"):
        raise ValueError(explain(
            f"{what} takes the argument `{name}`, which does not end in `_shape`.",
            received=f"{method.__name__}{signature_of(method)}",
            hint="take one argument, input_shape, or name each after an argument of call(): `x_shape` for `x`",
        ))  # fmt: skip
    base = name.removesuffix("_shape")
    if base not in signature.names and not signature.takes_any_keyword:
        raise ValueError(explain(
            f"{what} takes `{name}`, but `call()` does not have argument `{base}`.",
            received=f"call{signature.signature}", hint=f"name it after one of: {', '.join(signature.names)}",
        ))  # fmt: skip

"""What a traced function's arguments are called, and how a trace tells what it takes and gives."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, nest
from weft.base.shapes import TensorShape
from weft.runtime import frontdoor
from weft.runtime.composite import CompositeTensor
from weft.runtime.spec import TensorSpec, TypeSpec
from weft.runtime.tensor import Handle, Tensor

_KINDS = inspect.Parameter


def labels(parameters: inspect.Signature | None, count: int) -> list[str]:
    """What so many positional arguments are called: by their parameters, `args_0`, `args_1`, … behind those."""
    found: list[str] = []
    for parameter in () if parameters is None else parameters.parameters.values():
        if parameter.kind is _KINDS.VAR_POSITIONAL:
            found += [f"{parameter.name}_{place}" for place in range(count - len(found))]
        elif parameter.kind not in (_KINDS.KEYWORD_ONLY, _KINDS.VAR_KEYWORD):
            found.append(parameter.name)
    return [*found, *[f"input_{place}" for place in range(len(found), count)]][:count]


def specs(parameters: inspect.Signature | None, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
    """Arguments with specs in the place of data, named after the arguments that they are part of."""
    named = zip(labels(parameters, len(args)), args, strict=True)
    positional = tuple(_specs(label, value) for label, value in named)
    return positional, {label: _specs(label, value) for label, value in kwargs.items()}


def _specs(label: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _specs(f"{label}_{key}", item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_specs(f"{label}_{place}", item) for place, item in enumerate(value))
    if nest.is_nested(value):
        return nest.map_structure(lambda leaf: _spec(label, leaf), value)
    return _spec(label, value)


def _spec(label: str, leaf: Any) -> Any:
    if isinstance(leaf, CompositeTensor):
        return leaf._rebuild([_spec(label, frontdoor.convert(part)) for part in leaf._components()])
    if isinstance(leaf, TensorSpec) or (isinstance(leaf, (Tensor, np.ndarray)) and not isinstance(leaf, Handle)):
        given = leaf.name if isinstance(leaf, TensorSpec) else None
        return TensorSpec(TensorShape(leaf.shape), dtypes.as_dtype(leaf.dtype), given or label)
    return leaf


def inputs(parameters: inspect.Signature | None, signature: tuple[Any, Any]) -> list[tuple[str, str, Any]]:
    """(name, kind, value) of each argument of a trace, defaults among them."""
    args, kwargs = signature
    if parameters is None:
        return [(label, "POSITIONAL_ONLY", value) for label, value in zip(labels(None, len(args)), args, strict=True)]
    bound = parameters.bind_partial(*args, **kwargs)
    bound.apply_defaults()
    found: list[tuple[str, str, Any]] = []
    several = bool(bound.arguments.get(_variadic(parameters)))
    for name, value in bound.arguments.items():
        kind = parameters.parameters[name].kind
        if kind is _KINDS.VAR_POSITIONAL:
            found += [(f"{name}_{place}", "POSITIONAL_ONLY", item) for place, item in enumerate(value)]
        elif kind is _KINDS.VAR_KEYWORD:
            found += [(key, "KEYWORD_ONLY", item) for key, item in value.items()]
        else:  # what comes before further positional arguments can be given by position alone
            positional = several and kind is _KINDS.POSITIONAL_OR_KEYWORD
            found.append((name, "POSITIONAL_ONLY" if positional else kind.name, value))
    return found


def _variadic(parameters: inspect.Signature) -> str:
    return next((p.name for p in parameters.parameters.values() if p.kind is _KINDS.VAR_POSITIONAL), "")


def summary(arguments: Iterable[tuple[str, str, Any]], output: Any, captured: Sequence[Any]) -> str:
    """The arguments, the output and the captured tensors of a trace, one a line."""
    lines = ["Input Parameters:"]
    lines += [f"  {name} ({kind}): {shown(value)}" for name, kind, value in arguments] or ["  None"]
    lines += ["Output Type:", f"  {shown(output)}", "Captures:"]
    for tensor in captured:
        spec = TensorSpec([], dtypes.resource) if isinstance(tensor, Handle) else TensorSpec(tensor.shape, tensor.dtype)
        lines.append(f"  {id(tensor)}: {spec!r}")
    return "\n".join(lines if captured else [*lines, "  None"])


def shown(value: Any) -> str:
    """How a part of a signature reads: `List[TensorSpec(...), Literal[2]]`."""
    if isinstance(value, dict):
        return f"Dict[{', '.join(f'[{key!r}, {shown(item)}]' for key, item in value.items())}]"
    if isinstance(value, (list, tuple)):
        return f"{'List' if isinstance(value, list) else 'Tuple'}[{', '.join(map(shown, value))}]"
    if isinstance(value, TensorSpec):
        return repr(TensorSpec(value.shape, value.dtype))
    if isinstance(value, CompositeTensor):
        return repr(getattr(value, "_type_spec", value))
    if isinstance(value, TypeSpec):
        return repr(value)
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return f"Literal[{value!r}]"
    return type(value).__name__

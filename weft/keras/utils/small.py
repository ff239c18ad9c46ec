"""Helpers of a few lines: batches as tuples, settings as attributes, and what programs of Keras 2 call by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from weft.extend import explain, signature_of
from weft.keras.config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from weft.keras.core.dtypes import standardize_dtype


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What a step takes: x alone, (x, y) or (x, y, sample_weight); a list or tuple x without y becomes (x,)."""
    if y is None:
        return (x,) if isinstance(x, (list, tuple)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """The triple (x, y, sample_weight) of what a step is given, None for what is not there.

    Raises:
        ValueError: For more than three parts.
    """
    parts = tuple(data) if isinstance(data, (list, tuple)) else (data,)
    if len(parts) > 3:
        raise ValueError(explain(
            "Data are x, (x, y) or (x, y, sample_weight).", received=f"{len(parts)} parts",
            hint="put several inputs into one list or dict",
        ))  # fmt: skip
    return (*parts, *(None,) * (3 - len(parts)))  # type: ignore[return-value]


class Config:
    """Settings as attributes.

    Args:
        **kwargs: The settings.

    Example:
        >>> from weft import keras
        >>> config = keras.utils.Config(rate=0.1)
        >>> config.units = 3
        >>> config.as_dict(), "rate" in config
        ({'rate': 0.1, 'units': 3}, True)
    """

    def __init__(self, **kwargs: Any) -> None:
        object.__setattr__(self, "_settings", dict(kwargs))
        object.__setattr__(self, "_frozen", False)

    def _require_open(self, name: str) -> None:
        if self._frozen:
            raise ValueError(explain("These settings are frozen.", received=f"`{name}`", hint="call unfreeze() first"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._settings:
            raise AttributeError(f"There is no setting `{name}`. Known: {', '.join(self._settings) or 'none'}.")
        return self._settings[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self._require_open(name)
        self._settings[name] = value

    def __delattr__(self, name: str) -> None:
        self._require_open(name)
        del self._settings[name]

    __getitem__ = __getattr__
    __setitem__ = __setattr__
    __delitem__ = __delattr__

    def __contains__(self, name: object) -> bool:
        return name in self._settings

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._settings))

    def __len__(self) -> int:
        return len(self._settings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Config) and self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def keys(self) -> Any:
        """The names."""
        return self._settings.keys()

    def values(self) -> Any:
        """The values."""
        return self._settings.values()

    def items(self) -> Any:
        """Names and values."""
        return self._settings.items()

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Takes over settings."""
        for name, value in dict(*args, **kwargs).items():
            setattr(self, name, value)

    def pop(self, name: str, *default: Any) -> Any:
        """Takes a setting out."""
        self._require_open(name)
        return self._settings.pop(name, *default)

    def freeze(self) -> None:
        """From now on they cannot change."""
        object.__setattr__(self, "_frozen", True)

    def unfreeze(self) -> None:
        """Ends what `freeze` began."""
        object.__setattr__(self, "_frozen", False)

    @property
    def frozen(self) -> bool:
        """Whether they cannot change."""
        return bool(self._frozen)

    def as_dict(self) -> dict[str, Any]:
        """The settings as a dict."""
        return dict(self._settings)

    def to_json(self) -> str:
        """The settings as JSON."""
        return json.dumps(self._settings)

    def __repr__(self) -> str:
        return f"<Config {self._settings}>"


def get_source_inputs(tensor: Any) -> list[Any]:
    """The inputs of a model that a symbolic tensor is computed from."""
    from weft.keras.backend.symbolic import sources_of

    return sources_of(tensor)


def has_arg(fn: Any, name: str, accept_all: bool = False) -> bool:
    """Whether a function takes an argument of this name; `accept_all` counts `**kwargs`."""
    parameters = signature_of(fn).parameters
    if name in parameters:
        return True
    return accept_all and any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def conv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """The size of what a convolution gives along an axis; None for an unknown size.

    Args:
        input_length: The size that it is given.
        filter_size: The window.
        padding: "same", "valid", "full" or "causal".
        stride: How far the window moves.
        dilation: The distance between the window's places.
    """
    if input_length is None:
        return None
    window = filter_size + (filter_size - 1) * (dilation - 1)
    lengths = {"same": input_length, "causal": input_length, "valid": input_length - window + 1,
               "full": input_length + window - 1}  # fmt: skip
    if padding not in lengths:
        raise ValueError(explain(f"conv_output_length: `padding` is {padding!r}.", expected=", ".join(lengths)))
    return (lengths[padding] + stride - 1) // stride


__all__ = [
    "Config", "conv_output_length", "disable_interactive_logging", "enable_interactive_logging", "get_source_inputs",
    "has_arg", "is_interactive_logging_enabled", "pack_x_y_sample_weight", "standardize_dtype",
    "unpack_x_y_sample_weight",
]  # fmt: skip

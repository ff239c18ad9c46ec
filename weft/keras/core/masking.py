"""Masks travel with tensors: which time steps count."""

from __future__ import annotations

from typing import Any


def get_mask(tensor: Any) -> Any:
    """The mask that a layer left on a tensor, or None."""
    return getattr(tensor, "_keras_mask", None)


def set_mask(tensor: Any, mask: Any) -> None:
    """Leaves a mask on a tensor."""
    if mask is None and get_mask(tensor) is None:
        return
    try:
        tensor._keras_mask = mask
    except AttributeError:
        return  # variables and the like carry none

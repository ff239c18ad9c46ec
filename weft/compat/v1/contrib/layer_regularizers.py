"""Penalties of `tf.contrib.layers`."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import weft
from weft.compat.v1 import making
from weft.compat.v1 import nn as _nn
from weft.compat.v1.naming import composite, in_graph
from weft.runtime.scopes import NameScope


def _regularizer(scale: Any, scope: str | None, default: str, penalty: Any) -> Any:
    if isinstance(scale, int) and not isinstance(scale, bool):
        raise ValueError(f"scale cannot be an integer: {scale}")
    if scale < 0.0:
        raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale}")
    if scale == 0.0:
        return lambda variable: None

    def regularizer(variable: Any, name: str | None = None) -> Any:
        with NameScope(scope or default) if in_graph() else weft.name_scope(default) as opened:
            factor = making.convert_to_tensor(scale, variable.dtype, name="scale")
            return weft.multiply(factor, penalty(variable), name=opened if in_graph() else None)

    return regularizer


def l1_regularizer(scale: float, scope: str | None = None) -> Any:
    """A function of a variable: scale times the sum of absolute values."""
    return _regularizer(scale, scope, "l1_regularizer", lambda v: weft.reduce_sum(weft.abs(v)))


def l2_regularizer(scale: float, scope: str | None = None) -> Any:
    """A function of a variable: scale times half the sum of squares."""
    return _regularizer(scale, scope, "l2_regularizer", _nn.l2_loss)


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Any:
    """A function of a variable: both penalties."""
    first, second = l1_regularizer(scale_l1), l2_regularizer(scale_l2)

    def regularizer(variable: Any) -> Any:
        with NameScope(scope or "l1_l2_regularizer") if in_graph() else nullcontext() as opened:
            parts = [part for part in (first(variable), second(variable)) if part is not None]
            return composite("add_n", weft.add_n)(parts, name=opened) if parts else None

    return regularizer


def sum_regularizer(regularizer_list: Any, scope: str | None = None) -> Any:
    """A function of a variable: the sum of several penalties; None where there are none."""
    parts = [part for part in regularizer_list if part is not None]
    if not parts:
        return None

    def regularizer(variable: Any) -> Any:
        with NameScope(scope or "sum_regularizer") if in_graph() else nullcontext() as opened:
            found = [penalty for penalty in (part(variable) for part in parts) if penalty is not None]
            return composite("add_n", weft.add_n)(found, name=opened) if found else None

    return regularizer

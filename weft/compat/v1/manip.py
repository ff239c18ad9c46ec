"""`tf.manip`: a second name of functions that take tensors apart and put them together."""

from __future__ import annotations

from typing import Any as _Any

_NAMES = ("batch_to_space_nd", "gather_nd", "reshape", "reverse", "roll", "scatter_nd", "space_to_batch_nd", "tile")


def __getattr__(name: str) -> _Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'tensorflow.manip' has no attribute {name!r}")
    from weft.compat import v1

    return getattr(v1, name)


def __dir__() -> list[str]:
    return list(_NAMES)

"""`tf.autograph` of version 1: version 2's functions, under version 1's parameters."""

from __future__ import annotations

import weft as _weft
from weft.compat.v1.naming import namespace_of as _namespace_of

__getattr__ = _namespace_of(_weft.autograph)


def __dir__() -> list[str]:
    return [name for name in dir(_weft.autograph) if not name.startswith("_")]

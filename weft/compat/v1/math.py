"""`tf.math`: arithmetic under version 1's parameters."""

from __future__ import annotations

import weft as _weft
from weft.compat.v1.signatures import preferring_top as _preferring_top

__getattr__ = _preferring_top(_weft.math, {"divide_no_nan": "div_no_nan"})


def __dir__() -> list[str]:
    return [name for name in dir(_weft.math) if not name.startswith("_")]

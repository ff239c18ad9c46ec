"""`tf.quantization` of version 1."""

from __future__ import annotations

import weft as _weft
from weft.compat.v1.signatures import preferring_top as _preferring_top

__getattr__ = _preferring_top(_weft.quantization)


def __dir__() -> list[str]:
    return [name for name in dir(_weft.quantization) if not name.startswith("_")]

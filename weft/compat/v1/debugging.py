"""`tf.debugging`: checks under version 1's parameters."""

from __future__ import annotations

import weft as _weft
from weft.compat.v1.signatures import preferring_top as _preferring_top

__getattr__ = _preferring_top(_weft.debugging, {"assert_all_finite": "verify_tensor_all_finite"})


def __dir__() -> list[str]:
    return [name for name in dir(_weft.debugging) if not name.startswith("_")]

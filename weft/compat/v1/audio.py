"""`tf.audio` of version 1: version 2's functions, with version 1's names of nodes."""

from __future__ import annotations

import weft as _weft
from weft.compat.v1.naming import namespace_of as _namespace_of

__getattr__ = _namespace_of(_weft.audio)


def __dir__() -> list[str]:
    return [name for name in dir(_weft.audio) if not name.startswith("_")]

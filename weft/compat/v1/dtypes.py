"""`tf.dtypes` of version 1: dtypes, and the functions that change them."""

from __future__ import annotations

from typing import Any as _Any

import weft as _weft
from weft.compat.v1.strings import as_string as as_string

_AT_TOP = ("cast", "complex", "saturate_cast")


def __getattr__(name: str) -> _Any:
    if name in _AT_TOP:
        from weft.compat import v1

        return getattr(v1, name)
    return getattr(_weft.dtypes, name)


def __dir__() -> list[str]:
    return sorted({"as_string", *(name for name in dir(_weft.dtypes) if not name.startswith("_"))})

"""TensorFlow 2's names: the same as those of ``import weft``."""

from typing import Any

import weft

__version__ = "2.21.0"  # the release whose names and behaviour these are


def __getattr__(name: str) -> Any:
    if name == "__internal__":
        from weft.compat.internals import internal

        return internal
    if name == "enable_v2_behavior":  # a name of this module alone
        from weft.compat.v1 import enable_v2_behavior

        return enable_v2_behavior
    return getattr(weft, name)


def __dir__() -> list[str]:
    return dir(weft)

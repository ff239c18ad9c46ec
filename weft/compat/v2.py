"""TensorFlow 2's names: the same as those of ``import weft``."""

from typing import Any

import weft

__version__ = "2.21.0"  # the release whose names and behaviour these are


def __getattr__(name: str) -> Any:
    if name == "__internal__":
        from weft.compat.internals import internal

        return internal
    return getattr(weft, name)


def __dir__() -> list[str]:
    return dir(weft)

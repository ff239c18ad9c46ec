"""An old path."""

from typing import Any

from weft.base.absent import absent
from weft.compat.v1.contrib.learn.python.learn import datasets as datasets


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(absent(f"tf.contrib.learn.python.learn.{name}", ["datasets"]))

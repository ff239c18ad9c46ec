"""`tf.contrib.learn.datasets`: MNIST in three sets."""

from __future__ import annotations

from typing import Any

from weft.base.errors import explain
from weft.compat.v1.contrib.learn.python.learn.datasets import mnist as mnist


def load_dataset(name: str, size: str = "small", test_with_fake_data: bool = False) -> Any:
    """A data set by its name.

    Args:
        name: `mnist`.
        size: Accepted.
        test_with_fake_data: Accepted.

    Raises:
        ValueError: For another name.
    """
    if name != "mnist":
        raise ValueError(explain(f"Name of dataset is not found: {name}.", expected="'mnist'"))
    return mnist.load_mnist()

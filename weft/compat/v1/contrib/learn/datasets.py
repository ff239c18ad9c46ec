"""`tf.contrib.learn.datasets`: MNIST in three sets, and irises."""

from __future__ import annotations

from typing import Any

from weft.base.errors import explain
from weft.compat.v1.contrib.learn.iris import load_iris
from weft.compat.v1.contrib.learn.python.learn.datasets import base as base
from weft.compat.v1.contrib.learn.python.learn.datasets import mnist as mnist

#: the data sets, by name
DATASETS = {"iris": load_iris, "mnist": mnist.load_mnist}


def load_dataset(name: str, size: str = "small", test_with_fake_data: bool = False) -> Any:
    """A data set by its name.

    Args:
        name: `iris` or `mnist`.
        size: Accepted.
        test_with_fake_data: Accepted.

    Raises:
        ValueError: For another name.
    """
    if name not in DATASETS:
        raise ValueError(explain(f"Name of dataset is not found: {name}.", expected=" or ".join(map(repr, DATASETS))))
    return DATASETS[name]()

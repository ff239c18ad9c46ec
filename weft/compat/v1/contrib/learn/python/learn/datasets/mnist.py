"""MNIST in three sets, under its older path."""

from __future__ import annotations

from typing import Any

from weft.compat.v1.examples.tutorials.mnist.input_data import (  # noqa: F401
    DataSet,
    Datasets,
    dense_to_one_hot,
    extract_images,
    extract_labels,
    read_data_sets,
)


def load_mnist(train_dir: str = "MNIST-data") -> Any:
    """The three sets, from a folder or from where MNIST is found."""
    return read_data_sets(train_dir)

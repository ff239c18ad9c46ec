"""`tf.contrib.data`: datasets before they were `tf.data`, and transformations for `apply`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.compat.v1.data import (  # noqa: F401
    AUTOTUNE,
    Dataset,
    FixedLengthRecordDataset,
    Iterator,
    TextLineDataset,
    TFRecordDataset,
)
from weft.data.experimental import (  # noqa: F401
    Counter,
    CsvDataset,
    RandomDataset,
    bucket_by_sequence_length,
    choose_from_datasets,
    dense_to_sparse_batch,
    enumerate_dataset,
    get_single_element,
    group_by_window,
    ignore_errors,
    make_csv_dataset,
    map_and_batch,
    parallel_interleave,
    prefetch_to_device,
    sample_from_datasets,
    scan,
    shuffle_and_repeat,
    unbatch,
    unique,
)


def batch_and_drop_remainder(batch_size: Any) -> Callable[[Any], Any]:
    """For `apply`: batches of one size; elements that are left over are dropped."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def padded_batch_and_drop_remainder(batch_size: Any, padded_shapes: Any,
                                    padding_values: Any = None) -> Callable[[Any], Any]:  # fmt: skip
    """For `apply`: batches of one size, whose elements are filled up to one shape."""
    return lambda dataset: dataset.padded_batch(batch_size, padded_shapes, padding_values, drop_remainder=True)


def sloppy_interleave(map_func: Any, cycle_length: Any, block_length: Any = 1) -> Callable[[Any], Any]:
    """As `parallel_interleave`."""
    return parallel_interleave(map_func, cycle_length, block_length)

"""`tf.data.experimental`: older names of what datasets have as methods, and a few of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft.base import dtypes, nest
from weft.base.errors import OutOfRangeError, explain
from weft.data import files, functions, missing, structure
from weft.data.csv_files import CsvDataset, make_csv_dataset  # noqa: F401
from weft.data.dataset import AUTOTUNE, Dataset
from weft.data.functions import when_run
from weft.data.nodes import INFINITE as INFINITE_CARDINALITY  # noqa: F401
from weft.data.nodes import UNKNOWN as UNKNOWN_CARDINALITY  # noqa: F401
from weft.data.optional import Optional
from weft.data.options import (  # noqa: F401
    AutoShardPolicy,
    AutotuneAlgorithm,
    AutotuneOptions,
    DistributeOptions,
    ExternalStatePolicy,
    OptimizationOptions,
    ThreadingOptions,
)
from weft.data.transforms import AssertCardinality, GroupByReducer
from weft.formats import tfrecord
from weft.runtime import frontdoor
from weft.runtime.spec import TensorSpec
from weft.runtime.tensor import SymbolicTensor

_Transformation = Callable[[Dataset], Dataset]


def enable_debug_mode() -> None:
    """Runs the functions of pipelines as Python, element by element, so that breakpoints and prints work."""
    functions.set_debug_mode(True)


def cardinality(dataset: Dataset) -> Any:
    """How many elements a dataset has; -1 for infinitely many, -2 where it is not known."""
    return dataset.cardinality()


def get_structure(dataset_or_iterator: Any) -> Any:
    """The specs of the elements of a dataset or an iterator."""
    return dataset_or_iterator.element_spec


def get_single_element(dataset: Dataset) -> Any:
    """The only element of a dataset."""
    return dataset.get_single_element()


def Counter(start: Any = 0, step: Any = 1, dtype: Any = "int64") -> Dataset:
    """start, start + step, … without end."""
    return Dataset.counter(start, step, dtype)


def RandomDataset(seed: Any = None, rerandomize_each_iteration: Any = None, name: str | None = None) -> Dataset:
    """Random integers without end."""
    return Dataset.random(seed, rerandomize_each_iteration, name)


def assert_cardinality(expected_cardinality: Any) -> _Transformation:
    """For `apply`: says how many elements a dataset has, and raises where that is not so."""
    count = int(expected_cardinality)
    return lambda dataset: dataset._then(AssertCardinality(dataset._node, count))


def map_and_batch(map_func: Any, batch_size: Any, num_parallel_batches: Any = None, drop_remainder: Any = False,
                  num_parallel_calls: Any = None) -> _Transformation:  # fmt: skip
    """For `apply`: map, then batch."""
    return lambda dataset: dataset.map(map_func, num_parallel_calls).batch(batch_size, drop_remainder)


def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> _Transformation:
    """For `apply`: shuffle, then repeat."""
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


def parallel_interleave(map_func: Any, cycle_length: Any, block_length: Any = 1, sloppy: Any = False,
                        buffer_output_elements: Any = None,
                        prefetch_input_elements: Any = None) -> _Transformation:  # fmt: skip
    """For `apply`: interleave."""
    return lambda dataset: dataset.interleave(map_func, cycle_length, block_length)


def group_by_window(key_func: Any, reduce_func: Any, window_size: Any = None,
                    window_size_func: Any = None) -> _Transformation:  # fmt: skip
    """For `apply`: `Dataset.group_by_window`."""
    return lambda dataset: dataset.group_by_window(key_func, reduce_func, window_size, window_size_func)


def bucket_by_sequence_length(
    element_length_func: Any, bucket_boundaries: Any, bucket_batch_sizes: Any, padded_shapes: Any = None,
    padding_values: Any = None, pad_to_bucket_boundary: bool = False, no_padding: bool = False,
    drop_remainder: bool = False,
) -> _Transformation:  # fmt: skip
    """For `apply`: `Dataset.bucket_by_sequence_length`."""
    return lambda dataset: dataset.bucket_by_sequence_length(
        element_length_func, bucket_boundaries, bucket_batch_sizes, padded_shapes, padding_values,
        pad_to_bucket_boundary, no_padding, drop_remainder,
    )  # fmt: skip


def sample_from_datasets(datasets: Any, weights: Any = None, seed: Any = None,
                         stop_on_empty_dataset: bool = False) -> Dataset:  # fmt: skip
    """`Dataset.sample_from_datasets`."""
    return Dataset.sample_from_datasets(datasets, weights, seed, stop_on_empty_dataset)


def choose_from_datasets(datasets: Any, choice_dataset: Any, stop_on_empty_dataset: bool = False) -> Dataset:
    """`Dataset.choose_from_datasets`."""
    return Dataset.choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset)


def dense_to_ragged_batch(batch_size: Any, drop_remainder: Any = False,
                          row_splits_dtype: Any = "int64") -> _Transformation:  # fmt: skip
    """For `apply`: elements of different sizes stacked into ragged tensors."""
    return lambda dataset: dataset.ragged_batch(batch_size, drop_remainder, row_splits_dtype)


def dense_to_sparse_batch(batch_size: Any, row_shape: Any) -> _Transformation:
    """For `apply`: elements of different sizes stacked into sparse tensors."""
    return lambda dataset: dataset.sparse_batch(batch_size, row_shape)


class TFRecordWriter:
    """Writes the elements of a dataset, each a string, to a TFRecord file.

    Args:
        filename: The file, which is replaced.
        compression_type: None, "GZIP" or "ZLIB".
    """

    def __init__(self, filename: Any, compression_type: Any = None) -> None:
        self._filename = filename if isinstance(filename, SymbolicTensor) else files.text_of(filename)
        self._compression = tfrecord.check_compression(compression_type)

    def write(self, dataset: Dataset) -> None:
        """Writes all elements; in a function of a pipeline (`group_by_window`), whenever that runs.

        Raises:
            TypeError: For elements that are no single strings.
        """
        spec = dataset.element_spec
        if not isinstance(spec, TensorSpec) or spec.dtype is not dtypes.string or spec.shape.rank not in (0, None):
            hint = "tf.io.serialize_tensor, or tf.train.Example's SerializeToString"
            problem = "TFRecordWriter writes datasets of single strings."
            raise TypeError(explain(problem, received=repr(spec), hint=hint))
        when_run(self._write, self._filename, dataset)

    def _write(self, filename: Any, dataset: Dataset) -> None:
        with tfrecord.TFRecordWriter(files.text_of(filename), self._compression) as writer:
            for text in dataset.as_numpy_iterator():
                writer.write(text)


def scan(initial_state: Any, scan_func: Any) -> _Transformation:
    """For `apply`: `Dataset.scan`."""
    return lambda dataset: dataset.scan(initial_state, scan_func)


def take_while(predicate: Any) -> _Transformation:
    """For `apply`: `Dataset.take_while`."""
    return lambda dataset: dataset.take_while(predicate)


def unique() -> _Transformation:
    """For `apply`: `Dataset.unique`."""
    return lambda dataset: dataset.unique()


def unbatch() -> _Transformation:
    """For `apply`: `Dataset.unbatch`."""
    return lambda dataset: dataset.unbatch()


def enumerate_dataset(start: Any = 0) -> _Transformation:
    """For `apply`: `Dataset.enumerate`."""
    return lambda dataset: dataset.enumerate(start)


def ignore_errors(log_warning: bool = False) -> _Transformation:
    """For `apply`: `Dataset.ignore_errors`."""
    return lambda dataset: dataset.ignore_errors(log_warning)


def prefetch_to_device(device: Any, buffer_size: Any = None) -> _Transformation:
    """For `apply`: prefetch; there is one device."""
    return lambda dataset: dataset.prefetch(AUTOTUNE if buffer_size is None else buffer_size)


def get_next_as_optional(iterator: Any) -> Optional:
    """The next element of an iterator, or none after the last one."""
    return iterator.get_next_as_optional()  # type: ignore[no-any-return]


def copy_to_device(target_device: Any, source_device: Any = "/cpu:0") -> _Transformation:
    """For `apply`: the same elements; there is one device."""
    return lambda dataset: dataset


def rejection_resample(class_func: Any, target_dist: Any, initial_dist: Any = None,
                       seed: Any = None) -> _Transformation:  # fmt: skip
    """For `apply`: `Dataset.rejection_resample`."""
    return lambda dataset: dataset.rejection_resample(class_func, target_dist, initial_dist, seed)


def snapshot(path: Any, compression: Any = "AUTO", reader_func: Any = None, shard_func: Any = None) -> _Transformation:
    """For `apply`: `Dataset.snapshot`."""
    return lambda dataset: dataset.snapshot(path, compression, reader_func, shard_func)


def save(dataset: Dataset, path: Any, compression: Any = None, shard_func: Any = None,
         checkpoint_args: Any = None) -> None:  # fmt: skip
    """`Dataset.save`."""
    dataset.save(path, compression, shard_func, checkpoint_args)


def load(path: Any, element_spec: Any = None, compression: Any = None, reader_func: Any = None) -> Dataset:
    """`Dataset.load`."""
    return Dataset.load(path, element_spec, compression, reader_func)


def from_list(elements: Any, name: str | None = None) -> Dataset:
    """A dataset of the elements of a list, which have one structure.

    Raises:
        ValueError: For an empty list.
    """
    if not isinstance(elements, list) or not elements:
        raise ValueError(explain("from_list takes a list with one element or more.", received=repr(elements)[:100]))
    columns = zip(*(nest.flatten(structure.normal(element)) for element in elements), strict=True)
    return Dataset.from_tensor_slices(nest.pack(elements[0], [frontdoor.convert(list(column)) for column in columns]))


def pad_to_cardinality(cardinality: Any, mask_key: str = "valid") -> _Transformation:
    """For `apply`: elements that are dicts, and zeros behind them up to a number; a mask tells them apart.

    Raises:
        ValueError: For a dataset of unknown size, a longer one, or elements that are no dicts.
    """

    def transformed(dataset: Dataset) -> Dataset:
        spec, count = dataset.element_spec, len(dataset)
        if not isinstance(spec, dict) or mask_key in spec:
            raise ValueError(explain(f"pad_to_cardinality takes dicts without the key {mask_key!r}.",
                                     received=repr(spec)))  # fmt: skip
        missing = int(cardinality) - count
        if missing < 0:
            raise ValueError(explain("pad_to_cardinality: the dataset is longer.", received=f"{count} elements"))
        blank = Dataset.from_tensors({**{key: np.zeros([n or 0 for n in part.shape], part.dtype.numpy)
                                         for key, part in spec.items()}, mask_key: False}).repeat(missing)  # fmt: skip
        return dataset.map(lambda element: {**element, mask_key: True}).concatenate(blank)

    return transformed


class Reducer:
    """How a group is reduced (`group_by_reducer`).

    Args:
        init_func: Of a key (int64): the first state.
        reduce_func: Of a state and an element: the next state.
        finalize_func: Of the last state: what is given.
    """

    def __init__(self, init_func: Any, reduce_func: Any, finalize_func: Any) -> None:
        self.init_func, self.reduce_func, self.finalize_func = init_func, reduce_func, finalize_func


def group_by_reducer(key_func: Any, reducer: Reducer) -> _Transformation:
    """For `apply`: elements with one key (int64) reduced to one element, in the order of the keys."""

    def transformed(dataset: Dataset) -> Dataset:
        def traced(function: Any, *specs: Any) -> functions.StructuredFunction:
            return functions.StructuredFunction(function, specs, "group_by_reducer")

        key = traced(key_func, dataset.element_spec)
        first = traced(reducer.init_func, TensorSpec((), dtypes.int64))
        step = traced(reducer.reduce_func, first.spec, dataset.element_spec)
        return dataset._then(GroupByReducer(dataset._node, key, first, step, traced(reducer.finalize_func, first.spec)))

    return transformed


def at(dataset: Dataset, index: Any) -> Any:
    """The element at a place.

    Raises:
        OutOfRangeError: Behind the last one.
    """
    for element in dataset.skip(int(index)).take(1):
        return element
    raise OutOfRangeError(f"index {int(index)}: the dataset has no such element")


#: in `Dataset.shard` arguments: the number of workers and this one's place are to be put there
SHARD_HINT = -1

globals()["__getattr__"] = missing  # type checkers need not know

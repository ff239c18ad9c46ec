"""Parts of `tf.data.experimental` that stand above the pipeline: features out of records, tables out of datasets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft.api import examples, lookup
from weft.base import dtypes
from weft.base.errors import explain
from weft.data.dataset import AUTOTUNE, Dataset
from weft.data.readers import TFRecordDataset
from weft.runtime import frontdoor
from weft.runtime.spec import TensorSpec


def parse_example_dataset(features: Any, num_parallel_calls: Any = 1,
                          deterministic: Any = None) -> Callable[[Dataset], Dataset]:  # fmt: skip
    """For `apply`: batches of serialized `tf.train.Example`s as dicts of tensors.

    Args:
        features: Name → `tf.io.FixedLenFeature` and the like.
        num_parallel_calls: How many batches are parsed at a time.
        deterministic: Accepted.
    """
    if features is None:
        raise ValueError(explain("parse_example_dataset: `features` must be given."))

    def transformed(dataset: Dataset) -> Dataset:
        spec = dataset.element_spec
        if not isinstance(spec, TensorSpec) or spec.dtype != dtypes.string or spec.shape.rank not in (1, None):
            raise TypeError(explain("parse_example_dataset takes batches of strings.", received=repr(spec),
                                    hint="dataset.batch(n) first"))  # fmt: skip
        return dataset.map(lambda records: examples.parse_example(records, features), num_parallel_calls)

    return transformed


def make_batched_features_dataset(
    file_pattern: Any, batch_size: Any, features: Any, reader: Any = None, label_key: Any = None,
    reader_args: Any = None, num_epochs: Any = None, shuffle: bool = True, shuffle_buffer_size: Any = 10000,
    shuffle_seed: Any = None, prefetch_buffer_size: Any = None, reader_num_threads: Any = None,
    parser_num_threads: Any = None, sloppy_ordering: bool = False, drop_final_batch: bool = False,
) -> Dataset:  # fmt: skip
    """Batches of features out of files of `tf.train.Example`s.

    Args:
        file_pattern: Names of files, or shell patterns of them.
        batch_size: Examples in a batch.
        features: Name → `tf.io.FixedLenFeature` and the like.
        reader: Makes a dataset of records of a file's name; `tf.data.TFRecordDataset` where None.
        label_key: The feature that is split off: elements are then pairs.
        reader_args: Further arguments for the reader.
        num_epochs: How often all is gone through; without end where None.
        shuffle: Whether files and records are shuffled.
        shuffle_buffer_size: How many records are drawn from.
        shuffle_seed: For the same order in every run.
        prefetch_buffer_size: How many batches are made ahead.
        reader_num_threads: How many files are read in turns.
        parser_num_threads: How many batches are parsed at a time.
        sloppy_ordering: Accepted.
        drop_final_batch: Whether a smaller last batch is left out.

    Returns:
        A dataset of dicts, or of pairs of a dict and the label.

    Raises:
        ValueError: For a `label_key` that is no feature.
    """
    if label_key is not None and label_key not in features:
        raise ValueError(explain("make_batched_features_dataset: `label_key` names no feature.",
                                 expected=f"one of {sorted(features)}", received=repr(label_key)))  # fmt: skip
    read = TFRecordDataset if reader is None else reader
    further = list(reader_args or ())
    names = Dataset.list_files(file_pattern, shuffle=shuffle, seed=shuffle_seed)
    cycle = None if reader_num_threads == AUTOTUNE else reader_num_threads or 1
    records = names.interleave(lambda name: read(name, *further), cycle_length=cycle, block_length=1)
    if isinstance(records.element_spec, tuple) and len(records.element_spec) == 2:
        records = records.map(lambda key, value: value)
    if shuffle:
        records = records.shuffle(shuffle_buffer_size, shuffle_seed)
    if num_epochs != 1:
        records = records.repeat(num_epochs)
    batches = records.batch(batch_size, drop_remainder=drop_final_batch or num_epochs is None)
    parsed = batches.apply(parse_example_dataset(features, parser_num_threads or 2))
    if label_key is not None:
        parsed = parsed.map(lambda found: ({k: v for k, v in found.items() if k != label_key}, found[label_key]))
    return parsed.prefetch(AUTOTUNE if prefetch_buffer_size is None else prefetch_buffer_size)


class DatasetInitializer(lookup.TableInitializerBase):
    """Fills a table with the pairs of a dataset: a key and its value each.

    Args:
        dataset: A dataset of pairs of scalars.

    Example:
        >>> import weft as tf
        >>> pairs = tf.data.Dataset.from_tensor_slices((["a", "b"], [1, 2]))
        >>> table = tf.lookup.StaticHashTable(tf.data.experimental.DatasetInitializer(pairs), -1)
        >>> table.lookup(tf.constant(["b", "z"])).numpy().tolist()
        [2, -1]
    """

    def __init__(self, dataset: Dataset) -> None:
        spec = dataset.element_spec
        if not isinstance(spec, tuple) or len(spec) != 2 or not all(isinstance(part, TensorSpec) for part in spec):
            raise ValueError(explain("DatasetInitializer takes a dataset of pairs.", received=repr(spec),
                                     expected="(key, value), two scalars"))  # fmt: skip
        super().__init__(spec[0].dtype, spec[1].dtype)
        self._dataset = dataset

    def _tensors(self) -> tuple[Any, Any]:
        pairs = list(self._dataset.as_numpy_iterator())
        keys = np.asarray([key for key, _ in pairs], self.key_dtype.numpy)
        values = np.asarray([value for _, value in pairs], self.value_dtype.numpy)
        return frontdoor.convert(keys), frontdoor.convert(values)


def table_from_dataset(dataset: Any = None, num_oov_buckets: int = 0, vocab_size: Any = None,
                       default_value: Any = None, hasher_spec: Any = None, key_dtype: Any = dtypes.string,
                       name: str | None = None) -> Any:  # fmt: skip
    """A table of the pairs of a dataset.

    Args:
        dataset: A dataset of pairs of a key and its value.
        num_oov_buckets: How many numbers other keys share by their hash.
        vocab_size: How many pairs are taken; all where None.
        default_value: The value of other keys, where there are no such numbers.
        hasher_spec: Accepted: there is one hash.
        key_dtype: Of the keys: string or integers.
        name: The table's name.

    Raises:
        ValueError: For a number below 0, or a size below 1.
    """
    if num_oov_buckets < 0:
        raise ValueError(explain("table_from_dataset: `num_oov_buckets` must be 0 or more.",
                                 received=str(num_oov_buckets)))  # fmt: skip
    if vocab_size is not None and vocab_size < 1:
        raise ValueError(explain("table_from_dataset: `vocab_size` must be positive.", received=str(vocab_size)))
    if default_value is None and num_oov_buckets == 0:
        raise ValueError(explain("table_from_dataset: give `default_value` or `num_oov_buckets`."))
    filler = DatasetInitializer(dataset if vocab_size is None else dataset.take(vocab_size))
    if num_oov_buckets:
        return lookup.StaticVocabularyTable(filler, num_oov_buckets, key_dtype, name)
    return lookup.StaticHashTable(filler, default_value, name)


def index_table_from_dataset(dataset: Any = None, num_oov_buckets: int = 0, vocab_size: Any = None,
                             default_value: Any = -1, hasher_spec: Any = None, key_dtype: Any = dtypes.string,
                             name: str | None = None) -> Any:  # fmt: skip
    """A table from the elements of a dataset to their numbers (`table_from_dataset`)."""
    pairs = dataset.enumerate().map(lambda number, key: (key, number))
    return table_from_dataset(pairs, num_oov_buckets, vocab_size, default_value, hasher_spec, key_dtype, name)

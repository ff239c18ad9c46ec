"""`tf.lookup`: tables from keys to values."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import Any

import numpy as np

from weft.api import gfile
from weft.api import lookup_experimental as experimental  # noqa: F401
from weft.api.common import cast_to
from weft.api.lookup_tables import LookupTable
from weft.base import dtypes, nest
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import context, frontdoor
from weft.runtime.scopes import Unit
from weft.runtime.sparse import SparseTensor
from weft.runtime.tensor import EagerTensor


class TextFileIndex:
    """Parts of a line that are no column: the whole of it, and its number."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


class TableInitializerBase:
    """Base of what fills a table.

    Args:
        key_dtype: Of the keys.
        value_dtype: Of the values.
    """

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype, self._value_dtype = dtypes.as_dtype(key_dtype), dtypes.as_dtype(value_dtype)

    @property
    def key_dtype(self) -> Any:
        """The dtype of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self) -> Any:
        """The dtype of the values."""
        return self._value_dtype

    def _tensors(self) -> tuple[Any, Any]:
        """The keys and the values, vectors."""
        raise NotImplementedError


class KeyValueTensorInitializer(TableInitializerBase):
    """Fills a table with keys and values.

    Args:
        keys: A vector.
        values: A vector of as many.
        key_dtype: Of the keys; theirs where None.
        value_dtype: Of the values; theirs where None.
        name: Accepted.
    """

    def __init__(self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None,
                 name: str | None = None) -> None:  # fmt: skip
        self._keys, self._values = _of(keys, key_dtype), _of(values, value_dtype)
        if self._keys.shape.rank not in (1, None) or not self._keys.shape.is_compatible_with(self._values.shape):
            raise InvalidArgumentError(explain(
                "KeyValueTensorInitializer: keys and values must be vectors of one length.",
                received=[str(self._keys.type), str(self._values.type)],
            ))  # fmt: skip
        super().__init__(self._keys.dtype, self._values.dtype)

    def _tensors(self) -> tuple[Any, Any]:
        return self._keys, self._values


def _of(value: Any, dtype: Any) -> Any:
    if dtype is None and not frontdoor.is_tensor_like(value):
        held = [leaf for leaf in nest.flatten(value) if frontdoor.is_tensor_like(leaf)]
        if held:
            return frontdoor.convert(value)
        return frontdoor.convert(frontdoor.to_array(value))
    tensor = frontdoor.convert(value, None if frontdoor.is_tensor_like(value) else dtype)
    return tensor if dtype is None else cast_to(tensor, dtype)


class TextFileInitializer(TableInitializerBase):
    """Fills a table from a text file, a key and its value in each line.

    Args:
        filename: The file.
        key_dtype: Of the keys.
        key_index: The column of the keys, or a `TextFileIndex`.
        value_dtype: Of the values.
        value_index: The column of the values, or a `TextFileIndex`.
        vocab_size: How many lines count; all where None.
        delimiter: What stands between columns.
        name: Accepted.
        value_index_offset: What is added to numbers of lines.

    Raises:
        ValueError: For indices that do not fit the dtypes; for a file with fewer lines or columns, once it is read.
    """

    def __init__(self, filename: Any, key_dtype: Any, key_index: int, value_dtype: Any, value_index: int,
                 vocab_size: int | None = None, delimiter: str = "\t", name: str | None = None,
                 value_index_offset: int = 0) -> None:  # fmt: skip
        super().__init__(key_dtype, value_dtype)
        for index, dtype, what in ((key_index, self.key_dtype, "key"), (value_index, self.value_dtype, "value")):
            if index < -2:
                raise ValueError(f"Invalid {what} index {index}.")
            if index == TextFileIndex.LINE_NUMBER and dtype is not dtypes.int64:
                raise ValueError(f"Signature mismatch. {what.capitalize()}s must be dtype int64, got {dtype.name}.")
            if index == TextFileIndex.WHOLE_LINE and not (dtype.is_integer or dtype is dtypes.string):
                raise ValueError(f"Signature mismatch. {what.capitalize()}s must be integer or string, got "
                                 f"{dtype.name}.")  # fmt: skip
        self._filename = filename
        self._key_index, self._value_index = key_index, value_index
        self._size, self._delimiter, self._offset = vocab_size, delimiter, value_index_offset

    @property
    def path(self) -> str:
        """The file."""
        name = self._filename
        if isinstance(name, EagerTensor):
            name = name.numpy()
        return name.decode() if isinstance(name, bytes) else os.fspath(name)

    def _tensors(self) -> tuple[Any, Any]:
        path = self.path
        try:
            with open(path, "rb") as file:
                lines = [line.rstrip(b"\n").replace(b"\r", b"") for line in file]
        except OSError as error:
            raise gfile.error_of(error, path) from None
        if self._size is not None:
            if len(lines) < self._size:
                raise ValueError(explain(f"Invalid vocab_size in {path}.", expected=f"{self._size} lines",
                                         received=f"{len(lines)} lines"))  # fmt: skip
            lines = lines[: self._size]
        return (self._column(path, lines, self._key_index, self.key_dtype, 0),
                self._column(path, lines, self._value_index, self.value_dtype, self._offset))  # fmt: skip

    def _column(self, path: str, lines: list[bytes], index: int, dtype: Any, offset: int) -> Any:
        if index == TextFileIndex.LINE_NUMBER:
            return frontdoor.convert(np.arange(len(lines), dtype=np.int64) + offset)
        found = []
        for number, line in enumerate(lines):
            parts = [line] if index == TextFileIndex.WHOLE_LINE else line.split(self._delimiter.encode())
            place = max(index, 0)
            if place >= len(parts):
                raise ValueError(explain(f"Invalid number of columns in {path} line {number + 1}.",
                                         expected=f"more than {index}", received=str(len(parts))))  # fmt: skip
            text = parts[place]
            found.append(text if dtype is dtypes.string else dtype.numpy.type(text.decode()))
        made = np.empty(len(found), dtype.numpy)
        made[:] = found
        return frontdoor.convert(made)


class StaticHashTable(LookupTable):
    """A table from keys to values that does not change.

    Args:
        initializer: What fills it, such as a `KeyValueTensorInitializer`.
        default_value: The value of other keys.
        name: Accepted.
        experimental_is_anonymous: Accepted.

    Raises:
        ValueError: For a key with two values.

    Example:
        >>> import weft as tf
        >>> keys = tf.lookup.KeyValueTensorInitializer(["a", "b"], [10, 20])
        >>> tf.lookup.StaticHashTable(keys, default_value=-1).lookup(tf.constant(["b", "x"])).numpy().tolist()
        [20, -1]
    """

    def __init__(self, initializer: Any, default_value: Any, name: str | None = None,
                 experimental_is_anonymous: bool = False) -> None:  # fmt: skip
        super().__init__(initializer.key_dtype, initializer.value_dtype, name or "hash_table")
        self._initializer = initializer
        self._fill(*initializer._tensors())
        default = frontdoor.convert(default_value, None if frontdoor.is_tensor_like(default_value)
                                    else self.value_dtype)  # fmt: skip
        if default.dtype != self.value_dtype:
            raise TypeError(explain("StaticHashTable: the default must have the dtype of the values.",
                                    expected=self.value_dtype.name, received=default.dtype.name))  # fmt: skip
        self._default = default

    @property
    def default_value(self) -> Any:
        """The value of keys that are not in the table."""
        return self._default

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of keys: dense, sparse or ragged ones of any shape.

        Raises:
            TypeError: For keys of another dtype.
        """
        return self._looked_up(keys, self._default, name)

    def __getitem__(self, keys: Any) -> Any:
        return self.lookup(keys)


class StaticVocabularyTable:
    """A table from words to numbers, with buckets for words that are not in it.

    Args:
        initializer: Words and their numbers (int64), 0 to one less than there are; None for buckets alone.
        num_oov_buckets: How many numbers behind these are shared by other words, by their hash.
        lookup_key_dtype: The dtype of what is looked up: string or integers; that of the words where None.
        name: Accepted.
        experimental_is_anonymous: Accepted.

    Example:
        >>> import weft as tf
        >>> words = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([0, 1], tf.int64))
        >>> tf.lookup.StaticVocabularyTable(words, 1).lookup(tf.constant(["b", "x"])).numpy().tolist()
        [1, 2]
    """

    def __init__(self, initializer: Any, num_oov_buckets: int, lookup_key_dtype: Any = None, name: str | None = None,
                 experimental_is_anonymous: bool = False) -> None:  # fmt: skip
        if num_oov_buckets <= 0:
            raise ValueError(f"oov_buckets must be > 0; use StaticHashTable instead. Given: {num_oov_buckets}.")
        if initializer is not None and initializer.value_dtype is not dtypes.int64:
            raise TypeError(f"Invalid `value_dtype`, expected {dtypes.int64.name} but got "
                            f"{initializer.value_dtype.name}.")  # fmt: skip
        self._table = None if initializer is None else StaticHashTable(initializer, -1)
        self._buckets = num_oov_buckets
        wanted = lookup_key_dtype or (dtypes.string if initializer is None else initializer.key_dtype)
        self._key_dtype = dtypes.as_dtype(wanted)
        if initializer is not None and (self._key_dtype is dtypes.string) != (initializer.key_dtype is dtypes.string):
            raise TypeError(f"Invalid `key_dtype`, expected {initializer.key_dtype.name} but got "
                            f"{self._key_dtype.name}.")  # fmt: skip
        self._name = name or "hash_bucket"

    def _trackable_children(self) -> dict[str, Any]:
        return {} if self._table is None else {"_table": self._table}

    @property
    def key_dtype(self) -> Any:
        """The dtype of what is looked up."""
        return self._key_dtype

    @property
    def value_dtype(self) -> Any:
        """int64."""
        return dtypes.int64

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def initializer(self) -> Any:
        """What fills it in a graph of TensorFlow 1."""
        return self._table.initializer if self._table is not None else None

    def size(self, name: str | None = None) -> Any:
        """How many numbers there are, buckets included: a scalar int64."""
        with self._scope(name, "Size") as unit:
            words = frontdoor.convert(np.asarray(0, np.int64)) if self._table is None else self._table.size()
            return words + self._buckets if unit is None else unit.call(words + self._buckets, "add", "AddV2")

    def _scope(self, name: str | None, action: str) -> Any:
        """In a graph of TensorFlow 1, the scope of an operation."""
        scope = context.scope()
        if scope is None or scope.ordered:
            return nullcontext()
        table = self._name if self._table is None else self._table.name
        return Unit(name or f"{table}_{action}")

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The numbers of words, dense, sparse or ragged ones of any shape.

        Raises:
            TypeError: For words of another dtype.
        """
        if hasattr(keys, "with_values") or hasattr(keys, "with_flat_values"):
            inner = keys.values if isinstance(keys, SparseTensor) else keys.flat_values
            found = self.lookup(inner, name)
            return keys.with_values(found) if isinstance(keys, SparseTensor) else keys.with_flat_values(found)
        words = frontdoor.convert(keys, None if frontdoor.is_tensor_like(keys) else self._key_dtype)
        if words.dtype != self._key_dtype:
            raise TypeError(f"Dtype of argument `keys` must be {self._key_dtype.name}, received: {words.dtype.name}")
        with self._scope(name, "Lookup") as unit:
            return self._numbers(words, unit)

    def _bucket(self, text: Any) -> Any:
        from weft.api import strings

        return strings.to_hash_bucket_fast(text, self._buckets)

    def _numbers(self, words: Any, unit: Any) -> Any:
        from weft.api import array, math, strings

        text = words if words.dtype == dtypes.string else strings.as_string(words)
        bucket = self._bucket(text)
        if self._table is None:
            return bucket
        known = self._table.lookup(cast_to(words, self._table.key_dtype) if words.dtype.is_integer else words)
        found = array.where(math.less(known, 0), bucket + self._table.size(), known)
        return found if unit is None else unit.call(found, "SelectV2", "SelectV2")

    def __getitem__(self, keys: Any) -> Any:
        return self.lookup(keys)

"""`tf.contrib.lookup`: tables from words to numbers and back."""

from __future__ import annotations

from typing import Any, NamedTuple

import weft
from weft.api.lookup import KeyValueTensorInitializer as KeyValueTensorInitializer
from weft.api.lookup import StaticHashTable, StaticVocabularyTable, TableInitializerBase, TextFileInitializer
from weft.api.lookup import TextFileIndex as TextFileIndex
from weft.api.lookup_experimental import DenseHashTable, MutableHashTable  # noqa: F401
from weft.api.lookup_tables import LookupTable
from weft.base import dtypes
from weft.base.errors import explain

LookupInterface = InitializableLookupTableBase = LookupTable
MutableDenseHashTable = DenseHashTable


class HasherSpec(NamedTuple):
    """How words that are in no table are put into buckets.

    Attributes:
        hasher: `fasthash` or `stronghash`.
        key: Of `stronghash`, two integers.
    """

    hasher: str
    key: Any


FastHashSpec = HasherSpec("fasthash", None)


class StrongHashSpec(HasherSpec):
    """Hashing by a key, against words that somebody chose to fall into one bucket.

    Args:
        key: Two integers.
    """

    __slots__ = ()

    def __new__(cls, key: Any) -> StrongHashSpec:
        if len(key) != 2:
            raise ValueError(f"key must have size 2, got {len(key)}.")
        return super().__new__(cls, "stronghash", tuple(key))


class HashTable(StaticHashTable):
    """A table from keys to values that does not change, filled by `tf.tables_initializer()`.

    Args:
        initializer: What fills it, such as a `KeyValueTensorInitializer`.
        default_value: The value of other keys.
        shared_name: Accepted.
        name: Its name.
    """

    def __init__(self, initializer: Any, default_value: Any, shared_name: str | None = None,
                 name: str | None = None) -> None:  # fmt: skip
        super().__init__(initializer, default_value, name)

    @property
    def init(self) -> Any:
        """The operation that fills it."""
        return self.initializer


class TextFileIdTableInitializer(TextFileInitializer):
    """Fills a table from words, one in each line of a file, to the numbers of their lines.

    Args:
        filename: The file.
        key_column_index: The column of the words, or a `TextFileIndex`.
        value_column_index: That of the numbers.
        vocab_size: How many lines count; all where None.
        delimiter: What stands between columns.
        name: Accepted.
        key_dtype: The dtype of the words.
    """

    def __init__(self, filename: Any, key_column_index: int = TextFileIndex.WHOLE_LINE,
                 value_column_index: int = TextFileIndex.LINE_NUMBER, vocab_size: int | None = None,
                 delimiter: str = "\t", name: str | None = "text_file_id_table_init",
                 key_dtype: Any = dtypes.string) -> None:  # fmt: skip
        super().__init__(filename, key_dtype, key_column_index, dtypes.int64, value_column_index, vocab_size,
                         delimiter, name)  # fmt: skip


class TextFileStringTableInitializer(TextFileInitializer):
    """Fills a table from numbers of lines to the words that stand there; the arguments are those of the opposite."""

    def __init__(self, filename: Any, key_column_index: int = TextFileIndex.LINE_NUMBER,
                 value_column_index: int = TextFileIndex.WHOLE_LINE, vocab_size: int | None = None,
                 delimiter: str = "\t", name: str | None = "text_file_string_table_init") -> None:  # fmt: skip
        super().__init__(filename, dtypes.int64, key_column_index, dtypes.string, value_column_index, vocab_size,
                         delimiter, name)  # fmt: skip


class IdTableWithHashBuckets(StaticVocabularyTable):
    """A table from words to numbers, with buckets for words that are not in it.

    Args:
        table: A table whose values are 0 to one less than there are; None for buckets alone.
        num_oov_buckets: How many numbers behind these are shared by other words, by their hash.
        hasher_spec: `FastHashSpec` or a `StrongHashSpec`.
        name: Its name.
        key_dtype: The dtype of the words; the table's where None.
    """

    def __init__(self, table: Any, num_oov_buckets: int, hasher_spec: Any = FastHashSpec, name: str | None = None,
                 key_dtype: Any = None) -> None:  # fmt: skip
        if not isinstance(hasher_spec, HasherSpec):
            raise TypeError(f"hasher_spec must be of type HasherSpec, got {hasher_spec!r}.")
        if table is None and num_oov_buckets <= 0:
            raise ValueError("oov_buckets must be > 0 if no table is supplied.")
        wanted = key_dtype or (dtypes.string if table is None else table.key_dtype)
        super().__init__(None, max(num_oov_buckets, 1), wanted, name or "hash_bucket")
        self._table, self._buckets, self._hasher = table, num_oov_buckets, hasher_spec

    @property
    def init(self) -> Any:
        """The operation that fills its table."""
        return self.initializer

    def _bucket(self, text: Any) -> Any:
        if self._hasher.hasher == "stronghash":
            return weft.strings.to_hash_bucket_strong(text, self._buckets, self._hasher.key)
        return super()._bucket(text)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The numbers of words, dense or sparse ones of any shape."""
        if self._buckets > 0 or self._table is None:
            return super().lookup(keys, name)
        return self._table.lookup(keys, name)


def _numbered(initializer: TableInitializerBase, buckets: int, default: Any, hasher: Any, dtype: Any) -> Any:
    """A table of an initializer whose values are numbers, with or without buckets."""
    if buckets < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {buckets}.")
    table = HashTable(initializer, default)
    return IdTableWithHashBuckets(table, buckets, hasher, key_dtype=dtype) if buckets else table


def index_table_from_tensor(mapping: Any, num_oov_buckets: int = 0, default_value: Any = -1,
                            hasher_spec: Any = FastHashSpec, dtype: Any = dtypes.string,
                            name: str | None = None) -> Any:  # fmt: skip
    """A table from words to their places in a vector.

    Args:
        mapping: The words.
        num_oov_buckets: How many numbers behind theirs are shared by other words.
        default_value: The number of other words where there are no buckets.
        hasher_spec: How words are put into buckets.
        dtype: Of the words: string, or integers.
        name: Accepted.

    Returns:
        A table, filled by `tf.tables_initializer()`.

    Example:
        >>> import weft.compat.v1 as tf
        >>> from weft.compat.v1.contrib import lookup
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     table = lookup.index_table_from_tensor(["warp", "weft"])
        ...     numbers = table.lookup(tf.constant(["weft", "loom"]))
        ...     session.run(tf.tables_initializer())
        ...     session.run(numbers).tolist()
        [1, -1]
    """
    if mapping is None:
        raise ValueError("mapping must be specified.")
    wanted = dtypes.as_dtype(dtype)
    if not (wanted.is_integer or wanted is dtypes.string):
        raise TypeError(explain("index_table_from_tensor: words are strings or integers.", received=wanted.name))
    keys = weft.convert_to_tensor(mapping)
    if keys.dtype != wanted and not (keys.dtype.is_integer and wanted.is_integer):
        raise ValueError(f"Expected {wanted.name}, got {keys.dtype.name}.")
    keys = weft.cast(keys, dtypes.int64) if wanted.is_integer else keys
    initializer = KeyValueTensorInitializer(keys, _places(keys))
    return _numbered(initializer, num_oov_buckets, default_value, hasher_spec, keys.dtype)


def _places(vector: Any) -> Any:
    count = vector.shape[0]
    return weft.range(count, dtype=dtypes.int64) if count is not None else weft.range(weft.size(vector, dtypes.int64))


def index_table_from_file(vocabulary_file: Any = None, num_oov_buckets: int = 0, vocab_size: int | None = None,
                          default_value: Any = -1, hasher_spec: Any = FastHashSpec, key_dtype: Any = dtypes.string,
                          name: str | None = None, key_column_index: int = TextFileIndex.WHOLE_LINE,
                          value_column_index: int = TextFileIndex.LINE_NUMBER,
                          delimiter: str = "\t") -> Any:  # fmt: skip
    """A table from words to the numbers of the lines at which they stand in a file.

    Args:
        vocabulary_file: The file, a word in each line.
        num_oov_buckets: How many numbers behind theirs are shared by other words.
        vocab_size: How many lines count; all where None.
        default_value: The number of other words where there are no buckets.
        hasher_spec: How words are put into buckets.
        key_dtype: Of the words: string, or integers.
        name: Accepted.
        key_column_index: The column of the words, or a `TextFileIndex`.
        value_column_index: The column of the numbers, or a `TextFileIndex`.
        delimiter: What stands between columns.
    """
    wanted = dtypes.as_dtype(key_dtype)
    if not (wanted.is_integer or wanted is dtypes.string):
        raise TypeError(explain("index_table_from_file: words are strings or integers.", received=wanted.name))
    kept = dtypes.int64 if wanted.is_integer else wanted
    initializer = TextFileIdTableInitializer(_file(vocabulary_file, vocab_size), key_column_index, value_column_index,
                                             vocab_size, delimiter, key_dtype=kept)  # fmt: skip
    return _numbered(initializer, num_oov_buckets, default_value, hasher_spec, kept)


def _file(name: Any, size: int | None) -> Any:
    if name is None or (isinstance(name, str) and not name):
        raise ValueError("vocabulary_file must be specified and must not be empty.")
    if size is not None and size < 1:
        raise ValueError(f"vocab_size must be greater than 0, got {size}.")
    return name


def index_to_string_table_from_tensor(mapping: Any, default_value: Any = "UNK", name: str | None = None) -> Any:
    """A table from places in a vector to the words that stand there; `default_value` is that of other numbers."""
    if mapping is None:
        raise ValueError("mapping must be specified.")
    words = weft.convert_to_tensor(mapping, dtypes.string)
    return HashTable(KeyValueTensorInitializer(_places(words), words), default_value)


def index_to_string_table_from_file(
    vocabulary_file: Any, vocab_size: int | None = None, default_value: Any = "UNK", name: str | None = None,
    key_column_index: int = TextFileIndex.LINE_NUMBER, value_column_index: int = TextFileIndex.WHOLE_LINE,
    delimiter: str = "\t",
) -> Any:  # fmt: skip
    """A table from numbers of lines to the words there; the arguments are those of `index_table_from_file`."""
    initializer = TextFileStringTableInitializer(_file(vocabulary_file, vocab_size), key_column_index,
                                                 value_column_index, vocab_size, delimiter)  # fmt: skip
    return HashTable(initializer, default_value)


def string_to_index(tensor: Any, mapping: Any, default_value: Any = -1, name: str | None = None) -> Any:
    """The places of words in a vector."""
    return index_table_from_tensor(mapping, default_value=default_value).lookup(tensor)


def index_to_string(tensor: Any, mapping: Any, default_value: Any = "UNK", name: str | None = None) -> Any:
    """The words at places of a vector."""
    return index_to_string_table_from_tensor(mapping, default_value).lookup(tensor)


def string_to_index_table_from_tensor(mapping: Any, num_oov_buckets: int = 0, default_value: Any = -1,
                                      hasher_spec: Any = FastHashSpec, name: str | None = None) -> Any:  # fmt: skip
    """The older name of `index_table_from_tensor`, for strings."""
    return index_table_from_tensor(mapping, num_oov_buckets, default_value, hasher_spec, dtypes.string, name)


def string_to_index_table_from_file(vocabulary_file: Any = None, num_oov_buckets: int = 0,
                                    vocab_size: int | None = None, default_value: Any = -1,
                                    hasher_spec: Any = FastHashSpec, name: str | None = None) -> Any:  # fmt: skip
    """The older name of `index_table_from_file`, for strings."""
    return index_table_from_file(vocabulary_file, num_oov_buckets, vocab_size, default_value, hasher_spec, name=name)

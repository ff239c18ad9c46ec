"""Tables in text files: `tf.data.experimental.CsvDataset` and `make_csv_dataset`."""

from __future__ import annotations

import csv
import io
import itertools
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.base.errors import InvalidArgumentError, explain
from weft.data import files, structure
from weft.data.dataset import Dataset
from weft.data.nodes import Flat
from weft.runtime import frontdoor
from weft.runtime.spec import TensorSpec
from weft.runtime.tensor import Tensor

_KINDS = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, dtypes.string)


class Field:
    """One column: its dtype, and what stands in for a missing value (None where there must be one)."""

    def __init__(self, default: Any, number: int) -> None:
        self.number = number
        self.default: Any = None
        if isinstance(default, (DType, type)) or (isinstance(default, np.dtype)):
            self.dtype = dtypes.as_dtype(default)
        else:
            tensor = default if isinstance(default, Tensor) else frontdoor.convert(default)
            array = _content(tensor)
            if array.size > 1:
                raise ValueError(explain(f"The default of column {number} must be one value.", received=repr(default)))
            self.dtype = tensor.dtype
            if array.size:
                self.default = array.reshape(())
        if self.dtype not in _KINDS:
            raise TypeError(explain(f"Column {number} cannot be {self.dtype.name}.",
                                    expected=", ".join(k.name for k in _KINDS)))  # fmt: skip

    def value(self, text: str, missing: str, where: str) -> Any:
        """The value that a text stands for."""
        if text == "" or text == missing:
            if self.default is None:
                raise InvalidArgumentError(explain(f"{where}: Field {self.number} is required but missing!",
                                                   hint="give its column a default value"))  # fmt: skip
            return self.default
        if self.dtype is dtypes.string:
            leaf = np.empty((), object)
            leaf[()] = text.encode("utf-8", "surrogateescape")
            return leaf
        try:
            number = int(text) if self.dtype.is_integer else float(text)
            return np.asarray(number).astype(self.dtype.numpy, casting="same_kind")
        except (ValueError, OverflowError):
            raise InvalidArgumentError(explain(
                f"{where}: Field {self.number} is not a valid {self.dtype.name}: {text}",
            )) from None  # fmt: skip


def _content(tensor: Any) -> Any:
    """The array of an eager tensor, or of a constant of the function that is being traced."""
    value = getattr(tensor, "_value", None)
    if value is not None and value.node.op == "constant":
        return value.node.attrs["value"].array
    return structure.array_of(tensor)


class CsvRows(files.FileRecords):
    """The rows of CSV files."""

    def __init__(self, names: Any, defaults: Sequence[Any], compression: str, header: bool, delimiter: str,
                 quotes: bool, missing: str, columns: Sequence[int] | None) -> None:  # fmt: skip
        super().__init__(names, files.lines_of(compression), "CsvDatasetV2")
        self.compression, self.header, self.delimiter, self.quotes = compression, header, delimiter, quotes
        self.missing, self.columns = missing, columns
        if columns is not None and (list(columns) != sorted(set(columns)) or len(columns) != len(defaults)):
            raise InvalidArgumentError(explain("CsvDataset: `select_cols` must rise, one for each default.",
                                               received=f"{list(columns)} with {len(defaults)} defaults"))  # fmt: skip
        self.fields = [Field(d, n if columns is None else columns[n]) for n, d in enumerate(defaults)]
        if not self.fields:
            raise ValueError(explain("CsvDataset: `record_defaults` names no column."))
        self.spec = tuple(TensorSpec((), f.dtype) for f in self.fields)

    def stacked(self, size: int) -> Iterator[Flat] | None:
        return None  # a row is what its fields make of a line, or of several

    def iterate(self) -> Iterator[Flat]:
        # not a generator, which would be over after a row that cannot be read: ignore_errors goes on behind it
        return map(self._values, self._rows())

    def _rows(self) -> Iterator[tuple[str, list[str]]]:
        for path in self.paths():
            rows = read_rows(path, self.compression, self.delimiter, self.quotes)
            for number, row in enumerate(itertools.islice(rows, int(self.header), None)):
                yield f"{path}, record {number}", row

    def _values(self, found: tuple[str, list[str]]) -> Flat:
        where, row = found
        if self.columns is None and len(row) != len(self.fields):
            raise InvalidArgumentError(f"{where}: Expect {len(self.fields)} fields but have {len(row)}.")
        if self.columns is not None and len(row) <= self.columns[-1]:
            raise InvalidArgumentError(f"{where}: Expect over {self.columns[-1]} fields but have {len(row)}.")
        return [f.value(row[f.number], self.missing, where) for f in self.fields]


def read_rows(path: str, compression: str, delimiter: str, quotes: bool) -> Iterator[list[str]]:
    """The rows of a file as texts; empty lines are left out."""
    with files.opened(path, compression) as raw:
        text = io.TextIOWrapper(raw, "utf-8", errors="surrogateescape", newline="")
        plain = {} if quotes else {"quoting": csv.QUOTE_NONE}
        for row in csv.reader(text, delimiter=delimiter, **plain):  # type: ignore[arg-type]
            if row:
                yield row


class CsvDataset(Dataset):
    """The rows of CSV files, each a tuple of single values.

    Args:
        filenames: Paths, or a dataset of them.
        record_defaults: For each column a dtype, or the value that stands in for a missing one.
        compression_type: None, "GZIP" or "ZLIB".
        buffer_size: Accepted.
        header: Whether the first row of each file is left out.
        field_delim: What stands between fields.
        use_quote_delim: Whether quotes around a field are taken off.
        na_value: A text that stands for a missing value, beside the empty one.
        select_cols: The numbers of the columns to read; all where None.
        exclude_cols: Or those to leave out.
    """

    def __init__(self, filenames: Any, record_defaults: Any, compression_type: Any = None, buffer_size: Any = None,
                 header: bool = False, field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "",
                 select_cols: Any = None, exclude_cols: Any = None) -> None:  # fmt: skip
        if exclude_cols is not None:
            if select_cols is not None:
                raise ValueError("CsvDataset takes `select_cols` or `exclude_cols`, not both.")
            everything = range(len(record_defaults) + len(exclude_cols))
            select_cols = [n for n in everything if n not in set(exclude_cols)]
        super().__init__(CsvRows(filenames, record_defaults, files.compression_of(compression_type), header,
                                 field_delim, use_quote_delim, na_value, select_cols))  # fmt: skip


def make_csv_dataset(
    file_pattern: Any, batch_size: Any, column_names: Any = None, column_defaults: Any = None, label_name: Any = None,
    select_columns: Any = None, field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "",
    header: bool = True, num_epochs: Any = None, shuffle: bool = True, shuffle_buffer_size: int = 10000,
    shuffle_seed: Any = None, prefetch_buffer_size: Any = None, num_parallel_reads: Any = None, sloppy: bool = False,
    num_rows_for_inference: Any = 100, compression_type: Any = None, ignore_errors: bool = False,
    encoding: str = "utf-8",
) -> Dataset:  # fmt: skip
    """Batches of the rows of CSV files, by the names of their columns.

    Args:
        file_pattern: Files, or shell patterns.
        batch_size: Rows in a batch.
        column_names: The columns' names; the first row of the first file where None.
        column_defaults: For each column read a dtype or a default; found by looking at the values where None.
        label_name: A column that comes apart, as (features, label).
        select_columns: Names or numbers of the columns to read; all where None.
        field_delim: What stands between fields.
        use_quote_delim: Whether quotes around a field are taken off.
        na_value: A text that stands for a missing value.
        header: Whether the first row of each file is left out.
        num_epochs: How often the rows come; without end where None.
        shuffle: Whether rows change places.
        shuffle_buffer_size: The buffer for that.
        shuffle_seed: For the same order in every run.
        prefetch_buffer_size: Batches made ahead.
        num_parallel_reads: Accepted; files are read one after another.
        sloppy: Accepted.
        num_rows_for_inference: How many rows are looked at to find the dtypes; all where None.
        compression_type: None, "GZIP" or "ZLIB".
        ignore_errors: Whether rows that cannot be read are left out.
        encoding: Only "utf-8".

    Returns:
        A dataset of name → `[batch]`, or of (that, the label's `[batch]`).
    """
    paths = files.matching(file_pattern)
    compression = files.compression_of(compression_type)

    def rows(path: str) -> Iterator[list[str]]:
        return read_rows(path, compression, field_delim, use_quote_delim)

    if column_names is None:
        if not header:
            raise ValueError(explain("make_csv_dataset needs `column_names` for files without a header."))
        column_names = next(rows(paths[0]), [])
    names = list(column_names)
    if len(set(names)) != len(names):
        raise ValueError(explain("make_csv_dataset: two columns have one name.", received=str(names)))
    chosen = _selected(names, select_columns)
    if label_name is not None and label_name not in [names[c] for c in chosen]:
        raise ValueError(explain("make_csv_dataset: `label_name` is none of the columns.", expected=str(names),
                                 received=repr(label_name)))  # fmt: skip
    if column_defaults is None:
        found = itertools.chain.from_iterable(itertools.islice(rows(p), int(header), None) for p in paths)
        column_defaults = _inferred(itertools.islice(found, num_rows_for_inference), chosen, na_value)
    dataset: Dataset = CsvDataset(paths, column_defaults, compression, None, header, field_delim, use_quote_delim,
                                  na_value, chosen if len(chosen) < len(names) else None)  # fmt: skip
    if ignore_errors:
        dataset = dataset.ignore_errors()
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    if num_epochs != 1:
        dataset = dataset.repeat(num_epochs)
    keys = [names[c] for c in chosen]

    def named(*columns: Any) -> Any:
        features = OrderedDict(zip(keys, columns, strict=True))
        if label_name is None:
            return features
        label = features.pop(label_name)
        return features, label

    batches = dataset.batch(batch_size, drop_remainder=num_epochs is None).map(named)
    return batches.prefetch(-1 if prefetch_buffer_size is None else prefetch_buffer_size)


def _selected(names: list[str], wanted: Any) -> list[int]:
    if wanted is None:
        return list(range(len(names)))
    missing = [w for w in wanted if isinstance(w, str) and w not in names]
    if missing:
        raise ValueError(explain("make_csv_dataset: `select_columns` names no column of the files.",
                                 expected=str(names), received=str(missing)))  # fmt: skip
    return sorted({names.index(w) if isinstance(w, str) else int(w) for w in wanted})


def _inferred(rows: Iterator[list[str]], chosen: list[int], missing: str) -> list[Any]:
    """A default for each column, of the narrowest dtype that holds its values; strings where it has none."""
    order = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64, dtypes.string)
    reached = [-1] * len(chosen)
    for row in rows:
        for place, column in enumerate(chosen):
            text = row[column] if column < len(row) else ""
            if text not in ("", missing):
                reached[place] = max(reached[place], 0)
                while not _holds(text, order[reached[place]]):
                    reached[place] += 1
    return [frontdoor.convert("" if order[r] is dtypes.string else 0, order[r]) for r in reached]


def _holds(text: str, dtype: DType) -> bool:
    if dtype is dtypes.string:
        return True
    try:
        if dtype.is_integer:
            bits = dtype.numpy.itemsize * 8 - 1
            return -(1 << bits) <= int(text) < 1 << bits
        value = float(text)
    except ValueError:
        return False
    if not np.isfinite(value):  # a word, such as "nan", or beyond what a float can reach
        return False
    # beyond what float32 can reach, it takes float64
    return dtype is dtypes.float64 or abs(value) <= float(np.finfo(np.float32).max)

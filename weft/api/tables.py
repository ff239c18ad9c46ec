"""`tf.io.decode_csv`: lines of tables as columns."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.data.csv_files import Field
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.runtime import dispatch, frontdoor
from weft.runtime.kept_calls import keepable


@keepable("io.decode_csv", "records")
def decode_csv(records: Any, record_defaults: Any, field_delim: str = ",", use_quote_delim: bool = True,
               na_value: str = "", select_cols: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """The fields of lines, a tensor for each column.

    Args:
        records: Strings of any shape, a line each.
        record_defaults: For each column the value that stands in for a missing one, or a dtype where none may miss.
        field_delim: What stands between fields.
        use_quote_delim: Whether quotes around a field are taken off.
        na_value: A text that stands for a missing value, beside the empty one.
        select_cols: The numbers of the columns to read; all where None.
        name: The node's name.

    Returns:
        A list of tensors of the shape of `records`.

    Example:
        >>> import weft as tf
        >>> name, size = tf.io.decode_csv(["a,1", "b,"], [tf.string, 0.5])
        >>> size.numpy().tolist()
        [1.0, 0.5]
    """
    text = frontdoor.convert(records)
    if text.dtype != dtypes.string:
        raise TypeError(explain("decode_csv takes strings.", received=str(text.type)))
    columns = None if select_cols is None else [int(c) for c in select_cols]
    if columns is not None and len(columns) != len(record_defaults):
        raise ValueError(explain("decode_csv: one default for each of `select_cols`.",
                                 received=f"{len(record_defaults)} defaults for {len(columns)} columns"))  # fmt: skip
    fields = [Field(d, n if columns is None else columns[n]) for n, d in enumerate(record_defaults)]
    plain: Any = {} if use_quote_delim else {"quoting": csv.QUOTE_NONE}

    def run(lines: Any) -> list[Any]:
        made = [np.empty(lines.size, f.dtype.numpy) for f in fields]
        for number, line in enumerate(lines.ravel().tolist()):
            row = next(csv.reader([line.decode("utf-8", "surrogateescape")], delimiter=field_delim, **plain), [])
            if len(row) != len(fields) if columns is None else len(row) <= max(columns):
                raise InvalidArgumentError(
                    f"decode_csv: Expect {len(fields)} fields but have {len(row)} in record {number}."
                )
            for column, field in zip(made, fields, strict=True):
                column[number, ...] = field.value(row[field.number], na_value, f"decode_csv, record {number}")
        return [column.reshape(lines.shape) for column in made]

    types = tuple(TensorType(text.shape.symbolic, f.dtype) for f in fields)
    attrs = {"function": run, "types": types, "gradient": None}
    return list(dispatch.apply(opdef.get("py_function"), [text], attrs, name))

"""Rows that loops write: TensorFlow 1's TensorArrays and TensorFlow 2's lists of tensors, as `weft.TensorArray`."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft
from weft.compat.v1.graph_import import Importer, NotKnown, Source, handles
from weft.compat.v1.graph_import_loops import adds, changed_rows, rows_of


def _size(tensor: Any) -> Any:
    found = weft.get_static_value(tensor)
    return tensor if found is None else int(found)


# TensorArrays -------------------------------------------------------------------------------------------------------


@handles("TensorArrayV3")
def _rows(x: Importer, source: Source) -> Any:
    held = weft.TensorArray(source.attrs["dtype"], _size(x.value(source.inputs[0])),
                            dynamic_size=bool(source.attrs.get("dynamic_size")),
                            element_shape=source.attrs.get("element_shape"))  # fmt: skip
    return [held, held]


@handles("TensorArrayWriteV3")
def _rows_write(x: Importer, source: Source) -> Any:
    index, value = x.value(source.inputs[1]), x.value(source.inputs[2])

    def written(rows: Any) -> Any:
        more = adds(x, source) and rows._rows is not None
        return rows.write(index, rows.read(index) + value if more else value)

    return [changed_rows(x, source, written)]


@handles("TensorArrayReadV3")
def _rows_read(x: Importer, source: Source) -> Any:
    index = x.value(source.inputs[1])
    return [rows_of(x, source).read(index)]


@handles("TensorArrayScatterV3")
def _rows_scatter(x: Importer, source: Source) -> Any:
    numbers, value = x.value(source.inputs[1]), x.value(source.inputs[2])

    def written(rows: Any) -> Any:
        if _in_order(x, numbers, rows, value):
            return rows.unstack(value)
        more = adds(x, source) and rows._rows is not None
        return rows.scatter(numbers, rows.gather(numbers) + value if more else value)

    return [changed_rows(x, source, written)]


def _in_order(x: Importer, numbers: Any, rows: Any, value: Any) -> bool:
    """Whether numbers are all of those from 0 on; a range made in the graph is one, as `unstack` makes it."""
    known = weft.get_static_value(numbers)
    if known is not None:
        return bool(np.array_equal(known, np.arange(len(known)))) and rows._rows is None
    node = getattr(getattr(numbers, "_value", None), "node", None)
    if node is None or rows._rows is not None:
        return False
    return node.op in ("range", "iota") or (node.op == "identity" and node.metadata.get("type") == "Range")


@handles("TensorArrayGatherV3")
def _rows_gather(x: Importer, source: Source) -> Any:
    indices = x.value(source.inputs[1])
    return [rows_of(x, source).gather(indices)]


@handles("TensorArrayConcatV3")
def _rows_concat(x: Importer, source: Source) -> Any:
    return _after_one_another(rows_of(x, source))


def _after_one_another(rows: Any) -> list[Any]:
    """The rows of all elements, and how many each has."""
    whole = rows.stack()
    count, each = weft.shape(whole)[0], weft.shape(whole)[1]
    return [rows.concat(), weft.fill([count], weft.cast(each, weft.int64))]


@handles("TensorArraySplitV3")
def _rows_split(x: Importer, source: Source) -> Any:
    value, lengths = x.value(source.inputs[1]), x.static(source, 2)
    return [changed_rows(x, source, lambda rows: rows.split(value, lengths))]


@handles("TensorArraySizeV3")
def _rows_size(x: Importer, source: Source) -> Any:
    return [rows_of(x, source).size()]


@handles("TensorArrayCloseV3", "ControlTrigger")
def _nothing(x: Importer, source: Source) -> Any:
    return []


# Lists --------------------------------------------------------------------------------------------------------------


def _element(x: Importer, source: Source, position: int) -> Any:
    """The shape of an element, as far as an operand tells it beforehand."""
    found = weft.get_static_value(x.value(source.inputs[position]))
    if found is None or np.ndim(found) == 0:
        return None
    return [int(n) if n >= 0 else None for n in found]


@handles("TensorListReserve")
def _reserve(x: Importer, source: Source) -> Any:
    size = _size(x.value(source.inputs[1]))
    # one of no elements is made to grow
    return [weft.TensorArray(source.attrs["element_dtype"], size, dynamic_size=isinstance(size, int) and size == 0,
                             element_shape=_element(x, source, 0))]  # fmt: skip


@handles("EmptyTensorList")
def _empty(x: Importer, source: Source) -> Any:
    return [weft.TensorArray(source.attrs["element_dtype"], 0, dynamic_size=True,
                             element_shape=_element(x, source, 0))]  # fmt: skip


@handles("TensorListFromTensor")
def _from_tensor(x: Importer, source: Source) -> Any:
    value = x.value(source.inputs[0])
    size = value.shape[0]
    rows = weft.TensorArray(value.dtype, weft.shape(value)[0] if size is None else size)
    return [rows.unstack(value)]


@handles("TensorListSetItem")
def _set(x: Importer, source: Source) -> Any:
    rows, index, value = x.values(source)
    return [rows.write(index, value)]


@handles("TensorListGetItem")
def _get(x: Importer, source: Source) -> Any:
    rows, index, *_ = x.values(source)
    return [rows.read(index)]


@handles("TensorListPushBack")
def _push(x: Importer, source: Source) -> Any:
    rows, value = x.values(source)
    return [rows.write(rows.size(), value)]


@handles("TensorListPopBack")
def _pop(x: Importer, source: Source) -> Any:
    rows = x.value(source.inputs[0])
    last = rows.size() - 1
    return [_of_size(rows, last), rows.read(last)]


def _of_size(rows: Any, size: Any) -> Any:
    if not rows.dynamic_size:
        raise NotKnown("a list that was not made to change its size")
    made = rows._copy()
    made._size = size
    return made


@handles("TensorListResize")
def _resize(x: Importer, source: Source) -> Any:
    rows, size = x.values(source)
    grown = rows if rows._rows is None else rows._reaching(weft.maximum(size, rows.size()) - 1)
    return [_of_size(grown, size)]


@handles("TensorListStack")
def _stack(x: Importer, source: Source) -> Any:
    return [x.value(source.inputs[0]).stack()]


@handles("TensorListLength")
def _length(x: Importer, source: Source) -> Any:
    return [x.value(source.inputs[0]).size()]


@handles("TensorListElementShape")
def _shape_of_element(x: Importer, source: Source) -> Any:
    return [weft.constant(x.value(source.inputs[0]).element_shape.as_list(), source.attrs["shape_type"])]


@handles("TensorListGather")
def _gather(x: Importer, source: Source) -> Any:
    rows, numbers, *_ = x.values(source)
    return [rows.gather(numbers)]


@handles("TensorListScatter", "TensorListScatterV2")
def _scatter(x: Importer, source: Source) -> Any:
    value, numbers, *_ = x.values(source)
    asked = x.static(source, 3) if source.op.endswith("V2") else -1
    size = weft.reduce_max(numbers) + 1 if asked < 0 else int(asked)
    return [weft.TensorArray(value.dtype, size).scatter(numbers, value)]


@handles("TensorListScatterIntoExistingList")
def _scatter_into(x: Importer, source: Source) -> Any:
    rows, value, numbers = x.values(source)
    return [rows.scatter(numbers, value)]


@handles("TensorListConcat", "TensorListConcatV2")
def _concat(x: Importer, source: Source) -> Any:
    return _after_one_another(x.value(source.inputs[0]))


@handles("TensorListSplit")
def _split(x: Importer, source: Source) -> Any:
    value, lengths = x.value(source.inputs[0]), x.static(source, 2)
    return [weft.TensorArray(value.dtype, len(lengths)).split(value, lengths)]

"""`tf.map_fn` where rows, or what a function makes of them, are sparse: places and values as ragged rows."""

from __future__ import annotations

from typing import Any

from weft.api import ragged_map
from weft.base import dtypes, nest
from weft.runtime.dispatch import call
from weft.runtime.ragged import RaggedTensor, RaggedTensorSpec
from weft.runtime.sparse import SparseTensor, SparseTensorSpec

_PARTS = 3  # of a sparse row: its places, its values, its shape


def concerns(elems: Any, signature: Any) -> bool:
    """Whether a map takes sparse rows, or is said to give some."""
    leaves = [*nest.flatten(elems), *nest.flatten(signature)]
    return any(isinstance(leaf, (SparseTensor, SparseTensorSpec)) for leaf in leaves)


def map_rows(fn: Any, elems: Any, signature: Any) -> Any:
    """What a function gives for each row, sparse where it gives sparse tensors.

    Args:
        fn: The function.
        elems: Nested tensors, ragged and sparse tensors of equally many rows.
        signature: What the function is said to give, nested; as the rows where nothing is said.
    """
    leaves = nest.flatten(elems)
    if signature is None:
        said: list[Any] = [getattr(leaf, "_type_spec", None) for leaf in leaves]
    else:
        said = nest.flatten(signature)
    asked = [part for spec in said for part in _asked(spec)]
    given: list[Any] = []
    parts = [_rows_of(leaf) if isinstance(leaf, SparseTensor) else leaf for leaf in leaves]

    def row_function(row: list[Any]) -> list[Any]:
        whole = [_row(own, leaf) if isinstance(leaf, SparseTensor) else own
                 for own, leaf in zip(row, leaves, strict=True)]  # fmt: skip
        found = fn(nest.pack(elems, whole))
        given[:] = [found]
        return [part for leaf in nest.flatten(found)
                for part in ((leaf.indices, leaf.values, leaf.dense_shape) if isinstance(leaf, SparseTensor)
                             else (leaf,))]  # fmt: skip

    supply = iter(ragged_map.map_rows(row_function, parts, asked))
    return nest.map_structure(
        lambda leaf: _stacked(*(next(supply) for _ in range(_PARTS))) if isinstance(leaf, SparseTensor)
        else next(supply), given[0],
    )  # fmt: skip


def _asked(spec: Any) -> list[Any]:
    if not isinstance(spec, SparseTensorSpec):
        return [spec]
    places, values = RaggedTensorSpec([None, None, None], dtypes.int64), RaggedTensorSpec([None, None], spec.dtype)
    return [places, values, dtypes.int64]


def _rows_of(whole: SparseTensor) -> list[Any]:
    """The places within each row, and the values of each."""
    count, rows = whole.dense_shape[0], whole.indices[:, 0]
    return [RaggedTensor.from_value_rowids(part, rows, nrows=count, validate=False)
            for part in (whole.indices[:, 1:], whole.values)]  # fmt: skip


def _row(parts: list[Any], whole: SparseTensor) -> SparseTensor:
    return SparseTensor(parts[0], parts[1], whole.dense_shape[1:])


def _stacked(places: Any, values: Any, shapes: Any) -> SparseTensor:
    """Rows as one sparse tensor; its size along each axis is the greatest of theirs."""
    counts = call("shape", shapes, dtype=dtypes.int64)
    inner = call("reshape_dynamic", places.flat_values, call("stack", -1 + 0 * counts[1], counts[1], axis=0))
    number = call("expand_dims", values.value_rowids(), axis=1)
    size = call("concat", counts[:1], call("reduce_max", shapes, axis=(0,), keepdims=False), axis=0)
    return SparseTensor(call("concat", number, inner, axis=1), values.flat_values, size)

"""`tf.map_fn` and `tf.where` where rows, or what a function makes of them, have different lengths."""

from __future__ import annotations

from typing import Any

from weft.base import dtypes, nest
from weft.base.errors import explain
from weft.runtime import context, control, frontdoor
from weft.runtime.dispatch import call
from weft.runtime.ragged import RaggedTensor, RaggedTensorSpec, counted


def concerns(elems: Any, signature: Any) -> bool:
    """Whether a map takes ragged rows, or is said to give some."""
    leaves = [*nest.flatten(elems), *nest.flatten(signature)]
    return any(isinstance(leaf, (RaggedTensor, RaggedTensorSpec)) for leaf in leaves)


def map_rows(fn: Any, elems: Any, signature: Any) -> Any:
    """What a function gives for each row: ragged again, where no dense result is asked for.

    Args:
        fn: The function.
        elems: Nested tensors and ragged tensors of equally many rows.
        signature: What the function is said to give, nested; None where nothing is said.
    """
    rows = nest.map_structure(lambda leaf: leaf if isinstance(leaf, RaggedTensor) else frontdoor.convert(leaf), elems)
    asked = None if signature is None else nest.flatten(signature)
    first = nest.flatten(rows)[0]
    count = first.nrows() if isinstance(first, RaggedTensor) else call("shape", first, dtype=dtypes.int64)[0]
    return (_at_once if context.executing_eagerly() else _in_graph)(fn, rows, count, asked)


def _is_ragged(asked: list[Any] | None, number: int, result: Any) -> bool:
    dense = asked is not None and not isinstance(asked[min(number, len(asked) - 1)], RaggedTensorSpec)
    return not dense and (isinstance(result, RaggedTensor) or frontdoor.convert(result).shape.rank != 0)


def _splits(asked: list[Any] | None, number: int) -> Any:
    """The dtype of a ragged result's row splits."""
    said = None if asked is None else asked[min(number, len(asked) - 1)]
    return said.row_splits_dtype if isinstance(said, RaggedTensorSpec) else dtypes.int64


def _at_once(fn: Any, rows: Any, count: Any, asked: list[Any] | None) -> Any:
    from weft.api import ragged
    from weft.api.array import stack

    found = [fn(nest.map_structure(lambda leaf, place=place: leaf[place], rows)) for place in range(int(count))]
    if not found:
        raise ValueError(explain("tf.map_fn: there are no rows to apply the function to.", received=repr(rows)[:100]))
    flat = [nest.flatten(one) for one in found]
    parts = []
    for number, result in enumerate(flat[0]):
        results = [one[number] for one in flat]
        if _is_ragged(asked, number, result):
            parts.append(ragged.stack(results).with_row_splits_dtype(_splits(asked, number)))
        else:
            parts.append(stack(results))
    return nest.pack(found[0], parts)


def _in_graph(fn: Any, rows: Any, count: Any, asked: list[Any] | None) -> Any:
    """A scan whose results are stacked padded, and how much of each row counts."""
    shape: list[Any] = []
    kinds: list[bool] = []

    def step(carry: Any, place: Any) -> Any:
        found = fn(nest.map_structure(lambda leaf: leaf[place], rows))
        shape[:] = [found]
        flat = nest.flatten(found)
        kinds[:] = [_is_ragged(asked, number, result) for number, result in enumerate(flat)]
        return carry, [_parts(result) if ragged else [frontdoor.convert(result)]
                       for result, ragged in zip(flat, kinds, strict=True)]  # fmt: skip

    stacks = control.scan(step, [], counted(count), padded=True)[1]
    found = [_joined(parts).with_row_splits_dtype(_splits(asked, number)) if ragged else parts[0]
             for number, (parts, ragged) in enumerate(zip(stacks, kinds, strict=True))]  # fmt: skip
    return nest.pack(shape[0], found)


def _parts(result: Any) -> list[Any]:
    """One row's result as its innermost values and, from the outermost on, the lengths of its ragged axes."""
    lengths: list[Any] = []
    while isinstance(result, RaggedTensor):
        lengths.append(result.row_lengths())
        result = result.values
    values = frontdoor.convert(result)
    counts = [call("shape", part, dtype=dtypes.int64)[0] for part in (*lengths, values)]
    return [values, *lengths, *counts]


def _joined(parts: list[Any]) -> Any:
    """All rows' results as one ragged tensor."""
    levels = len(parts) // 2
    values, lengths, counts = parts[0], parts[1:levels], parts[levels:]
    made = RaggedTensor.from_tensor(values, lengths=counts[-1]).values
    for padded, count in zip(reversed(lengths), reversed(counts[:-1]), strict=True):
        own = RaggedTensor.from_tensor(padded, lengths=count).values
        made = RaggedTensor.from_row_lengths(made, own, validate=False)
    return RaggedTensor.from_row_lengths(made, counts[0], validate=False)


def where(condition: RaggedTensor, x: Any, y: Any) -> Any:
    """What `tf.where` gives for a ragged condition: x or y in its form, or the places at which it holds.

    Args:
        condition: The condition.
        x: What stands where it holds, ragged in the same way or one value; None, as `y`, for the places.
        y: What stands elsewhere.
    """
    from weft.api import array, ragged

    if (x is None) != (y is None):
        raise ValueError("where takes both x and y, or neither.")
    if x is not None:
        return ragged.map_flat_values(array.where, condition, x, y)
    places = condition.to_sparse()
    return array.boolean_mask(places.indices, places.values)

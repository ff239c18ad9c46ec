"""Builtins of Python that take tensors of the graph, too, in rewritten functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.autograph.rows import Rows, length, staged
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import dispatch, frontdoor


def range_(*given: Any) -> Any:
    """`range`, of tensors, too."""
    bounds = [staged(value) for value in given]
    if all(bound is None for bound in bounds):
        return range(*given)
    dtype = next(bound.dtype for bound in bounds if bound is not None)
    values = [dispatch.call("cast", frontdoor.convert(value if bound is None else bound), dtype=dtype)
              for value, bound in zip(given, bounds, strict=True)]  # fmt: skip
    zero, one = frontdoor.convert(0, dtype), frontdoor.convert(1, dtype)
    start, limit, delta = (zero, values[0], one) if len(values) == 1 else (*values, one)[:3]
    return dispatch.call("range", start, limit, delta)


def len_(value: Any) -> Any:
    """`len`, of tensors, too."""
    found = staged(value)
    if found is None:
        return len(value)
    if found.shape.rank == 0:
        raise TypeError(explain("A scalar tensor has no len().", received=str(found.type)))
    return length(found)


def _number(kind: type, dtype: Any) -> Callable[..., Any]:
    def convert(value: Any = 0, *more: Any) -> Any:
        found = staged(value)
        return kind(value, *more) if found is None else dispatch.call("cast", found, dtype=dtype)

    return convert


int_ = _number(int, dtypes.int32)
float_ = _number(float, dtypes.float32)


def enumerate_(items: Any, start: Any = 0) -> Any:
    """`enumerate`, of tensors, too."""
    rows = Rows.of(items) if staged(items) is not None or isinstance(items, Rows) else None
    if rows is None:
        return enumerate(items, start)
    return Rows(rows.count, lambda number: (number + start, rows.item(number)))


def zip_(*items: Any, strict: bool = False) -> Any:
    """`zip`, of tensors, too."""
    every = [Rows.of(one) if staged(one) is not None or isinstance(one, Rows) else None for one in items]
    if not items or any(rows is None for rows in every):
        return zip(*items, strict=strict)
    found = [rows for rows in every if rows is not None]
    counts = [rows.count for rows in found]
    least = counts[0]
    for count in counts[1:]:
        if isinstance(least, int) and isinstance(count, int):
            least = min(least, count)
        else:
            least = dispatch.call("minimum", frontdoor.convert(least), frontdoor.convert(count))
    return Rows(least, lambda number: tuple(rows.item(number) for rows in found))


def next_(items: Any, *default: Any) -> Any:
    """`next`, of a dataset's iterator in a traced function, too: it is taken as the graph runs."""
    walk = getattr(items, "__weft_walk__", None)
    return next(items, *default) if walk is None else walk().get_next()


BUILTINS: dict[Any, Callable[..., Any]] = {
    range: range_, len: len_, int: int_, float: float_, enumerate: enumerate_, zip: zip_,
    next: next_,
}  # fmt: skip

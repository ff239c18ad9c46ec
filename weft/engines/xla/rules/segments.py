"""Reductions by segment. The sorted forms make as many rows as the data says, so they run on the host."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.engines.xla.rules.elementwise import in_float32, kind
from weft.engines.xla.table import HostOnly, lowering


def _edges(dtype: Any) -> tuple[Any, Any]:
    known = dtypes.as_dtype(dtype)
    return known.min, known.max


for _name, _start in (
    ("sum", lambda dtype: 0), ("prod", lambda dtype: 1), ("max", lambda dtype: _edges(dtype)[0]),
    ("min", lambda dtype: _edges(dtype)[1]),
):  # fmt: skip

    def _unsorted(check: Any, data: Any, ids: Any, *count: Any, num_segments: int | None, _name: str = _name,
                  _start: Any = _start) -> Any:  # fmt: skip
        rows = int(count[0]) if num_segments is None else num_segments
        if rows < 0:
            raise HostOnly("a negative number of segments")
        check(ids >= rows)
        rest = data.shape[ids.ndim :]
        shape = (rows, *rest)
        start = jnp.asarray(_start(data.dtype), data.dtype)
        if not data.size or not math.prod(shape):
            return jnp.full(shape, start)
        # negative numbers are left out: they go to a row behind the last
        flat = ids.reshape(-1).astype(jnp.int64)
        at = jnp.where((flat < 0) | (flat >= rows), rows, flat)

        def run(data: Any) -> Any:
            first = jnp.full((rows + 1, *rest), jnp.asarray(_start(data.dtype) if _name in ("sum", "prod") else start,
                                                            data.dtype))  # fmt: skip
            values = data.reshape(len(at), *rest)
            target = first.at[at]
            combined = {"sum": target.add, "prod": target.multiply, "max": target.max, "min": target.min}[_name]
            return combined(values)[:rows]

        return in_float32(run)(data)

    lowering(f"unsorted_segment_{_name}", checks=True, static_from=2)(_unsorted)


@lowering("bincount", checks=True)
def _bincount(check: Any, values: Any, *weights: Any, size: int | None, minlength: int, maxlength: int | None,
              dtype: DType, binary_output: bool) -> Any:  # fmt: skip
    if size is None:
        raise HostOnly("how many bins there are depends on the values")
    check(values < 0)
    rows = values.reshape(-1, values.shape[-1]) if values.ndim == 2 else values[None]
    kind_of = weights[0].dtype if weights else dtype.numpy
    result = jnp.zeros((rows.shape[0], size + 1), kind_of)
    if rows.size:
        at = jnp.where((rows < size) & (rows >= 0), rows, size)
        line = jnp.arange(rows.shape[0])[:, None]
        if binary_output:
            result = result.at[line, at].set(jnp.asarray(1, kind_of))
        else:
            result = result.at[line, at].add(weights[0].reshape(rows.shape) if weights else jnp.asarray(1, kind_of))
    return result[:, :size] if values.ndim == 2 else result[0, :size]


@lowering("histogram_fixed_width", checks=True)
def _histogram_fixed_width(check: Any, values: Any, value_range: Any, nbins: int, dtype: DType) -> Any:
    check(jnp.logical_not(value_range[0] < value_range[1]))
    wide = jnp.float64
    if kind(values) == "f":
        wide = values.dtype if values.dtype.itemsize > 2 else jnp.float32
    low, high = value_range.astype(wide)
    place = jnp.floor(nbins * ((values.astype(wide) - low) / (high - low)))
    check(jnp.isnan(place).any())
    place = jnp.clip(place, 0, nbins - 1).astype(jnp.int64).reshape(-1)
    return jnp.zeros(nbins, jnp.int64).at[place].add(1).astype(dtype.numpy)


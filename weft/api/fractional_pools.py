"""Pooling by windows of uneven sizes (Graham 2014)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from weft.api import array, math
from weft.api.common import integer
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor
from weft.runtime import random as streams


def _borders(size: int, ratio: float, pseudo: bool, rng: Any) -> list[int]:
    """Where windows of one or two steps begin, and the last ends (Graham 2014)."""
    count = int(np.floor(size / ratio))
    if pseudo:
        share = rng.uniform()
        ratio = (size - 1) / count if count else 1.0
        steps = [int(np.ceil(ratio * (i + share))) for i in range(count)]
        found = [0, *[max(s, 1) for s in steps[1:]], size]
        return [min(max(place, number), size - (count - number)) for number, place in enumerate(found)]
    short = size // count
    longer = size - short * count
    lengths = rng.permutation([short + 1] * longer + [short] * (count - longer))
    return [0, *np.cumsum(lengths).tolist()]


def _windows(x: Any, borders: list[int], axis: int, overlapping: bool, join: Callable[..., Any]) -> Any:
    """An axis reduced window by window."""
    ends = [min(end + 1, borders[-1]) if overlapping else end for end in borders[1:]]
    parts = [join(x[(slice(None),) * axis + (slice(begin, end),)], axis, keepdims=True)
             for begin, end in zip(borders[:-1], ends, strict=True)]  # fmt: skip
    return array.concat(parts, axis)


class FractionalPool(NamedTuple):
    """The pooled images, and where windows begin down and across."""

    output: Any
    row_pooling_sequence: Any
    col_pooling_sequence: Any


def _fractional(value: Any, ratio: Any, pseudo: bool, overlapping: bool, seed: int, join: Any,
                said: str) -> FractionalPool:  # fmt: skip
    x = frontdoor.convert(value)
    ratios = [1.0, float(ratio), float(ratio), 1.0] if np.ndim(ratio) == 0 else [float(r) for r in ratio]
    ratios = [1.0, *ratios, 1.0] if len(ratios) == 2 else [1.0, *ratios * 2, 1.0] if len(ratios) == 1 else ratios
    if len(ratios) != 4 or ratios[0] != 1.0 or ratios[3] != 1.0 or min(ratios) < 1.0:
        raise ValueError(explain(f"{said}: `pooling_ratio` says how much smaller height and width become.",
                                 expected="[1, rows, columns, 1], each at least 1", received=str(ratio)))  # fmt: skip
    height, width = (integer(size, "the size of the images") for size in x.shape[1:3])
    seeds = streams.op_seeds(seed or None)
    rng = np.random.Generator(np.random.PCG64(list(seeds) if seeds is not None else None))
    rows, columns = (_borders(size, r, pseudo, rng) for size, r in ((height, ratios[1]), (width, ratios[2])))
    made = _windows(_windows(x, rows, 1, overlapping, join), columns, 2, overlapping, join)
    return FractionalPool(made, array.constant(rows, dtypes.int64), array.constant(columns, dtypes.int64))


def fractional_max_pool(value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False,
                        seed: int = 0, name: str | None = None) -> FractionalPool:  # fmt: skip
    """The greatest value of each of some windows whose sizes differ by chance (Graham 2014).

    Args:
        value: `[batch, height, width, channels]`.
        pooling_ratio: How much smaller height and width become: one number, two, or `[1, rows, columns, 1]`.
        pseudo_random: Whether sizes are spread evenly, else they are shuffled.
        overlapping: Whether a window has the first row and column of the next.
        seed: For the random numbers; 0 for one that differs from run to run. Traced functions draw once.
        name: The node's name.

    Returns:
        `output`, and int64 `row_pooling_sequence` and `col_pooling_sequence`: where windows begin and the last ends.
    """
    return _fractional(value, pooling_ratio, pseudo_random, overlapping, seed, math.reduce_max, "fractional_max_pool")


def fractional_avg_pool(value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False,
                        seed: int = 0, name: str | None = None) -> FractionalPool:  # fmt: skip
    """As `fractional_max_pool`, with the mean of each window."""
    return _fractional(value, pooling_ratio, pseudo_random, overlapping, seed, math.reduce_mean, "fractional_avg_pool")

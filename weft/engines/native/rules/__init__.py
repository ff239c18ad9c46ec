"""The lowering rules, a file for each kind of op; importing this package registers them all."""

from weft.engines.native.rules import (
    branches,
    checks,
    conv,
    counting,
    diagonal,
    division,
    index,
    linear,
    loops,
    loss,
    matmul,
    movement,
    padding,
    pointwise,
    pool,
    random,
    reduction,
    running,
    scatter,
    sizes,
    slicing,
    sort,
    state,
    windowing,
)

__all__ = [
    "branches", "checks", "conv", "counting", "diagonal", "division", "index", "linear", "loops", "loss", "matmul",
    "movement", "padding", "pointwise", "pool", "random", "reduction", "running", "scatter", "sizes", "slicing",
    "sort", "state", "windowing",
]  # fmt: skip

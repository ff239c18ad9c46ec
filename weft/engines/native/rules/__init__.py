"""The lowering rules, a file for each kind of op; importing this package registers them all."""

from weft.engines.native.rules import (
    conv,
    index,
    loops,
    loss,
    matmul,
    movement,
    pointwise,
    pool,
    random,
    reduction,
    running,
    scatter,
    sizes,
    state,
)

__all__ = ["conv", "index", "loops", "loss", "matmul", "movement", "pointwise", "pool", "random", "reduction", "running", "scatter", "sizes", "state"]

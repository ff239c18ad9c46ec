"""The lowering rules, a file for each kind of op; importing this package registers them all."""

from weft.engines.native.rules import conv, loss, matmul, movement, pointwise, pool, random, reduction, sizes, state

__all__ = ["conv", "loss", "matmul", "movement", "pointwise", "pool", "random", "reduction", "sizes", "state"]

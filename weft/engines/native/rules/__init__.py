"""The lowering rules, a file for each kind of op; importing this package registers them all."""

from weft.engines.native.rules import loss, matmul, movement, pointwise, random, reduction, sizes, state

__all__ = ["loss", "matmul", "movement", "pointwise", "random", "reduction", "sizes", "state"]

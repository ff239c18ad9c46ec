"""`tf.sets` of version 1: version 2's functions, under their older names too."""

import functools
from collections.abc import Callable
from typing import Any

from weft.api.sets import difference as _difference
from weft.api.sets import intersection as _intersection
from weft.api.sets import size as _size
from weft.api.sets import union as _union
from weft.compat.v1.naming import composite
from weft.runtime.sparse import SparseTensor, SparseTensorValue


def _operation(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of two sets, whose operation is another one for sparse sets."""
    kinds = ["DenseToDense", "DenseToSparse", "SparseToSparse"]
    by_kind = [composite(f"sets.{kind}", function) for kind in kinds]

    @functools.wraps(function)
    def call(a: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
        sparse = sum(isinstance(x, (SparseTensor, SparseTensorValue)) for x in (a, b))
        return by_kind[sparse](a, b, *args, **kwargs)

    return call


difference, intersection, union = _operation(_difference), _operation(_intersection), _operation(_union)
size = composite("sets.size", _size)
set_difference, set_intersection, set_size, set_union = difference, intersection, size, union

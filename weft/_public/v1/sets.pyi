"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.sets import difference as _set_difference
from weft.api.sets import difference as difference
from weft.api.sets import intersection as _set_intersection
from weft.api.sets import intersection as intersection
from weft.api.sets import union as _set_union
from weft.api.sets import union as union

set_difference = _set_difference
set_intersection = _set_intersection
set_union = _set_union

def set_size(a: Any, validate_indices: bool = ...) -> Any:
    """How many members each set along the last axis of a SparseTensor has, as int32 `[...]`."""

def size(a: Any, validate_indices: bool = ...) -> Any:
    """How many members each set along the last axis of a SparseTensor has, as int32 `[...]`."""

"""Written by tools/make_stubs.py; do not edit."""

from weft.api.sets import difference as _set_difference
from weft.api.sets import difference as difference
from weft.api.sets import intersection as _set_intersection
from weft.api.sets import intersection as intersection
from weft.api.sets import size as _set_size
from weft.api.sets import size as size
from weft.api.sets import union as _set_union
from weft.api.sets import union as union

set_difference = _set_difference
set_intersection = _set_intersection
set_size = _set_size
set_union = _set_union

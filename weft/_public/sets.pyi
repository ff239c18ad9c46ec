"""Written by tools/make_stubs.py; do not edit."""

from weft.api.sets import difference as difference
from weft.api.sets import edit_distance as edit_distance
from weft.api.sets import intersection as intersection
from weft.api.sets import size as size
from weft.api.sets import union as union

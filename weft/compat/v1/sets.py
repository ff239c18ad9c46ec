"""`tf.sets` of version 1: version 2's functions, under their older names too."""

from weft.api.sets import difference as difference
from weft.api.sets import intersection as intersection
from weft.api.sets import size as size
from weft.api.sets import union as union

set_difference, set_intersection, set_size, set_union = difference, intersection, size, union

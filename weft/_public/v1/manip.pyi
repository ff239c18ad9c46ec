"""Written by tools/make_stubs.py; do not edit."""

from weft.api.array import batch_to_space as _batch_to_space_nd
from weft.api.array import reshape as reshape
from weft.api.array import roll as roll
from weft.api.array import scatter_nd as scatter_nd
from weft.api.array import space_to_batch as _space_to_batch_nd
from weft.api.array import tile as tile
from weft.compat.v1.dropped_ops import reverse as reverse
from weft.compat.v1.manip import gather_nd as gather_nd

batch_to_space_nd = _batch_to_space_nd
space_to_batch_nd = _space_to_batch_nd

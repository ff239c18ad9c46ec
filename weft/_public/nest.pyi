"""Written by tools/make_stubs.py; do not edit."""

from weft.api.nest import assert_same_structure as assert_same_structure
from weft.api.nest import flatten as flatten
from weft.api.nest import is_nested as is_nested
from weft.api.nest import map_structure as map_structure
from weft.api.nest import pack_sequence_as as pack_sequence_as

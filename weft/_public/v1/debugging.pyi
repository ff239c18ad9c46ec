"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.debugging import assert_shapes as assert_shapes

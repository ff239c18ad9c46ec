"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.ragged import constant_value as constant_value
from weft.compat.v1.ragged import placeholder as placeholder

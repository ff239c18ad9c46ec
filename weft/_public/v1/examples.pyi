"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.examples import tutorials as tutorials

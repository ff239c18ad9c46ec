"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.user_ops import my_fact as my_fact

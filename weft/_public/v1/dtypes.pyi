"""Written by tools/make_stubs.py; do not edit."""

from weft.api.strings import as_string as as_string

"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.compat.v1.strings import length as length
from weft.compat.v1.strings import reduce_join as reduce_join
from weft.compat.v1.strings import regex_full_match as regex_full_match
from weft.compat.v1.strings import regex_replace as regex_replace
from weft.compat.v1.strings import split as split
from weft.compat.v1.strings import substr as substr
from weft.compat.v1.strings import to_hash_bucket as to_hash_bucket
from weft.compat.v1.strings import to_number as to_number

def string_split(
    source: Any, sep: Any = ..., skip_empty: bool = ..., delimiter: Any = ..., result_type: str = ..., name: str | None
    = ...
) -> Any:
    """The parts of strings between any of several characters."""

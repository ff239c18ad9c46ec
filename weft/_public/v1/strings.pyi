"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.strings import as_string as as_string
from weft.api.strings import bytes_split as bytes_split
from weft.api.strings import format as format
from weft.api.strings import join as join
from weft.api.strings import lower as lower
from weft.api.strings import ngrams as ngrams
from weft.api.strings import strip as strip
from weft.api.strings import to_hash_bucket_fast as to_hash_bucket_fast
from weft.api.strings import to_hash_bucket_strong as to_hash_bucket_strong
from weft.api.strings import unicode_decode as unicode_decode
from weft.api.strings import unicode_decode_with_offsets as unicode_decode_with_offsets
from weft.api.strings import unicode_encode as unicode_encode
from weft.api.strings import unicode_script as unicode_script
from weft.api.strings import unicode_split as unicode_split
from weft.api.strings import unicode_split_with_offsets as unicode_split_with_offsets
from weft.api.strings import unicode_transcode as unicode_transcode
from weft.api.strings import unsorted_segment_join as unsorted_segment_join
from weft.api.strings import upper as upper
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

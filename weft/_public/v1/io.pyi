"""Written by tools/make_stubs.py; do not edit."""

from weft.api.io import decode_base64 as decode_base64
from weft.api.io import encode_base64 as encode_base64
from weft.compat.v1.io import decode_raw as decode_raw

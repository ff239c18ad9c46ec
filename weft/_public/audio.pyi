"""Written by tools/make_stubs.py; do not edit."""

from weft.api.audio import DecodeWav as DecodeWav
from weft.api.audio import decode_wav as decode_wav
from weft.api.audio import encode_wav as encode_wav

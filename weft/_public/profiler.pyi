"""Written by tools/make_stubs.py; do not edit."""

from weft.api.profiler import experimental as experimental

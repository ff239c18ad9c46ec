"""Written by tools/make_stubs.py; do not edit."""

from weft.api.sysconfig import get_build_info as get_build_info

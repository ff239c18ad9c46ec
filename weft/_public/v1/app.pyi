"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1 import flags as flags
from weft.compat.v1.app import run as run

"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.config import get_soft_device_placement as get_soft_device_placement
from weft.compat.v1.config import optimizer as optimizer

"""Written by tools/make_stubs.py; do not edit."""

from weft.api import dlpack as dlpack
from weft.api import numpy as numpy
from weft.data.optional import Optional as Optional

"""Written by tools/make_stubs.py; do not edit."""

from weft.api import dlpack as dlpack
from weft.api import numpy as numpy
from weft.api.experimental import async_clear_error as async_clear_error
from weft.api.experimental import async_scope as async_scope
from weft.data.optional import Optional as Optional

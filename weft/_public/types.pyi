"""Written by tools/make_stubs.py; do not edit."""

from weft.api.types import Callable as Callable
from weft.api.types import TensorLike as TensorLike
from weft.api.types import experimental as experimental

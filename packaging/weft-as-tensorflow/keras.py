"""Weft's Keras under its own name. Only read where this environment's `.pth` files are not."""

from typing import TYPE_CHECKING

import _weft_as_tensorflow

if TYPE_CHECKING:
    from weft.keras import *  # noqa: F403
else:
    _weft_as_tensorflow.take_over(__name__)

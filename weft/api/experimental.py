"""`tf.experimental`: what is on trial in TensorFlow; what is left out of it says why (`weft.base.absent`)."""

from __future__ import annotations

from weft.api import dlpack, numpy  # noqa: F401
from weft.data.optional import Optional  # noqa: F401

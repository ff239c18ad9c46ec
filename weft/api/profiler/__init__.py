"""`tf.profiler`: where the time of compiled code goes."""

from __future__ import annotations

from weft.api.profiler import experimental as experimental

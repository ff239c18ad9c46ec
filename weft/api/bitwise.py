"""`tf.bitwise`: the bits of integers."""

from __future__ import annotations

from weft.api.common import binary, unary

bitwise_and = binary("bitwise_and")
bitwise_or = binary("bitwise_or")
bitwise_xor = binary("bitwise_xor")
left_shift = binary("left_shift")
right_shift = binary("right_shift")
invert = unary("invert")

"""`tf.debugging`: checks."""

from weft.api.array import is_tensor  # noqa: F401
from weft.api.flow import (  # noqa: F401
    Assert,
    assert_equal,
    assert_greater,
    assert_greater_equal,
    assert_less,
    assert_less_equal,
    assert_non_negative,
    assert_none_equal,
    assert_positive,
    assert_rank,
    assert_shapes,
    check_numerics,
    disable_check_numerics,
    enable_check_numerics,
)

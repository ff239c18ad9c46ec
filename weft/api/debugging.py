"""`tf.debugging`: checks."""

from weft.api.array import is_tensor  # noqa: F401
from weft.api.asserts import (  # noqa: F401
    assert_all_finite,
    assert_integer,
    assert_near,
    assert_negative,
    assert_non_positive,
    assert_proper_iterable,
    assert_rank_at_least,
    assert_rank_in,
    assert_same_float_dtype,
    assert_scalar,
    assert_type,
    disable_traceback_filtering,
    enable_traceback_filtering,
    get_log_device_placement,
    is_numeric_tensor,
    is_traceback_filtering_enabled,
    set_log_device_placement,
)
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
)
from weft.api.numerics_watch import disable_check_numerics, enable_check_numerics  # noqa: F401

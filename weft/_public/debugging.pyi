"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.array import is_tensor as is_tensor
from weft.api.asserts import Assert as Assert
from weft.api.asserts import assert_all_finite as assert_all_finite
from weft.api.asserts import assert_integer as assert_integer
from weft.api.asserts import assert_near as assert_near
from weft.api.asserts import assert_negative as assert_negative
from weft.api.asserts import assert_non_negative as assert_non_negative
from weft.api.asserts import assert_non_positive as assert_non_positive
from weft.api.asserts import assert_none_equal as assert_none_equal
from weft.api.asserts import assert_positive as assert_positive
from weft.api.asserts import assert_proper_iterable as assert_proper_iterable
from weft.api.asserts import assert_rank as assert_rank
from weft.api.asserts import assert_rank_at_least as assert_rank_at_least
from weft.api.asserts import assert_rank_in as assert_rank_in
from weft.api.asserts import assert_same_float_dtype as assert_same_float_dtype
from weft.api.asserts import assert_scalar as assert_scalar
from weft.api.asserts import assert_shapes as assert_shapes
from weft.api.asserts import assert_type as assert_type
from weft.api.asserts import check_numerics as check_numerics
from weft.api.asserts import disable_traceback_filtering as disable_traceback_filtering
from weft.api.asserts import enable_traceback_filtering as enable_traceback_filtering
from weft.api.asserts import get_log_device_placement as get_log_device_placement
from weft.api.asserts import is_numeric_tensor as is_numeric_tensor
from weft.api.asserts import is_traceback_filtering_enabled as is_traceback_filtering_enabled
from weft.api.asserts import set_log_device_placement as set_log_device_placement
from weft.api.numerics_watch import disable_check_numerics as disable_check_numerics
from weft.api.numerics_watch import enable_check_numerics as enable_check_numerics

def assert_equal(x: Any, y: Any, message: str | None = ..., summarize: Any = ..., name: str | None = ...) -> Any:
    """"""

def assert_greater(x: Any, y: Any, message: str | None = ..., summarize: Any = ..., name: str | None = ...) -> Any:
    """"""

def assert_greater_equal(
    x: Any, y: Any, message: str | None = ..., summarize: Any = ..., name: str | None = ...
) -> Any:
    """"""

def assert_less(x: Any, y: Any, message: str | None = ..., summarize: Any = ..., name: str | None = ...) -> Any:
    """"""

def assert_less_equal(x: Any, y: Any, message: str | None = ..., summarize: Any = ..., name: str | None = ...) -> Any:
    """"""

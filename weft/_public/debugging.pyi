"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.array import is_tensor as is_tensor
from weft.api.flow import Assert as Assert
from weft.api.flow import assert_non_negative as assert_non_negative
from weft.api.flow import assert_positive as assert_positive
from weft.api.flow import assert_rank as assert_rank
from weft.api.flow import assert_shapes as assert_shapes
from weft.api.flow import check_numerics as check_numerics
from weft.api.flow import disable_check_numerics as disable_check_numerics
from weft.api.flow import enable_check_numerics as enable_check_numerics

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

def assert_none_equal(x: Any, y: Any, message: str | None = ..., summarize: Any = ..., name: str | None = ...) -> Any:
    """"""

"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.compat.v1.flags import FLAGS as FLAGS
from weft.compat.v1.flags import DEFINE_alias as DEFINE_alias
from weft.compat.v1.flags import DEFINE_enum as DEFINE_enum
from weft.compat.v1.flags import DuplicateFlagError as DuplicateFlagError
from weft.compat.v1.flags import Error as Error
from weft.compat.v1.flags import Flag as Flag
from weft.compat.v1.flags import FlagValues as FlagValues
from weft.compat.v1.flags import IllegalFlagValueError as IllegalFlagValueError
from weft.compat.v1.flags import UnparsedFlagAccessError as UnparsedFlagAccessError
from weft.compat.v1.flags import UnrecognizedFlagError as UnrecognizedFlagError
from weft.compat.v1.flags import adopt_module_key_flags as _declare_key_flag
from weft.compat.v1.flags import adopt_module_key_flags as adopt_module_key_flags
from weft.compat.v1.flags import mark_flag_as_required as mark_flag_as_required
from weft.compat.v1.flags import mark_flags_as_required as mark_flags_as_required
from weft.compat.v1.flags import register_validator as register_validator
from weft.compat.v1.flags import validator as validator

declare_key_flag = _declare_key_flag

def DEFINE_bool(
    name: str, default: Any = ..., help: str = ..., flag_values: Any = ..., *args: Any, **kwargs: Any
) -> None:
    """"""

def DEFINE_boolean(
    name: str, default: Any = ..., help: str = ..., flag_values: Any = ..., *args: Any, **kwargs: Any
) -> None:
    """"""

def DEFINE_float(
    name: str, default: Any = ..., help: str = ..., flag_values: Any = ..., *args: Any, **kwargs: Any
) -> None:
    """"""

def DEFINE_integer(
    name: str, default: Any = ..., help: str = ..., flag_values: Any = ..., *args: Any, **kwargs: Any
) -> None:
    """"""

def DEFINE_list(
    name: str, default: Any = ..., help: str = ..., flag_values: Any = ..., *args: Any, **kwargs: Any
) -> None:
    """"""

def DEFINE_multi_float(
    name: str, default: Any = ..., help: str = ..., flag_values: Any = ..., *args: Any, **kwargs: Any
) -> None:
    """"""

def DEFINE_multi_integer(
    name: str, default: Any = ..., help: str = ..., flag_values: Any = ..., *args: Any, **kwargs: Any
) -> None:
    """"""

def DEFINE_multi_string(
    name: str, default: Any = ..., help: str = ..., flag_values: Any = ..., *args: Any, **kwargs: Any
) -> None:
    """"""

def DEFINE_spaceseplist(
    name: str, default: Any = ..., help: str = ..., flag_values: Any = ..., *args: Any, **kwargs: Any
) -> None:
    """"""

def DEFINE_string(
    name: str, default: Any = ..., help: str = ..., flag_values: Any = ..., *args: Any, **kwargs: Any
) -> None:
    """"""

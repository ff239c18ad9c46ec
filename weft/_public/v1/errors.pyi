"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.errors import error_code_from_exception_type as error_code_from_exception_type
from weft.compat.v1.errors import exception_type_from_error_code as exception_type_from_error_code
from weft.compat.v1.errors import raise_exception_on_not_ok_status as raise_exception_on_not_ok_status

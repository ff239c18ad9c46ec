"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.logging import DEBUG as DEBUG
from weft.compat.v1.logging import ERROR as ERROR
from weft.compat.v1.logging import FATAL as FATAL
from weft.compat.v1.logging import INFO as INFO
from weft.compat.v1.logging import WARN as WARN
from weft.compat.v1.logging import debug as debug
from weft.compat.v1.logging import error as error
from weft.compat.v1.logging import fatal as fatal
from weft.compat.v1.logging import get_verbosity as get_verbosity
from weft.compat.v1.logging import info as info
from weft.compat.v1.logging import log as log
from weft.compat.v1.logging import set_verbosity as set_verbosity
from weft.compat.v1.logging import warn as warn
from weft.compat.v1.logging import warning as warning

"""Written by tools/make_stubs.py; do not edit."""

from unittest import mock as mock

from weft.compat.v1.test import StubOutForTesting as StubOutForTesting
from weft.compat.v1.test import compute_gradient as compute_gradient
from weft.compat.v1.test import compute_gradient_error as compute_gradient_error
from weft.compat.v1.test import test_src_dir_path as test_src_dir_path

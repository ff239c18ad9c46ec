"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.initializers import Initializer as Initializer
from weft.compat.v1.initializers import _Identity as _identity
from weft.compat.v1.initializers import constant_initializer as _constant
from weft.compat.v1.initializers import constant_initializer as constant_initializer
from weft.compat.v1.initializers import glorot_normal_initializer as _glorot_normal
from weft.compat.v1.initializers import glorot_normal_initializer as glorot_normal_initializer
from weft.compat.v1.initializers import glorot_uniform_initializer as _glorot_uniform
from weft.compat.v1.initializers import glorot_uniform_initializer as glorot_uniform_initializer
from weft.compat.v1.initializers import he_normal as he_normal
from weft.compat.v1.initializers import he_uniform as he_uniform
from weft.compat.v1.initializers import lecun_normal as lecun_normal
from weft.compat.v1.initializers import lecun_uniform as lecun_uniform
from weft.compat.v1.initializers import ones_initializer as _ones
from weft.compat.v1.initializers import ones_initializer as ones_initializer
from weft.compat.v1.initializers import orthogonal_initializer as _orthogonal
from weft.compat.v1.initializers import orthogonal_initializer as orthogonal_initializer
from weft.compat.v1.initializers import random_normal_initializer as _random_normal
from weft.compat.v1.initializers import random_normal_initializer as random_normal_initializer
from weft.compat.v1.initializers import random_uniform_initializer as _random_uniform
from weft.compat.v1.initializers import random_uniform_initializer as random_uniform_initializer
from weft.compat.v1.initializers import truncated_normal_initializer as _truncated_normal
from weft.compat.v1.initializers import truncated_normal_initializer as truncated_normal_initializer
from weft.compat.v1.initializers import uniform_unit_scaling_initializer as _uniform_unit_scaling
from weft.compat.v1.initializers import uniform_unit_scaling_initializer as uniform_unit_scaling_initializer
from weft.compat.v1.initializers import variance_scaling_initializer as _variance_scaling
from weft.compat.v1.initializers import variance_scaling_initializer as variance_scaling_initializer
from weft.compat.v1.initializers import zeros_initializer as _zeros
from weft.compat.v1.initializers import zeros_initializer as zeros_initializer

constant = _constant
glorot_normal = _glorot_normal
glorot_uniform = _glorot_uniform
identity = _identity
ones = _ones
orthogonal = _orthogonal
random_normal = _random_normal
random_uniform = _random_uniform
truncated_normal = _truncated_normal
uniform_unit_scaling = _uniform_unit_scaling
variance_scaling = _variance_scaling
zeros = _zeros

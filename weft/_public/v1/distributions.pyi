"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.distributions import FULLY_REPARAMETERIZED as FULLY_REPARAMETERIZED
from weft.compat.v1.distributions import NOT_REPARAMETERIZED as NOT_REPARAMETERIZED
from weft.compat.v1.distributions import Bernoulli as Bernoulli
from weft.compat.v1.distributions import Categorical as Categorical
from weft.compat.v1.distributions import Distribution as Distribution
from weft.compat.v1.distributions import Normal as Normal
from weft.compat.v1.distributions import Uniform as Uniform
from weft.compat.v1.distributions import kl_divergence as kl_divergence

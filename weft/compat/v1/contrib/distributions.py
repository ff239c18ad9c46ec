"""`tf.contrib.distributions`: those of `tf.distributions`, where they came from."""

from weft.compat.v1.distributions import (  # noqa: F401
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    Bernoulli,
    Categorical,
    Distribution,
    Normal,
    Uniform,
    kl_divergence,
)

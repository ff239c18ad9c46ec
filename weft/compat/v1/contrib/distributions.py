"""`tf.contrib.distributions`: those of `tf.distributions`, where they came from, mixtures, and normal vectors."""

from weft.compat.v1.contrib.mixtures import Mixture  # noqa: F401
from weft.compat.v1.distributions import (  # noqa: F401
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    Bernoulli,
    Beta,
    Categorical,
    Dirichlet,
    DirichletMultinomial,
    Distribution,
    Exponential,
    Gamma,
    Laplace,
    Multinomial,
    Normal,
    RegisterKL,
    ReparameterizationType,
    StudentT,
    Uniform,
    kl_divergence,
)
from weft.compat.v1.distributions_of_vectors import (  # noqa: F401
    MultivariateNormalDiag,
    MultivariateNormalDiagWithSoftplusScale,
)

"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.compat.v1.graphs import get_seed as get_seed
from weft.compat.v1.graphs import set_random_seed as set_random_seed
from weft.compat.v1.making import random_normal as _normal
from weft.compat.v1.making import random_uniform as _uniform
from weft.compat.v1.making import truncated_normal as truncated_normal
from weft.compat.v1.ops import multinomial as multinomial
from weft.compat.v1.random import experimental as experimental

normal = _normal
uniform = _uniform

def gamma(shape: Any, alpha: Any, beta: Any = ..., dtype: Any = ..., seed: Any = ..., name: str | None = ...) -> Any:
    """Gamma-distributed numbers."""

def poisson(lam: Any, shape: Any, dtype: Any = ..., seed: Any = ..., name: str | None = ...) -> Any:
    """Poisson-distributed numbers; version 1 takes the rate first."""

def shuffle(value: Any, seed: Any = ..., name: str | None = ...) -> Any:
    """The rows in random order."""

def stateless_multinomial(
    logits: Any, num_samples: Any, seed: Any, output_dtype: Any = ..., name: str | None = ...
) -> Any:
    """`stateless_categorical` under its older name."""

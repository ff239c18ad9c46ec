"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.generators import Generator as Generator
from weft.api.generators import get_global_generator as get_global_generator
from weft.api.generators import set_global_generator as set_global_generator
from weft.api.random import categorical as categorical
from weft.api.random import gamma as gamma
from weft.api.random import normal as normal
from weft.api.random import shuffle as shuffle
from weft.api.random import stateless_categorical as stateless_categorical
from weft.api.random import stateless_gamma as stateless_gamma
from weft.api.random import stateless_normal as stateless_normal
from weft.api.random import stateless_truncated_normal as stateless_truncated_normal
from weft.api.random import stateless_uniform as stateless_uniform
from weft.api.random import truncated_normal as truncated_normal
from weft.api.random import uniform as uniform
from weft.api.sampling import all_candidate_sampler as all_candidate_sampler
from weft.api.sampling import fixed_unigram_candidate_sampler as fixed_unigram_candidate_sampler
from weft.api.sampling import learned_unigram_candidate_sampler as learned_unigram_candidate_sampler
from weft.compat.v1.graphs import get_seed as get_seed
from weft.compat.v1.graphs import set_random_seed as set_random_seed
from weft.compat.v1.ops import multinomial as multinomial
from weft.compat.v1.ops import random_poisson as _poisson
from weft.compat.v1.random import stateless_multinomial as stateless_multinomial

poisson = _poisson

def log_uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = ..., name: str
    | None = ...
) -> tuple[Any, Any, Any]:
    """Draws class numbers (log-uniform), and says how often each is expected among the draws."""

def uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = ..., name: str
    | None = ...
) -> tuple[Any, Any, Any]:
    """Draws class numbers (uniform), and says how often each is expected among the draws."""

"""`tf.random` of version 1."""

from typing import Any

from weft.api.random import (  # noqa: F401
    Generator,
    categorical,
    gamma,
    get_global_generator,
    normal,
    set_global_generator,
    shuffle,
    stateless_categorical,
    stateless_gamma,
    stateless_normal,
    stateless_truncated_normal,
    stateless_uniform,
    truncated_normal,
    uniform,
)
from weft.api.sampling import (  # noqa: F401
    all_candidate_sampler,
    fixed_unigram_candidate_sampler,
    learned_unigram_candidate_sampler,
    log_uniform_candidate_sampler,
    uniform_candidate_sampler,
)
from weft.base import dtypes
from weft.compat.v1.graphs import get_seed, set_random_seed  # noqa: F401
from weft.compat.v1.ops import multinomial  # noqa: F401
from weft.compat.v1.ops import random_poisson as poisson  # noqa: F401


def stateless_multinomial(logits: Any, num_samples: Any, seed: Any, output_dtype: Any = dtypes.int64,
                          name: str | None = None) -> Any:  # fmt: skip
    """`stateless_categorical` under its older name."""
    return stateless_categorical(logits, num_samples, seed, output_dtype, name)

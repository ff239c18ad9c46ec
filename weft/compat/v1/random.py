"""`tf.random` of version 1."""

from typing import Any

import weft as _weft
from weft.base import dtypes
from weft.base.absent import Namespace
from weft.compat.v1.graphs import get_seed, set_random_seed  # noqa: F401
from weft.compat.v1.making import random_normal as normal  # noqa: F401
from weft.compat.v1.making import random_uniform as uniform  # noqa: F401
from weft.compat.v1.making import truncated_normal  # noqa: F401
from weft.compat.v1.naming import composite
from weft.compat.v1.naming import namespace_of as _namespace_of
from weft.compat.v1.ops import multinomial as multinomial
from weft.compat.v1.ops import random_gamma, random_poisson, random_shuffle

gamma, poisson, shuffle = random_gamma, random_poisson, random_shuffle

#: generators that keep their state, as version 2 has them
experimental = Namespace(
    "tf.random.experimental",
    **{name: getattr(_weft.random, name)
       for name in ("Generator", "create_rng_state", "get_global_generator", "set_global_generator")},
)  # fmt: skip


def stateless_multinomial(logits: Any, num_samples: Any, seed: Any, output_dtype: Any = dtypes.int64,
                          name: str | None = None) -> Any:  # fmt: skip
    """`stateless_categorical` under its older name."""
    return _weft.random.stateless_categorical(logits, num_samples, seed, output_dtype, name)


stateless_multinomial = composite("random.stateless_multinomial", stateless_multinomial)
__getattr__ = _namespace_of(_weft.random)


def __dir__() -> list[str]:
    return sorted({*globals(), *(name for name in dir(_weft.random) if not name.startswith("_"))})

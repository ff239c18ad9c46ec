"""One seed for everything."""

from __future__ import annotations

import random

import numpy as np

from weft import extend
from weft.keras.random.seed_generator import forget_global_generator


def set_random_seed(seed: int) -> None:
    """Makes everything random that follows the same every time: Python's, numpy's and Weft's.

    Args:
        seed: An integer from 0 to 2**32 - 1.

    Raises:
        ValueError: For anything else.

    Example:
        >>> from weft import keras
        >>> keras.utils.set_random_seed(1)
        >>> a = keras.layers.Dense(2)
        >>> a.build((None, 2))
        >>> keras.utils.set_random_seed(1)
        >>> b = keras.layers.Dense(2)
        >>> b.build((None, 2))
        >>> bool((a.get_weights()[0] == b.get_weights()[0]).all())
        True
    """
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= int(seed) < 1 << 32:
        raise ValueError(f"set_random_seed takes an integer from 0 to 2**32 - 1, which numpy's seeds are limited to; "
                         f"received {seed!r}.")  # fmt: skip
    random.seed(int(seed))
    np.random.seed(int(seed))
    extend.set_global_seed(int(seed))
    forget_global_generator()

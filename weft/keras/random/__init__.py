"""Random tensors, and the generators that layers draw from."""

from weft.extend import word_absent
from weft.keras.random.draws import (
    beta,
    binomial,
    categorical,
    dropout,
    gamma,
    normal,
    randint,
    shuffle,
    truncated_normal,
    uniform,
)
from weft.keras.random.seed_generator import SeedGenerator

word_absent(globals(), "keras.random")

__all__ = [
    "SeedGenerator", "beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle",
    "truncated_normal", "uniform",
]  # fmt: skip

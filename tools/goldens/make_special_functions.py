"""Makes tests/engines/native/goldens/special_functions.npz: special functions in twice the digits. Needs mpmath.

Each function has points `x` and results as sums `hi` + `lo` of two numbers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from mpmath import mp, mpf

mp.dps = 60
rng = np.random.default_rng(5)


def lgamma(x: mpf) -> mpf:
    return mp.log(abs(mp.gamma(x))) if abs(x) < 1e3 else mp.re(mp.loggamma(x))


def powers_of_ten(low: float, high: float, count: int) -> np.ndarray:
    return 10.0 ** rng.uniform(low, high, count)


def gamma_points() -> np.ndarray:
    return np.concatenate([rng.uniform(0, 10, 400), rng.uniform(-20, 0, 200), powers_of_ten(-300, 300, 100)])


FUNCTIONS: dict[str, tuple[Callable[[mpf], mpf], Callable[[], np.ndarray]]] = {
    "erf": (mp.erf, lambda: np.concatenate([rng.normal(size=400), rng.uniform(-6, 6, 300),
                                            powers_of_ten(-300, 0, 50)])),
    "erfc": (mp.erfc, lambda: np.concatenate([rng.normal(size=300), rng.uniform(-6, 26.5, 500)])),
    "erfinv": (mp.erfinv, lambda: np.concatenate([rng.uniform(-1, 1, 250), 1 - powers_of_ten(-15, -1, 100)])),
    "lgamma": (lgamma, lambda: np.concatenate([gamma_points(), 1 + rng.normal(size=50) * 1e-4,
                                               2 + rng.normal(size=50) * 1e-4, -powers_of_ten(-300, -1, 40)])),
    "digamma": (mp.digamma, gamma_points),
}  # fmt: skip


def main() -> None:
    stored: dict[str, np.ndarray] = {}
    for name, (function, draw) in FUNCTIONS.items():
        x = draw()
        exact = [function(mpf(v)) for v in x]
        high = np.array([float(v) for v in exact])
        stored[f"{name}_x"], stored[f"{name}_hi"] = x, high
        stored[f"{name}_lo"] = np.array([float(v - mpf(h)) for v, h in zip(exact, high, strict=True)])
    np.savez_compressed(sys.argv[1], **stored)


if __name__ == "__main__":
    main()

"""`tf.linalg`: linear algebra under version 1's parameters."""

from __future__ import annotations

import weft as _weft
from weft.compat.v1.signatures import preferring_top as _preferring_top

__getattr__ = _preferring_top(
    _weft.linalg,
    {
        "diag": "matrix_diag", "diag_part": "matrix_diag_part", "eigvalsh": "self_adjoint_eigvals",
        "lstsq": "matrix_solve_ls", "solve": "matrix_solve", "sqrtm": "matrix_square_root", "tensor_diag": "diag",
        "tensor_diag_part": "diag_part", "transpose": "matrix_transpose", "triangular_solve": "matrix_triangular_solve",
    },  # fmt: skip
)


def __dir__() -> list[str]:
    return [name for name in dir(_weft.linalg) if not name.startswith("_")]

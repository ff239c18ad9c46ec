"""`tf.linalg`: matrices, and operators that stand for them."""

from __future__ import annotations

from weft.api.array import eye, transpose  # noqa: F401
from weft.api.bands import (  # noqa: F401
    banded_triangular_solve,
    lu_matrix_inverse,
    lu_reconstruct,
    lu_solve,
    matrix_rank,
    normalize,
    tensor_diag,
    tensor_diag_part,
    tridiagonal_matmul,
    tridiagonal_solve,
)  # fmt: skip
from weft.api.linear_operators import (  # noqa: F401
    LinearOperator,
    LinearOperatorAdjoint,
    LinearOperatorBlockDiag,
    LinearOperatorComposition,
    LinearOperatorDiag,
    LinearOperatorFullMatrix,
    LinearOperatorIdentity,
    LinearOperatorInversion,
    LinearOperatorKronecker,
    LinearOperatorLowerTriangular,
    LinearOperatorScaledIdentity,
    LinearOperatorZeros,
)  # fmt: skip
from weft.api.linear_solvers import conjugate_gradient as _conjugate_gradient
from weft.api.linear_solvers import eigh_tridiagonal  # noqa: F401
from weft.api.math import einsum, global_norm, l2_normalize, matmul, tensordot  # noqa: F401
from weft.api.matrices import (  # noqa: F401
    LogMatrixDeterminant,
    Lu,
    Qr,
    adjoint,
    band_part,
    cholesky,
    cholesky_solve,
    cross,
    det,
    diag,
    diag_part,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    expm,
    inv,
    logdet,
    logm,
    lstsq,
    lu,
    matrix_transpose,
    matvec,
    norm,
    pinv,
    qr,
    set_diag,
    slogdet,
    solve,
    sqrtm,
    svd,
    trace,
    triangular_solve,
)  # fmt: skip
from weft.api.structured_operators import (  # noqa: F401
    LinearOperatorBlockLowerTriangular,
    LinearOperatorCirculant,
    LinearOperatorCirculant2D,
    LinearOperatorCirculant3D,
    LinearOperatorHouseholder,
    LinearOperatorLowRankUpdate,
    LinearOperatorPermutation,
    LinearOperatorToeplitz,
    LinearOperatorTridiag,
)


class experimental:
    """`tf.linalg.experimental`."""

    conjugate_gradient = staticmethod(_conjugate_gradient)

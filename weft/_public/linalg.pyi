"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.array import eye as eye
from weft.api.array import transpose as transpose
from weft.api.bands import banded_triangular_solve as banded_triangular_solve
from weft.api.bands import lu_matrix_inverse as lu_matrix_inverse
from weft.api.bands import lu_reconstruct as lu_reconstruct
from weft.api.bands import lu_solve as lu_solve
from weft.api.bands import matrix_rank as matrix_rank
from weft.api.bands import normalize as normalize
from weft.api.bands import tensor_diag as tensor_diag
from weft.api.bands import tensor_diag_part as tensor_diag_part
from weft.api.bands import tridiagonal_matmul as tridiagonal_matmul
from weft.api.bands import tridiagonal_solve as tridiagonal_solve
from weft.api.linalg import experimental as experimental
from weft.api.linear_operators import LinearOperator as LinearOperator
from weft.api.linear_operators import LinearOperatorAdjoint as LinearOperatorAdjoint
from weft.api.linear_operators import LinearOperatorBlockDiag as LinearOperatorBlockDiag
from weft.api.linear_operators import LinearOperatorComposition as LinearOperatorComposition
from weft.api.linear_operators import LinearOperatorDiag as LinearOperatorDiag
from weft.api.linear_operators import LinearOperatorFullMatrix as LinearOperatorFullMatrix
from weft.api.linear_operators import LinearOperatorIdentity as LinearOperatorIdentity
from weft.api.linear_operators import LinearOperatorInversion as LinearOperatorInversion
from weft.api.linear_operators import LinearOperatorKronecker as LinearOperatorKronecker
from weft.api.linear_operators import LinearOperatorLowerTriangular as LinearOperatorLowerTriangular
from weft.api.linear_operators import LinearOperatorScaledIdentity as LinearOperatorScaledIdentity
from weft.api.linear_operators import LinearOperatorZeros as LinearOperatorZeros
from weft.api.linear_solvers import eigh_tridiagonal as eigh_tridiagonal
from weft.api.math import einsum as einsum
from weft.api.math import global_norm as global_norm
from weft.api.math import l2_normalize as l2_normalize
from weft.api.math import matmul as matmul
from weft.api.math import tensordot as tensordot
from weft.api.matrices import LogMatrixDeterminant as LogMatrixDeterminant
from weft.api.matrices import Lu as Lu
from weft.api.matrices import Qr as Qr
from weft.api.matrices import adjoint as adjoint
from weft.api.matrices import band_part as band_part
from weft.api.matrices import cholesky_solve as cholesky_solve
from weft.api.matrices import cross as cross
from weft.api.matrices import diag as diag
from weft.api.matrices import diag_part as diag_part
from weft.api.matrices import eig as eig
from weft.api.matrices import eigh as eigh
from weft.api.matrices import eigvals as eigvals
from weft.api.matrices import eigvalsh as eigvalsh
from weft.api.matrices import inv as inv
from weft.api.matrices import logdet as logdet
from weft.api.matrices import lstsq as lstsq
from weft.api.matrices import lu as lu
from weft.api.matrices import matrix_transpose as matrix_transpose
from weft.api.matrices import matvec as matvec
from weft.api.matrices import norm as norm
from weft.api.matrices import pinv as pinv
from weft.api.matrices import qr as qr
from weft.api.matrices import set_diag as set_diag
from weft.api.matrices import slogdet as slogdet
from weft.api.matrices import solve as solve
from weft.api.matrices import svd as svd
from weft.api.matrices import trace as trace
from weft.api.matrices import triangular_solve as triangular_solve
from weft.api.structured_operators import LinearOperatorBlockLowerTriangular as LinearOperatorBlockLowerTriangular
from weft.api.structured_operators import LinearOperatorCirculant as LinearOperatorCirculant
from weft.api.structured_operators import LinearOperatorCirculant2D as LinearOperatorCirculant2D
from weft.api.structured_operators import LinearOperatorCirculant3D as LinearOperatorCirculant3D
from weft.api.structured_operators import LinearOperatorHouseholder as LinearOperatorHouseholder
from weft.api.structured_operators import LinearOperatorLowRankUpdate as LinearOperatorLowRankUpdate
from weft.api.structured_operators import LinearOperatorPermutation as LinearOperatorPermutation
from weft.api.structured_operators import LinearOperatorToeplitz as LinearOperatorToeplitz
from weft.api.structured_operators import LinearOperatorTridiag as LinearOperatorTridiag

def cholesky(input: Any, name: str | None = ...) -> Any:
    """"""

def det(input: Any, name: str | None = ...) -> Any:
    """"""

def expm(input: Any, name: str | None = ...) -> Any:
    """"""

def logm(input: Any, name: str | None = ...) -> Any:
    """"""

def sqrtm(input: Any, name: str | None = ...) -> Any:
    """"""

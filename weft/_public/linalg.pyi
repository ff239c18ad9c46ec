"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.array import eye as eye
from weft.api.array import transpose as transpose
from weft.api.linalg import LogMatrixDeterminant as LogMatrixDeterminant
from weft.api.linalg import Lu as Lu
from weft.api.linalg import Qr as Qr
from weft.api.linalg import adjoint as adjoint
from weft.api.linalg import band_part as band_part
from weft.api.linalg import cholesky_solve as cholesky_solve
from weft.api.linalg import cross as cross
from weft.api.linalg import diag as diag
from weft.api.linalg import diag_part as diag_part
from weft.api.linalg import eigh as eigh
from weft.api.linalg import inv as inv
from weft.api.linalg import logdet as logdet
from weft.api.linalg import lstsq as lstsq
from weft.api.linalg import lu as lu
from weft.api.linalg import matrix_transpose as matrix_transpose
from weft.api.linalg import matvec as matvec
from weft.api.linalg import norm as norm
from weft.api.linalg import pinv as pinv
from weft.api.linalg import qr as qr
from weft.api.linalg import set_diag as set_diag
from weft.api.linalg import slogdet as slogdet
from weft.api.linalg import solve as solve
from weft.api.linalg import svd as svd
from weft.api.linalg import trace as trace
from weft.api.linalg import triangular_solve as triangular_solve
from weft.api.math import einsum as einsum
from weft.api.math import global_norm as global_norm
from weft.api.math import l2_normalize as l2_normalize
from weft.api.math import matmul as matmul
from weft.api.math import tensordot as tensordot

def cholesky(input: Any, name: str | None = ...) -> Any:
    """"""

def det(input: Any, name: str | None = ...) -> Any:
    """"""

def eig(input: Any, name: str | None = ...) -> Any:
    """"""

def eigvals(input: Any, name: str | None = ...) -> Any:
    """"""

def eigvalsh(input: Any, name: str | None = ...) -> Any:
    """"""

def expm(input: Any, name: str | None = ...) -> Any:
    """"""

def logm(input: Any, name: str | None = ...) -> Any:
    """"""

def sqrtm(input: Any, name: str | None = ...) -> Any:
    """"""

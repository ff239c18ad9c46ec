"""Sparse matrices in rows, as graph networks take them from TensorFlow's own module."""

from __future__ import annotations

from typing import Any

import weft


class CSRSparseMatrix:
    """A matrix, or a batch of them, most of which is zero.

    Args:
        value: A SparseTensor or tensor of two or three axes.
        indices: Which numbers of a tensor are kept, as `tf.where` gives them; those that are not zero where None.
    """

    def __init__(self, value: Any, indices: Any = None, name: str | None = None) -> None:
        if not isinstance(value, weft.SparseTensor):
            value = weft.convert_to_tensor(value)
            places = weft.where(value != 0) if indices is None else indices
            value = weft.SparseTensor(places, weft.gather_nd(value, places), weft.shape(value, weft.int64))
        self._sparse = value

    @property
    def shape(self) -> Any:
        """Its shape."""
        return self._sparse.shape

    @property
    def dtype(self) -> Any:
        """Its numbers' dtype."""
        return self._sparse.dtype

    def get_shape(self) -> Any:
        """Its shape."""
        return self._sparse.shape

    def to_sparse_tensor(self) -> Any:
        """The same as a SparseTensor."""
        return weft.sparse.reorder(self._sparse)

    def to_dense(self) -> Any:
        """The same as a tensor."""
        return weft.sparse.to_dense(self.to_sparse_tensor())


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    name: str | None = None,
) -> Any:
    """The product of matrices of which one or both are sparse; sparse where both are."""
    both = isinstance(a, CSRSparseMatrix) and isinstance(b, CSRSparseMatrix)
    if isinstance(a, CSRSparseMatrix) and not both and len(a.shape) == 2 and not (transpose_a or transpose_b):
        return weft.sparse.sparse_dense_matmul(a.to_sparse_tensor(), b, adjoint_a=adjoint_a, adjoint_b=adjoint_b)
    left, right = (each.to_dense() if isinstance(each, CSRSparseMatrix) else each for each in (a, b))
    product = weft.matmul(
        left,
        right,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
        adjoint_a=adjoint_a,
        adjoint_b=adjoint_b,
        name=name,
    )
    return CSRSparseMatrix(product) if both else product

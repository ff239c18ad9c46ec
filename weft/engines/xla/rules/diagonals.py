"""Diagonals of matrices."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from weft.engines.xla.table import lowering
from weft.ops.diagonal import band_places, band_size, matrix_size


@lowering("matrix_diag_part")
def _matrix_diag_part(x: Any, k: tuple[int, int], align: str, padding_value: Any) -> Any:
    rows, cols = x.shape[-2:]
    row, col, place, along = band_places(rows, cols, k, align)
    shape = (*x.shape[:-2], k[1] - k[0] + 1, band_size(rows, cols, k))
    filled = jnp.full(shape, jnp.asarray(padding_value).astype(x.dtype))
    result = filled.at[..., place, along].set(x[..., row, col]) if len(row) else filled
    return result[..., 0, :] if k[0] == k[1] else result


@lowering("matrix_set_diag")
def _matrix_set_diag(x: Any, diagonal: Any, k: tuple[int, int], align: str) -> Any:
    row, col, place, along = band_places(x.shape[-2], x.shape[-1], k, align)
    band = diagonal[..., None, :] if k[0] == k[1] else diagonal
    return x.at[..., row, col].set(band[..., place, along]) if len(row) else x


@lowering("matrix_diag")
def _matrix_diag(diagonal: Any, k: tuple[int, int], rows: Any, cols: Any, align: str, padding_value: Any) -> Any:
    height, width = matrix_size(diagonal.shape[-1], k, rows, cols)
    batch = diagonal.shape[: -1 if k[0] == k[1] else -2]
    filled = jnp.full((*batch, height, width), jnp.asarray(padding_value).astype(diagonal.dtype))
    return _matrix_set_diag(filled, diagonal, k, align)


@lowering("tensor_diag")
def _tensor_diag(x: Any) -> Any:
    size = math.prod(x.shape)
    return jnp.zeros((size, size), x.dtype).at[np.arange(size), np.arange(size)].set(x.reshape(-1)).reshape(
        *x.shape, *x.shape)  # fmt: skip


@lowering("tensor_diag_part")
def _tensor_diag_part(x: Any) -> Any:
    shape = x.shape[: x.ndim // 2]
    size = math.prod(shape)
    return jnp.diagonal(x.reshape(size, size)).reshape(shape)

"""Discrete Fourier transforms over the last one, two or three axes."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from weft.engines.xla.rules.shapes import crop_or_pad
from weft.engines.xla.table import lowering


def _register(suffix: str, rank: int) -> None:
    axes = tuple(range(-rank, 0))

    @lowering(f"fft{suffix}")
    def forward(x: Any) -> Any:
        return jnp.fft.fftn(x, axes=axes).astype(x.dtype) if x.size else x

    @lowering(f"ifft{suffix}")
    def backward(x: Any) -> Any:
        return jnp.fft.ifftn(x, axes=axes).astype(x.dtype) if x.size else x

    @lowering(f"rfft{suffix}")
    def real_forward(x: Any, fft_length: Any) -> Any:
        lengths = tuple(x.shape[-rank:] if fft_length is None else fft_length)
        dtype = jnp.result_type(x.dtype, jnp.complex64)
        shape = (*x.shape[:-rank], *lengths[:-1], lengths[-1] // 2 + 1)
        if not math.prod(lengths) or not x.size:
            return jnp.zeros(shape, dtype)
        return jnp.fft.rfftn(crop_or_pad(x, (*x.shape[:-rank], *lengths)), axes=axes).astype(dtype)

    @lowering(f"irfft{suffix}")
    def real_backward(x: Any, fft_length: Any) -> Any:
        last = max(2 * (x.shape[-1] - 1), 0)
        lengths = tuple((*x.shape[-rank:-1], last) if fft_length is None else fft_length)
        real = jnp.real(x).dtype
        if not math.prod(lengths) or not x.size:
            return jnp.zeros((*x.shape[:-rank], *lengths), real)
        x = crop_or_pad(x, (*x.shape[:-rank], *lengths[:-1], lengths[-1] // 2 + 1))
        return jnp.fft.irfftn(x, s=lengths, axes=axes).astype(real)


for _suffix, _rank in (("", 1), ("2d", 2), ("3d", 3)):
    _register(_suffix, _rank)

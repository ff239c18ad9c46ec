"""Discrete Fourier transforms over the last one, two or three axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dims, dtypes
from weft.base.dtypes import COMPLEX, NUMBERS
from weft.ir.types import TensorType
from weft.ops.families import quiet
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register
from weft.ops.reduce import dimension_scalar

_REAL = (dtypes.float32, dtypes.float64)


def _need_rank(x: TensorType, rank: int) -> tuple[Any, ...]:
    shape = x.shape or ()
    if len(shape) < rank:
        raise SpecError(f"`x` has rank {len(shape)}", expected=f"rank {rank} or more: so many axes are transformed")
    return shape


def _crop_or_pad_spec(x: TensorType, *, shape: tuple[Any, ...]) -> TensorType:
    if len(shape) != len(x.shape or ()):
        raise SpecError(f"`shape` has {len(shape)} sizes for a tensor of rank {x.rank}", expected="as many")
    return TensorType(tuple(shape), x.dtype)


def _crop_or_pad(x: Any, shape: tuple[int, ...]) -> Any:
    result = np.zeros(shape, x.dtype)
    common = tuple(slice(min(n, m)) for n, m in zip(x.shape, shape, strict=True))
    result[common] = x[common]
    return result


register(
    OpDef(
        name="crop_or_pad",
        inputs=("x",),
        attrs={"shape": REQUIRED},
        spec=_crop_or_pad_spec,
        reference=_crop_or_pad,
        dtypes=(NUMBERS,),
        vjp=lambda b, node, ct: (b.crop_or_pad(ct, shape=b.shape(node.inputs[0])),),
        jvp=lambda b, node, t: (b.crop_or_pad(t, **node.attrs),),
        doc="The tensor cut, or continued by zeros, at the end of each axis until it has the shape.",
        cases=(case((2, 5), shape=(3, 4)), case((2, 3), shape=(2, 3)), case((), shape=()), case((0, 2), shape=(1, 1))),
    )
)

# Complex to complex --------------------------------------------------------------------------------------------------


def _scaled(b: Any, x: Any, count: Any, divide: bool) -> Any:
    """x times, or divided by, a number of elements."""
    scalar = dimension_scalar(b, dims.maximum(count, 1), b.dtype(x))  # of nothing there is nothing to scale
    return b.divide(x, scalar) if divide else b.multiply(x, scalar)


def _transform(function: Any, rank: int) -> Any:
    def reference(x: Any) -> Any:
        return function(x, axes=tuple(range(-rank, 0))).astype(x.dtype, copy=False) if x.size else x

    return reference


def _complex_pair(suffix: str, rank: int) -> None:
    forward, backward = f"fft{suffix}", f"ifft{suffix}"

    def spec(x: TensorType) -> TensorType:
        return TensorType(_need_rank(x, rank), x.dtype)

    def count(b: Any, x: Any) -> Any:
        return dims.product(b.shape(x)[-rank:])

    shape = (2, 3, 2)[-rank:]
    cases = (case((2, *shape)), case(shape), case((2, *shape[:-1], 0)), case((*shape[:-1], 5), grad=1))
    what = "axis" if rank == 1 else f"{rank} axes"
    register(
        OpDef(name=forward, inputs=("x",), spec=spec, reference=quiet(_transform(np.fft.fftn, rank)), dtypes=(COMPLEX,),
              vjp=lambda b, node, ct: (_scaled(b, b.call(backward, ct), count(b, ct), False),),
              jvp=lambda b, node, t: (b.call(forward, t),), cases=cases,
              doc=f"The discrete Fourier transform over the last {what}.")  # fmt: skip
    )
    register(
        OpDef(name=backward, inputs=("x",), spec=spec, reference=quiet(_transform(np.fft.ifftn, rank)),
              dtypes=(COMPLEX,), vjp=lambda b, node, ct: (_scaled(b, b.call(forward, ct), count(b, ct), True),),
              jvp=lambda b, node, t: (b.call(backward, t),), cases=cases,
              doc=f"The inverse of the discrete Fourier transform over the last {what}.")  # fmt: skip
    )


# Real to complex and back --------------------------------------------------------------------------------------------


def _half(size: Any) -> Any:
    """How many coefficients a real signal of that length has: the others are their conjugates."""
    return size // 2 + 1


def _signal_lengths(
    shape: tuple[Any, ...], rank: int, fft_length: tuple[Any, ...] | None, real: bool
) -> tuple[Any, ...]:
    """The length of the signal along each transformed axis."""
    if fft_length is None:
        last = shape[-1] if real else dims.maximum(2 * (shape[-1] - 1), 0)
        return (*shape[-rank:-1], last)
    if len(fft_length) != rank:
        raise SpecError(f"fft_length is {fft_length}", expected=f"{rank} numbers, one for each transformed axis")
    for length in fft_length:
        if isinstance(length, int) and length < 0:
            raise SpecError(f"fft_length is {fft_length}", expected="numbers that are not negative")
    return fft_length


def _weights(b: Any, length: Any, like: Any, inner: float) -> Any:
    """For the coefficients of a real signal: 1 for those that are their own conjugates, `inner` for the others."""
    dtype = b.dtype(like)
    if isinstance(length, int):
        weights = np.full(_half(length), inner)
        weights[:1] = 1
        if length % 2 == 0:
            weights[length // 2 :] = 1
        return b.constant(weights, dtype)
    place = b.iota(shape=(_half(length),), axis=0)
    zero = b.zeros_like(place)
    twice = b.multiply(place, 2)
    own = b.logical_or(b.equal(place, zero), b.equal(twice, b.dimension(size=length, dtype=b.dtype(twice))))
    return b.select(own, b.full((_half(length),), 1, dtype), b.full((_half(length),), inner, dtype))


def _real_pair(suffix: str, rank: int) -> None:
    forward, backward = f"rfft{suffix}", f"irfft{suffix}"
    axes = tuple(range(-rank, 0))

    def forward_spec(x: TensorType, *, fft_length: tuple[Any, ...] | None) -> TensorType:
        shape = _need_rank(x, rank)
        lengths = _signal_lengths(shape, rank, fft_length, True)
        complex_dtype = dtypes.complex64 if x.dtype is dtypes.float32 else dtypes.complex128
        return TensorType((*shape[:-rank], *lengths[:-1], _half(lengths[-1])), complex_dtype)

    def forward_reference(x: Any, fft_length: tuple[int, ...] | None) -> Any:
        lengths = _signal_lengths(x.shape, rank, fft_length, True)
        dtype = np.result_type(x.dtype, np.complex64)
        shape = (*x.shape[:-rank], *lengths[:-1], _half(lengths[-1]))
        if 0 in shape or not x.size:
            return np.zeros(shape, dtype)
        return np.fft.rfftn(x, s=lengths, axes=axes).astype(dtype, copy=False)

    def forward_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
        # A coefficient that stands for its conjugate too would be counted twice by the inverse.
        x = node.inputs[0]
        shape = b.shape(x)
        lengths = _signal_lengths(shape, rank, node.attrs["fft_length"], True)
        back = b.call(backward, b.multiply(ct, _weights(b, lengths[-1], ct, 0.5)), fft_length=lengths)
        back = _scaled(b, back, dims.product(lengths), False)
        return (back if b.shape(back) == shape else b.crop_or_pad(back, shape=shape),)

    def backward_spec(x: TensorType, *, fft_length: tuple[Any, ...] | None) -> TensorType:
        shape = _need_rank(x, rank)
        lengths = _signal_lengths(shape, rank, fft_length, False)
        real_dtype = dtypes.float32 if x.dtype is dtypes.complex64 else dtypes.float64
        return TensorType((*shape[:-rank], *lengths), real_dtype)

    def backward_reference(x: Any, fft_length: tuple[int, ...] | None) -> Any:
        lengths = _signal_lengths(x.shape, rank, fft_length, False)
        shape = (*x.shape[:-rank], *lengths)
        if 0 in shape or not x.size:
            return np.zeros(shape, x.real.dtype)
        return np.fft.irfftn(x, s=lengths, axes=axes).astype(x.real.dtype, copy=False)

    def backward_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
        shape = b.shape(node.inputs[0])
        lengths = _signal_lengths(shape, rank, node.attrs["fft_length"], False)
        there = b.call(forward, ct, fft_length=lengths)
        there = _scaled(b, b.multiply(there, _weights(b, lengths[-1], there, 2.0)), dims.product(lengths), True)
        return (there if b.shape(there) == shape else b.crop_or_pad(there, shape=shape),)

    shape = (2, 3, 4)[-rank:]
    longer = tuple(n + 1 for n in shape)
    shorter = tuple(n - 1 for n in shape)
    signals = (case((2, *shape), fft_length=None), case(shape, fft_length=longer), case(shape, fft_length=shorter),
               case((*shape[:-1], 0), fft_length=None))  # fmt: skip
    half = (*shape[:-1], 3)
    spectra = (case((2, *half), fft_length=None), case(half, fft_length=(*shape[:-1], 5)),
               case(half, fft_length=(*longer[:-1], 8)), case(half, fft_length=shorter))  # fmt: skip
    what = "axis" if rank == 1 else f"{rank} axes"
    register(
        OpDef(name=forward, inputs=("x",), attrs={"fft_length": None}, spec=forward_spec,
              reference=quiet(forward_reference), dtypes=(_REAL,), vjp=forward_vjp,
              jvp=lambda b, node, t: (b.call(forward, t, **node.attrs),), cases=signals,
              doc=f"The Fourier transform of real signals over the last {what}, without the redundant half; signals "
                  "are cut or continued by zeros to fft_length.")  # fmt: skip
    )
    register(
        OpDef(name=backward, inputs=("x",), attrs={"fft_length": None}, spec=backward_spec,
              reference=quiet(backward_reference), dtypes=(COMPLEX,), vjp=backward_vjp,
              jvp=lambda b, node, t: (b.call(backward, t, **node.attrs),), cases=spectra,
              doc=f"The real signals of length fft_length (even where not given) with this half of a Fourier transform "
                  f"over the last {what}.")  # fmt: skip
    )


for _suffix, _rank in (("", 1), ("2d", 2), ("3d", 3)):
    _complex_pair(_suffix, _rank)
    _real_pair(_suffix, _rank)

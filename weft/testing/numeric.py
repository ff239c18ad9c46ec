"""Numbers for tests: arrays drawn from names, tolerances, awkward memory layouts, finite differences."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.base.locks import Lock
from weft.ops import opdef
from weft.ops.interpreter import evaluate

Array = np.ndarray[Any, Any]

WORDS = (b"", b"fir", b"oak", b"ash", b"a longer one", "fünf".encode())

#: dtype -> relative tolerance of one op's result against the same computed in the widest dtype of its kind
TOLERANCES = {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 1e-5, "complex64": 1e-5}


class Cell:
    """A variable for tests: a place that holds an array."""

    def __init__(self, value: Array) -> None:
        self.value = value
        self.lock = Lock()

    def read(self) -> Array:
        """What it holds."""
        return self.value

    def take(self) -> None:
        """Nothing: what it holds is replaced, never changed."""

    def put_back(self) -> None:
        """Nothing was taken."""

    def write(self, value: Array) -> None:
        """Puts something else there."""
        self.value = value


def generator(*names: object) -> np.random.Generator:
    """A generator that is the same in every process for the same names."""
    return np.random.default_rng(zlib.crc32("/".join(map(str, names)).encode()))


def draw(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: DType, domain: tuple[Any, Any] = (-2.0, 2.0)
) -> Array:
    """Values of a dtype from a range.

    A range of two ints gives whole numbers, the upper end excluded, in any dtype. Complex numbers take the real part
    from the range and an imaginary one from -0.5 to 0.5; integers lie within the range, unsigned ones not below 0.
    """
    low, high = domain
    if dtype.is_bool:
        return np.asarray(rng.integers(0, 2, shape), bool).reshape(shape)
    if dtype is dtypes.string:
        chosen = np.empty(shape, object)
        for position in np.ndindex(shape):
            chosen[position] = WORDS[rng.integers(len(WORDS))]
        return chosen
    if isinstance(low, int) and isinstance(high, int):
        whole = np.asarray(rng.integers(max(low, 0) if dtype.is_unsigned else low, high, shape))
        return whole.reshape(shape).astype(dtype.numpy)
    if dtype.is_integer:
        first = int(np.ceil(max(low, 0) if dtype.is_unsigned else low))
        last = max(first, int(np.floor(high)))
        return np.asarray(rng.integers(first, last + 1, shape)).reshape(shape).astype(dtype.numpy)
    values = np.asarray(rng.uniform(low, high, shape)).reshape(shape)
    if dtype.is_complex:
        values = np.asarray(values + 1j * rng.uniform(-0.5, 0.5, shape))
    return values.astype(dtype.numpy)


def convert(array: Array, dtype: DType) -> Array:
    """An array under another dtype, by the rules of the op `cast`; strings stay what they are."""
    if array.dtype == dtype.numpy or dtype in (dtypes.string, dtypes.variant, dtypes.resource):
        return array
    return np.asarray(evaluate(opdef.get("cast"), [array], {"dtype": dtype})[0])


def is_inexact(dtype: DType) -> bool:
    """Whether values of the dtype are floats or complex numbers."""
    return dtype.is_floating or dtype.is_complex


def close(actual: Array, expected: Array, tolerance: float) -> str | None:
    """Compares by a tolerance relative to the greatest finite value; equal infinities and NaNs agree.

    Returns:
        None where they agree, else what differs most.
    """
    if actual.shape != expected.shape:
        return f"shape {actual.shape}, expected {expected.shape}"
    if actual.dtype == object or actual.dtype.kind in "biu":
        same = np.asarray(actual == expected, bool)
        if np.all(same):
            return None
        where = tuple(int(i) for i in np.argwhere(~same)[0]) if same.ndim else ()
        return f"at {where} {actual[where]!r}, expected {expected[where]!r}"
    wide = np.complex128 if expected.dtype.kind == "c" else np.float64
    a, e = actual.astype(wide), expected.astype(wide)
    if a.size == 0:
        return None
    finite = np.isfinite(e)
    scale = float(np.max(np.abs(e[finite]), initial=0.0))
    with np.errstate(all="ignore"):
        same = np.where(finite, np.abs(a - e) <= tolerance * (np.abs(e) + scale + 1e-30), False)
        same |= (a == e) | (np.isnan(a) & np.isnan(e))
    if np.all(same):
        return None
    where = tuple(int(i) for i in np.argwhere(~same)[0])
    count = f"{np.sum(~same)} of {same.size} differ"
    return f"at {where} {a[where]}, expected {e[where]} (tolerance {tolerance:g}, {count})"


def layouts(array: Array) -> Iterator[tuple[str, Array]]:
    """The same values in other memory layouts: read-only, Fortran order, strided, with negative strides."""
    frozen = array.copy()
    frozen.setflags(write=False)
    yield "read-only", frozen
    if array.ndim > 1:
        yield "Fortran order", np.asfortranarray(array)
    if array.ndim:
        spaced = np.empty((*array.shape[:-1], array.shape[-1] * 2), array.dtype)
        spaced[...] = np.zeros((), array.dtype)
        spaced[..., ::2] = array
        yield "strided", spaced[..., ::2]
        yield "negative strides", np.ascontiguousarray(array[::-1])[::-1]


@contextmanager
def strict() -> Iterator[None]:
    """Warnings are errors inside, numpy's about floats too."""
    with warnings.catch_warnings(), np.errstate(all="warn"):
        warnings.simplefilter("error")
        yield


def inner(a: Array, b: Array) -> float:
    """The real inner product: of complex arrays, that of their real and imaginary parts."""
    kind = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
    return float(np.real(np.sum(np.conj(a.astype(kind)) * b.astype(kind))))


def directional_derivative(
    function: Callable[[Sequence[Array]], float], inputs: Sequence[Array], position: int, direction: Array, step: float
) -> float:
    """The derivative of a real function along a direction of one input, by central differences of fourth order."""

    def at(distance: float) -> float:
        moved = list(inputs)
        moved[position] = np.asarray(inputs[position] + distance * direction, inputs[position].dtype)
        return function(moved)

    near = at(step) - at(-step)
    far = at(2 * step) - at(-2 * step)
    return (8 * near - far) / (12 * step)

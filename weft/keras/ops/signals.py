"""Sums by segments, Fourier transforms, and signals cut into frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain, op
from weft.keras.core.conversion import convert_to_tensor
from weft.keras.core.dtypes import standardize_dtype
from weft.keras.ops.records import operation

_SEGMENTS: dict[str, tuple[Callable[..., Any], str]] = {
    "segment_sum": (tf.math.unsorted_segment_sum, "The sum of the rows of each segment; 0 for one without rows."),
    "segment_max": (tf.math.unsorted_segment_max, "The greatest values of each segment; the dtype's least without."),
    "segment_min": (tf.math.unsorted_segment_min, "The least values of each segment; the dtype's greatest without."),
    "segment_prod": (tf.math.unsorted_segment_prod, "The product of the rows of each segment; 1 for one without."),
}


def _check_segments(name: str, data: Any, ids: Any, count: int | None, rising: bool) -> None:
    if ids.shape.rank != 1:
        raise ValueError(explain(
            f"{name}: Argument `segment_ids` should be an 1-D vector, of one number a row.",
            received=f"shape {ids.shape}",
        ))  # fmt: skip
    sizes = {data.shape[0], ids.shape[0]} - {None}
    if len(sizes) > 1:
        raise ValueError(explain(
            f"{name}: Argument `segment_ids` and `data` should have same leading dimension.",
            received=f"segment_ids {ids.shape}, data {data.shape}",
        ))  # fmt: skip
    if rising and count is not None:
        raise ValueError(explain(
            f"{name}: Argument `num_segments` cannot be set when sorted is True when using the tensorflow backend.",
            received=f"num_segments={count}", hint="leave one of the two out",
        ))  # fmt: skip


def _enter_segment(name: str, compute: Callable[..., Any], doc: str) -> None:
    def function(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
        data, segment_ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        _check_segments(name, data, segment_ids, num_segments, sorted)
        if num_segments is None:
            count = tf.cast(tf.reduce_max(segment_ids) + 1, "int32")
            return op(f"unsorted_{name}", data, segment_ids, count)
        return compute(data, segment_ids, num_segments)

    function.__doc__ = f"""{doc}

    Args:
        data: `[n, ...]`.
        segment_ids: `[n]`, the segment of each row; rows of a negative one are left out.
        num_segments: How many segments; one more than the greatest number by default.
        sorted: Whether the numbers rise; changes nothing.

    Returns:
        `[num_segments, ...]`.
    """
    operation("math", name)(function)


for _name, (_compute, _doc) in _SEGMENTS.items():
    _enter_segment(_name, _compute, _doc)


# Fourier transforms --------------------------------------------------------------------------------------------------


def _complex(x: Any, function: str, least: int = 1) -> Any:
    """Complex numbers of a pair (real, imaginary) of a rank that is at least that."""
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(explain(
            f"{function}: Input `x` should be a tuple of two tensors - real and imaginary.", received=type(x).__name__,
            hint=f"keras.ops.{function}((x, keras.ops.zeros_like(x))) for real numbers",
        ))  # fmt: skip
    real, imag = (convert_to_tensor(part) for part in x)
    if real.shape != imag.shape:
        raise ValueError(explain(
            f"{function}: Both the real and imaginary parts should have the same shape.",
            received=f"{real.shape} and {imag.shape}"
        ))  # fmt: skip
    if real.shape.rank is not None and real.shape.rank < least:
        raise ValueError(explain(f"{function}: Input should have rank >= {least}.", received=f"shape {real.shape}"))
    for part in (real, imag):
        if standardize_dtype(part.dtype) not in ("float32", "float64"):
            raise ValueError(explain(
                f"{function}: floats are needed.", received=f"dtype {standardize_dtype(part.dtype)}",
                expected="float32 or float64", hint="cast with keras.ops.cast(x, 'float32')",
            ))  # fmt: skip
    return tf.complex(real, imag)


def _pair(x: Any) -> tuple[Any, Any]:
    return tf.math.real(x), tf.math.imag(x)


@operation("math")
def fft(x: Any) -> Any:
    """The Fourier transform along the last axis, of and as a pair (real parts, imaginary parts)."""
    return _pair(tf.signal.fft(_complex(x, "fft")))


@operation("math")
def fft2(x: Any) -> Any:
    """The Fourier transform along the last two axes, of and as a pair (real parts, imaginary parts)."""
    return _pair(tf.signal.fft2d(_complex(x, "fft2", 2)))


@operation("math")
def ifft2(x: Any) -> Any:
    """The inverse Fourier transform along the last two axes, of and as a pair (real parts, imaginary parts)."""
    return _pair(tf.signal.ifft2d(_complex(x, "ifft2", 2)))


def _with_time(function: str, x: Any) -> Any:
    """A tensor that has a last axis."""
    x = convert_to_tensor(x)
    if x.shape.rank == 0:
        raise ValueError(explain(f"{function}: Input should have rank >= 1. Received: a scalar."))
    return x


@operation("math")
def rfft(x: Any, fft_length: int | None = None) -> Any:
    """The Fourier transform of real numbers along the last axis: a pair of `[..., length // 2 + 1]`."""
    x = _with_time("rfft", x)
    return _pair(tf.signal.rfft(x, fft_length=None if fft_length is None else [fft_length]))


@operation("math")
def irfft(x: Any, fft_length: int | None = None) -> Any:
    """The real numbers that have a Fourier transform, given as a pair (real parts, imaginary parts)."""
    return tf.signal.irfft(_complex(x, "irfft"), fft_length=None if fft_length is None else [fft_length])


@operation("math")
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Windows along the last axis.

    Args:
        x: `[..., time]`.
        sequence_length: The length of a window.
        sequence_stride: From where one begins to where the next does.

    Returns:
        `[..., windows, sequence_length]`.
    """
    return tf.signal.frame(_with_time("extract_sequences", x), sequence_length, sequence_stride, pad_end=False)


def _check_stride(function: str, stride: Any) -> None:
    if not isinstance(stride, int) or stride < 1:
        raise ValueError(explain(
            f"{function}: `sequence_stride` must be a positive integer.", received=f"sequence_stride={stride!r}"
        ))  # fmt: skip


def _window(function: str, window: Any, sequence_length: int, fft_length: int, dtype: Any) -> Any:
    """The window in the middle of a frame, or None."""
    if fft_length < sequence_length:
        raise ValueError(explain(
            f"{function}: `fft_length` must equal or be larger than `sequence_length`.",
            received=f"{fft_length} and {sequence_length}",
        ))  # fmt: skip
    before = (fft_length - sequence_length) // 2
    if window is None:
        return None
    if isinstance(window, str):
        makers = {"hann": tf.signal.hann_window, "hamming": tf.signal.hamming_window}
        if window not in makers:
            raise ValueError(explain(
                f"{function}: If a string is passed to `window`, it must be a known one.", received=repr(window),
                expected="'hann', 'hamming' or a vector",
            ))  # fmt: skip
        values = makers[window](sequence_length, periodic=True, dtype=dtype)
    else:
        values = convert_to_tensor(window, dtype)
        if values.shape != (sequence_length,):
            raise ValueError(explain(
                f"{function}: The shape of `window` must be equal to [sequence_length].",
                received=f"shape {values.shape}", expected=f"({sequence_length},)",
            ))  # fmt: skip
    return tf.pad(values, [[before, fft_length - sequence_length - before]])


@operation("math")
def stft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True
) -> Any:
    """Fourier transforms of windows along the last axis.

    Args:
        x: `[..., time]`, float32 or float64.
        sequence_length: The length of a window.
        sequence_stride: From where one begins to where the next does.
        fft_length: The length of a transform; windows are filled up with 0.
        window: "hann", "hamming", `[sequence_length]` values, or None.
        center: Whether the first window has its middle at the first value; the signal is mirrored before it.

    Returns:
        A pair (real parts, imaginary parts) of `[..., windows, fft_length // 2 + 1]`.
    """
    _check_stride("stft", sequence_stride)
    x = _with_time("stft", x)
    if standardize_dtype(x.dtype) not in ("float32", "float64"):
        raise TypeError(explain(
            "stft: the input must be `float32` or `float64`.", received=f"dtype {standardize_dtype(x.dtype)}",
            hint="cast with keras.ops.cast(x, 'float32')",
        ))  # fmt: skip
    values = _window("stft", window, sequence_length, fft_length, x.dtype)
    if center:
        around = [fft_length // 2, fft_length // 2]
        x = tf.pad(x, [[0, 0]] * (x.shape.rank - 1) + [around], mode="reflect")
    made = None if values is None else lambda length, dtype: values
    return _pair(tf.signal.stft(x, fft_length, sequence_stride, fft_length, window_fn=made))


@operation("math")
def istft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int, length: int | None = None,
    window: Any = "hann", center: bool = True,
) -> Any:  # fmt: skip
    """The signal of which `stft` gave the transforms.

    Args:
        x: A pair (real parts, imaginary parts) of `[..., windows, fft_length // 2 + 1]`.
        sequence_length: As for `stft`.
        sequence_stride: As for `stft`.
        fft_length: As for `stft`.
        length: The length of the signal; what the windows cover by default.
        window: As for `stft`.
        center: As for `stft`.

    Returns:
        `[..., time]`.
    """
    _check_stride("istft", sequence_stride)
    transforms = _complex(x, "istft", 2)
    dtype = tf.math.real(transforms).dtype
    values = _window("istft", window, sequence_length, fft_length, dtype)
    made = None
    if values is not None:
        made = tf.signal.inverse_stft_window_fn(sequence_stride, lambda length, dtype: values)
    found = tf.signal.inverse_stft(transforms, fft_length, sequence_stride, fft_length, window_fn=made)
    first = fft_length // 2 if center else 0
    if length is not None:
        return found[..., first : first + length]
    return found[..., first : -(fft_length // 2)] if center else found

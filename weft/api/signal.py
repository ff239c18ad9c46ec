"""`tf.signal`: Fourier and cosine transforms, frames, windows, spectrograms."""

from __future__ import annotations

import math as _math
from collections.abc import Callable
from typing import Any

from weft.api import array, math
from weft.api.common import apply, cast_to, integer
from weft.api.spaced import linspace
from weft.base import dims, dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import frontdoor, sizes

# Fourier transforms --------------------------------------------------------------------------------------------------


def _numbers(value: Any, usual: Any) -> Any:
    """What is transformed: a tensor as it is; lists and arrays, of whole numbers too, in the usual dtype."""
    return value if frontdoor.is_tensor_like(value) else frontdoor.convert(value, usual)


def _complex_transform(op: str) -> Callable[..., Any]:
    def function(input: Any, name: str | None = None) -> Any:
        return apply(op, _numbers(input, dtypes.complex64), name=name)

    return _documented(function, op, "input: Complex numbers")


def _real_transform(op: str) -> Callable[..., Any]:
    def function(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
        usual = dtypes.float32 if op.startswith("r") else dtypes.complex64
        return apply(op, _numbers(input_tensor, usual), fft_length=_lengths(fft_length), name=name)

    kind = "Complex numbers, half a spectrum" if op.startswith("i") else "Real numbers"
    return _documented(
        function, op, f"input_tensor: {kind}.\n    fft_length: The signal's length along each of these axes"
    )


def _documented(function: Callable[..., Any], op: str, args: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = op
    inverse = "inverse of the " if op.startswith("i") else ""
    kind = "Fourier transform of real signals" if "rfft" in op else "Fourier transform"
    axes = {"2d": "last two axes", "3d": "last three axes"}.get(op[-2:], "last axis")
    function.__doc__ = (
        f"The {inverse}{kind} over the {axes}.\n\n"
        f"Args:\n    {args}.\n    name: The node's name.\n\nReturns:\n    A tensor."
    )
    return function


def _lengths(fft_length: Any) -> tuple[Any, ...] | None:
    if fft_length is None:
        return None
    found = sizes.shape_argument(fft_length)
    if not sizes.is_static(found):
        raise ValueError(explain("`fft_length` must be known when the graph is built.", received=str(fft_length),
                                 hint="give it as Python integers, or make it of tf.shape(x)"))  # fmt: skip
    return tuple(found)


fft, fft2d, fft3d = (_complex_transform(n) for n in ("fft", "fft2d", "fft3d"))
ifft, ifft2d, ifft3d = (_complex_transform(n) for n in ("ifft", "ifft2d", "ifft3d"))
rfft, rfft2d, rfft3d = (_real_transform(n) for n in ("rfft", "rfft2d", "rfft3d"))
irfft, irfft2d, irfft3d = (_real_transform(n) for n in ("irfft", "irfft2d", "irfft3d"))


def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """Moves the zero frequency to the middle of axes (of all where None).

    Example:
        >>> fftshift([0, 1, 2, -2, -1]).numpy().tolist()
        [-2, -1, 0, 1, 2]
    """
    return _shifted(x, axes, lambda size: size // 2, name)


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """Undoes `fftshift`."""
    return _shifted(x, axes, lambda size: size - size // 2, name)


def _shifted(x: Any, axes: Any, shift: Callable[[Any], Any], name: str | None) -> Any:
    tensor = frontdoor.convert(x)
    sizes_of = tensor.shape.symbolic
    if sizes_of is None:
        raise ValueError(explain("A shift of the spectrum needs a tensor of known rank.",
                                 hint="give it a rank with x.set_shape"))  # fmt: skip
    if axes is None:
        chosen = list(range(len(sizes_of)))
    else:
        chosen = [integer(a, "axes") for a in (axes if isinstance(axes, (list, tuple)) else [axes])]
    shifts = [shift(sizes_of[a]) for a in chosen]
    if all(isinstance(s, int) for s in shifts):
        return apply("roll", tensor, shift=tuple(shifts), axis=tuple(chosen), name=name)
    counts = apply("dimensions", sizes=tuple(shifts), dtype=dtypes.int32)
    return apply("roll_dynamic", tensor, counts, axis=tuple(chosen), name=name)


# Frames --------------------------------------------------------------------------------------------------------------


def frame(signal: Any, frame_length: Any, frame_step: Any, pad_end: bool = False, pad_value: Any = 0, axis: Any = -1,
          name: str | None = None) -> Any:  # fmt: skip
    """Cuts an axis into overlapping frames.

    Args:
        signal: `[..., samples, ...]`.
        frame_length: Samples of a frame.
        frame_step: Samples from the start of one frame to the next one's.
        pad_end: Whether frames that reach over the end are kept, filled with `pad_value`.
        pad_value: The filling.
        axis: The axis of the samples.
        name: The node's name.

    Returns:
        `[..., frames, frame_length, ...]`.

    Example:
        >>> frame([1, 2, 3, 4, 5], 3, 2).numpy().tolist()
        [[1, 2, 3], [3, 4, 5]]
    """
    x = frontdoor.convert(signal)
    length, step = _positive(frame_length, "frame_length", 0), _positive(frame_step, "frame_step", 1)
    shape = _known_rank(x, 1, "frame")
    at = integer(axis, "axis") % len(shape)
    samples = shape[at]
    if pad_end:
        count = dims.ceil_divide(samples, step)
        missing = dims.maximum(step * (count - 1) + length - samples, 0)
        filling = array.fill((*shape[:at], missing, *shape[at + 1 :]), frontdoor.convert(pad_value, x.dtype))
        x = array.concat([x, filling], axis=at)
    else:
        count = dims.maximum((samples - length) // step + 1, 0)
    starts = apply("iota", shape=(count, 1), axis=0) * step
    if at == 0:  # rows that gather takes have a gradient of rows, samples a dense one
        return apply("squeeze", frame(apply("expand_dims", x, axis=0), length, step, axis=1), axis=(0,), name=name)
    return array.gather(x, starts + apply("iota", shape=(1, length), axis=1), axis=at, name=name)


def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Any:
    """Puts frames back where they lay, adding up where they overlap.

    Args:
        signal: `[..., frames, frame_length]`.
        frame_step: Samples from the start of one frame to the next one's.
        name: The node's name.

    Returns:
        `[..., (frames - 1) * frame_step + frame_length]`.

    Example:
        >>> overlap_and_add([[1, 2, 3], [10, 20, 30]], 2).numpy().tolist()
        [1, 2, 13, 20, 30]
    """
    x = frontdoor.convert(signal)
    step = _positive(frame_step, "frame_step", 1)
    *outer, frames, length = _known_rank(x, 2, "overlap_and_add")
    parts = dims.ceil_divide(length, step)
    # A frame becomes a column of `parts` pieces of one step; piece p of frame f belongs into step f + p. Behind each
    # row of pieces come `parts` empty ones, so that reading rows one shorter moves row p on by p steps.
    x = _fitted(x, -1, parts * step)
    x = array.reshape(x, (*outer, frames, parts, step))
    order = list(range(len(outer)))
    x = array.transpose(x, [*order, len(order) + 1, len(order), len(order) + 2])
    x = _fitted(x, -2, frames + parts)
    x = array.reshape(x, (*outer, parts * (frames + parts), step))
    x = _fitted(x, -2, parts * (frames + parts - 1))
    x = math.reduce_sum(array.reshape(x, (*outer, parts, frames + parts - 1, step)), axis=-3)
    x = array.reshape(x, (*outer, (frames + parts - 1) * step))
    return _fitted(x, -1, (frames - 1) * step + length, name)


def _known_rank(x: Any, least: int, what: str) -> tuple[Any, ...]:
    shape = x.shape.symbolic
    if shape is None or len(shape) < least:
        raise ValueError(
            explain(f"{what} takes a tensor of rank {least} or more.", received=str(x.type),
                    hint="give it its axes with tf.reshape or x.set_shape")  # fmt: skip
        )
    return tuple(shape)


def _positive(value: Any, what: str, least: int) -> int:
    number = integer(value, what)
    if number < least:
        raise InvalidArgumentError(explain(f"`{what}` is {number}.", expected=f"{least} or more",
                                 hint="count in samples"))  # fmt: skip
    return number


def _fitted(x: Any, axis: int, size: Any, name: str | None = None) -> Any:
    """An axis cut at its end, or continued by zeros, to a size."""
    shape = list(x.shape.symbolic)
    if shape[axis] == size:
        return x
    shape[axis] = size
    return apply("crop_or_pad", x, shape=tuple(shape), name=name)


# Windows -------------------------------------------------------------------------------------------------------------


def hann_window(window_length: Any, periodic: Any = True, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """The Hann window: 1/2 - 1/2 cos(2 pi n / N).

    Args:
        window_length: How many values.
        periodic: Whether N is the length (for even lengths), rather than the length less one.
        dtype: A floating dtype.
        name: The node's name.
    """
    return _raised_cosine(window_length, periodic, dtype, 0.5)


def hamming_window(window_length: Any, periodic: Any = True, dtype: Any = dtypes.float32,
                   name: str | None = None) -> Any:  # fmt: skip
    """The Hamming window: 0.54 - 0.46 cos(2 pi n / N); the arguments are those of `hann_window`."""
    return _raised_cosine(window_length, periodic, dtype, 0.54)


def _raised_cosine(window_length: Any, periodic: Any, dtype: Any, middle: float) -> Any:
    length, wanted = _positive(window_length, "window_length", 0), _floating(dtype)
    if length == 1:
        return array.ones([1], wanted)
    period = length if periodic and length % 2 == 0 else length - 1
    places = _places(length, wanted)
    return middle - (1 - middle) * math.cos(places * (2 * _math.pi / max(period, 1)))


def vorbis_window(window_length: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """The power-complementary window of Vorbis: sin(pi/2 sin²(pi (n + 1/2) / N))."""
    length, wanted = _positive(window_length, "window_length", 0), _floating(dtype)
    inner = math.sin((_places(length, wanted) + 0.5) * (_math.pi / max(length, 1)))
    return math.sin(math.square(inner) * (_math.pi / 2))


def kaiser_window(window_length: Any, beta: Any = 12.0, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """The Kaiser window: I0(beta sqrt(1 - (2n / (N - 1) - 1)²)) / I0(beta)."""
    length, wanted = _positive(window_length, "window_length", 0), _floating(dtype)
    if length == 1:
        return array.ones([1], wanted)
    strength = cast_to(beta, wanted)
    place = _places(length, wanted) * (2 / max(length - 1, 1)) - 1
    inner = math.sqrt(math.maximum(1 - math.square(place), 0))
    # of the exponentially scaled functions, so that a large beta does not overflow
    return math.bessel_i0e(strength * inner) / math.bessel_i0e(strength) * math.exp(strength * (inner - 1))


def kaiser_bessel_derived_window(window_length: Any, beta: Any = 12.0, dtype: Any = dtypes.float32,
                                 name: str | None = None) -> Any:  # fmt: skip
    """The power-complementary window made of the running sums of a Kaiser window of half the length."""
    half = _positive(window_length, "window_length", 0) // 2
    sums = math.cumsum(kaiser_window(half + 1, beta, dtype))
    rising = math.sqrt(sums[:-1] / sums[-1])
    return array.concat([rising, array.reverse(rising, [0])], axis=0)


def _floating(dtype: Any) -> Any:
    wanted = dtypes.as_dtype(dtype)
    if not wanted.is_floating:
        raise ValueError(explain("A window needs a floating dtype.", received=wanted.name, hint="use tf.float32"))
    return wanted


def _places(length: Any, dtype: Any) -> Any:
    """0, 1, … as numbers of a dtype."""
    return cast_to(apply("iota", shape=(length,), axis=0), dtype)


# Spectrograms --------------------------------------------------------------------------------------------------------


def stft(signals: Any, frame_length: Any, frame_step: Any, fft_length: Any = None,
         window_fn: Callable[..., Any] | None = hann_window, pad_end: bool = False,
         name: str | None = None) -> Any:  # fmt: skip
    """The spectra of overlapping, windowed frames (short-time Fourier transform).

    Args:
        signals: `[..., samples]`, real.
        frame_length: Samples of a frame.
        frame_step: Samples from frame to frame.
        fft_length: The transform's length; the next power of two where None.
        window_fn: Gives a window for `(length, dtype=dtype)`; None for none.
        pad_end: Whether frames that reach over the end are kept, filled with zeros.
        name: The node's name.

    Returns:
        `[..., frames, fft_length // 2 + 1]`, complex.
    """
    x = frontdoor.convert(signals)
    length = _positive(frame_length, "frame_length", 1)
    frames = frame(x, length, frame_step, pad_end=pad_end)
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return rfft(frames, [_transform_length(length, fft_length)], name)


def inverse_stft(stfts: Any, frame_length: Any, frame_step: Any, fft_length: Any = None,
                 window_fn: Callable[..., Any] | None = hann_window, name: str | None = None) -> Any:  # fmt: skip
    """The signals of short-time spectra; exact with the window that `inverse_stft_window_fn` gives.

    Args:
        stfts: `[..., frames, fft_length // 2 + 1]`, complex.
        frame_length: Samples of a frame.
        frame_step: Samples from frame to frame.
        fft_length: The transform's length; the next power of two where None.
        window_fn: Gives a window for `(length, dtype=dtype)`; None for none.
        name: The node's name.

    Returns:
        `[..., samples]`, real.
    """
    length = _positive(frame_length, "frame_length", 1)
    frames = _fitted(irfft(stfts, [_transform_length(length, fft_length)]), -1, length)
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return overlap_and_add(frames, frame_step, name)


def inverse_stft_window_fn(frame_step: Any, forward_window_fn: Callable[..., Any] = hann_window,
                           name: str | None = None) -> Callable[..., Any]:  # fmt: skip
    """The window function with which `inverse_stft` undoes an `stft` made with another one."""
    step = _positive(frame_step, "frame_step", 1)

    def inverse_window(frame_length: Any, dtype: Any = dtypes.float32) -> Any:
        length = _positive(frame_length, "frame_length", 1)
        forward = forward_window_fn(length, dtype=dtype)
        count = -(-length // step)
        # at each place of a step, the weights with which the frames that overlap there have been counted
        squares = array.reshape(_fitted(math.square(forward), -1, count * step), [count, step])
        total = array.tile(math.reduce_sum(squares, axis=0), [count])
        return forward / total[:length]

    return inverse_window


def _transform_length(frame_length: int, fft_length: Any) -> int:
    if fft_length is None:
        return 1 << max(frame_length - 1, 0).bit_length()
    return _positive(fft_length, "fft_length", 1)


# Cosine transforms ---------------------------------------------------------------------------------------------------


def dct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: str | None = None,
        name: str | None = None) -> Any:  # fmt: skip
    """The discrete cosine transform over the last axis.

    Args:
        input: `[..., samples]`, float32 or float64.
        type: 1, 2, 3 or 4.
        n: The signals are cut or continued by zeros to this length.
        axis: -1.
        norm: None, or `"ortho"` for the orthonormal transform (types 2 to 4).
        name: The node's name.

    Returns:
        The coefficients, in the shape of the (cut) input.

    Raises:
        ValueError: For an unknown type or norm, or type 1 with a norm or with fewer than two samples.
    """
    x = frontdoor.convert(input)
    _check_cosine(x, type, axis, norm)
    if n is not None:
        x = _fitted(x, -1, _positive(n, "n", 1))
    count = _known_rank(x, 1, "dct")[-1]
    if type == 1:
        if isinstance(count, int) and count < 2:
            raise ValueError(explain("dct of type 1 needs two samples or more.", received=str(x.type), hint="pad them"))
        mirrored = array.concat([x, array.reverse(x[..., 1:-1], [-1])], axis=-1)
        return math.real(rfft(mirrored))
    size = _number(count)
    if norm == "ortho" and type == 3:
        x = x * _first_and_others(count, size**0.5, (size / 2) ** 0.5, x.dtype)
    made = {2: _dct2, 3: _dct3, 4: _dct4}[type](x, count)
    if norm != "ortho":
        return made
    if type == 2:
        return made * _first_and_others(count, (0.25 / size) ** 0.5, (0.5 / size) ** 0.5, x.dtype)
    return made * cast_to((0.5 / size) ** 0.5 if type == 4 else 1 / size, x.dtype)


def idct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: str | None = None,
         name: str | None = None) -> Any:  # fmt: skip
    """The inverse of `dct`; without `norm` up to the factor 2N (2 (N - 1) for type 1), as is customary."""
    return dct(input, {1: 1, 2: 3, 3: 2, 4: 4}.get(type, type), n, axis, norm, name)


def _check_cosine(x: Any, type: Any, axis: Any, norm: Any) -> None:
    if type not in (1, 2, 3, 4):
        raise ValueError(explain(f"There is no cosine transform of type {type!r}.", expected="1, 2, 3 or 4",
                                 hint="type=2 is the usual one"))  # fmt: skip
    if axis != -1:
        raise NotImplementedError(explain(f"dct over axis {axis}.", expected="axis=-1",
                                          hint="move the axis to the end with tf.transpose"))  # fmt: skip
    if norm not in (None, "ortho"):
        raise ValueError(explain(f"Unknown norm {norm!r}.", expected="None or 'ortho'", hint="leave it out"))
    if norm is not None and type == 1:
        raise ValueError(explain("dct of type 1 has no orthonormal form.", expected="norm=None", hint="use type 2"))
    if x.dtype not in (dtypes.float32, dtypes.float64):
        raise ValueError(explain("dct takes float32 or float64.", received=str(x.type),
                                 hint="convert it with tf.cast(x, tf.float32)"))  # fmt: skip


def _number(size: Any) -> Any:
    """A size as a number to compute with, exact to float64: a tensor where it is known when the graph runs only."""
    return float(size) if isinstance(size, int) else cast_to(apply("dimension", size=size), dtypes.float64)


def _first_and_others(count: Any, first: Any, others: Any, dtype: Any) -> Any:
    places = _places(count, dtypes.float64)
    return cast_to(array.where(places < 0.5, first + 0 * places, others + 0 * places), dtype)


def _turns(count: Any, dtype: Any, sign: float, offset: float, denominator: Any) -> Any:
    """exp(sign i pi (k + offset) / denominator) for k = 0, 1, …"""
    angle = (_places(count, dtypes.float64) + offset) * (sign * _math.pi / _number(denominator))
    kind = dtypes.complex64 if dtype is dtypes.float32 else dtypes.complex128
    return cast_to(math.complex(math.cos(angle), math.sin(angle)), kind)


def _complex(x: Any) -> Any:
    return math.complex(x, array.zeros_like(x))


def _dct2(x: Any, count: Any) -> Any:
    """2 sum x[n] cos(pi k (2n + 1) / 2N): the spectrum of the doubled length, turned by half a sample."""
    spectrum = _fitted(rfft(x, [2 * count]), -1, count)
    return math.real(spectrum * _turns(count, x.dtype, -1, 0, 2 * count)) * 2


def _dct3(x: Any, count: Any) -> Any:
    """x[0] + 2 sum x[n] cos(pi n (2k + 1) / 2N)."""
    spectrum = _complex(x) * _turns(count, x.dtype, 1, 0, 2 * count)
    return _fitted(irfft(spectrum, [2 * count]), -1, count) * cast_to(2 * _number(count), x.dtype)


def _dct4(x: Any, count: Any) -> Any:
    """2 sum x[n] cos(pi (2n + 1) (2k + 1) / 4N)."""
    turned = _fitted(_complex(x) * _turns(count, x.dtype, -1, 0, 2 * count), -1, 2 * count)
    return math.real(_fitted(fft(turned), -1, count) * _turns(count, x.dtype, -1, 0.5, 2 * count)) * 2


def mdct(signals: Any, frame_length: Any, window_fn: Callable[..., Any] | None = vorbis_window, pad_end: bool = False,
         norm: str | None = None, name: str | None = None) -> Any:  # fmt: skip
    """The modified cosine transform: frames that overlap by half, each with half as many coefficients as samples.

    Args:
        signals: `[..., samples]`, float32 or float64.
        frame_length: Samples of a frame, a multiple of 4.
        window_fn: Gives a window for `(length, dtype=dtype)`; None for one that keeps all at 1/sqrt(2).
        pad_end: Whether frames that reach over the end are kept, filled with zeros.
        norm: None or `"ortho"`, as for `dct`.
        name: The node's name.

    Returns:
        `[..., frames, frame_length / 2]`.
    """
    length = _quartered(frame_length)
    frames = frame(signals, length, length // 2, pad_end=pad_end)
    frames = frames * _half_window(window_fn, length, frames.dtype)
    a, b, c, d = array.split(frames, 4, axis=-1)
    folded = array.concat([-array.reverse(c, [-1]) - d, a - array.reverse(b, [-1])], axis=-1)
    return dct(folded, type=4, norm=norm, name=name)


def inverse_mdct(mdcts: Any, window_fn: Callable[..., Any] | None = vorbis_window, norm: str | None = None,
                 name: str | None = None) -> Any:  # fmt: skip
    """Undoes `mdct` with the same power-complementary window: `[..., frames, half]` to `[..., samples]`."""
    x = frontdoor.convert(mdcts)
    half = _known_rank(x, 2, "inverse_mdct")[-1]
    if not isinstance(half, int):
        raise ValueError(explain("inverse_mdct needs a last axis of known size.", received=str(x.type),
                                 hint="set it with x.set_shape"))  # fmt: skip
    left, right = array.split(idct(x, type=4, norm=norm) * (1 if norm else 0.5 / half), 2, axis=-1)
    frames = array.concat([right, -array.reverse(right, [-1]), -array.reverse(left, [-1]), -left], axis=-1)
    return overlap_and_add(frames * _half_window(window_fn, 2 * half, frames.dtype), half, name)


def _quartered(frame_length: Any) -> int:
    length = _positive(frame_length, "frame_length", 4)
    if length % 4:
        raise ValueError(explain(f"`frame_length` is {length}.", expected="a multiple of 4", hint="round it up"))
    return length


def _half_window(window_fn: Callable[..., Any] | None, length: int, dtype: Any) -> Any:
    if window_fn is None:
        return frontdoor.convert(_math.sqrt(0.5), dtype)
    return window_fn(length, dtype=dtype)


# Mel scale -----------------------------------------------------------------------------------------------------------


def linear_to_mel_weight_matrix(num_mel_bins: int = 20, num_spectrogram_bins: Any = 129, sample_rate: Any = 8000,
                                lower_edge_hertz: float = 125.0, upper_edge_hertz: float = 3800.0,
                                dtype: Any = dtypes.float32, name: str | None = None) -> Any:  # fmt: skip
    """The matrix that takes spectra on a linear scale to the mel scale, by overlapping triangles.

    Args:
        num_mel_bins: How many bands.
        num_spectrogram_bins: How many frequencies the spectra have.
        sample_rate: Samples a second.
        lower_edge_hertz: Where the lowest band starts.
        upper_edge_hertz: Where the highest band ends.
        dtype: A floating dtype.
        name: The node's name.

    Returns:
        `[num_spectrogram_bins, num_mel_bins]`.
    """
    wanted = _floating(dtype)
    bins, rate = integer(num_spectrogram_bins, "num_spectrogram_bins"), float(sample_rate)
    if num_mel_bins <= 0 or not 0 <= lower_edge_hertz < upper_edge_hertz <= rate / 2:
        raise ValueError(
            explain("The bands of the mel scale do not fit.",
                    expected="num_mel_bins > 0 and 0 <= lower_edge_hertz < upper_edge_hertz <= sample_rate / 2",
                    received=f"{num_mel_bins} bins, {lower_edge_hertz} to {upper_edge_hertz} Hz, sample_rate {rate}",
                    hint="lower upper_edge_hertz, or give the true sample_rate")  # fmt: skip
        )
    # the lowest frequency is the mean of the signal; it belongs to no band
    mel = _mel(linspace(cast_to(0.0, dtypes.float64), rate / 2, bins)[1:, None])
    low, high = (_MEL_FACTOR * _math.log1p(hertz / _MEL_BREAK) for hertz in (lower_edge_hertz, upper_edge_hertz))
    edges = linspace(cast_to(low, dtypes.float64), high, num_mel_bins + 2)[None, :]
    start, middle, end = edges[:, :-2], edges[:, 1:-1], edges[:, 2:]
    triangles = math.minimum((mel - start) / (middle - start), (end - mel) / (end - middle))
    return cast_to(array.pad(math.maximum(triangles, 0), [[1, 0], [0, 0]]), wanted)


_MEL_BREAK = 700.0
_MEL_FACTOR = 1127.0


def _mel(hertz: Any) -> Any:
    return _MEL_FACTOR * math.log1p(hertz / _MEL_BREAK)


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Any:
    """The cepstral coefficients of log-mel spectra: `[..., bands]` to `[..., bands]`."""
    x = frontdoor.convert(log_mel_spectrograms)
    count = _known_rank(x, 1, "mfccs_from_log_mel_spectrograms")[-1]
    if isinstance(count, int) and count < 1:
        raise ValueError(explain("There are no mel bands on the last axis.", received=str(x.type),
                                 hint="make them with linear_to_mel_weight_matrix"))  # fmt: skip
    return dct(x, type=2, name=name) * cast_to((0.5 / _number(count)) ** 0.5, x.dtype)

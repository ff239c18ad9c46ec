"""Sounds as pictures of their frequencies."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain, nearest
from weft.keras.config import standardize_data_format
from weft.keras.core.dtypes import is_float
from weft.keras.initializers.signal import STFT, window_values
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.input_spec import InputSpec
from weft.keras.layers.layer import Layer

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


class MelSpectrogram(Layer):
    """How strong the frequencies of a sound are over time, on the mel scale and in decibels.

    Args:
        fft_length: The length of the Fourier transform.
        sequence_stride: How many samples lie between two frames.
        sequence_length: The length of a frame; that of the transform by default.
        window: "hann", "hamming", a tensor, or None.
        sampling_rate: Samples a second.
        num_mel_bins: The number of frequency bands.
        min_freq: The least frequency.
        max_freq: The greatest one; half the sampling rate by default.
        power_to_db: Whether to give decibels.
        top_db: How many decibels below the loudest the quietest is.
        mag_exp: The power of the magnitudes: 2 for power, 1 for magnitudes.
        min_power: The least power, which keeps logarithms finite.
        ref_power: The power of 0 decibels.
        **kwargs: As for every layer.

    Returns:
        For sounds `[batch, samples]` or `[samples]`: `[batch, bands, frames]` or `[bands, frames]`.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> layer = keras.layers.MelSpectrogram(fft_length=512, sequence_stride=256, num_mel_bins=64)
        >>> layer(tf.random.normal((2, 8000))).shape
        TensorShape([2, 64, 32])
    """

    def __init__(
        self, fft_length: int = 2048, sequence_stride: int = 512, sequence_length: int | None = None,
        window: Any = "hann", sampling_rate: int = 16000, num_mel_bins: int = 128, min_freq: float = 20.0,
        max_freq: float | None = None, power_to_db: bool = True, top_db: float = 80.0, mag_exp: float = 2.0,
        min_power: float = 1e-10, ref_power: float = 1.0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        name = "MelSpectrogram"
        self.fft_length = positive_int(name, "fft_length", fft_length)
        self.sequence_stride = positive_int(name, "sequence_stride", sequence_stride)
        self.sequence_length = positive_int(name, "sequence_length", sequence_length or fft_length)
        if self.sequence_length > self.fft_length:
            raise ValueError(explain(
                f"{name}: `fft_length` must be greater than or equal to `sequence_length`.",
                received=f"{self.sequence_length} and {self.fft_length}",
            ))  # fmt: skip
        _of_transforms(name, window, self.sequence_length)
        self.window = window
        self.sampling_rate = sampling_rate
        self.num_mel_bins = positive_int(name, "num_mel_bins", num_mel_bins)
        self.min_freq = min_freq
        self.max_freq = sampling_rate / 2 if max_freq is None else max_freq
        self.power_to_db, self.top_db = power_to_db, top_db
        self.mag_exp, self.min_power, self.ref_power = mag_exp, min_power, ref_power
        self.input_spec = InputSpec(min_ndim=1, max_ndim=2)

    def call(self, inputs: Any) -> Any:
        """The picture."""
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        sounds = tf.cast(inputs, dtype)
        single = sounds.shape.rank == 1
        sounds = tf.expand_dims(sounds, 0) if single else sounds
        around = self.fft_length // 2
        sounds = tf.pad(sounds, [[0, 0], [around, around]], mode="REFLECT")
        spectrum = tf.abs(tf.signal.rfft(self._framed(sounds)))
        power = spectrum if self.mag_exp == 1 else tf.pow(spectrum, tf.cast(self.mag_exp, dtype))
        bands = tf.signal.linear_to_mel_weight_matrix(
            self.num_mel_bins, self.fft_length // 2 + 1, self.sampling_rate, self.min_freq, self.max_freq, dtype=dtype
        )
        found = tf.einsum("btf,fm->bmt", power, bands)
        if self.power_to_db:
            found = self._decibels(found)
        found = tf.cast(found, self.compute_dtype)
        return found[0] if single else found

    def _framed(self, sounds: Any) -> Any:
        """Windowed frames as long as the transform: shorter windows stand in the middle."""
        window = tf.cast(_of_transforms("MelSpectrogram", self.window, self.sequence_length), sounds.dtype)
        before = (self.fft_length - self.sequence_length) // 2
        window = tf.pad(window, [[before, self.fft_length - self.sequence_length - before]])
        return tf.signal.frame(sounds, self.fft_length, self.sequence_stride) * window

    def _decibels(self, power: Any) -> Any:
        scale = 10.0 / tf.math.log(tf.constant(10.0, power.dtype))
        least = tf.cast(self.min_power, power.dtype)
        reference = tf.maximum(least, tf.cast(self.ref_power, power.dtype))
        found = scale * (tf.math.log(tf.maximum(power, least)) - tf.math.log(reference))
        return tf.maximum(found, tf.reduce_max(found) - self.top_db)


def _of_transforms(owner: str, window: Any, length: int) -> Any:
    """A window as Keras' own transforms have it: those with a name are tf.signal's, which, if their length is odd, are
    symmetric even where they are to be periodic."""
    if not isinstance(window, str):
        return window_values(owner, window, length, True)
    known = {"hann": tf.signal.hann_window, "hamming": tf.signal.hamming_window}
    if window not in known:
        raise ValueError(explain(f"{owner}: `window` is {window!r}. {nearest(window, known)}"))
    return known[window](length, periodic=True)


class STFTSpectrogram(Layer):
    """Short-time Fourier transforms as convolutions, whose kernels can be trained.

    Args:
        mode: "log" or "magnitude" of the transform, "psd" (power spectral density), "real", "imag", "angle", or
            "stft" (real and imaginary parts, one after the other).
        frame_length: The length of a frame.
        frame_step: How many samples lie between two frames; half a frame by default.
        fft_length: The length of the transform; the least power of 2 that holds a frame by default.
        window: "hann", "hamming", a tensor, or None.
        periodic: Whether the window is periodic.
        scaling: "density", "spectrum" or None.
        padding: `"valid"` or `"same"`.
        expand_dims: Whether the channels of the sound stay an axis of their own.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: As for every layer.

    Returns:
        For sounds `[batch, samples, channels]`: `[batch, frames, channels * frequencies]`, or
        `[batch, frames, frequencies, channels]` with `expand_dims`.
    """

    real_kernel: Any
    imag_kernel: Any

    def __init__(
        self, mode: str = "log", frame_length: int = 256, frame_step: int | None = None,
        fft_length: int | None = None, window: Any = "hann", periodic: bool = False, scaling: str | None = "density",
        padding: str = "valid", expand_dims: bool = False, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        name = "STFTSpectrogram"
        if mode not in _MODES:
            raise ValueError(f"{name}: `mode` is {mode!r}. {nearest(str(mode), _MODES)}")
        if padding not in ("valid", "same"):
            raise ValueError(f"{name}: `padding` is 'valid' or 'same', received {padding!r}.")
        self.mode = mode
        self.frame_length = positive_int(name, "frame_length", frame_length)
        self.frame_step = None if frame_step is None else positive_int(name, "frame_step", frame_step)
        self.fft_length = fft_length
        self._size = fft_length or 1 << (self.frame_length - 1).bit_length()
        if self._size < self.frame_length:
            raise ValueError(explain(
                f"{name}: `fft_length` must hold a frame of {self.frame_length}.",
                received=repr(fft_length),
            ))  # fmt: skip
        if self.frame_step is not None and self.frame_step > self.frame_length:
            raise ValueError(f"{name}: `frame_step` must not exceed `frame_length`, received {frame_step}.")
        self.window, self.periodic, self.scaling = window, periodic, scaling
        STFT("real", window, scaling, periodic)
        self.padding = padding
        self.expand_dims = expand_dims
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=3)

    def build(self, input_shape: Any) -> None:
        shape = (self.frame_length, 1, self._size // 2 + 1)
        for side in ("real", "imag"):
            if self.mode != ("imag" if side == "real" else "real"):
                kernel = self.add_weight(
                    name=f"{side}_kernel", shape=shape,
                    initializer=STFT(side, self.window, self.scaling, self.periodic),
                )  # fmt: skip
                setattr(self, f"{side}_kernel", kernel)
        channels = input_shape[-1 if self.data_format == "channels_last" else 1]
        if channels is None:
            raise ValueError(explain(
                f"Layer `{self.name}` (STFTSpectrogram): the number of channels must be known.",
                received=f"shape {tf.TensorShape(input_shape)}",
            ))  # fmt: skip
        self._channels = int(channels)

    def call(self, inputs: Any) -> Any:
        """The picture."""
        if not is_float(inputs.dtype):
            raise TypeError(explain(
                f"Layer `{self.name}` (STFTSpectrogram) takes sounds that are floats.",
                received=f"dtype {inputs.dtype}",
                hint="scale and cast them: x.astype('float32') / 32768 for 16-bit samples",
            ))  # fmt: skip
        inputs = tf.cast(inputs, self.compute_dtype)
        last = self.data_format == "channels_last"
        first = tf.transpose(inputs, (0, 2, 1)) if last else inputs
        samples = inputs.shape[1 if last else 2]
        length = -1 if samples is None else samples
        found = self._values(tf.reshape(first, (-1, tf.shape(first)[2] if length == -1 else length, 1)))
        frames = tf.shape(found)[1] if found.shape[1] is None else int(found.shape[1])
        bins = int(found.shape[2])
        found = tf.reshape(found, (-1, self._channels, frames, bins))
        if self.expand_dims:
            return tf.transpose(found, (0, 2, 3, 1)) if last else found
        if last:
            return tf.reshape(tf.transpose(found, (0, 2, 1, 3)), (-1, frames, self._channels * bins))
        return tf.reshape(tf.transpose(found, (0, 1, 3, 2)), (-1, self._channels * bins, frames))

    def _side(self, sounds: Any, kernel: Any) -> Any:
        step = self.frame_step or self.frame_length // 2
        return tf.nn.convolution(sounds, kernel, strides=[max(step, 1)], padding=self.padding.upper())

    def _values(self, sounds: Any) -> Any:
        if self.mode in ("real", "imag"):
            return self._side(sounds, self.real_kernel if self.mode == "real" else self.imag_kernel)
        real, imag = self._side(sounds, self.real_kernel), self._side(sounds, self.imag_kernel)
        if self.mode == "stft":
            return tf.concat([real, imag], axis=-1)
        if self.mode == "angle":
            return tf.atan2(imag, real)
        power = tf.square(real) + tf.square(imag)
        if self.mode == "psd":
            # One side stands for two, but for the ends.
            bins = self._size // 2 + 1
            twice = [1.0] + [2.0] * (bins - 2) + [1.0] * (bins > 1)
            return power * tf.constant(twice, dtype=power.dtype)
        magnitude = tf.sqrt(tf.maximum(power, 1e-14 if power.dtype != "float16" else 1e-7))
        return tf.math.log(magnitude) if self.mode == "log" else magnitude

"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.signal import dct as dct
from weft.api.signal import fftshift as fftshift
from weft.api.signal import frame as frame
from weft.api.signal import hamming_window as hamming_window
from weft.api.signal import hann_window as hann_window
from weft.api.signal import idct as idct
from weft.api.signal import ifftshift as ifftshift
from weft.api.signal import inverse_mdct as inverse_mdct
from weft.api.signal import inverse_stft as inverse_stft
from weft.api.signal import inverse_stft_window_fn as inverse_stft_window_fn
from weft.api.signal import kaiser_bessel_derived_window as kaiser_bessel_derived_window
from weft.api.signal import kaiser_window as kaiser_window
from weft.api.signal import linear_to_mel_weight_matrix as linear_to_mel_weight_matrix
from weft.api.signal import mdct as mdct
from weft.api.signal import mfccs_from_log_mel_spectrograms as mfccs_from_log_mel_spectrograms
from weft.api.signal import overlap_and_add as overlap_and_add
from weft.api.signal import stft as stft
from weft.api.signal import vorbis_window as vorbis_window

def fft(input: Any, name: str | None = ...) -> Any:
    """The Fourier transform over the last axis."""

def fft2d(input: Any, name: str | None = ...) -> Any:
    """The Fourier transform over the last two axes."""

def fft3d(input: Any, name: str | None = ...) -> Any:
    """The Fourier transform over the last three axes."""

def ifft(input: Any, name: str | None = ...) -> Any:
    """The inverse of the Fourier transform over the last axis."""

def ifft2d(input: Any, name: str | None = ...) -> Any:
    """The inverse of the Fourier transform over the last two axes."""

def ifft3d(input: Any, name: str | None = ...) -> Any:
    """The inverse of the Fourier transform over the last three axes."""

def irfft(input_tensor: Any, fft_length: Any = ..., name: str | None = ...) -> Any:
    """The inverse of the Fourier transform of real signals over the last axis."""

def irfft2d(input_tensor: Any, fft_length: Any = ..., name: str | None = ...) -> Any:
    """The inverse of the Fourier transform of real signals over the last two axes."""

def irfft3d(input_tensor: Any, fft_length: Any = ..., name: str | None = ...) -> Any:
    """The inverse of the Fourier transform of real signals over the last three axes."""

def rfft(input_tensor: Any, fft_length: Any = ..., name: str | None = ...) -> Any:
    """The Fourier transform of real signals over the last axis."""

def rfft2d(input_tensor: Any, fft_length: Any = ..., name: str | None = ...) -> Any:
    """The Fourier transform of real signals over the last two axes."""

def rfft3d(input_tensor: Any, fft_length: Any = ..., name: str | None = ...) -> Any:
    """The Fourier transform of real signals over the last three axes."""

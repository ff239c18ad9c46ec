"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.signal import dct as dct
from weft.api.signal import idct as idct

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

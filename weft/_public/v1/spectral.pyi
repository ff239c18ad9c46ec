"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

def dct(
    input: Any, type: int = ..., n: Any = ..., axis: int = ..., norm: str | None = ..., name: str | None = ...
) -> Any:
    """The discrete cosine transform over the last axis."""

def fft(input: Any, name: str | None = ...) -> Any:
    """The Fourier transform over the last axis."""

def fft2d(input: Any, name: str | None = ...) -> Any:
    """The Fourier transform over the last two axes."""

def fft3d(input: Any, name: str | None = ...) -> Any:
    """The Fourier transform over the last three axes."""

def idct(
    input: Any, type: int = ..., n: Any = ..., axis: int = ..., norm: str | None = ..., name: str | None = ...
) -> Any:
    """The inverse of `dct`; without `norm` up to the factor 2N (2 (N - 1) for type 1), as is customary."""

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

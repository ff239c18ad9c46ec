"""Kernels that compute short-time Fourier transforms as convolutions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain, nearest
from weft.keras.core.dtypes import standardize_dtype
from weft.keras.initializers import windows
from weft.keras.initializers.initializer import Initializer


def check_window(owner: str, window: str) -> None:
    """Refuses the name of no window.

    Raises:
        ValueError: Naming the owner, and the window that is next to it.
    """
    if window not in windows.WINDOWS:
        raise ValueError(explain(f"{owner}: `window` is {window!r}. {nearest(window, windows.WINDOWS)}"))


def window_values(owner: str, window: Any, length: int, periodic: bool) -> Any:
    """A window as float32 `[length]`.

    Args:
        owner: For the message.
        window: A name of `windows.WINDOWS`, a tensor or array, or None for none.
        length: Its length.
        periodic: Whether it goes on from its end at its beginning.

    Raises:
        ValueError: For another name or length.
    """
    if window is None:
        return tf.ones((length,))
    if isinstance(window, str):
        check_window(owner, window)
        return tf.constant(windows.of_length(window, length, periodic), "float32")
    found = tf.cast(tf.convert_to_tensor(window), "float32")
    if found.shape.rank != 1 or found.shape[0] != length:
        raise ValueError(explain(
            f"{owner}: a window must have one value a step.", expected=f"shape ({length},)",
            received=f"shape {found.shape}",
        ))  # fmt: skip
    return found


class STFT(Initializer):
    """A convolution's kernel that gives the real or imaginary parts of a short-time Fourier transform.

    Args:
        side: "real" or "imag".
        window: A window's name, such as "hann", "hamming" or "tukey", a tensor or sequence of numbers, or None.
        scaling: "density" (the window's squares have sum 1), "spectrum" (the window has sum 1) or None, as without a
            window.
        periodic: Whether the window is periodic.

    Example:
        >>> from weft import keras
        >>> keras.initializers.STFT("real", window=None, scaling=None)((4, 1, 3))[:, 0, 1].numpy().round(3).tolist()
        [1.0, 0.0, -1.0, -0.0]
    """

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False
    ) -> None:
        if side not in ("real", "imag"):
            raise ValueError(f"STFT: `side` is 'real' or 'imag', received {side!r}.")
        if scaling not in ("density", "spectrum", None):
            raise ValueError(f"STFT: `scaling` is 'density', 'spectrum' or None, received {scaling!r}.")
        if isinstance(window, str):
            check_window("STFT", window)
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The kernel `[frame length, 1, FFT length // 2 + 1]`."""
        length, channels, bins = (int(size) for size in shape)
        if channels != 1:
            raise ValueError(explain("STFT: the kernel has one channel.", received=f"shape {tuple(shape)}"))
        window = window_values("STFT", self.window, length, self.periodic)
        if self.window is None:
            pass
        elif self.scaling == "density":
            window = window / tf.sqrt(tf.reduce_sum(tf.square(window)))
        elif self.scaling == "spectrum":
            window = window / tf.reduce_sum(tf.abs(window))
        turn = tf.cast(tf.range(length), "float64")[:, None] * tf.cast(tf.range(bins), "float64")[None, :]
        angle = turn * (2.0 * math.pi / max(2 * (bins - 1), 1))
        waves = tf.cos(angle) if self.side == "real" else -tf.sin(angle)
        kernel = tf.cast(waves, "float32") * window[:, None]
        return tf.cast(tf.reshape(kernel, (length, 1, bins)), standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        window = self.window
        if window is not None and not isinstance(window, str):
            window = np.asarray(window).tolist()
        return {"side": self.side, "window": window, "periodic": self.periodic, "scaling": self.scaling}


STFTInitializer = STFT

"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.signal import inverse_stft_window_fn as inverse_stft_window_fn

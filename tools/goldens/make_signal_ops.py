"""TensorFlow's signal functions beyond those of tensor_ops: values and gradients."""

from __future__ import annotations

import _ops
import _store as store
import numpy as np

out = store.Store("signal_ops")
record = _ops.Recorder(out)
values = _ops.values


def transforms() -> None:
    z = (values("re", 2, 2, 3, 4) + 1j * values("im", 2, 2, 3, 4)).astype(np.complex64)
    record("fft3d", "signal.fft3d", z)
    record("ifft3d", "signal.ifft3d", z)
    record("fft_double", "signal.fft", z[0, 0].astype(np.complex128))
    record("ifft2d_double", "signal.ifft2d", z[0].astype(np.complex128))
    record("rfft3d", "signal.rfft3d", values("r3", 2, 2, 3, 4))
    # where the lengths differ from the sizes, TensorFlow's own gradient of these fails
    record("rfft2d_lengths", "signal.rfft2d", values("r2", 2, 3, 4), attrs={"fft_length": [4, 3]}, gradient=False)
    record("rfft_double", "signal.rfft", values("r1", 2, 5, dtype=np.float64))
    record("irfft2d", "signal.irfft2d", z[0])
    record("irfft2d_lengths", "signal.irfft2d", z[0], attrs={"fft_length": [3, 5]}, gradient=False)
    record("irfft3d", "signal.irfft3d", z)
    for name in ("fftshift", "ifftshift"):
        record(name, f"signal.{name}", values("shift", 3, 4, 5))
        record(f"{name}_axes", f"signal.{name}", values("shift", 3, 4, 5), attrs={"axes": [0, -1]})
        record(f"{name}_axis", f"signal.{name}", values("shift", 3, 4, 5), attrs={"axes": 2})


def frames() -> None:
    x = values("frames", 2, 11)
    record("frame", "signal.frame", x, attrs={"frame_length": 4, "frame_step": 2})
    record("frame_axis", "signal.frame", values("fa", 2, 9, 3), attrs={"frame_length": 3, "frame_step": 3, "axis": 1})
    record("frame_short", "signal.frame", x[:, :3], attrs={"frame_length": 4, "frame_step": 2})
    padded = {"frame_length": 3, "frame_step": 5, "pad_end": True, "pad_value": 7.0}
    record("frame_gaps_padded", "signal.frame", x, attrs=padded)
    record("frame_integers", "signal.frame", np.arange(9), attrs={"frame_length": 4, "frame_step": 1})
    for length, step in ((4, 2), (5, 2), (3, 3), (2, 5), (6, 1)):
        record(f"overlap_and_add_{length}_{step}", "signal.overlap_and_add", values("o", 2, 4, length), leading=(),
               attrs={"frame_step": step})  # fmt: skip
    record("overlap_and_add_integers", "signal.overlap_and_add", np.arange(12).reshape(3, 4), attrs={"frame_step": 3})


def windows() -> None:
    for name in ("hann_window", "hamming_window"):
        for length in (1, 2, 8):
            for periodic in (True, False):
                record(f"{name}_{length}_{periodic}", f"signal.{name}", leading=(length,), attrs={"periodic": periodic})
    for name in ("vorbis_window", "kaiser_window", "kaiser_bessel_derived_window"):
        for length in (2, 8):
            record(f"{name}_{length}", f"signal.{name}", leading=(length,))
    record("kaiser_window_odd", "signal.kaiser_window", leading=(7,), attrs={"beta": 4.0})
    record("kaiser_window_1", "signal.kaiser_window", leading=(1,))


def spectrograms() -> None:
    x = values("stft", 2, 20)
    short = {"frame_length": 6, "frame_step": 3}
    record("stft", "signal.stft", x, attrs=short)
    record("stft_padded", "signal.stft", x, attrs={**short, "fft_length": 16, "pad_end": True})
    record("stft_plain", "signal.stft", x, attrs={**short, "fft_length": 6, "window_fn": None})
    half = (values("isr", 2, 4, 5) + 1j * values("isi", 2, 4, 5)).astype(np.complex64)
    record("inverse_stft", "signal.inverse_stft", half, attrs=short)
    longer = {"frame_length": 10, "frame_step": 4, "fft_length": 8}
    record("inverse_stft_longer", "signal.inverse_stft", half, attrs=longer)
    record("inverse_stft_plain", "signal.inverse_stft", half, attrs={**short, "window_fn": None})
    record("mel", "signal.linear_to_mel_weight_matrix", leading=(5, 17, 8000, 125.0, 3800.0))
    record("mel_low", "signal.linear_to_mel_weight_matrix", leading=(8, 33, 16000, 0.0, 8000.0))
    record("mfcc", "signal.mfccs_from_log_mel_spectrograms", values("mfcc", 2, 3, 8))


def cosines() -> None:
    x = values("cosine", 2, 6)
    for kind in (1, 2, 3, 4):
        for norm in (None, "ortho") if kind > 1 else (None,):
            for name in ("dct", "idct"):
                record(f"{name}_{kind}_{norm}", f"signal.{name}", x, attrs={"type": kind, "norm": norm})
        record(f"dct_{kind}_cut", "signal.dct", x, attrs={"type": kind, "n": 4})
        record(f"dct_{kind}_longer", "signal.dct", x, attrs={"type": kind, "n": 9})
        record(f"dct_{kind}_double", "signal.dct", values("cosine", 2, 5, dtype=np.float64), attrs={"type": kind})
    for norm in (None, "ortho"):
        record(f"mdct_{norm}", "signal.mdct", values("mdct", 2, 24), attrs={"frame_length": 8, "norm": norm})
        record(f"inverse_mdct_{norm}", "signal.inverse_mdct", values("imdct", 2, 5, 4), attrs={"norm": norm})
    padded = {"frame_length": 8, "pad_end": True, "window_fn": None}
    record("mdct_padded", "signal.mdct", values("mdct", 2, 21), attrs=padded)
    record("inverse_mdct_plain", "signal.inverse_mdct", values("imdct", 2, 5, 4), attrs={"window_fn": None})


for part in (transforms, frames, windows, spectrograms, cosines):
    part()
out.save()

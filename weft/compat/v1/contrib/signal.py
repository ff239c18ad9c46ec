"""`tf.contrib.signal`: what `tf.signal` has been since, where it came from."""

from weft.compat.v1.signal import (  # noqa: F401
    frame,
    hamming_window,
    hann_window,
    inverse_stft,
    inverse_stft_window_fn,
    linear_to_mel_weight_matrix,
    mfccs_from_log_mel_spectrograms,
    overlap_and_add,
    stft,
)

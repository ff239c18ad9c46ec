"""Sequences of unequal lengths as one array."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.extend import explain, nearest


def pad_sequences(
    sequences: Any, maxlen: int | None = None, dtype: Any = "int32", padding: str = "pre", truncating: str = "pre",
    value: Any = 0.0,
) -> Any:  # fmt: skip
    """Brings sequences to one length.

    Args:
        sequences: Lists of numbers (or of arrays of one shape), each of its own length.
        maxlen: The length; that of the longest where None.
        dtype: The dtype of the result.
        padding: Where shorter ones are filled: `"pre"` or `"post"`.
        truncating: Where longer ones are cut: `"pre"` or `"post"`.
        value: What they are filled with.

    Returns:
        An array `[sequences, maxlen, …]`.

    Raises:
        ValueError: For sequences that are none, or whose entries differ in shape.

    Example:
        >>> from weft import keras
        >>> keras.utils.pad_sequences([[1], [2, 3, 4]], maxlen=2).tolist()
        [[0, 1], [3, 4]]
    """
    for name, mode in (("padding", padding), ("truncating", truncating)):
        if mode not in ("pre", "post"):
            raise ValueError(f"pad_sequences: `{name}` is {mode!r}. {nearest(str(mode), ('pre', 'post'))}")
    if not hasattr(sequences, "__len__"):
        raise ValueError(explain("pad_sequences takes a list of sequences.", received=type(sequences).__name__))
    for row, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ValueError(explain(
                f"pad_sequences: entry {row} is no sequence.", received=repr(sequence)[:100],
                hint="pass a list of lists, one for each sample",
            ))  # fmt: skip
    length = max((len(sequence) for sequence in sequences), default=0) if maxlen is None else int(maxlen)
    inner = next((np.asarray(sequence).shape[1:] for sequence in sequences if len(sequence)), ())
    kind = np.dtype(object) if dtype is object or (dtype == "object") else np.dtype(dtype)
    if isinstance(value, str) and kind.kind not in "OUS":
        raise ValueError(explain(
            f"pad_sequences: `dtype` {dtype} is not compatible with the type of `value`.", received=repr(value),
            hint="dtype=object keeps texts of any length",
        ))  # fmt: skip
    result = np.full((len(sequences), length, *inner), value, dtype=kind)
    for row, sequence in enumerate(sequences):
        if not len(sequence) or not length:
            continue
        kept = np.asarray(sequence[-length:] if truncating == "pre" else sequence[:length], dtype=kind)
        if kept.shape[1:] != inner:
            raise ValueError(explain(
                f"pad_sequences: the entries of sequence {row} have shape {kept.shape[1:]}, those before {inner}."
            ))  # fmt: skip
        if padding == "pre":
            result[row, length - len(kept) :] = kept
        else:
            result[row, : len(kept)] = kept
    return result

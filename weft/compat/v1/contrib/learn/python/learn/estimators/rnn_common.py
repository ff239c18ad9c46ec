"""What recurrent models have in common."""

from __future__ import annotations

from typing import Any

import weft


def select_last_activations(activations: Any, sequence_lengths: Any) -> Any:
    """The output at the end of each sequence, `[batch, size]`.

    Args:
        activations: `[batch, time, size]`.
        sequence_lengths: `[batch]`.
    """
    with weft.name_scope("select_last_activations"):
        x, lengths = weft.convert_to_tensor(activations), weft.convert_to_tensor(sequence_lengths)
        batch, time, size = (weft.shape(x)[axis] for axis in range(3))
        places = weft.range(batch) * time + (weft.cast(lengths, weft.int32) - 1)
        return weft.gather(weft.reshape(x, [-1, size]), places)

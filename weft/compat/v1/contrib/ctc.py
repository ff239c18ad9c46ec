"""`tf.contrib.ctc` of before version 1.0: what is in `tf.nn` since, with the scores before the labels."""

from __future__ import annotations

from typing import Any

from weft.compat.v1 import nn as _nn
from weft.compat.v1.nn import ctc_beam_search_decoder as ctc_beam_search_decoder
from weft.compat.v1.nn import ctc_greedy_decoder as ctc_greedy_decoder
from weft.runtime.sparse import SparseTensor


def ctc_loss(inputs: Any, labels: Any, sequence_length: Any, **options: Any) -> Any:
    """As `tf.nn.ctc_loss`, with the scores first; the labels, which are sparse, are told apart in either place."""
    if isinstance(inputs, SparseTensor):
        inputs, labels = labels, inputs
    return _nn.ctc_loss(labels, inputs, sequence_length, **options)

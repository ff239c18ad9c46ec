"""`tf.contrib.rnn`: recurrent cells and networks under their older names."""

from __future__ import annotations

from weft.compat.v1.rnn import static_bidirectional_rnn as static_bidirectional_rnn
from weft.compat.v1.rnn import static_rnn as static_rnn
from weft.compat.v1.rnn_cells import (  # noqa: F401
    BasicLSTMCell,
    BasicRNNCell,
    DeviceWrapper,
    DropoutWrapper,
    GRUCell,
    LayerRNNCell,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
    OutputProjectionWrapper,
    ResidualWrapper,
    RNNCell,
)

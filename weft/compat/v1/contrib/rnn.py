"""`tf.contrib.rnn`: recurrent cells and networks under their older names."""

from __future__ import annotations

from weft.compat.v1.contrib.rnn_cells import (  # noqa: F401
    AttentionCellWrapper,
    Conv1DLSTMCell,
    Conv2DLSTMCell,
    Conv3DLSTMCell,
    ConvLSTMCell,
)
from weft.compat.v1.rnn import static_bidirectional_rnn as static_bidirectional_rnn
from weft.compat.v1.rnn import static_rnn as static_rnn
from weft.compat.v1.rnn_blocks import (  # noqa: F401
    FusedRNNCell,
    FusedRNNCellAdaptor,
    GRUBlockCell,
    GRUBlockCellV2,
    LayerNormBasicLSTMCell,
    LSTMBlockCell,
    LSTMBlockFusedCell,
    TimeReversedFusedRNN,
    stack_bidirectional_dynamic_rnn,
    stack_bidirectional_rnn,
)
from weft.compat.v1.rnn_cells import (  # noqa: F401
    BasicLSTMCell,
    BasicRNNCell,
    DeviceWrapper,
    DropoutWrapper,
    EmbeddingWrapper,
    GRUCell,
    InputProjectionWrapper,
    LayerRNNCell,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
    OutputProjectionWrapper,
    ResidualWrapper,
    RNNCell,
)

"""`tf.queue`: queues of tensors."""

from weft.compat.v1.queues import FIFOQueue as FIFOQueue
from weft.compat.v1.queues import PaddingFIFOQueue as PaddingFIFOQueue
from weft.compat.v1.queues import PriorityQueue as PriorityQueue
from weft.compat.v1.queues import QueueBase as QueueBase
from weft.compat.v1.queues import RandomShuffleQueue as RandomShuffleQueue

"""Written by tools/make_stubs.py; do not edit."""

from weft.api.queues import FIFOQueue as FIFOQueue
from weft.api.queues import PaddingFIFOQueue as PaddingFIFOQueue
from weft.api.queues import PriorityQueue as PriorityQueue
from weft.api.queues import QueueBase as QueueBase
from weft.api.queues import RandomShuffleQueue as RandomShuffleQueue

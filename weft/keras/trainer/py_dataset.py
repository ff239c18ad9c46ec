"""`keras.utils.PyDataset`: batches by number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from weft.extend import explain


class PyDataset:
    """Data that are too large or too special for arrays. Subclasses say what batch number `index` is.

    Args:
        workers: With more than one, so many threads make batches ahead while a model works; they are used in the same
            order. `__getitem__` is then called by several threads at once, and again for batches that an epoch did not
            come to: results are the same as with one where it depends on `index` and what `on_epoch_end` left alone.
        use_multiprocessing: As given: batches of such a dataset are made one by one where they are used.
        max_queue_size: How many batches are made ahead at most.

    Example:
        >>> import numpy as np
        >>> from weft import keras
        >>> class Squares(keras.utils.PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         x = np.array([[index]], "float32")
        ...         return x, x ** 2
        >>> len(Squares())
        3
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Batch number `index`: x, (x, y) or (x, y, sample_weight)."""
        raise NotImplementedError(explain(f"{type(self).__name__} has no __getitem__(index)."))

    @property
    def num_batches(self) -> int | None:
        """How many batches there are; None where there is no end."""
        length = getattr(self, "__len__", None)
        return int(length()) if length is not None else None

    def on_epoch_end(self) -> None:
        """After an epoch."""

    def on_epoch_begin(self) -> None:
        """Before an epoch."""

    def __iter__(self) -> Iterator[Any]:
        count, place = self.num_batches, 0
        while count is None or place < count:
            yield self[place]
            place += 1

"""Sequences of unequal lengths, windows of a series, pairs of neighbouring words."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.extend import explain, word_absent
from weft.keras.trainer.py_dataset import PyDataset
from weft.keras.utils.sequences import pad_sequences


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series, each with the target of the step that follows it.

    `keras.utils.timeseries_dataset_from_array` is what Keras 3 has in its place.

    Args:
        data: The series, one step a row.
        targets: A target for each step.
        length: How many steps a window reaches back.
        sampling_rate: From which of these one is taken: every one, every second, …
        stride: How far windows lie apart.
        start_index: Earlier steps are left out.
        end_index: Later steps are left out.
        shuffle: Whether windows are drawn at random.
        reverse: Whether the latest step comes first.
        batch_size: The number of windows in a batch.
        **kwargs: As for PyDataset.

    Raises:
        ValueError: For data and targets of different lengths, and where no window fits.

    Example:
        >>> import numpy as np
        >>> from weft import keras
        >>> series = np.arange(6)
        >>> windows = keras.preprocessing.sequence.TimeseriesGenerator(series, series * 10, length=2, batch_size=2)
        >>> [part.tolist() for part in windows[0]], len(windows)
        ([[[0, 1], [1, 2]], [20, 30]], 2)
    """

    def __init__(
        self, data: Any, targets: Any, length: int, sampling_rate: int = 1, stride: int = 1, start_index: int = 0,
        end_index: int | None = None, shuffle: bool = False, reverse: bool = False, batch_size: int = 128,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise ValueError(explain(
                "TimeseriesGenerator: each step of `data` needs one of `targets`.",
                received=f"{len(data)} and {len(targets)}",
            ))  # fmt: skip
        self.data, self.targets, self.length = data, targets, length
        self.sampling_rate, self.stride, self.batch_size = sampling_rate, stride, batch_size
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse = shuffle, reverse
        if self.start_index > self.end_index:
            raise ValueError(explain(
                f"TimeseriesGenerator: a window of {length} steps does not fit between the first and the last one.",
                received=f"start_index={start_index}, end_index={self.end_index}",
            ))  # fmt: skip

    def __len__(self) -> int:
        reach = self.batch_size * self.stride
        return (self.end_index - self.start_index + reach) // reach

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        reach = self.batch_size * self.stride
        begin = self.start_index + reach * index
        ends = np.arange(begin, min(begin + reach, self.end_index + 1), self.stride)
        if self.shuffle:
            ends = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        windows = np.array([self.data[end - self.length : end : self.sampling_rate] for end in ends])
        return windows[:, ::-1] if self.reverse else windows, np.array([self.targets[end] for end in ends])


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """With which probability `skipgrams` takes the word of each rank, if words are as frequent as Zipf says.

    Args:
        size: The number of words.
        sampling_factor: How much the frequent ones are thinned out.

    Returns:
        `[size]`.

    Source: Mikolov et al. 2013, for frequencies 1 / (rank · (ln rank + 0.577) + 1/2 - 1/(12 · rank)).
    """
    rank = np.maximum(np.arange(size), 1)
    rarity = sampling_factor * (rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank))
    return np.minimum(1.0, np.sqrt(rarity))


def skipgrams(
    sequence: Sequence[int], vocabulary_size: int, window_size: int = 4, negative_samples: float = 1.0,
    shuffle: bool = True, categorical: bool = False, sampling_table: Any = None, seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:  # fmt: skip
    """Pairs of words that stand near one another, and as many that were drawn at random.

    Args:
        sequence: The words' numbers; 0 is no word.
        vocabulary_size: One more than the greatest number.
        window_size: How far apart the words of a pair may be.
        negative_samples: How many random pairs for each true one.
        shuffle: Whether pairs come in a random order.
        categorical: Whether labels are [0, 1] and [1, 0] in place of 1 and 0.
        sampling_table: With which probability a word of each number is looked at.
        seed: Makes the order the same every time.

    Returns:
        Pairs, and their labels.
    """
    true, false = ([0, 1], [1, 0]) if categorical else (1, 0)
    couples: list[list[int]] = []
    for place, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        window = range(max(0, place - window_size), min(len(sequence), place + window_size + 1))
        couples += [[word, sequence[other]] for other in window if other != place and sequence[other]]
    labels: list[Any] = [true] * len(couples)
    if negative_samples > 0:
        words = [first for first, _ in couples]
        random.shuffle(words)
        more = int(len(couples) * negative_samples)
        couples += [[words[n % len(words)], random.randint(1, vocabulary_size - 1)] for n in range(more)]
        labels += [false] * more
    if shuffle:
        seed = random.randint(0, 10**7) if seed is None else seed
        random.Random(seed).shuffle(couples)
        random.Random(seed).shuffle(labels)
    return couples, labels


word_absent(globals(), "keras.preprocessing.sequence")

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]

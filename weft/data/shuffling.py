"""Plans that draw random numbers: shuffled elements, random integers, datasets to draw from.

Seeds, generators and the shuffle's buffer are those of TensorFlow's pipelines, so that under one seed elements come in
one order. A pass has a pair of seeds; a generator of 32-bit words is the Philox stream that the first seed is the key
of and the second the upper half of the counter.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from weft.base.errors import InvalidArgumentError, explain
from weft.data.functions import StructuredFunction, called
from weft.data.nodes import INFINITE, UNKNOWN, Derived, Flat, Node, Rows, one_by_one
from weft.data.structure import value_of
from weft.ops import philox
from weft.runtime import random as streams
from weft.runtime.spec import TensorSpec

_AT_ONCE = 4096  # so many words are drawn together
_BOTH_ZERO = (0, (1 << 31) - 1)  # zeros would mean that nothing is seeded


class Words:
    """The 32-bit words of a pair of seeds, one after the other."""

    def __init__(self, seeds: Sequence[int], first: int = 0) -> None:
        low, high = (int(seed) & ((1 << 64) - 1) for seed in seeds)
        self._key = np.array([low & 0xFFFFFFFF, low >> 32], np.uint32)
        self._counter = (high << 64) + first // 4
        self._ready = self._more(4)[first % 4 :] if first % 4 else np.empty(0, np.uint32)

    def _more(self, count: int) -> Any:
        counter = [self._counter >> shift & 0xFFFFFFFF for shift in (0, 32, 64, 96)]
        self._counter += count // 4
        return philox.words(self._key, np.array(counter, np.uint32), count)

    def take(self, count: int) -> Any:
        """The next words: uint32 `[count]`."""
        missing = count - len(self._ready)
        if missing > 0:
            self._ready = np.concatenate([self._ready, self._more(-(-missing // _AT_ONCE) * _AT_ONCE)])
        found, self._ready = self._ready[:count], self._ready[count:]
        return found

    def numbers(self) -> Iterator[int]:
        """The next words, one after the other."""
        while True:
            yield from self.take(_AT_ONCE).tolist()


class Seeds:
    """Gives a pair of seeds for each pass.

    Args:
        seed: The user's; None for one that differs from run to run unless a global one is set.
        anew: Whether each pass gets another pair.
    """

    replaceable = True

    def __init__(self, seed: Any, anew: bool) -> None:
        # an op of TensorFlow's would draw here too, so that what is drawn later stays the same
        seeds = streams.op_seeds(seed)
        self._seeded = seeds is not None
        self._base: tuple[int, ...] = _unseeded() if seeds is None else seeds
        self._anew = anew
        self._passes = 0

    def restarted(self) -> Seeds:
        """The same before its first pass; where nothing is seeded, others."""
        made = Seeds.__new__(Seeds)
        made.__dict__.update(self.__dict__, _passes=0)
        if not self._seeded:
            made._base = _unseeded()
        return made

    def begun(self, base: Sequence[int], passes: int) -> Seeds:
        """The same with another seed, after so many passes."""
        made = Seeds.__new__(Seeds)
        made.__dict__.update(self.__dict__, _base=tuple(base), _passes=passes)
        return made

    def words(self) -> Words:
        """The words for the next pass."""
        base = _BOTH_ZERO if tuple(self._base) == (0, 0) else self._base
        number = self._passes
        self._passes += 1
        return Words(Words(base, 2 * number).take(2).tolist() if self._anew else base)


def _unseeded() -> tuple[int, ...]:
    return tuple(int.from_bytes(streams.unpredictable(8), "little") for _ in range(2))


class RandomNumbers(Node):
    """Uniform integers below 2 to the 32nd, without end."""

    label = "_RandomDataset"

    def __init__(self, seed: Any, dtype: Any, anew: bool) -> None:
        self.seeds = Seeds(seed, anew)
        self.dtype = dtype
        self.spec = TensorSpec((), dtype)

    def cardinality(self) -> int:
        return INFINITE

    def iterate(self) -> Iterator[Flat]:
        words = self.seeds.words()
        while True:
            for value in words.take(64).astype(self.dtype.numpy):
                yield [np.asarray(value)]


class Shuffle(Derived):
    """Draws each element from a buffer of the next ones."""

    label = "_ShuffleDataset"

    def __init__(self, source: Node, size: Any, seed: Any, anew: bool) -> None:
        super().__init__(source)
        self.size = size
        if isinstance(size, int) and size < 1 and size != UNKNOWN:
            raise InvalidArgumentError(
                explain(
                    "Dataset.shuffle: `buffer_size` must be positive.",
                    received=str(size),
                    hint="dataset.cardinality() shuffles all of a dataset whose length is known",
                )  # fmt: skip
            )
        self.seeds = Seeds(seed, anew)

    def _size(self) -> int:
        size = value_of(self.size)
        return size if size > 0 else 1 << 62

    def iterate(self) -> Iterator[Flat]:
        rows = self.rows()
        if rows is not None:
            return one_by_one(rows)
        return shuffled(self.source.iterate(), self._size(), self.seeds.words())

    def rows(self) -> Rows | None:
        rows = self.source.rows()
        if rows is None:
            return None

        def blocks() -> Iterator[Any]:
            words, size, found = self.seeds.words(), self._size(), rows.blocks()
            first: list[Any] = []
            count = 0
            while count <= size and (block := next(found, None)) is not None:
                first.append(block)
                count += len(block)
            if count <= size:
                yield reordered(np.concatenate([*first, np.empty(0, np.int64)]).astype(np.int64), words)
                return
            numbers = (number for block in itertools.chain(first, found) for number in block.tolist())
            given = shuffled(numbers, size, words)
            while len(block := np.fromiter(itertools.islice(given, _AT_ONCE), np.int64)):
                yield block

        return Rows(rows.columns, blocks)


def shuffled(items: Iterator[Any], size: int, words: Words) -> Iterator[Any]:
    """Items, each drawn from the next `size` that are left.

    The buffer is a ring. What is drawn is replaced by the item at the ring's start, whose place the next item takes.
    """
    ring = list(itertools.islice(items, size))
    start, whole = 0, len(ring)
    numbers = words.numbers()
    if whole == size:
        for item, number in zip(items, numbers, strict=False):  # one is drawn for each that comes
            place = (start + number % size) % size
            found, ring[place], ring[start] = ring[place], ring[start], item
            yield found
            start = (start + 1) % size
    for left in range(whole, 0, -1):
        place = (start + next(numbers) % left) % whole
        found, ring[place], ring[start] = ring[place], ring[start], None
        yield found
        start = (start + 1) % whole


def reordered(numbers: Any, words: Words) -> Any:
    """Row numbers in the order of `shuffled` with a buffer that holds all of them."""
    count = len(numbers)
    order = numbers.tolist()
    places = np.arange(count) + words.take(count) % np.arange(count, 0, -1)
    for place, other in enumerate(places.tolist()):
        order[place], order[other] = order[other], order[place]
    return np.array(order, numbers.dtype)


class Resample(Derived):
    """Leaves out elements so that classes come as often as they are to; gives pairs of class and element.

    With p the shares of the classes, t those that are wanted and r = t / p: an element of class c is passed on with
    probability min(r) whatever it is, and otherwise until one is with probability (r_c - min(r)) / (max(r) - min(r)).
    """

    label = "_RejectionResampleDataset"

    def __init__(self, source: Node, classes: StructuredFunction, target: Any, initial: Any, seeds: Seeds) -> None:
        super().__init__(source)
        found = classes.spec
        if not (isinstance(found, TensorSpec) and found.dtype.is_integer and found.shape.rank in (0, None)):
            raise TypeError(explain("Dataset.rejection_resample: `class_func` must return a single integer.",
                                    received=repr(found), hint="tf.cast(label, tf.int32)"))  # fmt: skip
        self.classes, self.target, self.initial, self.seeds = classes, target, initial, seeds
        self.spec = (found, source.spec)
        self.works = True

    def cardinality(self) -> int:
        return UNKNOWN

    def iterate(self) -> Iterator[Flat]:
        chances = (word / (1 << 32) for word in self.seeds.words().numbers())
        counts = np.ones(len(self.target))
        seeking = False
        for place, flat in enumerate(self.source.iterate()):
            kind = called(self.classes, place, flat)[0]
            if not 0 <= int(kind) < len(counts):
                raise InvalidArgumentError(explain("Dataset.rejection_resample: a class lies outside of the shares.",
                                                   expected=f"0 to {len(counts) - 1}", received=str(kind)))  # fmt: skip
            counts[int(kind)] += 1
            share = counts / counts.sum() if self.initial is None else self.initial
            ratio = self.target / np.maximum(share, 1e-12)
            least, most = float(ratio[share > 0].min()), float(ratio[share > 0].max())
            if not seeking:  # whether the next is passed on whatever it is
                seeking = next(chances) >= least
                if not seeking:
                    yield [kind, *flat]
                    continue
            if next(chances) * (most - least) < ratio[int(kind)] - least:
                seeking = False
                yield [kind, *flat]

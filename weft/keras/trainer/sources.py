"""Where batches come from: arrays, generators, `PyDataset`s, anything that can be iterated."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from typing import Any

import numpy as np

import weft as tf
from weft import extend
from weft.extend import explain
from weft.keras.random.seed_generator import make_default_seed
from weft.keras.trainer import arrays
from weft.keras.trainer.py_dataset import PyDataset
from weft.keras.trainer.uneven import Rows
from weft.keras.trainer.workers import ahead_of

DEFAULT_BATCH_SIZE = 32

#: how many batches of a generator Keras takes to learn their shapes, and gives again when it is validated with anew
_GIVEN_AGAIN = 2


class Source:
    """Batches of (x, y, sample_weight), epoch after epoch.

    Attributes:
        steps: How many batches an epoch has; None where nobody knows.
        batch_size: Samples in a batch; None where nobody knows.
        repeats: Whether it can be gone through again.
    """

    steps: int | None = None
    batch_size: int | None = None
    repeats = True

    def batches(self) -> Iterator[Any]:
        """The batches of one epoch."""
        raise NotImplementedError

    def on_epoch_begin(self) -> None:
        """Before an epoch."""

    def on_epoch_end(self) -> None:
        """After an epoch, and before the first one."""

    def sample_number(self, row: int) -> int | None:
        """Which sample a row of the latest batch is; None where nobody knows."""
        return None

    def whole(self) -> tuple[Any, Any, int] | None:
        """An epoch's arrays, the order of rows (None: as they lie) and the size of a batch; None for other data."""
        return None

    def put_back(self) -> None:
        """Of an epoch taken as a whole that is not run so: its batches are asked for one by one after all."""

    def seek(self, number: int) -> None:
        """Of an epoch taken as a whole: says which batch is the latest."""

    def order_state(self, before: bool) -> Any:
        """What the order of the next epoch is drawn from (`before`: of the latest one), as JSON; None without one."""
        return None

    def restore_order(self, state: Any) -> None:
        """Lets the next epoch have the order that is drawn from a state."""

    def example(self) -> Any:
        """Data of one sample as a batch; None where there is none before the first batch."""
        return None


class ArraySource(Source):
    """Batches of arrays in memory.

    Args:
        x: A structure of arrays of one length.
        y: Likewise, or None.
        sample_weight: Likewise, or None.
        rows: That length.
        batch_size: Samples in a batch.
        shuffle: Whether each epoch draws a new order; "batch" draws one of batches.
    """

    def __init__(self, x: Any, y: Any, sample_weight: Any, rows: int, batch_size: int | None, shuffle: Any) -> None:
        self._data = (x, y, sample_weight)
        self._rows = rows
        self.batch_size = min(batch_size or DEFAULT_BATCH_SIZE, rows)
        self.steps = math.ceil(rows / self.batch_size)
        self._shuffle = shuffle
        self._latest: Any = ()
        self._all: Any = None
        self._put_back: Any = None
        self._generator = np.random.Generator(np.random.PCG64(make_default_seed())) if shuffle else None
        self._before: Any = None  # the generator's state before it drew the latest order

    def order_state(self, before: bool) -> Any:
        """The state of the generator that draws the order."""
        if self._generator is None:
            return None
        return self._before if before else self._generator.bit_generator.state

    def restore_order(self, state: Any) -> None:
        """Sets the generator that draws the order."""
        if self._generator is not None and state is not None:
            self._generator.bit_generator.state = state

    def example(self) -> Any:
        """The first sample."""
        return arrays.map_arrays(lambda array: array[:1], self._data)

    def batches(self) -> Iterator[Any]:
        """The batches of one epoch; in order they are views of the arrays."""
        size: Any = self.batch_size
        if self._generator is None:
            for start in range(0, self._rows, size):
                rows = slice(start, start + size)
                self._latest = range(start, min(start + size, self._rows))
                yield arrays.map_arrays(lambda array, rows=rows: array[rows], self._data)
            return
        order = self._order(size) if self._put_back is None else self._put_back
        self._put_back = None
        for start in range(0, self._rows, size):
            chosen = self._latest = order[start : start + size]
            yield arrays.map_arrays(lambda array, chosen=chosen: _rows(array, chosen), self._data)

    def whole(self) -> tuple[Any, Any, int] | None:
        """An epoch's arrays, the order of rows and the size of a batch; None where rows do not lie one by one."""
        found = [array for _, array in arrays.leaves(self._data, "x") if array is not None]
        if not all(type(array) is np.ndarray and array.flags.c_contiguous and array.dtype.kind in "fiub"
                   for array in found):  # fmt: skip
            return None  # whole arrays are not copied
        order = self._all = None if self._generator is None else self._order(self.batch_size or 1)
        return self._data, order, self.batch_size or 1

    def put_back(self) -> None:
        """Lets batches come one by one in the order of the epoch that was just taken as a whole."""
        self._put_back = self._all

    def seek(self, number: int) -> None:
        """Says which batch of the epoch that was taken as a whole is the latest."""
        size = self.batch_size or 1
        rows = range(self._rows) if self._all is None else self._all
        self._latest = rows[number * size : (number + 1) * size]

    def sample_number(self, row: int) -> int | None:
        """Which sample a row of the latest batch is."""
        return int(self._latest[row]) if row < len(self._latest) else None

    def _order(self, size: int) -> Any:
        assert self._generator is not None
        self._before = self._generator.bit_generator.state
        if self._shuffle != "batch":
            return self._generator.permutation(self._rows)
        # Batches change places, samples stay together; an incomplete last batch stays last.
        whole = self._rows // size
        blocks = np.arange(whole * size).reshape(whole, size)[self._generator.permutation(whole)]
        return np.concatenate([blocks.reshape(-1), np.arange(whole * size, self._rows)])


def _rows(array: Any, chosen: Any) -> Any:
    return array.take(chosen) if isinstance(array, Rows) else extend.gather_rows(array, chosen)


class IterableSource(Source):
    """Batches from an iterable: a generator, a dataset, a `PyDataset`.

    Args:
        iterable: Gives batches.
        finish: Makes (x, y, sample_weight) of a batch.
        shuffle: For `PyDataset`: whether batches change places.
        checked: A method of the model, where its workers all have to be given the same batches.
    """

    def __init__(self, iterable: Any, finish: Callable[[Any], Any], shuffle: Any = False, checked: str = "") -> None:
        self._iterable = iterable
        self._finish = finish
        self._shuffle = shuffle
        self._checked = checked
        self._is_dataset = isinstance(iterable, PyDataset) or _is_sequence(iterable)
        self._ahead = ahead_of(iterable) if self._is_dataset else None
        self.repeats = self._is_dataset or iter(iterable) is not iterable
        self._first: list[Any] | None = None
        self._told = False
        self.steps = self._count()

    def _count(self) -> int | None:
        if isinstance(self._iterable, PyDataset):
            return self._iterable.num_batches
        cardinality = getattr(self._iterable, "cardinality", None)
        if callable(cardinality):
            found = int(cardinality())
            return found if found >= 0 else None
        try:
            return len(self._iterable)
        except TypeError:
            return None

    def batches(self) -> Iterator[Any]:
        """The batches of one epoch."""
        if not self._checked or not extend.work_is_shared_by_processes():
            yield from self._own_batches()
            return
        running = self._own_batches()
        while require_alike(self._checked, batch := next(running, None)):
            yield batch

    def _own_batches(self) -> Iterator[Any]:
        if not self._is_dataset:
            yield from map(self._finish, self._iterable) if self._first is None else self._going_on(self._first)
            return
        numbers: Iterable[int] = count()
        if self.steps is not None:
            order = np.arange(self.steps)
            if self._shuffle:
                np.random.Generator(np.random.PCG64(make_default_seed())).shuffle(order)
            numbers = order.tolist()
        made = map(self._iterable.__getitem__, numbers) if self._ahead is None else self._ahead.batches(numbers)
        yield from map(self._finish, made)

    def keep_first(self) -> None:
        """From now on, a generator that is gone through again gives its first two batches again and then goes on.

        Keras does so between epochs and between evaluations: with up to two `validation_steps`, the same batches count
        each time.
        """
        if not self.repeats and self._first is None:
            self._first = []
            self.repeats = True

    def _going_on(self, first: list[Any]) -> Iterator[Any]:
        again, more = len(first), False
        yield from list(first)
        for data in self._iterable:
            more = True
            batch = self._finish(data)
            if len(first) < _GIVEN_AGAIN:
                first.append(batch)
            yield batch
        if again and not more and not self._told:
            self._told = True
            _log(
                "The data ran out: no batch is left for another epoch, which therefore had but the first "
                f"{again} again, as in Keras. Give fewer epochs, or an iterable that can be gone through again."
            )

    def on_epoch_begin(self) -> None:
        """Tells a dataset that wants to know."""
        if self._ahead is not None:
            self._ahead.forget()
        if hasattr(self._iterable, "on_epoch_begin"):
            self._iterable.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Tells a dataset that wants to know."""
        if self._ahead is not None:
            self._ahead.forget()
        if hasattr(self._iterable, "on_epoch_end"):
            self._iterable.on_epoch_end()


def _is_sequence(value: Any) -> bool:
    return hasattr(value, "__getitem__") and hasattr(value, "__len__") and hasattr(value, "on_epoch_end")


def unpack(data: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of a batch: a tuple of up to three, or x alone."""
    if isinstance(data, list):
        data = tuple(data) if len(data) in (2, 3) and not arrays.is_plain_list(data) else data
    if not isinstance(data, tuple) or hasattr(data, "_fields"):
        return data, None, None
    if len(data) == 1:
        return data[0], None, None
    if len(data) == 2:
        return data[0], data[1], None
    if len(data) == 3:
        return data[0], data[1], data[2]
    raise ValueError(explain(
        f"A batch must be x, (x, y) or (x, y, sample_weight); received a tuple of {len(data)}.",
        hint="put several inputs into a tuple or dict of their own: ((input_1, input_2), y)",
    ))  # fmt: skip


def pack(data: tuple[Any, Any, Any]) -> Any:
    """What a step is given for a batch: without the labels and weights that there are none of.

    Overridden steps say `x, y = data`, so a missing weight must not be a third entry. An x alone is not wrapped,
    unless it is a sequence itself and would be taken for (x, y).
    """
    x, y, sample_weight = data
    if sample_weight is not None:
        return data
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (tuple, list)) else x


def _convert_batch(structure: Any, name: str) -> Any:
    """A batch's arrays; tensors stay tensors."""
    if structure is None or tf.is_tensor(structure):
        return structure
    if arrays.is_leaf(structure):
        found = arrays.as_array(structure, name)
        return found[:] if isinstance(found, Rows) else found
    if isinstance(structure, dict):
        return {key: _convert_batch(value, f"{name}[{key!r}]") for key, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        found = [_convert_batch(value, f"{name}[{place}]") for place, value in enumerate(structure)]
        return type(structure)(*found) if hasattr(structure, "_fields") else type(structure)(found)
    return arrays.convert(structure, name)


def is_iterable_of_batches(x: Any) -> bool:
    """Whether `x` gives batches, rather than being data."""
    if x is None or arrays.is_leaf(x) or isinstance(x, (list, tuple, dict)):
        return False
    return isinstance(x, PyDataset) or hasattr(x, "__iter__") or _is_sequence(x)


def make_source(
    method: str, x: Any, y: Any = None, sample_weight: Any = None, batch_size: int | None = None, shuffle: Any = False,
    class_weight: dict[Any, float] | None = None,
) -> Source:  # fmt: skip
    """A source of what was passed to `fit`, `evaluate` or `predict`.

    Args:
        method: Which of them, for messages.
        x: Data or an iterable of batches.
        y: Labels.
        sample_weight: Weights.
        batch_size: Samples in a batch.
        shuffle: Whether samples change places in each epoch.
        class_weight: Class → weight.

    Raises:
        ValueError: For data that do not go together, or are empty.
    """
    if is_iterable_of_batches(x):
        shared = extend.among_processes(x)
        checked = shared is x and not isinstance(x, tf.data.Dataset)  # datasets are shared out by their options
        x = shared
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise ValueError(explain(
                    f"{method}(): `{name}` cannot be given beside an iterable of batches.",
                    received=f"x of class {type(x).__name__}",
                    hint="let it give (x, y) or (x, y, sample_weight) itself",
                ))  # fmt: skip
        if batch_size is not None and isinstance(x, PyDataset):
            raise ValueError(
                explain(f"{method}(): `batch_size` cannot be given for a dataset that makes its own batches.")
            )
        return IterableSource(x, lambda data: _finish(method, data, class_weight), shuffle, method if checked else "")
    if x is None:
        raise ValueError(
            explain(f"{method}() needs data.", hint=f"model.{method}(x, y) with arrays, or with an iterable of batches")
        )
    if batch_size is not None and (isinstance(batch_size, bool) or int(batch_size) != batch_size or batch_size < 1):
        raise ValueError(explain(f"{method}(): `batch_size` must be a positive integer.", received=repr(batch_size)))
    x, y = arrays.convert(x, "x"), arrays.convert(y, "y")
    sample_weight = arrays.convert(sample_weight, "sample_weight")
    require_alike(method, (x, y, sample_weight))
    rows = arrays.count_rows(x, y, sample_weight, method)
    sample_weight = with_class_weights(method, y, sample_weight, class_weight)
    return ArraySource(x, y, sample_weight, rows, batch_size, shuffle)


def require_alike(method: str, data: Any) -> bool:
    """Sees to it that all of several workers have been given the same data.

    Args:
        method: Of the model, for the message.
        data: The arrays; None where there are no more.

    Returns:
        Whether there are any.

    Raises:
        ValueError: Where they differ.
    """
    if not extend.work_is_shared_by_processes():
        return data is not None
    plain = (array for _, array in arrays.leaves(data, "x") if array is not None and not isinstance(array, Rows))
    return extend.require_alike(f"{method}()", None if data is None else list(plain))


def with_class_weights(method: str, y: Any, sample_weight: Any, class_weight: dict[Any, float] | None) -> Any:
    """The samples' weights: those given, or those of their classes.

    Args:
        method: Of the model, for messages.
        y: Labels.
        sample_weight: Weights of samples, or None.
        class_weight: Class → weight, or None.

    Raises:
        ValueError: Where both are given, as in Keras.
    """
    if class_weight is None:
        return sample_weight
    if sample_weight is not None:
        raise ValueError(explain(
            f"{method}(): `class_weight` and `sample_weight` cannot be given together.",
            hint="multiply them yourself: sample_weight=sample_weight * np.vectorize(class_weight.get)(y)",
        ))  # fmt: skip
    return arrays.class_weights(y, class_weight)


def _finish(method: str, data: Any, class_weight: dict[Any, float] | None) -> Any:
    x, y, sample_weight = unpack(data)
    x, y = _convert_batch(x, "x"), _convert_batch(y, "y")
    return x, y, with_class_weights(method, y, _convert_batch(sample_weight, "sample_weight"), class_weight)


def split(x: Any, y: Any, sample_weight: Any, share: float) -> tuple[Any, Any]:
    """The data before and after a cut that leaves a share of them behind it.

    Args:
        x: Data.
        y: Labels, or None.
        sample_weight: Weights, or None.
        share: From 0 to 1.

    Returns:
        (x, y, sample_weight) for training, and for validation.
    """
    if not 0 < share < 1:
        raise ValueError(explain("fit(): `validation_split` must be between 0 and 1.", received=repr(share)))
    if is_iterable_of_batches(x):
        raise ValueError(explain(
            "fit(): `validation_split` needs arrays.", received=f"x of class {type(x).__name__}",
            hint="give validation_data= another iterable of batches",
        ))  # fmt: skip
    data = arrays.convert(x, "x"), arrays.convert(y, "y"), arrays.convert(sample_weight, "sample_weight")
    rows = arrays.count_rows(*data, "fit")
    cut = math.floor(rows * (1.0 - share))
    if cut == 0 or cut == rows:
        raise ValueError(explain(
            f"fit(): validation_split={share} of {rows} samples leaves none for "
            f"{'training' if cut == 0 else 'validation'}."
        ))  # fmt: skip
    return (
        tuple(arrays.map_arrays(lambda array: array[:cut], part) for part in data),
        tuple(arrays.map_arrays(lambda array: array[cut:], part) for part in data),
    )


class Loop:
    """Batches for epochs of a set number of steps, however many the source has.

    Args:
        source: Where they come from.
        steps: How many batches an epoch takes; all where None.
        stride: How many of them run in one call: as in Keras, calls are not cut short for the number of steps.
    """

    def __init__(self, source: Source, steps: int | None, stride: int = 1) -> None:
        self._source = source
        self._given = steps
        self._steps = None if steps is None else -(-steps // stride) * stride
        self._running: Iterator[Any] | None = None
        self._first: tuple[int, int] | None = None
        #: how many batches of the latest epoch were done before
        self.left_out = 0
        self._rest: Iterator[Any] | None = None
        self._latest: Any = None

    def example(self) -> Any:
        """Some data as a batch, to build from; None where there are none before the first batch."""
        return self._source.example() if self._latest is None else self._latest

    def order_state(self, before: bool) -> Any:
        """What the order of the next epoch is drawn from (`before`: of the latest one)."""
        return self._source.order_state(before)

    @property
    def overlaps(self) -> bool:
        """Whether the next batch may be fetched before it is known that the one before was right."""
        return isinstance(self._source, IterableSource)  # others tell which sample of the latest batch was wrong

    @property
    def replays(self) -> bool:
        """Whether the place in the data can only be found by going through them again."""
        return self._steps is not None or isinstance(self._source, IterableSource)

    def resume(self, epoch: int, batch: int, order: Any, done: int) -> None:
        """Lets training begin with a batch of an epoch.

        Args:
            epoch: The epoch.
            batch: The batch.
            order: What `order_state` gave for this epoch; for data that are gone through again, for the first one.
            done: How many epochs were before.
        """
        self._source.restore_order(order)
        self._first = (epoch, batch)
        if not self.replays:
            return
        for _ in range(done):
            self._go_through(self.epoch())
        if batch:
            self._rest = self.epoch()
            self._go_through(islice(self._rest, batch))

    def _go_through(self, batches: Iterator[Any]) -> None:
        for batch in batches:
            self._latest = batch

    def first_epoch(self, given: int) -> int:
        """The epoch to begin with: the one given, or the one to resume."""
        return given if self._first is None else self._first[0]

    def rest(self) -> Iterator[Any]:
        """The batches of the next epoch, or what is left of it where training is resumed; `left_out` were done."""
        self.left_out = 0
        if self._first is not None:
            (_, self.left_out), self._first = self._first, None
        if self._rest is not None:
            rest, self._rest = self._rest, None
            return rest
        return islice(self.epoch(), self.left_out, None)

    def whole(self) -> tuple[Any, Any, int] | None:
        """The next epoch as a whole, where it is one: arrays, order of rows, size of a batch."""
        if self._steps is not None or (self._first is not None and self._first[1]):
            return None
        return self._source.whole()

    def put_back(self) -> None:
        """Of an epoch taken as a whole that is not run so: its batches are asked for one by one after all."""
        self._source.put_back()

    def seek(self, number: int) -> None:
        """Of an epoch taken as a whole: says which batch is the latest."""
        self._source.seek(number)

    def explain_row(self, error: Exception) -> None:
        """Adds to an error about a row of a batch which sample that is."""
        found = re.search(r"in row (\d+)", str(error))
        sample = self._source.sample_number(int(found.group(1))) if found else None
        if found and sample is not None:
            error.add_note(f"  row {found.group(1)} of this batch is sample {sample} of the data")

    def restart(self) -> None:
        """Lets the next epoch begin with the first batch again, also where the last one did not take all of them.

        Validation does so, else its number would not mean the same in each epoch.
        """
        if isinstance(self._source, IterableSource):
            self._source.keep_first()
        self._source.on_epoch_end()  # a dataset may draw its order there
        self._running = None

    @property
    def steps(self) -> int | None:
        """How many batches an epoch takes, where that is known."""
        return self._given if self._given is not None else self._source.steps

    def epoch(self) -> Iterator[Any]:
        """The batches of the next epoch."""
        self._source.on_epoch_begin()
        if self._steps is None:
            yield from self._source.batches()
        else:
            yield from self._set_number(self._steps)
        self._source.on_epoch_end()

    def _set_number(self, steps: int) -> Iterator[Any]:
        for done in range(steps):
            batch = self._next(fresh=done == 0)
            if batch is None:
                # As in Keras, the epoch is then shorter; the next one begins anew.
                _log(
                    f"The data ran out: an epoch takes {self._given} batches, there were {done}. Give fewer steps, or "
                    "an iterable that never ends."
                )
                return
            yield batch

    def _next(self, fresh: bool) -> Any:
        """The next batch; None where the source has ended. At the start of an epoch, an ended one is started again."""
        for _ in range(2):
            if self._running is None:
                self._running = self._source.batches()
            batch = next(self._running, None)
            if batch is not None:
                return batch
            self._running = None
            if not fresh:
                return None
        return None


def _log(text: str) -> None:
    import logging

    logging.getLogger("weft.keras").warning(text)

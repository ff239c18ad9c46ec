"""`tf.data.Dataset`: what users hold of a pipeline's plan, and its iterators."""

from __future__ import annotations

import copy
import itertools
import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, nest
from weft.base.absent import word_absent_methods
from weft.base.errors import FailedPreconditionError, InvalidArgumentError, OutOfRangeError, explain
from weft.base.locks import Lock
from weft.base.shapes import TensorShape
from weft.data import batching, files, nodes, prefetching, ragged, saved, shuffling, structure, transforms, walking
from weft.data.functions import StructuredFunction, outer_state, parts_of, rebound, restarted
from weft.data.nodes import INFINITE, UNKNOWN, Node
from weft.data.optional import Optional
from weft.data.options import ExternalStatePolicy, Options
from weft.data.structure import number
from weft.data.walking import OneByOne, Walk
from weft.runtime import context, frontdoor
from weft.runtime.spec import TensorSpec, TypeSpec
from weft.runtime.tensor import EagerTensor

AUTOTUNE = -1


#: what iterators save in checkpoints
_POSITION = "WEFT_POSITION"


def _seeds_of(node: Node) -> list[shuffling.Seeds]:
    """The seeds of the steps of a plan, in its order."""
    further: dict[Any, Any] = {}
    parts_of(node, {}, further)
    return [part for part in further.values() if isinstance(part, shuffling.Seeds)]


@word_absent_methods("tf.data.Iterator")
class OwnedIterator(Iterator[Any]):
    """Goes through a dataset once: `next(iterator)`, or `get_next()`, which ends with OutOfRangeError."""

    def __init__(self, node: Node, options: Options | None = None) -> None:
        self._spec = node.spec
        self._node = node
        self._options = Options() if options is None else options
        self._elements: Any = None
        self._lock = Lock()
        self._pack = structure.packer(node.spec)
        self._taken = 0
        self._seeds: list[shuffling.Seeds] = []  # of the plan, as they were when the pass began

    @property
    def element_spec(self) -> Any:
        """The specs of the elements."""
        return self._spec

    def __iter__(self) -> OwnedIterator:
        return self

    def __next__(self) -> Any:
        with context.open_scope(None):
            return self._pack(next(self._begun()))

    def __weft_walk__(self) -> Walk:
        """Goes on with it as a graph runs: what a loop in a traced function does."""
        return Walk(self._node, self._begun)

    def _begun(self) -> Any:
        with self._lock:
            if self._elements is None:
                self._seeds = [copy.copy(seeds) for seeds in _seeds_of(self._node)]
                self._elements = OneByOne(self._counted(restarted(self._node).iterate()))
            return self._elements

    def _counted(self, elements: Iterator[Any]) -> Iterator[Any]:
        for element in elements:
            self._taken += 1
            yield element

    def _serialize_to_tensors(self) -> dict[str, Any]:
        """Where it stands, for `tf.train.Checkpoint`: how many elements were taken, and which seeds the pass has.

        Raises:
            FailedPreconditionError: Where what it gives depends on more than that, unless the options say otherwise.
        """
        names = "external_state_policy", "experimental_external_state_policy"
        policies = {getattr(self._options, name) for name in names}
        outside = outer_state(self._node)
        if outside is not None and not policies & {ExternalStatePolicy.WARN, ExternalStatePolicy.IGNORE}:
            raise FailedPreconditionError(explain(
                f"The position of a dataset's iterator cannot be saved: {outside}.",
                hint="with tf.random.stateless_uniform, or without such a function, it can; or set "
                "tf.data.Options().experimental_external_state_policy",
            ))  # fmt: skip
        self._begun()
        seeds = [[*map(int, kept._base), kept._passes] for kept in self._seeds]
        state = json.dumps({"taken": self._taken, "seeds": seeds})
        return {_POSITION: np.array(state.encode(), object)}

    def _restore_from_tensors(self, values: Any) -> None:
        """Begins the pass that was saved and passes over what was taken."""
        if _POSITION not in values:
            warnings.warn("TensorFlow saved where this dataset's iterator stood, which only TensorFlow can take up: it "
                          "begins at its beginning.", stacklevel=2)  # fmt: skip
            return
        state = json.loads(np.asarray(values[_POSITION]).item())
        plan = _seeds_of(self._node)
        if len(plan) != len(state["seeds"]):
            raise InvalidArgumentError(
                explain("The position of a dataset's iterator belongs to another pipeline.",
                        expected=f"one with {len(state['seeds'])} steps that draw random numbers",
                        received=f"one with {len(plan)}")  # fmt: skip
            )
        table = {old: old.begun(kept[:-1], kept[-1]) for old, kept in zip(plan, state["seeds"], strict=True)}
        self._node = rebound(self._node, table)
        self._taken, self._elements = 0, None
        for _ in itertools.islice(self._begun(), state["taken"]):
            pass

    def next(self) -> Any:
        """The next element: `next(iterator)`."""
        return self.__next__()

    def get_next(self) -> Any:
        """The next element.

        Raises:
            OutOfRangeError: After the last one.
        """
        if context.scope() is not None:
            return self.__weft_walk__().get_next()
        try:
            return next(self)
        except StopIteration:
            raise OutOfRangeError("End of sequence: the dataset has no further element.") from None


    def get_next_as_optional(self) -> Optional:
        """The next element, or none after the last one."""
        if context.scope() is not None:
            return Optional(*self.__weft_walk__().next(), self._spec)
        found = next(self, self)
        return Optional.empty(self._spec) if found is self else Optional.from_value(found)


class NumpyIterator(Iterator[Any]):
    """Goes through a dataset once and gives numpy values."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._elements = OneByOne(self._begun())

    def _begun(self) -> Iterator[Any]:
        yield from restarted(self._node).iterate()  # from the first element on, not before

    def __iter__(self) -> NumpyIterator:
        return self

    def next(self) -> Any:
        """The next element: `next(iterator)`."""
        return self.__next__()

    def __next__(self) -> Any:
        with context.open_scope(None):
            return structure.packed_values(self._node.spec, next(self._elements))


def _node_of(value: Any, argument: str) -> Node:
    if not isinstance(value, structure.PipelineHandle):
        raise TypeError(explain(f"`{argument}` must be a tf.data.Dataset.", received=type(value).__name__,
                                hint="tf.data.Dataset.from_tensor_slices(x) makes one"))  # fmt: skip
    return value._node  # type: ignore[no-any-return]


def _reader(function: Any) -> Callable[[list[Node]], Node]:
    """What makes one plan of those of shards."""
    if function is None:
        function = lambda shards: shards.flat_map(lambda shard: shard)  # noqa: E731

    def read(shards: list[Node]) -> Node:
        held = batching.Held([[shard] for shard in shards], structure.DatasetSpec(shards[0].spec))
        return _node_of(function(Dataset(held)), "the result of reader_func")

    return read


@word_absent_methods("tf.data.Dataset")
class Dataset(structure.PipelineHandle):
    """A sequence of elements, each a tensor or a nested structure of tensors, made as they are needed.

    Example:
        >>> import weft as tf
        >>> numbers = tf.data.Dataset.range(10).filter(lambda x: x % 3 == 0).batch(2)
        >>> [batch.tolist() for batch in numbers.as_numpy_iterator()]
        [[0, 3], [6, 9]]
    """

    _options: Options
    #: the class of what methods return; version 1 has one of its own
    _kind: type[Dataset]

    def __init__(self, node: Any = None) -> None:
        if not isinstance(node, Node) and not hasattr(node, "iterate"):
            raise TypeError(explain("tf.data.Dataset cannot be made directly.",
                                    hint="use Dataset.from_tensor_slices, from_generator or range"))  # fmt: skip
        self._node = node
        self._options = Options()

    def _then(self, node: Node) -> Dataset:
        made = self._kind(node)
        made._options = self._options
        return made

    # What it is --------------------------------------------------------------------------------------------------

    @property
    def element_spec(self) -> Any:
        """The structure of an element, with a TensorSpec for each tensor."""
        return self._node.spec

    def cardinality(self, name: str | None = None) -> Any:
        """How many elements there are, as an int64 tensor; -1 for infinitely many, -2 where it is not known."""
        return EagerTensor(np.asarray(self._node.cardinality(), np.int64))

    def __len__(self) -> int:
        count = self._node.cardinality()
        if count < 0:
            raise TypeError("The dataset is infinite." if count == INFINITE else "The dataset length is unknown.")
        return count

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        scope = context.scope()
        if scope is not None:
            raise RuntimeError(explain(
                "A dataset cannot be gone through while a graph is being built.",
                hint="use a `for` statement, which AutoGraph makes the graph's, or loop over it outside",
            ))  # fmt: skip
        return OwnedIterator(self._node, self._options)

    def __weft_walk__(self) -> Walk:
        """Goes through it as a graph runs: what a loop in a traced function does."""
        return Walk(self._node)

    def __repr__(self) -> str:
        return f"<{self._node.label} element_spec={self.element_spec!r}>"

    def as_numpy_iterator(self) -> NumpyIterator:
        """An iterator over the elements with numpy values in the place of tensors."""
        return NumpyIterator(self._node)

    def get_single_element(self, name: str | None = None) -> Any:
        """The only element.

        Raises:
            InvalidArgumentError: Where there is none, or a second one.
        """
        iterator = iter(self)
        found = next(iterator, iterator)
        if found is iterator or next(iterator, iterator) is not iterator:
            what = "no element" if found is iterator else "more than one element"
            raise InvalidArgumentError(f"Dataset.get_single_element: the dataset has {what}.")
        return found

    # Sources -----------------------------------------------------------------------------------------------------

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """A dataset of the rows of tensors.

        Args:
            tensors: A structure of tensors `[n, ...]`.
            name: As given.

        Example:
            >>> [(int(a), int(b)) for a, b in Dataset.from_tensor_slices(([1, 2], [3, 4]))]
            [(1, 3), (2, 4)]
        """
        return Dataset(nodes.Slices(tensors))

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """A dataset of one element."""
        return Dataset(nodes.Whole(tensors))

    @staticmethod
    def from_generator(generator: Any, output_types: Any = None, output_shapes: Any = None, args: Any = None,
                       output_signature: Any = None, name: str | None = None) -> Dataset:  # fmt: skip
        """A dataset of what a generator yields.

        Args:
            generator: A function that returns an iterable; called anew for each pass.
            output_types: The older way: a structure of dtypes.
            output_shapes: With `output_types`: their shapes; unknown where None.
            args: Tensors to call it with, as numpy values.
            output_signature: A structure of TensorSpecs.
            name: As given.

        Example:
            >>> import weft as tf
            >>> def squares():
            ...     yield from (n * n for n in range(3))
            >>> [int(n) for n in Dataset.from_generator(squares, output_signature=tf.TensorSpec((), tf.int32))]
            [0, 1, 4]
        """
        if not callable(generator):
            raise TypeError(explain("Dataset.from_generator: `generator` must be callable.", received=repr(generator),
                                    hint="pass the function itself, or lambda: iter(values)"))  # fmt: skip
        spec = _signature(output_types, output_shapes, output_signature)
        arguments = [structure.normal(a) for a in (() if args is None else args)]
        return Dataset(nodes.Generator(generator, spec, tuple(arguments)))

    @staticmethod
    def range(*args: Any, output_type: Any = dtypes.int64, name: str | None = None, **kwargs: Any) -> Dataset:
        """Numbers: `range(stop)`, `range(start, stop)` or `range(start, stop, step)`."""
        found = [number(a, "range") for a in args]
        start, stop, step = {1: (0, *found, 1), 2: (*found, 1), 3: tuple(found)}.get(len(found), (0, 0, None))
        if step is None or kwargs:
            raise ValueError(explain("Dataset.range takes one to three integers.", received=str((args, kwargs))))
        return Dataset(nodes.Range(start, stop, step, dtypes.as_dtype(output_type)))

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """Elements of several datasets side by side, in the structure in which the datasets are given."""
        given = datasets if datasets is not None else args[0] if len(args) == 1 else args
        if isinstance(given, list):
            raise TypeError(explain("Dataset.zip takes datasets or a tuple or dict of them.", received="a list",
                                    hint="zip(*datasets), or zip(tuple(datasets))"))  # fmt: skip
        if not nest.flatten(given):
            raise TypeError("Dataset.zip needs at least one dataset.")
        return Dataset(nodes.Zip(nest.map_structure(lambda d: _node_of(d, "datasets"), given)))

    @staticmethod
    def list_files(file_pattern: Any, shuffle: Any = None, seed: Any = None, name: str | None = None) -> Dataset:
        """The names of files that fit shell patterns; in an order of chance unless `shuffle=False`."""
        names = Dataset(nodes.Slices(files.matching(file_pattern)))
        return names if shuffle is not None and not shuffle else names.shuffle(len(names), seed=seed)

    @staticmethod
    def random(seed: Any = None, rerandomize_each_iteration: Any = None, name: str | None = None) -> Dataset:
        """Random integers below 2 to the 32nd, without end."""
        return Dataset(shuffling.RandomNumbers(seed, dtypes.int64, bool(rerandomize_each_iteration)))

    @staticmethod
    def counter(start: Any = 0, step: Any = 1, dtype: Any = dtypes.int64, name: str | None = None) -> Dataset:
        """start, start + step, … without end."""
        return Dataset(nodes.Counter(number(start, "start"), number(step, "step"), dtypes.as_dtype(dtype)))

    @staticmethod
    def sample_from_datasets(datasets: Sequence[Any], weights: Any = None, seed: Any = None,
                             stop_on_empty_dataset: bool = False,
                             rerandomize_each_iteration: Any = None) -> Dataset:  # fmt: skip
        """Draws each element from one of several datasets.

        Args:
            datasets: The datasets.
            weights: How often each is drawn from; evenly where None. Or a dataset of such vectors.
            seed: For the same choices in every run.
            stop_on_empty_dataset: Whether all ends with the first that does.
            rerandomize_each_iteration: Whether each pass draws anew.
        """
        found = [_node_of(d, "datasets") for d in datasets]
        if not found:
            raise ValueError("sample_from_datasets needs at least one dataset.")
        if isinstance(weights, structure.PipelineHandle):
            weights = weights._node
        else:
            weights = np.ones(len(found)) if weights is None else np.asarray(weights, np.float64)
            if weights.shape != (len(found),):
                raise ValueError(explain("sample_from_datasets: one weight for each dataset.",
                                         expected=f"{len(found)} weights", received=str(weights.shape)))  # fmt: skip
        anew = bool(rerandomize_each_iteration)
        choices = transforms.Weighted(weights, shuffling.Seeds(seed, anew))
        return Dataset(transforms.Choose(found, choices, bool(stop_on_empty_dataset)))

    @staticmethod
    def choose_from_datasets(datasets: Sequence[Any], choice_dataset: Any,
                             stop_on_empty_dataset: bool = True) -> Dataset:  # fmt: skip
        """Takes each element from the dataset whose number comes next in `choice_dataset` (int64)."""
        choice = _node_of(choice_dataset, "choice_dataset")
        if not (isinstance(choice.spec, TensorSpec) and choice.spec.dtype is dtypes.int64):
            raise TypeError(explain("choose_from_datasets: `choice_dataset` must give single tf.int64 numbers.",
                                    received=repr(choice.spec)))  # fmt: skip
        found = [_node_of(d, "datasets") for d in datasets]
        if not found:
            raise ValueError("choose_from_datasets needs at least one dataset.")
        return Dataset(transforms.Choose(found, transforms.Directed(choice), bool(stop_on_empty_dataset)))

    # Selecting and ordering --------------------------------------------------------------------------------------

    def shuffle(self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: Any = None,
                name: str | None = None) -> Dataset:  # fmt: skip
        """Draws each element from a buffer of the next ones.

        Args:
            buffer_size: How many elements the buffer holds; the dataset's size for a perfect shuffle.
            seed: For the same order in every run.
            reshuffle_each_iteration: Whether each pass has another order (True where None).
            name: As given.
        """
        anew = True if reshuffle_each_iteration is None else bool(reshuffle_each_iteration)
        return self._then(shuffling.Shuffle(self._node, number(buffer_size, "buffer_size"), seed, anew))

    def rejection_resample(self, class_func: Any, target_dist: Any, initial_dist: Any = None, seed: Any = None,
                           name: str | None = None) -> Dataset:  # fmt: skip
        """Leaves out elements so that classes come as often as they are to.

        Args:
            class_func: Gives an element's class (int32, from 0).
            target_dist: The share that each class is to have.
            initial_dist: The share that it has; counted on the way where None.
            seed: For the same choices in every run.
            name: As given.

        Returns:
            A dataset of pairs: class, element.
        """
        classes = self._function(class_func, "rejection_resample")
        target = np.asarray(frontdoor.convert(target_dist))
        initial = None if initial_dist is None else np.asarray(frontdoor.convert(initial_dist))
        return self._then(shuffling.Resample(self._node, classes, target, initial, shuffling.Seeds(seed, True)))

    def repeat(self, count: Any = None, name: str | None = None) -> Dataset:
        """Pass after pass: `count` of them, without end where None or -1."""
        return self._then(nodes.Repeat(self._node, -1 if count is None else number(count, "count")))

    def take(self, count: Any, name: str | None = None) -> Dataset:
        """The first `count` elements; all for -1."""
        return self._then(nodes.Take(self._node, number(count, "count")))

    def skip(self, count: Any, name: str | None = None) -> Dataset:
        """All but the first `count` elements; none for -1."""
        return self._then(nodes.Skip(self._node, number(count, "count")))

    def shard(self, num_shards: Any, index: Any, name: str | None = None) -> Dataset:
        """Every `num_shards`-th element, beginning with number `index`."""
        return self._then(nodes.Shard(self._node, number(num_shards, "num_shards"), number(index, "index")))

    def concatenate(self, dataset: Any, name: str | None = None) -> Dataset:
        """The elements of this dataset, then those of another."""
        return self._then(nodes.Concatenate(self._node, _node_of(dataset, "dataset")))

    def enumerate(self, start: Any = 0, name: str | None = None) -> Dataset:
        """(number, element) pairs; the numbers are tf.int64."""
        return self._then(transforms.Enumerate(self._node, number(start, "start")))

    def unique(self, name: str | None = None) -> Dataset:
        """Each element once."""
        return self._then(transforms.Unique(self._node))

    # Functions of elements ---------------------------------------------------------------------------------------

    def _function(self, function: Any, method: str) -> StructuredFunction:
        return StructuredFunction(function, [self._node.spec], method)

    def map(self, map_func: Any, num_parallel_calls: Any = None, deterministic: Any = None,
            synchronous: Any = None, use_unbounded_threadpool: Any = None,
            name: str | None = None) -> Dataset:  # fmt: skip
        """A function of each element, traced once.

        Args:
            map_func: Takes an element (a tuple as several arguments), returns one.
            num_parallel_calls: How many threads may run it; tf.data.AUTOTUNE for as many as there are cores.
            deterministic: Accepted; the order stays in any case.
            synchronous: Accepted.
            use_unbounded_threadpool: Accepted.
            name: As given.

        Example:
            >>> [int(x) for x in Dataset.range(3).map(lambda x: x * 2)]
            [0, 2, 4]
        """
        parallel = None if num_parallel_calls is None else number(num_parallel_calls, "num_parallel_calls")
        return self._then(transforms.Map(self._node, self._function(map_func, "map"), parallel))

    def filter(self, predicate: Any, name: str | None = None) -> Dataset:
        """The elements for which a function returns True."""
        return self._then(transforms.Filter(self._node, self._function(predicate, "filter")))

    def take_while(self, predicate: Any, name: str | None = None) -> Dataset:
        """The elements before the first for which a function returns False."""
        found = self._function(predicate, "take_while")
        return self._then(transforms.TakeWhile(self._node, found, "_TakeWhileDataset"))

    def flat_map(self, map_func: Any, name: str | None = None) -> Dataset:
        """The elements of the datasets that a function makes of elements, one dataset after another."""
        found = self._function(map_func, "flat_map")
        return self._then(transforms.Interleave(self._node, found, 1, 1, "_FlatMapDataset"))

    def interleave(self, map_func: Any, cycle_length: Any = None, block_length: Any = None,
                   num_parallel_calls: Any = None, deterministic: Any = None,
                   name: str | None = None) -> Dataset:  # fmt: skip
        """The elements of the datasets that a function makes of elements, in turns.

        Args:
            map_func: Takes an element, returns a dataset.
            cycle_length: How many datasets are open at once.
            block_length: How many elements each gives in its turn.
            num_parallel_calls: Accepted; the order is that of one thread.
            deterministic: Accepted.
            name: As given.
        """
        cycle = AUTOTUNE if cycle_length is None else number(cycle_length, "cycle_length")
        block = 1 if block_length is None else number(block_length, "block_length")
        parallel = None if num_parallel_calls is None else number(num_parallel_calls, "num_parallel_calls")
        if isinstance(cycle, int) and cycle == AUTOTUNE:
            cycle = parallel if isinstance(parallel, int) and parallel > 0 else 10
        batching.check_size(cycle, "interleave", "cycle_length")
        batching.check_size(block, "interleave", "block_length")
        label = "_InterleaveDataset" if parallel is None else "_ParallelInterleaveDataset"
        found = self._function(map_func, "interleave")
        return self._then(transforms.Interleave(self._node, found, cycle, block, label))

    def reduce(self, initial_state: Any, reduce_func: Any, name: str | None = None) -> Any:
        """`state = reduce_func(state, element)` over all elements; returns the last state.

        Example:
            >>> int(Dataset.range(5).reduce(np.int64(0), lambda total, x: total + x))
            10
        """
        if context.scope() is not None:
            return walking.reduced(Walk(self._node), initial_state, reduce_func)
        start = structure.normal(tuple(initial_state) if isinstance(initial_state, list) else initial_state)
        found = StructuredFunction(reduce_func, [structure.specs_of(start), self._node.spec], "reduce")
        transforms.check_state("reduce", structure.specs_of(start), found.spec)
        state = [structure.leaf_of(leaf) for leaf in nest.flatten(start)]
        for place, flat in enumerate(restarted(self._node).iterate()):
            state = transforms.called(found, place, [*state, *flat])
        return structure.packer(found.spec)(state)

    def scan(self, initial_state: Any, scan_func: Any, name: str | None = None) -> Dataset:
        """The outputs of `state, output = scan_func(state, element)`."""
        start = structure.normal(initial_state)
        found = StructuredFunction(scan_func, [structure.specs_of(start), self._node.spec], "scan")
        return self._then(transforms.Scan(self._node, start, found))

    def group_by_window(self, key_func: Any, reduce_func: Any, window_size: Any = None, window_size_func: Any = None,
                        name: str | None = None) -> Dataset:  # fmt: skip
        """Collects elements by a key and makes a dataset of each window of one key.

        Args:
            key_func: element → a tf.int64 key, or a Python number.
            reduce_func: (key, dataset of the window) → a dataset.
            window_size: How many elements a window has.
            window_size_func: Or: key → that number.
            name: As given.
        """
        if (window_size is None) == (window_size_func is None):
            raise ValueError("group_by_window takes either `window_size` or `window_size_func`.")
        key = StructuredFunction(key_func, [self._node.spec], "group_by_window", dtypes.int64)
        key_spec = TensorSpec((), dtypes.int64)
        window = structure.DatasetSpec(self._node.spec)
        reduced = StructuredFunction(reduce_func, [key_spec, window], "group_by_window")
        sizes = None
        if window_size_func is not None:
            sizes = StructuredFunction(window_size_func, [key_spec], "group_by_window", dtypes.int64)
        size = None if window_size is None else number(window_size, "window_size")
        return self._then(transforms.GroupByWindow(self._node, key, reduced, size, sizes))

    def apply(self, transformation_func: Callable[[Dataset], Any], name: str | None = None) -> Any:
        """`transformation_func(self)`, which must be a dataset."""
        found = transformation_func(self)
        _node_of(found, "the result of transformation_func")
        return found

    # Joining and taking apart ------------------------------------------------------------------------------------

    def batch(self, batch_size: Any, drop_remainder: Any = False, num_parallel_calls: Any = None,
              deterministic: Any = None, name: str | None = None) -> Dataset:  # fmt: skip
        """Stacks elements.

        Args:
            batch_size: How many.
            drop_remainder: Whether a smaller last batch is left out; batches then have a known size.
            num_parallel_calls: Accepted.
            deterministic: Accepted.
            name: As given.
        """
        return self._then(batching.Batch(self._node, number(batch_size, "batch_size"), bool(drop_remainder)))

    @property
    def _batch_size(self) -> Any:
        """Of batches alone, the number of elements; libraries ask for it by TensorFlow's name."""
        if not isinstance(self._node, batching.Batch):
            raise AttributeError("_batch_size")
        return self._node.size

    def padded_batch(self, batch_size: Any, padded_shapes: Any = None, padding_values: Any = None,
                     drop_remainder: Any = False, name: str | None = None) -> Dataset:  # fmt: skip
        """Stacks elements after filling them up to one shape.

        Args:
            batch_size: How many.
            padded_shapes: A shape for each component; None in it pads to the longest of the batch.
            padding_values: What to fill with; zeros and empty strings where None.
            drop_remainder: Whether a smaller last batch is left out.
            name: As given.

        Example:
            >>> import weft as tf
            >>> rows = Dataset.range(1, 4).map(lambda n: tf.fill([n], n)).padded_batch(3)
            >>> next(iter(rows)).numpy().tolist()
            [[1, 0, 0], [2, 2, 0], [3, 3, 3]]
        """
        size = number(batch_size, "batch_size")
        return self._then(batching.PaddedBatch(self._node, size, padded_shapes, padding_values, bool(drop_remainder)))

    def ragged_batch(self, batch_size: Any, drop_remainder: Any = False, row_splits_dtype: Any = dtypes.int64,
                     name: str | None = None) -> Dataset:  # fmt: skip
        """Elements of different sizes stacked into ragged tensors.

        Example:
            >>> import weft as tf
            >>> rows = Dataset.range(1, 4).map(lambda n: tf.range(n))
            >>> [batch.to_list() for batch in rows.ragged_batch(2)]
            [[[0], [0, 1]], [[0, 1, 2]]]
        """
        return self._then(ragged.ToRagged(self._node, row_splits_dtype)).batch(batch_size, drop_remainder)

    def sparse_batch(self, batch_size: Any, row_shape: Any, name: str | None = None) -> Dataset:
        """Elements of different sizes stacked into sparse tensors `[batch, *row_shape]`; None in it is not allowed."""
        return self._then(ragged.ToSparse(self._node, row_shape)).batch(batch_size)

    def unbatch(self, name: str | None = None) -> Dataset:
        """Each row of each element as an element of its own."""
        return self._then(batching.Unbatch(self._node))

    def rebatch(self, batch_size: Any, drop_remainder: Any = False, name: str | None = None) -> Dataset:
        """Batches of another size out of the same rows."""
        sizes = np.atleast_1d(np.asarray(batch_size)).tolist()
        return self._then(batching.Rebatch(self._node, sizes, bool(drop_remainder)))

    def window(self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: Any = False,
               name: str | None = None) -> Dataset:  # fmt: skip
        """Datasets of neighbouring elements.

        Args:
            size: How many elements a window has.
            shift: From one window's start to the next one's; `size` where None.
            stride: From one element of a window to the next.
            drop_remainder: Whether windows that reach over the end are left out.
            name: As given.

        Example:
            >>> pairs = Dataset.range(4).window(2, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(2))
            >>> [p.tolist() for p in pairs.as_numpy_iterator()]
            [[0, 1], [1, 2], [2, 3]]
        """
        count = number(size, "size")
        step = count if shift is None else number(shift, "shift")
        return self._then(batching.Window(self._node, count, step, number(stride, "stride"), bool(drop_remainder)))

    def bucket_by_sequence_length(
        self, element_length_func: Any, bucket_boundaries: Sequence[int], bucket_batch_sizes: Sequence[int],
        padded_shapes: Any = None, padding_values: Any = None, pad_to_bucket_boundary: bool = False,
        no_padding: bool = False, drop_remainder: bool = False, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Batches of elements of similar length.

        Args:
            element_length_func: element → its length, tf.int32.
            bucket_boundaries: The lengths at which the next bucket begins.
            bucket_batch_sizes: The size of a batch for each bucket: one more than boundaries.
            padded_shapes: As for `padded_batch`.
            padding_values: As for `padded_batch`.
            pad_to_bucket_boundary: Whether to pad to the bucket's longest length rather than the batch's.
            no_padding: Whether elements are stacked as they are.
            drop_remainder: Whether smaller last batches are left out.
            name: As given.
        """
        from weft.data.buckets import bucketed

        return bucketed(self, element_length_func, bucket_boundaries, bucket_batch_sizes, padded_shapes,
                        padding_values, pad_to_bucket_boundary, no_padding, drop_remainder)  # fmt: skip

    # Speed and options -------------------------------------------------------------------------------------------

    def cache(self, filename: Any = "", name: str | None = None) -> Dataset:
        """Keeps the elements of the first whole pass: in memory, or in a file of that name."""
        return self._then(transforms.Cache(self._node, files.text_of(filename)))

    def snapshot(self, path: Any, compression: Any = "AUTO", reader_func: Any = None, shard_func: Any = None,
                 name: str | None = None) -> Dataset:  # fmt: skip
        """Keeps the elements of the first whole pass in a folder; later passes and programs read them from there.

        Args:
            path: The folder.
            compression: Accepted.
            reader_func: Makes one dataset of a dataset of datasets, one for each shard; one after the other where None.
            shard_func: Gives the number of an element's shard (int64); all go into one where None.
            name: As given.
        """
        shard = None if shard_func is None else self._function(shard_func, "snapshot")
        return self._then(saved.Snapshot(self._node, files.text_of(path), shard, _reader(reader_func)))

    def save(self, path: Any, compression: Any = None, shard_func: Any = None, checkpoint_args: Any = None) -> None:
        """Writes all elements into a folder, which `Dataset.load` reads.

        Args:
            path: The folder.
            compression: Accepted.
            shard_func: Gives the number of an element's shard (int64); all go into one where None.
            checkpoint_args: Accepted: a folder is written whole or not at all.
        """
        shard = None if shard_func is None else self._function(shard_func, "save")
        for _ in saved.written(files.text_of(path), restarted(self._node), shard):
            pass

    @staticmethod
    def load(path: Any, element_spec: Any = None, compression: Any = None, reader_func: Any = None,
             wait: bool = False) -> Dataset:  # fmt: skip
        """The elements that `save` wrote into a folder.

        Args:
            path: The folder.
            element_spec: Their specs, where they are to be checked.
            compression: Accepted.
            reader_func: Makes one dataset of a dataset of datasets, one for each shard; one after the other where None.
            wait: Accepted.

        Raises:
            NotFoundError: Where no dataset was written.
        """
        return Dataset(_reader(reader_func)(saved.shards_of(files.text_of(path), element_spec)))

    def prefetch(self, buffer_size: Any, name: str | None = None) -> Dataset:
        """Makes up to `buffer_size` elements ahead, in another thread where making them is work.

        Raises:
            InvalidArgumentError: For a negative `buffer_size` other than `tf.data.AUTOTUNE`, which is -1.
        """
        size = number(buffer_size, "buffer_size")
        if isinstance(size, int) and size < -1:
            raise InvalidArgumentError(
                f"prefetch: `buffer_size` must be 0 or more, or -1 (tf.data.AUTOTUNE), received {size}."
            )
        return self._then(prefetching.Prefetch(self._node, size))

    def options(self) -> Options:
        """The options that hold for it."""
        return self._options

    def with_options(self, options: Options, name: str | None = None) -> Dataset:
        """The same dataset under further options."""
        made = self._then(self._node)
        made._options = self._options.merge(options)
        return made

    def ignore_errors(self, log_warning: bool = False, name: str | None = None) -> Dataset:
        """Leaves out elements whose making raised an error."""
        return self._then(transforms.IgnoreErrors(self._node, bool(log_warning)))


def _signature(types: Any, shapes: Any, signature: Any) -> Any:
    if signature is not None:
        if types is not None or shapes is not None:
            raise TypeError("from_generator takes `output_signature` or `output_types` with `output_shapes`, not both.")
        for leaf in nest.flatten(signature):
            if not isinstance(leaf, (TypeSpec, structure.DatasetSpec, structure.NoneTensorSpec)):
                raise TypeError(explain("from_generator: `output_signature` must be made of tf.TensorSpecs.",
                                        received=repr(leaf), hint="tf.TensorSpec((), tf.int32)"))  # fmt: skip
        return _tuples(signature)
    if types is None:
        raise TypeError(explain("from_generator needs to know the dtypes and shapes of what comes.",
                                hint="output_signature=tf.TensorSpec(shape=(), dtype=tf.int32)"))  # fmt: skip
    types = _tuples(types)
    if shapes is None:
        return nest.map_structure(lambda t: TensorSpec(None, dtypes.as_dtype(t)), types)
    found = batching.shapes_for(types, shapes)
    pairs = zip(found, nest.flatten(types), strict=True)
    return nest.pack(types, [TensorSpec(shape, dtypes.as_dtype(dtype)) for shape, dtype in pairs])


def _tuples(value: Any) -> Any:
    """A structure with tuples in the place of lists."""
    if isinstance(value, TensorShape):
        return value
    found = nest.children(value)
    if found is None:
        return value
    parts = [_tuples(part) for _, part in found]
    return tuple(parts) if type(value) is list else nest.rebuild(value, parts)


Dataset._kind = Dataset
structure.public["dataset"] = Dataset
__all__ = ["AUTOTUNE", "INFINITE", "UNKNOWN", "Dataset", "NumpyIterator"]

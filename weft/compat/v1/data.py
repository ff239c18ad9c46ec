"""`tf.data` of version 1: datasets with iterators that are parts of a graph, and the iterators themselves."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from weft.base import nest
from weft.compat.v1 import data_experimental as experimental  # noqa: F401
from weft.compat.v1.graphs import get_seed
from weft.compat.v1.iterators import (  # noqa: F401
    Iterator,
    get_output_classes,
    get_output_shapes,
    get_output_types,
    make_initializable_iterator,
    make_one_shot_iterator,
)
from weft.compat.v1.naming import in_graph
from weft.data import dataset as _dataset
from weft.data import readers as _readers
from weft.data.dataset import AUTOTUNE as AUTOTUNE
from weft.data.nodes import INFINITE as INFINITE_CARDINALITY  # noqa: F401
from weft.data.nodes import UNKNOWN as UNKNOWN_CARDINALITY  # noqa: F401
from weft.data.options import Options as Options
from weft.data.structure import DatasetSpec as DatasetSpec
from weft.runtime import frontdoor
from weft.runtime.operation_counts import further
from weft.runtime.scopes import NameScope


class _Faces:
    """What version 1's datasets have beside version 2's."""

    def make_one_shot_iterator(self) -> Any:
        """An iterator over the elements, to be gone through once; see `make_one_shot_iterator`."""
        return make_one_shot_iterator(self)

    def make_initializable_iterator(self, shared_name: str | None = None) -> Any:
        """An iterator that begins each time its `initializer` runs; see `make_initializable_iterator`."""
        return make_initializable_iterator(self, shared_name)

    @property
    def output_types(self) -> Any:
        """The structure of dtypes of an element."""
        return get_output_types(self)

    @property
    def output_shapes(self) -> Any:
        """The structure of shapes of an element."""
        return get_output_shapes(self)

    @property
    def output_classes(self) -> Any:
        """The structure of classes of an element."""
        return get_output_classes(self)


class Dataset(_Faces, _dataset.Dataset):
    """A sequence of elements, each a tensor or a nested structure of tensors. See `weft.data.Dataset`.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     batches = tf.data.Dataset.range(4).batch(2).make_one_shot_iterator().get_next()
        ...     session.run(batches).tolist(), session.run(batches).tolist()
        ([0, 1], [2, 3])
    """

    def filter_with_legacy_function(self, predicate: Callable[..., Any]) -> Any:
        """As `filter`."""
        return self.filter(predicate)

    def map_with_legacy_function(self, map_func: Callable[..., Any], num_parallel_calls: Any = None) -> Any:
        """As `map`."""
        return self.map(map_func, num_parallel_calls)


class TextLineDataset(_Faces, _readers.TextLineDataset):
    """The lines of text files. See `weft.data.TextLineDataset`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        further(4)  # constants for its arguments, and datasets that read the files


class TFRecordDataset(_Faces, _readers.TFRecordDataset):
    """The records of TFRecord files. See `weft.data.TFRecordDataset`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        further(4)  # constants for its arguments, and datasets that read the files


class FixedLengthRecordDataset(_Faces, _readers.FixedLengthRecordDataset):
    """The records of files in which all have one length. See `weft.data.FixedLengthRecordDataset`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        further(4)  # constants for its arguments, and datasets that read the files


#: how many operations TensorFlow 1 makes of a dataset made of another: itself, and a constant for each argument
_OPERATIONS = {
    "batch": 3, "cache": 2, "concatenate": 1, "filter": 1, "flat_map": 1, "interleave": 3, "map": 1, "prefetch": 2,
    "repeat": 2, "shard": 1, "skip": 2, "take": 2,
}  # fmt: skip


def _counted(name: str) -> Any:
    """A method that makes a dataset, and stands for TensorFlow's operations."""
    found = getattr(_dataset.Dataset, name)
    parallel = inspect.signature(found).parameters.get("num_parallel_calls")

    @functools.wraps(found)
    def make(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = found(self, *args, **kwargs)
        further(_OPERATIONS[name] + (parallel is not None and kwargs.get("num_parallel_calls") is not None))
        return made

    return make


def _shuffle(self: Any, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: Any = None, **rest: Any) -> Any:
    further(1)  # the size comes before the seeds
    made = _dataset.Dataset.shuffle(self, buffer_size, seed, reshuffle_each_iteration, **rest)
    seeded = seed is not None or (in_graph() and get_seed(seed)[0] is not None)
    further(10 if seeded else 3)  # whether both seeds are 0 is asked in the graph
    return made


for _name in _OPERATIONS:
    setattr(Dataset, _name, _counted(_name))
Dataset.shuffle = functools.wraps(_dataset.Dataset.shuffle)(_shuffle)  # type: ignore[method-assign,assignment]

for _class in (Dataset, TextLineDataset, TFRecordDataset, FixedLengthRecordDataset):
    _class._kind = Dataset


def _components(tensors: Any) -> Any:
    """Arrays as the constants that version 1's graphs have for them."""
    if not in_graph():
        return tensors
    if isinstance(tensors, list):
        tensors = frontdoor.convert(tensors, name="component_0") if not _symbolic(tensors) else tensors
    with NameScope("tensors"):
        count = [-1]

        def component(leaf: Any) -> Any:
            count[0] += 1
            whole = leaf is None or isinstance(leaf, _dataset.structure.PipelineHandle)
            return leaf if whole else frontdoor.convert(leaf, name=f"component_{count[0]}")

        return nest.map_structure(component, tensors)


def _symbolic(items: list[Any]) -> bool:
    return any(frontdoor.is_tensor_like(item) for item in items)


def _maker(name: str) -> Any:
    found = getattr(_dataset.Dataset, name)

    @functools.wraps(found)
    def make(*args: Any, **kwargs: Any) -> Any:
        if name in ("from_tensor_slices", "from_tensors") and args:
            args = (_components(args[0]), *args[1:])
        made = Dataset(found(*args, **kwargs)._node)
        further({"range": 4, "from_generator": 3}.get(name, 1))
        return made

    return staticmethod(make)


for _name in ("from_tensor_slices", "from_tensors", "from_generator", "range", "zip", "list_files", "random",
              "counter", "sample_from_datasets", "choose_from_datasets"):  # fmt: skip
    setattr(Dataset, _name, _maker(_name))

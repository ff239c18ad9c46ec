"""`tf.data` of version 1: datasets with iterators that are parts of a graph, and the iterators themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from weft.base import nest
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
from weft.data import experimental as experimental
from weft.data import readers as _readers
from weft.data.dataset import AUTOTUNE as AUTOTUNE
from weft.data.nodes import INFINITE as INFINITE_CARDINALITY  # noqa: F401
from weft.data.nodes import UNKNOWN as UNKNOWN_CARDINALITY  # noqa: F401
from weft.data.options import Options as Options
from weft.data.structure import DatasetSpec as DatasetSpec
from weft.runtime import frontdoor
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


class TFRecordDataset(_Faces, _readers.TFRecordDataset):
    """The records of TFRecord files. See `weft.data.TFRecordDataset`."""


class FixedLengthRecordDataset(_Faces, _readers.FixedLengthRecordDataset):
    """The records of files in which all have one length. See `weft.data.FixedLengthRecordDataset`."""


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
        return Dataset(found(*args, **kwargs)._node)

    return staticmethod(make)


for _name in ("from_tensor_slices", "from_tensors", "from_generator", "range", "zip", "list_files", "random",
              "counter", "sample_from_datasets", "choose_from_datasets"):  # fmt: skip
    setattr(Dataset, _name, _maker(_name))

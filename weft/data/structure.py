"""Elements of a dataset: nested structures of tensors, taken apart into flat lists and described by specs.

Inside a pipeline an element is a flat list with a numpy array for each tensor, `Parts` for each sparse or ragged one, a
`Node` for each dataset in it, and None where the structure says None. Tuples, named tuples and dicts are structure; a
list is a tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, nest
from weft.base.errors import explain
from weft.base.shapes import TensorShape
from weft.runtime import frontdoor
from weft.runtime.composite import CompositeTensor
from weft.runtime.sparse import SparseTensor
from weft.runtime.spec import CompositeSpec, TensorSpec
from weft.runtime.tensor import EagerTensor, SymbolicTensor, Tensor

#: how a node becomes what users hold; set by `weft.data.dataset`
public: dict[str, Callable[[Any], Any]] = {}


class PipelineHandle:
    """Base of what users hold of a pipeline; `_node` is its plan."""

    _node: Any


class DatasetSpec:
    """Describes a dataset that is an element of another.

    Args:
        element_spec: The specs of its own elements.
        dataset_shape: As given.
    """

    def __init__(self, element_spec: Any, dataset_shape: Any = ()) -> None:
        self.element_spec = element_spec
        self.dataset_shape = TensorShape(dataset_shape)

    @staticmethod
    def from_value(value: Any) -> DatasetSpec:
        """The spec of a dataset."""
        return DatasetSpec(value.element_spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatasetSpec) and same_spec(self.element_spec, other.element_spec)

    def __hash__(self) -> int:
        return hash(tuple(nest.flatten(self.element_spec)))

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec!r}, {self.dataset_shape!r})"


class Parts:
    """A sparse or ragged tensor as it flows: its arrays.

    Args:
        arrays: In the order of its components.
        spec: Its spec, or one that it fits.
    """

    __slots__ = ("arrays", "spec")

    def __init__(self, arrays: list[Any], spec: CompositeSpec) -> None:
        self.arrays, self.spec = arrays, spec

    def value(self) -> Any:
        """What users see."""
        return self.spec._from_components([EagerTensor(array) for array in self.arrays])


class NoneTensorSpec:
    """Describes None in an element."""

    @staticmethod
    def from_value(value: None) -> NoneTensorSpec:
        """The spec of None."""
        return NoneTensorSpec()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NoneTensorSpec)

    def __hash__(self) -> int:
        return hash(NoneTensorSpec)

    def __repr__(self) -> str:
        return "NoneTensorSpec()"


def same_spec(first: Any, second: Any) -> bool:
    """Whether two structures of specs are the same."""
    try:
        nest.assert_same(first, second)
    except ValueError:
        return False
    return nest.flatten(first) == nest.flatten(second)


def plain(shape: Any) -> list[int | None] | None:
    """A shape with None for what is not known."""
    known = TensorShape(shape)
    return None if known.rank is None else known.as_list()


def spec_of(leaf: Any) -> Any:
    """The spec of a leaf of a normal structure."""
    if leaf is None:
        return NoneTensorSpec()
    if isinstance(leaf, PipelineHandle):
        return DatasetSpec(leaf._node.spec)
    if isinstance(leaf, CompositeTensor):
        return leaf._type_spec
    return TensorSpec(plain(leaf.shape), leaf.dtype)


def normal(value: Any) -> Any:
    """A user's value as an element: tuples and dicts of tensors, None and datasets.

    Raises:
        TypeError: For what no element can hold.
    """
    if value is None or isinstance(value, PipelineHandle):
        return value
    if isinstance(value, CompositeTensor):
        if value._described() is not None:
            return value
        raise TypeError(explain(
            "An element of a dataset holds tensors, datasets and None.", received=type(value).__name__,
            hint="make it dense first, or give its parts as a tuple",
        ))  # fmt: skip
    if isinstance(value, Mapping) or (isinstance(value, tuple) and not isinstance(value, TensorShape)):
        found = nest.children(value) or []
        return nest.rebuild(value, [normal(part) for _, part in found])
    try:
        return frontdoor.convert(value)
    except (TypeError, ValueError):
        if isinstance(value, list) and any(isinstance(item, (PipelineHandle, Mapping)) for item in value):
            raise TypeError(explain(
                "A list in an element becomes one tensor; this one holds other things.", received=repr(value)[:100],
                hint="use a tuple where you mean a structure",
            )) from None  # fmt: skip
        raise


def specs_of(element: Any) -> Any:
    """The structure of specs of a normal element."""
    return nest.map_structure(spec_of, element)


def leaf_of(leaf: Any) -> Any:
    """A leaf of a normal element as it flows: an array, a node, None."""
    if leaf is None:
        return None
    if isinstance(leaf, PipelineHandle):
        return leaf._node
    if isinstance(leaf, CompositeTensor):
        return Parts([array_of(part) for part in leaf._components()], leaf._type_spec)
    return array_of(leaf)


def boxed(value: Any) -> Any:
    """An object of Python's as a scalar of a string tensor, as which engines pass it on."""
    kept = np.empty((), object)
    kept[()] = value
    return kept


def array_of(tensor: Any) -> Any:
    """The array of an eager tensor, or of a constant of a graph.

    Raises:
        NotImplementedError: For another tensor of a graph.
    """
    if isinstance(tensor, EagerTensor):
        return tensor._array
    node = getattr(getattr(tensor, "_value", None), "node", None)
    if node is not None and node.op == "constant":
        return node.attrs["value"].array
    raise NotImplementedError(explain(
        "This dataset is made of tensors of a function that is being traced; its elements are not there yet.",
        received=str(getattr(tensor, "type", tensor)),
        hint="go through the dataset outside of tf.function, and call the function on each element",
    ))  # fmt: skip


def packer(spec: Any) -> Callable[[Sequence[Any]], Any]:
    """A function that makes a user's element of a flat one."""
    leaves = nest.flatten(spec)
    if not nest.is_nested(spec):
        return lambda flat: wrapped(flat[0])
    if all(isinstance(leaf, TensorSpec) for leaf in leaves) and type(spec) is tuple and len(spec) == len(leaves):
        if not any(nest.is_nested(part) for part in spec):
            return lambda flat: tuple([EagerTensor(array) for array in flat])
    return lambda flat: nest.pack(spec, [wrapped(leaf) for leaf in flat])


def wrapped(leaf: Any) -> Any:
    """A flowing leaf as users see it."""
    if isinstance(leaf, np.ndarray):
        return EagerTensor(leaf)
    if isinstance(leaf, Parts):
        return leaf.value()
    return None if leaf is None else public["dataset"](leaf)


def packed_values(spec: Any, flat: Sequence[Any]) -> Any:
    """A flat element as numpy values: scalars for rank 0."""

    def value(leaf: Any) -> Any:
        if leaf is None:
            return None
        if isinstance(leaf, Parts):
            found = leaf.value()
            if hasattr(found, "numpy"):
                return found.numpy()  # of a ragged tensor too: its rows
            arrays = [array.copy() for array in leaf.arrays]
            return found._dense_array() if isinstance(found, SparseTensor) else found._as_arrays(arrays)
        if not isinstance(leaf, np.ndarray):
            return public["dataset"](leaf).as_numpy_iterator()
        if leaf.ndim == 0:
            return leaf.item() if leaf.dtype == object else leaf[()]
        return leaf.copy()

    return nest.pack(spec, [value(leaf) for leaf in flat])


def number(value: Any, argument: str) -> Any:
    """An argument that counts something: an int, or a tensor of a graph whose value comes later.

    Raises:
        TypeError: For what is no integer.
    """
    if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_)):
        return int(value)
    if isinstance(value, SymbolicTensor):
        return value
    if isinstance(value, Tensor) or hasattr(value, "__index__") or hasattr(value, "numpy"):
        try:
            return int(value.__index__()) if hasattr(value, "__index__") else int(value.numpy())
        except (TypeError, ValueError):
            pass
    raise TypeError(explain(f"`{argument}` must be an integer.", received=repr(value)))


def value_of(count: Any) -> int:
    """The integer that `number` gave, now that it is needed."""
    return count if isinstance(count, int) else int(array_of(count))


def resized(spec: Any, size: int | None) -> Any:
    """The specs of elements with a first axis of a size in front."""
    return nest.map_structure(lambda leaf: _with_axis(leaf, size), spec)


def _with_axis(leaf: Any, size: int | None) -> Any:
    if isinstance(leaf, TensorSpec):
        return TensorSpec(TensorShape([size]).concatenate(leaf.shape), leaf.dtype)
    if isinstance(leaf, CompositeSpec):
        return leaf._batched(size)
    if isinstance(leaf, DatasetSpec):
        raise TypeError(explain(
            "Datasets cannot be put into a batch.", received=repr(leaf),
            hint="after window, flat_map gives batches: dataset.window(n).flat_map(lambda w: w.batch(n))",
        ))  # fmt: skip
    return leaf


def described(flat: Sequence[Any]) -> str:
    """An element in a few words, for messages."""
    parts = []
    for leaf in flat:
        if isinstance(leaf, np.ndarray):
            shape = TensorShape(leaf.shape)
            value = f" = {leaf[()]!r}"[:60] if leaf.ndim == 0 else ""
            parts.append(f"{dtypes.as_dtype(leaf.dtype).name}{shape}{value}")
        else:
            parts.append("None" if leaf is None else repr(leaf.spec) if isinstance(leaf, Parts) else "a dataset")
    return ", ".join(parts)

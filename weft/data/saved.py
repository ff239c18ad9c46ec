"""Datasets kept in a folder: a file of elements for each shard, beside one that tells their specs.

    folder/elements.json          the specs, how many shards there are, what the elements were made by
    folder/00000000.elements      the elements of shard 0 (`kept_files`)
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

from weft.base import dtypes, nest
from weft.base.errors import InvalidArgumentError, NotFoundError, explain
from weft.data import kept_files, structure
from weft.data.functions import StructuredFunction, called
from weft.data.nodes import UNKNOWN, Derived, Flat, Node
from weft.data.structure import NoneTensorSpec, Parts
from weft.formats.files import replacing
from weft.runtime.ragged import RaggedTensorSpec
from weft.runtime.sparse import SparseTensorSpec
from weft.runtime.spec import CompositeSpec, TensorSpec

_INDEX = "elements.json"


# Specs as text -------------------------------------------------------------------------------------------------------


def _described(spec: Any) -> Any:
    if isinstance(spec, dict):
        return {"dict": {str(key): _described(part) for key, part in spec.items()}}
    if isinstance(spec, (tuple, list)) and not isinstance(spec, TensorSpec):
        return {"tuple": [_described(part) for part in spec]}
    if isinstance(spec, NoneTensorSpec):
        return {"none": True}
    shape = structure.plain(spec.shape) if hasattr(spec, "shape") else None
    if isinstance(spec, TensorSpec):
        return {"tensor": [shape, spec.dtype.name]}
    if isinstance(spec, SparseTensorSpec):
        return {"sparse": [shape, spec.dtype.name]}
    if isinstance(spec, RaggedTensorSpec):
        return {"ragged": [shape, spec.dtype.name, spec.ragged_rank, spec.row_splits_dtype.name]}
    raise TypeError(explain("A dataset that is saved has elements of tensors.", received=repr(spec),
                            hint="save before window"))  # fmt: skip


def _understood(text: Any) -> Any:
    [(kind, value)] = text.items()
    if kind == "dict":
        return {key: _understood(part) for key, part in value.items()}
    if kind == "tuple":
        return tuple(_understood(part) for part in value)
    if kind == "none":
        return NoneTensorSpec()
    if kind == "tensor":
        return TensorSpec(value[0], dtypes.as_dtype(value[1]))
    if kind == "sparse":
        return SparseTensorSpec(value[0], dtypes.as_dtype(value[1]))
    return RaggedTensorSpec(value[0], dtypes.as_dtype(value[1]), value[2], dtypes.as_dtype(value[3]))


# Elements ------------------------------------------------------------------------------------------------------------


def _flat_arrays(flat: Flat) -> list[Any]:
    return [array for leaf in flat for array in (leaf.arrays if isinstance(leaf, Parts) else [leaf])]


def _from_arrays(leaves: list[Any], arrays: list[Any]) -> Flat:
    supply = iter(arrays)
    return [Parts([next(supply) for _ in leaf._component_specs()], leaf) if isinstance(leaf, CompositeSpec)
            else next(supply) for leaf in leaves]  # fmt: skip


def _shard(folder: str, number: int) -> str:
    return os.path.join(folder, f"{number:08d}.elements")


class Shard(Node):
    """The elements of one file."""

    label = "_ShardReader"

    def __init__(self, path: str, spec: Any) -> None:
        self.path, self.spec = path, spec

    def cardinality(self) -> int:
        return UNKNOWN

    def iterate(self) -> Iterator[Flat]:
        leaves = nest.flatten(self.spec)
        return (_from_arrays(leaves, arrays) for arrays in kept_files.read(self.path))


def written(folder: str, node: Node, shard_of: StructuredFunction | None) -> Iterator[Flat]:
    """Passes elements on and writes them; the folder counts as written when all have been passed on."""
    _described(node.spec)
    os.makedirs(folder, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(folder, _INDEX))
    shards: set[int] = set()
    with contextlib.ExitStack() as files:
        writers: dict[int, kept_files.Writer] = {}
        for place, flat in enumerate(node.iterate()):
            number = 0 if shard_of is None else int(called(shard_of, place, flat)[0])
            if number < 0:
                raise InvalidArgumentError(explain("`shard_func` must give 0 or more.", received=str(number)))
            if number not in writers:
                writers[number] = files.enter_context(kept_files.opened(_shard(folder, number)))
                shards.add(number)
            writers[number].add(_flat_arrays(flat))
            yield flat
    index = {"element_spec": _described(node.spec), "shards": sorted(shards)}
    with replacing(os.path.join(folder, _INDEX)) as target:
        target.write(json.dumps(index).encode())


def shards_of(folder: str, element_spec: Any = None) -> list[Node]:
    """The shards of a folder.

    Raises:
        NotFoundError: Where none was written.
        ValueError: For a spec that is not theirs.
    """
    try:
        with open(os.path.join(folder, _INDEX), encoding="utf-8") as source:
            index = json.load(source)
    except FileNotFoundError:
        theirs = os.path.exists(os.path.join(folder, "dataset_spec.pb"))
        raise NotFoundError(explain(
            f"No saved dataset in {folder!r}." if not theirs else f"{folder!r} holds a dataset that TensorFlow saved.",
            hint="Dataset.save(path) writes one" if not theirs else "write it as TFRecords, which both read",
        )) from None  # fmt: skip
    spec = _understood(index["element_spec"])
    if element_spec is not None:
        if _described(element_spec) != _described(spec):
            raise ValueError(explain("load: the saved elements are others.", expected=repr(element_spec),
                                     received=repr(spec)))  # fmt: skip
        spec = element_spec
    return [Shard(_shard(folder, number), spec) for number in index["shards"]] or [_Nothing(spec)]


class _Nothing(Node):
    """No elements."""

    label = "_ShardReader"

    def __init__(self, spec: Any) -> None:
        self.spec = spec

    def cardinality(self) -> int:
        return 0

    def iterate(self) -> Iterator[Flat]:
        return iter(())


class Snapshot(Derived):
    """Keeps the elements of the first whole pass in a folder, which later passes and programs read."""

    label = "_SnapshotDataset"

    def __init__(self, source: Node, folder: str, shard_of: StructuredFunction | None,
                 read: Callable[[list[Node]], Node]) -> None:  # fmt: skip
        super().__init__(source)
        self.folder, self.shard_of, self.read = folder, shard_of, read

    def iterate(self) -> Iterator[Flat]:
        if os.path.exists(os.path.join(self.folder, _INDEX)):
            return self.read(shards_of(self.folder, self.spec)).iterate()
        return written(self.folder, self.source, self.shard_of)

"""Elements of different sizes as ragged tensors, so that they can be put into batches as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from weft.base import dtypes, nest
from weft.base.errors import InvalidArgumentError, explain
from weft.data.nodes import Derived, Flat, Node
from weft.data.structure import Parts
from weft.runtime.ragged import RaggedTensorSpec
from weft.runtime.sparse import SparseTensorSpec
from weft.runtime.spec import TensorSpec


class ToRagged(Derived):
    """Dense components with sizes that vary as ragged ones; others as they are."""

    label = "_ToRaggedDataset"

    def __init__(self, source: Node, splits: Any) -> None:
        super().__init__(source)
        self.splits = dtypes.as_dtype(splits)
        self.spec = nest.map_structure(self._described, source.spec)

    def _described(self, spec: Any) -> Any:
        if not isinstance(spec, TensorSpec) or spec.shape.rank is None or spec.shape.is_fully_defined():
            return spec
        known = spec.shape.as_list()
        levels = max(axis for axis, size in enumerate(known) if size is None)
        return RaggedTensorSpec(known, spec.dtype, levels, self.splits)

    def iterate(self) -> Iterator[Flat]:
        specs = list(zip(nest.flatten(self.source.spec), nest.flatten(self.spec), strict=True))
        for element in self.source.iterate():
            yield [leaf if old is new else Parts(self._arrays(leaf, new), new)
                   for leaf, (old, new) in zip(element, specs, strict=True)]  # fmt: skip

    def _arrays(self, array: Any, spec: RaggedTensorSpec) -> list[Any]:
        levels = spec.ragged_rank
        splits = [np.arange(int(np.prod(array.shape[:level])) + 1, dtype=self.splits.numpy) * array.shape[level]
                  for level in range(1, levels + 1)]  # fmt: skip
        return [array.reshape((-1, *array.shape[levels + 1 :])) if levels else array, *splits]


class ToSparse(Derived):
    """Components as sparse tensors of one shape."""

    label = "_ToSparseDataset"

    def __init__(self, source: Node, row_shape: Any) -> None:
        super().__init__(source)
        for leaf in nest.flatten(source.spec):
            if not isinstance(leaf, TensorSpec):
                raise TypeError(explain("sparse_batch takes elements of dense tensors.", received=repr(leaf)))
        self.shape = row_shape
        self.spec = nest.map_structure(lambda spec: SparseTensorSpec(row_shape, spec.dtype), source.spec)

    def iterate(self) -> Iterator[Flat]:
        specs = nest.flatten(self.spec)
        for element in self.source.iterate():
            yield [Parts(self._arrays(leaf, spec), spec) for leaf, spec in zip(element, specs, strict=True)]

    def _arrays(self, array: Any, spec: Any) -> list[Any]:
        whole = [size if size is not None else array.shape[axis] for axis, size in enumerate(spec.shape.as_list())]
        if len(whole) != array.ndim or any(a > b for a, b in zip(array.shape, whole, strict=True)):
            raise InvalidArgumentError(explain("sparse_batch: an element is larger than the row shape.",
                                               expected=str(whole), received=str(array.shape)))  # fmt: skip
        places = np.stack(np.meshgrid(*map(np.arange, array.shape), indexing="ij"), -1).reshape(-1, array.ndim)
        return [places.astype(np.int64), array.ravel(), np.asarray(whole, np.int64)]

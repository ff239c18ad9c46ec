"""What tells one trace of a function from another: data by their types, the rest of the arguments by what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.shapes import TensorShape, refreshed
from weft.ir.types import TensorType
from weft.runtime import frontdoor
from weft.runtime.composite import CompositeTensor
from weft.runtime.spec import CompositeSpec, TensorSpec
from weft.runtime.tensor import EagerTensor, Handle, SymbolicTensor, Tensor, TensorOperators


def is_data(leaf: Any) -> bool:
    """Whether an argument is data, fed to the graph, rather than part of the program."""
    return isinstance(leaf, (Tensor, np.ndarray, CompositeTensor)) and not isinstance(leaf, Handle)


def program_parts(leaves: Sequence[Any]) -> list[Any]:
    """What a trace must keep alive, because its key tells it by identity; data are not among it."""
    return [leaf for leaf in leaves if not is_data(leaf)]


def own_type(spec: Any) -> TensorType:
    """The type of an argument that is described by a spec: each with unknown sizes of its own."""
    return TensorType(refreshed(spec.shape.symbolic), spec.dtype)


def plain_shape(shape: TensorShape) -> tuple[int | None, ...] | None:
    return None if shape.rank is None else tuple(shape.as_list())


def static_key(leaf: Any, key: Any) -> Any:
    """The part of an argument's key that is no type of data; of data, that there are some in this place."""
    if isinstance(leaf, CompositeTensor):
        return type(leaf), leaf._static_part()
    return "data" if is_data(leaf) else key


def leaf_key(leaf: Any, types: list[TensorType]) -> Any:
    if isinstance(leaf, CompositeTensor):
        spec = leaf._described()
        if spec is not None:
            return leaf_key(spec, types)
        keys = []
        for part in leaf._components():
            keys.append(leaf_key(frontdoor.convert(part), types))
        return (type(leaf), leaf._static_part(), *keys)
    if isinstance(leaf, CompositeSpec):
        types.extend(own_type(part) for part in leaf._component_specs())
        return type(leaf), leaf
    if isinstance(leaf, np.ndarray):
        dtype = dtypes.as_dtype(leaf.dtype)
        types.append(TensorType(leaf.shape, dtype))
        return leaf.shape, dtype
    if isinstance(leaf, EagerTensor):
        types.append(leaf.type)
        return types[-1].shape, leaf.dtype
    if isinstance(leaf, (SymbolicTensor, TensorSpec)):
        types.append(own_type(leaf))
        return plain_shape(leaf.shape), leaf.dtype
    if isinstance(leaf, (float, complex)):
        return type(leaf), repr(leaf)  # NaN is not equal to itself, and 0.0 is equal to -0.0
    if isinstance(leaf, (bool, int, str, bytes, type(None), dtypes.DType)):
        return type(leaf), leaf
    if isinstance(leaf, TensorOperators):
        return "object", id(leaf)
    try:
        hash(leaf)
    except TypeError:
        return "object", id(leaf)
    return type(leaf), leaf


def share_sizes(types: Sequence[TensorType]) -> tuple[TensorType, ...]:
    """The types with equal first sizes made one symbol: a shorter last batch then runs the same code."""
    symbols: dict[Any, Dim] = {}
    shared = []
    for type in types:
        if type.shape and isinstance(type.shape[0], int) and type.shape[0] > 0:
            size = symbols.setdefault(type.shape[0], Dim.fresh("batch"))
            shared.append(TensorType((size, *type.shape[1:]), type.dtype))
        else:
            shared.append(type)
    return tuple(shared)


def pattern(types: Sequence[TensorType]) -> tuple[Any, ...]:
    """What stays the same when only the shared first sizes change."""
    sizes: dict[Any, int] = {}
    pattern = []
    for type in types:
        shape: Any = type.shape
        if shape and isinstance(shape[0], int) and shape[0] > 0:
            shape = (("batch", sizes.setdefault(shape[0], len(sizes))), *shape[1:])
        if shape is not None:
            shape = tuple(None if isinstance(size, Dim) else size for size in shape)
        pattern.append((shape, type.dtype))
    return tuple(pattern)

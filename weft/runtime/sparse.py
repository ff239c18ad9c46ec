"""Sparse tensors: the places and values of what is not zero."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.base.errors import explain
from weft.base.shapes import TensorShape
from weft.runtime import context, dispatch, frontdoor, sizes
from weft.runtime.composite import CompositeTensor
from weft.runtime.spec import CompositeSpec, TensorSpec

#: elementwise ops that leave zeros zeros: they are applied to the values
_KEEPING_ZEROS = frozenset("""
    abs negative sign square sqrt cast identity erf tanh sin tan asin atan sinh asinh expm1 log1p round floor ceil real
    imag conj stop_gradient check_numerics
""".split())  # fmt: skip


class SparseTensorValue(NamedTuple):
    """A sparse tensor's arrays, as sessions take and give them."""

    indices: Any
    values: Any
    dense_shape: Any


class SparseTensor(CompositeTensor):
    """A tensor that is zero but at some places.

    Most functions want the places in row-major order, without repeats; `tf.sparse.reorder` brings them into it.

    Args:
        indices: `[n, rank]`, int64: the places.
        values: `[n]`: what stands there.
        dense_shape: `[rank]`, int64: the shape of the whole.

    Raises:
        ValueError: Where the three do not fit together.

    Example:
        >>> import weft as tf
        >>> tf.sparse.to_dense(tf.SparseTensor([[0, 1], [2, 0]], [5, 7], [3, 2])).numpy().tolist()
        [[0, 5], [0, 0], [7, 0]]
    """

    __array_priority__ = 100

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        places, held, whole = _converted(indices, values, dense_shape)
        for tensor, rank, name in ((places, 2, "indices"), (held, 1, "values"), (whole, 1, "dense_shape")):
            if tensor.shape.rank not in (rank, None):
                raise ValueError(explain(
                    f"SparseTensor: `{name}` must have rank {rank}. Shape {tensor.shape} must have rank {rank}.",
                    received=str(tensor.type), hint="indices [n, rank], values [n], dense_shape [rank]",
                ))  # fmt: skip
        if places.shape.rank is not None and held.shape.rank is not None and whole.shape.rank is not None:
            counts, axes = (places.shape[0], held.shape[0]), (places.shape[1], whole.shape[0])
            if (None not in counts and counts[0] != counts[1]) or (None not in axes and axes[0] != axes[1]):
                raise ValueError(explain("SparseTensor: indices, values and dense_shape do not fit together.",
                                         expected="indices [n, rank], values [n], dense_shape [rank]",
                                         received=[str(t.type) for t in (places, held, whole)]))  # fmt: skip
        self._set(places, held, whole, None)

    def _set(self, indices: Any, values: Any, dense_shape: Any, shape: TensorShape | None) -> SparseTensor:
        self._indices, self._values, self._dense_shape = indices, values, dense_shape
        self._said = shape  # what is known beside the tensors
        return self

    @property
    def indices(self) -> Any:
        """The places: `[n, rank]`, int64."""
        return self._indices

    @property
    def values(self) -> Any:
        """What stands there: `[n]`."""
        return self._values

    @property
    def dense_shape(self) -> Any:
        """The shape of the whole as a tensor: `[rank]`, int64."""
        return self._dense_shape

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._values.dtype  # type: ignore[no-any-return]

    @property
    def op(self) -> Any:
        """The operation that makes the values."""
        return self._values.op

    @property
    def graph(self) -> Any:
        """The graph that it belongs to."""
        return self._values.graph

    @property
    def name(self) -> str:
        """The name of the values."""
        return str(self._values.name)

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole, as far as it is known."""
        found = sizes.known(self._dense_shape)
        if isinstance(found, tuple):
            return TensorShape(found)
        if self._said is not None:
            return self._said
        for tensor, axis in ((self._dense_shape, 0), (self._indices, 1)):
            if tensor.shape.rank is not None and tensor.shape[axis] is not None:
                return TensorShape([None] * tensor.shape[axis])
        return TensorShape(None)

    def get_shape(self) -> TensorShape:
        """The shape of the whole, as far as it is known."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Says what is known about the shape of the whole.

        Raises:
            ValueError: Where it contradicts what is known.
        """
        self._said = self.shape.merge_with(TensorShape(shape))

    def with_values(self, new_values: Any) -> SparseTensor:
        """The same places with other values."""
        return SparseTensor(self._indices, new_values, self._dense_shape)

    def consumers(self) -> list[Any]:
        """The operations that use it."""
        return [op for tensor in self._components() for op in tensor.consumers()]

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Its arrays, run in a session."""
        from weft.runtime.session import default_session

        return (session or default_session(required=True)).run(self, feed_dict)

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """A sparse tensor out of a `SparseTensorValue`."""
        found = sparse_tensor_value
        return found if isinstance(found, cls) else cls(found.indices, found.values, found.dense_shape)

    # As a value of functions, sessions and datasets ------------------------------------------------------------------

    def _components(self) -> list[Any]:
        return [self._indices, self._values, self._dense_shape]

    def _rebuild(self, parts: list[Any]) -> SparseTensor:
        return SparseTensor.__new__(SparseTensor)._set(parts[0], parts[1], parts[2], self.shape)

    def _static_part(self) -> Any:
        shape = self.shape
        return None if shape.rank is None else tuple(shape.as_list())

    def _loosened(self, other: Any) -> SparseTensor:
        mine = self.shape
        theirs = other.shape if isinstance(other, SparseTensor) else TensorShape(None)
        said: Any = None
        if mine.rank is not None:
            known = theirs.as_list() if theirs.rank == mine.rank else [None] * mine.rank
            said = TensorShape([a if a == b else None for a, b in zip(mine.as_list(), known, strict=True)])
        return SparseTensor.__new__(SparseTensor)._set(self._indices, self._values, _opaque(self._dense_shape), said)

    def _changing_in_loops(self) -> tuple[tuple[int, int], ...]:
        return ((0, 0), (1, 0))

    def _as_arrays(self, arrays: list[Any]) -> SparseTensorValue:
        return SparseTensorValue(*arrays)

    def _dense_array(self) -> Any:
        """The whole as an array: zeros, or empty strings, where it says nothing."""
        found = np.zeros(self._dense_shape.numpy(), self.dtype.numpy)
        if found.dtype == object:
            found[...] = b""
        found[tuple(self._indices.numpy().T)] = self._values.numpy()
        return found

    def _fed(self, value: Any) -> list[Any]:
        if isinstance(value, SparseTensor):
            return [tensor.numpy() for tensor in value._components()]
        indices, values, shape = value
        return [np.asarray(indices, np.int64), values, np.asarray(shape, np.int64)]

    @property
    def _type_spec(self) -> SparseTensorSpec:
        return SparseTensorSpec(self.shape.as_list() if self.shape.rank is not None else None, self.dtype)

    # Operators -------------------------------------------------------------------------------------------------------

    def __weft_operation__(self, op: str, inputs: Sequence[Any], attrs: dict[str, Any]) -> tuple[Any, ...]:
        if op in _KEEPING_ZEROS and len(inputs) == 1:
            return (self._with(dispatch.call(op, self._values, **attrs)),)
        if op in ("multiply", "divide") and inputs[0] is self:
            return (self._with(dispatch.call(op, self._values, self._at_places(inputs[1]))),)
        if op == "multiply":
            return (self._with(dispatch.call(op, self._values, self._at_places(inputs[0]))),)
        if op == "shape":
            return (dispatch.call("cast", self._dense_shape, dtype=attrs["dtype"]),)
        if op in ("size", "rank"):
            return (self._counted(op, attrs),)
        raise TypeError(explain(
            f"{op} does not take a SparseTensor.", received=repr(self._type_spec),
            hint="tf.sparse has functions for it; tf.sparse.to_dense makes it dense, tf.sparse.map_values applies a "
            "function to its values",
        ))  # fmt: skip

    def _with(self, values: Any) -> SparseTensor:
        return SparseTensor.__new__(SparseTensor)._set(self._indices, values, self._dense_shape, self._said)

    def _at_places(self, other: Any) -> Any:
        """The elements of a dense operand, which broadcasts, at the places."""
        if isinstance(other, SparseTensor):
            raise TypeError(explain("Two sparse tensors are not multiplied element by element.",
                                    hint="make one of them dense: tf.sparse.to_dense"))  # fmt: skip
        if other.shape.rank == 0:
            return other
        whole = dispatch.call("cast", self._dense_shape, dtype=dtypes.int32)
        dense = dispatch.call("broadcast_to_dynamic", other, whole)
        return dispatch.call("gather_nd", dense, self._indices)

    def _counted(self, op: str, attrs: dict[str, Any]) -> Any:
        if op == "rank":
            return dispatch.call("cast", dispatch.call("size", self._dense_shape), dtype=dtypes.int32)
        return dispatch.call("cast", dispatch.call("reduce_prod", self._dense_shape, axis=(0,)),
                             dtype=attrs.get("dtype", dtypes.int32))  # fmt: skip

    def __mul__(self, other: Any) -> SparseTensor:
        return self._with(dispatch.call("multiply", self._values, self._at_places(self._operand(other))))

    def __truediv__(self, other: Any) -> SparseTensor:
        return self._with(dispatch.call("divide", self._values, self._at_places(self._operand(other))))

    __div__ = __truediv__

    def _operand(self, other: Any) -> Any:
        return other if frontdoor.is_tensor_like(other) else frontdoor.convert(other, self.dtype)

    def __repr__(self) -> str:
        return f"SparseTensor(indices={self._indices!s}, values={self._values!s}, dense_shape={self._dense_shape!s})"


class SparseTensorSpec(CompositeSpec):
    """Describes a sparse tensor that is still to come.

    Args:
        shape: Of the whole; None where unknown.
        dtype: The element type.
    """

    __slots__ = ("_dtype", "_shape")
    value_type = SparseTensor

    def __init__(self, shape: Any = None, dtype: Any = dtypes.float32) -> None:
        self._shape = TensorShape(shape)
        self._dtype = dtypes.as_dtype(dtype)

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @classmethod
    def from_value(cls, value: Any) -> SparseTensorSpec:
        """The spec of a sparse tensor."""
        return SparseTensor.from_value(value)._type_spec

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a sparse tensor (or spec) fits."""
        return (isinstance(other, (SparseTensor, SparseTensorSpec)) and other.dtype == self._dtype
                and self._shape.is_compatible_with(other.shape))  # fmt: skip

    def _component_specs(self) -> list[TensorSpec]:
        rank = self._shape.rank
        return [TensorSpec([None, rank], dtypes.int64), TensorSpec([None], self._dtype),
                TensorSpec([rank], dtypes.int64)]  # fmt: skip

    def _from_components(self, parts: list[Any]) -> SparseTensor:
        said = None if self._shape.rank is None else self._shape
        return SparseTensor.__new__(SparseTensor)._set(parts[0], parts[1], parts[2], said)

    def _batched(self, size: int | None) -> SparseTensorSpec:
        return SparseTensorSpec(TensorShape([size]).concatenate(self._shape), self._dtype)

    def _row(self) -> SparseTensorSpec:
        return SparseTensorSpec(None if self._shape.rank is None else self._shape[1:], self._dtype)

    def _stacked(self, values: list[list[Any]]) -> list[Any]:
        wholes = np.stack([whole for _, _, whole in values])
        indices = [np.concatenate([np.full((len(places), 1), row, np.int64), places], axis=1)
                   for row, (places, _, _) in enumerate(values)]  # fmt: skip
        return [np.concatenate(indices), np.concatenate([held for _, held, _ in values]),
                np.concatenate([[len(values)], wholes.max(axis=0)]).astype(np.int64)]  # fmt: skip

    def _rows(self, arrays: list[Any]) -> list[Any]:
        places, held, whole = arrays
        order = np.argsort(places[:, 0], kind="stable")
        bounds = np.searchsorted(places[order, 0], np.arange(int(whole[0]) + 1))
        found = []
        for start, stop in itertools.pairwise(bounds):
            chosen = order[start:stop]
            found.append([places[chosen, 1:], held[chosen], whole[1:]])
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SparseTensorSpec) and (self._shape, self._dtype) == (other._shape, other._dtype)

    def __hash__(self) -> int:
        return hash((SparseTensorSpec, self._shape, self._dtype))

    def __repr__(self) -> str:
        return f"SparseTensorSpec({self._shape!r}, tf.{self._dtype.name})"

    def __reduce__(self) -> tuple[Any, ...]:
        return SparseTensorSpec, (self._shape, self._dtype)


def _int64(value: Any) -> Any:
    if isinstance(value, TensorShape):
        value = value.as_list()
    if not frontdoor.is_tensor_like(value) and not isinstance(value, (list, tuple)):
        return frontdoor.convert(np.asarray(value).astype(np.int64))
    if isinstance(value, (list, tuple)) and not frontdoor._holds_tensor(value):
        return frontdoor.convert(np.asarray(value, np.int64))
    tensor = frontdoor.convert(value)
    return tensor if tensor.dtype == dtypes.int64 else dispatch.call("cast", tensor, dtype=dtypes.int64)


def _converted(indices: Any, values: Any, dense_shape: Any) -> Sequence[Any]:
    """The three parts as tensors; what is given as arrays makes constants in a scope in a graph of TensorFlow 1."""
    scope = context.scope()
    if scope is None or scope.ordered:
        return _int64(indices), frontdoor.convert(values), _int64(dense_shape)
    inside = scope.graph.unique_name(context.qualified("SparseTensor"))
    parts: list[Any] = []
    for name, given in (("indices", indices), ("values", values), ("dense_shape", dense_shape)):
        if frontdoor.is_tensor_like(given) or frontdoor._holds_tensor(given):
            parts.append(frontdoor.convert(given) if name == "values" else _int64(given))
            continue
        with context.open_scope(None):
            array = (frontdoor.convert(given) if name == "values" else _int64(given))._array
        parts.append(frontdoor.constant(array, f"{inside}/{name}/"))
    return parts


def _opaque(tensor: Any) -> Any:
    """A shape tensor of which nobody knows the content any more: a loop may change it."""
    return dispatch.call("stop_gradient", tensor)

"""`tf.data.experimental` of version 1: version 2's, and the older names of specs."""

from __future__ import annotations

from typing import Any

from weft.base.absent import absent as _absent
from weft.data import experimental as _current
from weft.data.optional import OptionalSpec as OptionalStructure  # noqa: F401
from weft.data.structure import DatasetSpec as DatasetStructure  # noqa: F401
from weft.runtime.ragged import RaggedTensorSpec as _RaggedTensorSpec
from weft.runtime.sparse import SparseTensorSpec as _SparseTensorSpec
from weft.runtime.spec import TensorSpec as _TensorSpec
from weft.runtime.spec import TypeSpec as Structure  # noqa: F401


def TensorStructure(dtype: Any, shape: Any) -> Any:
    """A `tf.TensorSpec`, the dtype first."""
    return _TensorSpec(shape, dtype)


def SparseTensorStructure(dtype: Any, shape: Any) -> Any:
    """A `tf.SparseTensorSpec`, the dtype first."""
    return _SparseTensorSpec(shape, dtype)


def RaggedTensorStructure(dtype: Any, shape: Any, ragged_rank: int) -> Any:
    """A `tf.RaggedTensorSpec`, the dtype first."""
    return _RaggedTensorSpec(shape, dtype, ragged_rank)


def map_and_batch_with_legacy_function(map_func: Any, batch_size: Any, num_parallel_batches: Any = None,
                                       drop_remainder: Any = False, num_parallel_calls: Any = None) -> Any:  # fmt: skip
    """As `map_and_batch`: functions are traced in one way."""
    return _current.map_and_batch(map_func, batch_size, num_parallel_batches, drop_remainder, num_parallel_calls)


_OWN = ("DatasetStructure", "OptionalStructure", "RaggedTensorStructure", "SparseTensorStructure", "Structure",
        "TensorStructure", "map_and_batch_with_legacy_function")  # fmt: skip


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        return getattr(_current, name)
    except AttributeError:
        raise AttributeError(_absent(f"tf.data.experimental.{name}", __dir__())) from None


def __dir__() -> list[str]:
    return sorted({*_OWN, *(name for name in dir(_current) if not name.startswith("_"))})

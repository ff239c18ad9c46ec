"""What the tables of `tf.lookup` have in common: a dict behind a handle, looked up on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.errors import FailedPreconditionError, explain
from weft.base.locks import Lock
from weft.ir.types import TensorType
from weft.runtime import context, frontdoor, kept_calls
from weft.runtime.host_call import host_call
from weft.runtime.sparse import SparseTensor
from weft.runtime.tensor import EagerTensor


def plain(array: Any) -> list[Any]:
    """The elements of an array as Python's, which a dict tells apart as TensorFlow does."""
    return array.ravel().tolist()  # type: ignore[no-any-return]


class LookupTable:
    """Base of tables: keys of one dtype, values of one dtype and shape.

    Args:
        key_dtype: Of the keys.
        value_dtype: Of the values.
        name: Its name.
    """

    #: what the scope of a lookup is called, behind the table's name
    _finds = "Lookup"
    #: the shape of a value
    _row: tuple[int, ...] = ()
    #: what nodes may do with it, by name; each is a method `_run_NAME` of arrays
    _actions: tuple[str, ...] = ("find", "size", "export")

    def __init__(self, key_dtype: Any, value_dtype: Any, name: str) -> None:
        self._key_dtype, self._value_dtype = dtypes.as_dtype(key_dtype), dtypes.as_dtype(value_dtype)
        self._name = name
        self._lock = Lock()
        self._entries: dict[Any, Any] | None = {}
        self._waiting: Any = None  # in a graph of TensorFlow 1, the operation that fills it

    @property
    def key_dtype(self) -> Any:
        """The dtype of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self) -> Any:
        """The dtype of the values."""
        return self._value_dtype

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def resource_handle(self) -> Any:
        """Itself: the table is an object of Python."""
        return self

    @property
    def initializer(self) -> Any:
        """The operation that fills it, in a graph of TensorFlow 1; None elsewhere, where it is filled at once."""
        return self._waiting

    def _fill(self, keys: Any, values: Any) -> None:
        """Fills it, at once or when its operation runs."""

        def run(keys: Any, values: Any) -> list[Any]:
            found: dict[Any, Any] = {}
            for key, value in zip(plain(keys), list(values), strict=True):
                if key in found and found[key] != value:
                    raise FailedPreconditionError(
                        f"Table `{self._name}`: HashTable has different value for same key. Key {key!r} has "
                        f"{found[key]!r} and trying to add value {value!r}")  # fmt: skip
                found[key] = value
            self._entries = found
            return []

        if isinstance(keys, EagerTensor) and isinstance(values, EagerTensor):
            run(keys._array, values._array)
            scope = context.scope()
            if scope is not None and not scope.ordered:
                self._await(list)
            return
        self._entries = None
        (self._waiting,) = host_call(run, [keys, values], (), "LookupTableImportV2", "table_init")
        _note(self._waiting)

    def _await(self, run: Any) -> None:
        (self._waiting,) = host_call(run, [], (), "LookupTableImportV2", "table_init")
        _note(self._waiting)

    def _all(self) -> dict[Any, Any]:
        if self._entries is None:
            raise FailedPreconditionError(explain(f"Table `{self._name}` is not initialized.",
                                                  hint="session.run(tf.tables_initializer())"))  # fmt: skip
        return self._entries

    def _keys_of(self, keys: Any) -> Any:
        found = frontdoor.convert(keys, None if frontdoor.is_tensor_like(keys) else self._key_dtype)
        if found.dtype != self._key_dtype:
            raise TypeError(f"Dtype of argument `keys` must be {self._key_dtype.name}, received: {found.dtype.name}")
        return found

    def _looked_up(self, keys: Any, default: Any, name: str | None) -> Any:
        """The values of keys; a default for what is not there."""
        if isinstance(keys, SparseTensor):
            return keys.with_values(self._looked_up(keys.values, default, name))
        if hasattr(keys, "with_flat_values"):
            return keys.with_flat_values(self._looked_up(keys.flat_values, default, name))
        found = self._keys_of(keys)
        run = TableCall(self, "find")
        shape = None if found.shape.symbolic is None else (*found.shape.symbolic, *self._row)
        kind = TensorType(shape, self._value_dtype)
        return host_call(run, [found, default], [kind], "LookupTableFindV2", self._label(name, self._finds, "Find"))[0]

    def _label(self, name: str | None, action: str, op: str) -> str | None:
        """What the node of an operation is called: in graphs of TensorFlow 1 it stands in a scope after the table."""
        scope = context.scope()
        if scope is None or scope.ordered:
            return name
        return f"{name or f'{self._name}_{action}'}/LookupTable{op}V2"

    def size(self, name: str | None = None) -> Any:
        """How many keys there are: a scalar int64."""
        kind = TensorType((), dtypes.int64)
        label = self._label(name, "Size", "Size")
        return host_call(TableCall(self, "size"), [], [kind], "LookupTableSizeV2", label)[0]

    def export(self, name: str | None = None) -> tuple[Any, Any]:
        """All keys and their values: two tensors."""
        count = Dim.fresh("entries")
        types = [TensorType((count,), self._key_dtype), TensorType((count, *self._row), self._value_dtype)]
        keys, values = host_call(TableCall(self, "export"), [], types, "LookupTableExportV2", name)
        return keys, values

    # What nodes call, on arrays

    def _run_find(self, keys: Any, default: Any) -> list[Any]:
        row = self._row
        made = np.empty((keys.size, *row), self._value_dtype.numpy)
        with self._lock:
            entries = self._all()
            each = default.reshape((-1, *row)) if default.ndim > len(row) else None
            for place, key in enumerate(plain(keys)):
                value = entries.get(key, _NOT_THERE)
                made[place] = (default[()] if each is None else each[place]) if value is _NOT_THERE else value
        return [made.reshape((*keys.shape, *row))]

    def _run_size(self) -> list[Any]:
        return [np.asarray(len(self._all()), np.int64)]

    def _run_export(self) -> list[Any]:
        with self._lock:
            entries = dict(self._all())
        keys = np.empty(len(entries), self._key_dtype.numpy)
        values = np.empty((len(entries), *self._row), self._value_dtype.numpy)
        for place, (key, value) in enumerate(entries.items()):
            keys[place], values[place] = key, value
        return [keys, values]

    # What checkpoints and SavedModels ask

    def _trackable_children(self) -> dict[str, Any]:
        return {}

    def __deepcopy__(self, memo: Any) -> LookupTable:
        return self  # functions and layers that are copied go on using the same table


class TableCall:
    """What a node calls of a table; a file keeps it as the table's number and the action's name.

    Args:
        table: The table.
        action: One of the table's `_actions`.

    Raises:
        TypeError: For an action that the table does not have.
    """

    def __init__(self, table: LookupTable, action: str) -> None:
        if not isinstance(table, LookupTable) or action not in table._actions:
            raise TypeError(f"a {type(table).__name__} has no action {action!r}")
        self._run = getattr(table, f"_run_{action}")
        self.plain_call = _KEPT, {"table": table, "action": action}

    def __call__(self, *arrays: Any) -> Any:
        return self._run(*arrays)


_KEPT = "lookup.table"
kept_calls.made[_KEPT] = TableCall
_NOT_THERE = object()


def _note(operation: Any) -> None:
    """Adds an operation to those that `tables_initializer` runs."""
    from weft.runtime import graph as graphs

    graphs.default_graph().add_to_collection("table_initializer", operation)

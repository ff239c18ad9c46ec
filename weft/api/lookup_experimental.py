"""`tf.lookup.experimental`: tables that change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from weft.api.lookup_tables import LookupTable, TableCall, plain
from weft.base.errors import InvalidArgumentError, explain
from weft.base.hashing import murmur64
from weft.runtime import frontdoor, static
from weft.runtime.host_call import host_call

#: how many places a dense table's entries have in a checkpoint at first, and which share of them may be taken
_FIRST_BUCKETS, _LOAD = 1 << 17, 0.8
#: what its entries are called in checkpoints
_KEYS, _VALUES = "table-keys", "table-values"


class MutableHashTable(LookupTable):
    """A table from keys to values, or vectors of them, that can be changed.

    Args:
        key_dtype: Of the keys.
        value_dtype: Of the values.
        default_value: The value of other keys; its shape is that of all values.
        name: Accepted.
        checkpoint: Accepted.
        experimental_is_anonymous: Accepted.

    Example:
        >>> import weft as tf
        >>> table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, default_value=-1)
        >>> table.insert(["a", "b"], [1, 2])
        >>> table.remove(["a"])
        >>> table.lookup(["a", "b"]).numpy().tolist()
        [-1, 2]
    """

    _finds = "lookup_table_find"
    _actions = (*LookupTable._actions, "insert", "remove")

    def __init__(self, key_dtype: Any, value_dtype: Any, default_value: Any, name: str = "MutableHashTable",
                 checkpoint: bool = True, experimental_is_anonymous: bool = False) -> None:  # fmt: skip
        super().__init__(key_dtype, value_dtype, name)
        self._default = frontdoor.convert(default_value, None if frontdoor.is_tensor_like(default_value)
                                          else self.value_dtype)  # fmt: skip
        self._row = tuple(self._default.shape.as_list())

    def lookup(self, keys: Any, dynamic_default_values: Any = None, name: str | None = None) -> Any:
        """The values of keys.

        Args:
            keys: Dense, sparse or ragged ones of any shape.
            dynamic_default_values: Values for keys that are not there, one for each key.
            name: The node's name.
        """
        default = self._default
        if dynamic_default_values is not None:
            default = frontdoor.convert(dynamic_default_values, None if frontdoor.is_tensor_like(
                dynamic_default_values) else self.value_dtype)  # fmt: skip
        return self._looked_up(keys, default, name)

    def insert(self, keys: Any, values: Any, name: str | None = None) -> Any:
        """Gives keys values, new ones or others than they had.

        Raises:
            TypeError: For keys or values of another dtype.
            InvalidArgumentError: Where there is not one value for each key.
        """
        found = self._keys_of(keys)
        given = frontdoor.convert(values, None if frontdoor.is_tensor_like(values) else self.value_dtype)
        if given.dtype != self.value_dtype:
            raise TypeError(f"Dtype of argument `values` must be {self.value_dtype.name}, received: {given.dtype.name}")
        return _result(host_call(TableCall(self, "insert"), [found, given], (), "LookupTableInsertV2", name))

    def _run_insert(self, keys: Any, values: Any) -> list[Any]:
        if values.shape != (*keys.shape, *self._row):
            raise InvalidArgumentError(explain(
                f"Table `{self._name}`: Expected shape {[*keys.shape, *self._row]} for values, got "
                f"{list(values.shape)}."))  # fmt: skip
        rows = values.reshape((-1, *self._row))
        with self._lock:
            for place, key in enumerate(plain(keys)):
                self._check_key(key)
                self._all()[key] = np.array(rows[place]) if self._row else rows[place]
        return []

    def _check_key(self, key: Any) -> None:
        """Refuses keys that have another meaning."""

    def remove(self, keys: Any, name: str | None = None) -> Any:
        """Takes keys out; those that are not there are passed over."""
        return _result(host_call(TableCall(self, "remove"), [self._keys_of(keys)], (), "LookupTableRemoveV2", name))

    def _run_remove(self, keys: Any) -> list[Any]:
        with self._lock:
            for key in plain(keys):
                self._check_key(key)
                self._all().pop(key, None)
        return []

    def _serialize_to_tensors(self) -> dict[str, Any]:
        keys, values = self._run_export()
        return {_KEYS: keys, _VALUES: values}

    def _restore_from_tensors(self, values: Mapping[str, Any]) -> None:
        rows = np.asarray(values[_VALUES]).reshape((-1, *self._row))
        keys = plain(np.asarray(values[_KEYS]))
        with self._lock:
            self._entries = {key: np.array(row) if self._row else row for key, row in zip(keys, rows, strict=True)}

    def __getitem__(self, keys: Any) -> Any:
        return self.lookup(keys)


def _result(outputs: tuple[Any, ...]) -> Any:
    """The operation, in a graph; None where it has happened."""
    return outputs[0] if outputs else None


class DenseHashTable(MutableHashTable):
    """A `MutableHashTable` with two keys that are never in it.

    Args:
        key_dtype: Of the keys.
        value_dtype: Of the values.
        default_value: The value of other keys.
        empty_key: A key that stands for nothing.
        deleted_key: Another one.
        initial_num_buckets: How many places a checkpoint has for entries, a power of two; more where they do not do.
        name: Accepted.
        checkpoint: Accepted.
        experimental_is_anonymous: Accepted.

    Raises:
        InvalidArgumentError: Where one of the two keys is used.
    """

    def __init__(self, key_dtype: Any, value_dtype: Any, default_value: Any, empty_key: Any, deleted_key: Any,
                 initial_num_buckets: int | None = None, name: str = "MutableDenseHashTable", checkpoint: bool = True,
                 experimental_is_anonymous: bool = False) -> None:  # fmt: skip
        super().__init__(key_dtype, value_dtype, default_value, name)
        self._buckets = _FIRST_BUCKETS if initial_num_buckets is None else initial_num_buckets
        self._special = {what: plain(static.known_array(key, self.key_dtype, f"`{what}_key`"))[0]
                         for key, what in ((empty_key, "empty"), (deleted_key, "deleted"))}  # fmt: skip
        if len(set(self._special.values())) < 2:
            raise InvalidArgumentError(f"Table `{name}`: Empty and deleted keys cannot be equal")

    def insert_or_assign(self, keys: Any, values: Any, name: str | None = None) -> Any:
        """Gives keys values, new ones or others than they had."""
        return self.insert(keys, values, name)

    def erase(self, keys: Any, name: str | None = None) -> Any:
        """Takes keys out; those that are not there are passed over."""
        return self.remove(keys, name)

    def _check_key(self, key: Any) -> None:
        for what, special in self._special.items():
            if key == special:
                raise InvalidArgumentError(f"Table `{self._name}`: Using the {what}_key as a table key is not allowed")

    def _serialize_to_tensors(self) -> dict[str, Any]:
        """Entries in the places in which TensorFlow looks for them: by hash, or one, three, six... places on."""
        found, rows = self._run_export()
        empty = self._special["empty"]
        count = self._buckets
        while len(found) > _LOAD * count:
            count *= 2
        keys = np.full((count, 1), empty, self.key_dtype.numpy)
        values = np.zeros((count, int(np.prod(self._row))), self.value_dtype.numpy)
        if values.dtype == object:
            values[...] = b""
        for key, row in zip(plain(found), rows, strict=True):
            place, step = (murmur64(key) if isinstance(key, bytes) else int(key)) % count, 0
            while keys[place, 0] != empty:
                step += 1
                place = (place + step) % count
            keys[place, 0], values[place] = key, row.ravel() if self._row else row
        return {_KEYS: keys, _VALUES: values}

    def _restore_from_tensors(self, values: Mapping[str, Any]) -> None:
        keys = np.asarray(values[_KEYS]).ravel()
        used = np.array([key not in self._special.values() for key in plain(keys)], bool)
        rows = np.asarray(values[_VALUES]).reshape((-1, *self._row))
        super()._restore_from_tensors({_KEYS: keys[used], _VALUES: rows[used]})

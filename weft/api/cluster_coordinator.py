"""`tf.distribute.coordinator`: steps that are scheduled. Here the devices take each of them together, at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.base import nest
from weft.base.absent import word_absent


class RemoteValue:
    """What a scheduled function has returned."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def fetch(self) -> Any:
        """The value as numpy arrays."""
        return nest.map_structure(lambda leaf: leaf.numpy() if hasattr(leaf, "numpy") else leaf, self._value)

    def get(self) -> Any:
        """The value."""
        return self._value


class PerWorkerValues:
    """A value for each worker; there is one."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __iter__(self) -> Any:
        return iter(self._value)


class ClusterCoordinator:
    """Runs functions on the devices of a strategy.

    Args:
        strategy: A `ParameterServerStrategy`.

    Example:
        >>> import weft as tf
        >>> coordinator = tf.distribute.coordinator.ClusterCoordinator(tf.distribute.ParameterServerStrategy())
        >>> int(coordinator.schedule(lambda x: 2 * x, args=(tf.constant(3),)).fetch())
        6
    """

    def __init__(self, strategy: Any) -> None:
        self._strategy = strategy

    @property
    def strategy(self) -> Any:
        """The strategy."""
        return self._strategy

    def schedule(self, fn: Callable[..., Any], args: Any = (), kwargs: Any = None) -> RemoteValue:
        """Runs a function now.

        Args:
            fn: The function, traced or not.
            args: Its arguments.
            kwargs: Its keyword arguments.

        Returns:
            What holds its result.
        """
        with self._strategy.extended.sharing():
            return RemoteValue(fn(*args, **(kwargs or {})))

    def join(self) -> None:
        """Does nothing: everything that was scheduled has run."""

    def done(self) -> bool:
        """Whether everything that was scheduled has run: always."""
        return True

    def fetch(self, val: Any) -> Any:
        """Results as numpy arrays, for what `schedule` has returned, nested."""
        return nest.map_structure(lambda leaf: leaf.fetch() if isinstance(leaf, RemoteValue) else leaf, val)

    def create_per_worker_dataset(self, dataset_fn: Any) -> Any:
        """A dataset for the one worker, of a function that makes it, traced or not, or a dataset."""
        if not callable(dataset_fn):
            return PerWorkerValues(dataset_fn)
        made = getattr(dataset_fn, "python_function", dataset_fn)()  # a dataset is no result of a graph
        return PerWorkerValues(made)


word_absent(globals(), "tf.distribute.coordinator")

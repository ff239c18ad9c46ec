"""`keras.Variable`: a `tf.Variable` with Keras' attributes."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import weft as tf
from weft.extend import SharedVariable, TensorOperators, explain, present_graph
from weft.keras.core import call_context, naming, stateless
from weft.keras.core.dtype_name import named
from weft.keras.core.dtypes import is_float, standardize_dtype
from weft.keras.core.operators import PromotingOperators, compare_elements


class _Autocast(threading.local):
    def __init__(self) -> None:
        self.dtypes: list[str | None] = []


_autocast = _Autocast()


@contextmanager
def autocast_scope(dtype: str | None) -> Iterator[None]:
    """Inside, float variables are read in this dtype (None: in their own)."""
    _autocast.dtypes.append(dtype if dtype is not None and is_float(dtype) else None)
    try:
        yield
    finally:
        _autocast.dtypes.pop()


#: functions that hear of every new variable when it has its path
creation_listeners: list[Callable[[Any], None]] = []


class _Limit(threading.local):
    def __init__(self) -> None:
        self.left: int | None = None
        self.file = ""


_limit = _Limit()


@contextmanager
def allocation_limit(size: int, file: str) -> Iterator[None]:
    """Inside, new variables may not take more bytes than this: a file cannot ask for more than it can fill."""
    before, _limit.left, _limit.file = _limit.left, size, file
    try:
        yield
    finally:
        _limit.left = before


def _count_bytes(sizes: Any, dtype: Any, name: str) -> None:
    if _limit.left is None:
        return
    taken = math.prod(sizes) * max(tf.as_dtype(dtype).size, 1)
    if taken > _limit.left:
        raise ValueError(explain(
            f"`{_limit.file}` is refused: its variable `{name}` {sizes} would take {taken} bytes, and the file is far "
            "too small to hold its values.",
        ))  # fmt: skip
    _limit.left -= taken


class Variable(PromotingOperators, SharedVariable):
    """A weight: a tensor that can change, with a path, and what training does with it.

    Args:
        initializer: A value, a function `(shape, dtype)` that gives one, or with a shape, the name of one.
        shape: Its shape, where an initializer function is given.
        dtype: Its dtype; the default float, or that of the value.
        trainable: Whether optimizers update it.
        autocast: Whether layers that compute in another float dtype read it cast to that.
        aggregation: As given.
        synchronization: As given.
        name: Its name, without slashes.

    Raises:
        ValueError: Where name, shape and initializer do not go together.

    Example:
        >>> from weft import keras
        >>> v = keras.Variable([1.0, 2.0], name="weights")
        >>> v.name, v.dtype.name, v.assign_add([1.0, 1.0]).numpy().tolist()
        ('weights', 'float32', [2.0, 3.0])
    """

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise TypeError(f"keras.Variable has no argument `{next(iter(kwargs))}`.")
        own = name or naming.auto_name(naming.to_snake_case(type(self).__name__))
        if not isinstance(own, str) or "/" in own:
            raise ValueError(
                f"Variable: Argument `name` must be a string and cannot contain character `/`. Received: name={own!r}"
            )
        if isinstance(initializer, str) and shape is not None:
            from weft.keras import initializers

            initializer = initializers.get(initializer)
        value = self._first_value(initializer, shape, dtype, own)
        super().__init__(
            value, trainable=trainable, name=own, dtype=None if dtype is None else standardize_dtype(dtype),
            aggregation=aggregation, synchronization=synchronization,
        )  # fmt: skip
        scope = naming.current_path()
        self._keras_name = own
        self._path = f"{scope}/{own}" if scope else own
        self._autocasts = autocast
        self._regularizer: Any = None
        self._keras_constraint: Any = None
        self._overwrite_with_gradient = False
        #: what it was made as: freezing it later changes neither the order of a layer's weights nor what thaws them
        self._made_trainable = bool(trainable)
        self._updates: list[Any] = []
        for hear in creation_listeners:
            hear(self)

    def _enter_graph(self, initializer: Any) -> None:
        """Makes the graph of TensorFlow 1 that is open hold it, if there is one, under its path."""
        dtype = self._dtype

        def first() -> Any:
            if callable(initializer) and not hasattr(initializer, "dtype"):
                return initializer(tuple(self.shape.as_list()), dtype=dtype.name)
            return tf.cast(initializer, dtype)

        scope = naming.path_in_graphs()
        self.enter_graph(f"{scope}/{self._keras_name}" if scope else self._keras_name, first)
        if self._graph is not None:
            self._keras_name = self._name

    def _after(self, result: Any, read_value: bool) -> Any:
        found = super()._after(result, read_value)
        graph = present_graph()
        if graph is not None and call_context.current() is not None and result.graph is graph:
            self._updates.append(result.op)
        return found

    def _first_value(self, initializer: Any, shape: Any, dtype: Any, name: str) -> Any:
        if callable(initializer) and not hasattr(initializer, "dtype"):
            if shape is None:
                raise ValueError(explain(
                    f"Variable `{name}`: When creating a Variable from an initializer, the `shape` argument should be "
                    "specified.",
                    hint="pass shape=(...), or a value instead of a function",
                ))  # fmt: skip
            sizes = tuple(tf.TensorShape(shape).as_list())
            if None in sizes:
                raise ValueError(explain(
                    f"Variable `{name}` needs a shape without unknown sizes.", received=str(tf.TensorShape(shape)),
                    hint="give the input its full shape, or build the layer with one",
                ))  # fmt: skip
            _count_bytes(sizes, standardize_dtype(dtype), name)
            return lambda: initializer(sizes, dtype=standardize_dtype(dtype))
        if dtype is None and not hasattr(initializer, "dtype"):
            return lambda: tf.convert_to_tensor(initializer, dtype="string" if isinstance(initializer, str) else None)
        return initializer

    # What it is

    @property
    def name(self) -> str:
        """Its name, such as `kernel`."""
        return self._keras_name

    @name.setter
    def name(self, value: str) -> None:
        self._keras_name = value

    @property
    def path(self) -> str:
        """Its name with those of the layers around it, such as `dense/kernel`."""
        return self._path

    @property
    def dtype(self) -> Any:
        """Its dtype, as of symbolic tensors; inside a layer that computes in another one, that one."""
        own = super().dtype
        held = tf.as_dtype(self._reading_dtype() or own)
        return named(held) if present_graph() is None else held

    @property
    def trainable(self) -> bool:
        """Whether optimizers update it."""
        return bool(super().trainable)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._cell.trainable = bool(value)

    @property
    def constraint(self) -> Any:
        """The function that optimizers apply after an update."""
        return self._keras_constraint

    @constraint.setter
    def constraint(self, value: Any) -> None:
        self._keras_constraint = _function_or_none("constraint", value)

    @property
    def regularizer(self) -> Any:
        """The function whose value for this variable is added to the loss."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Any) -> None:
        self._regularizer = _function_or_none("regularizer", value)

    @property
    def overwrite_with_gradient(self) -> bool:
        """Whether an update puts the gradient in its place."""
        return self._overwrite_with_gradient

    @overwrite_with_gradient.setter
    def overwrite_with_gradient(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise TypeError(f"Variable: `overwrite_with_gradient` must be a boolean. Received: {value!r}")
        self._overwrite_with_gradient = value

    # Reading

    def _replica_aggregation(self) -> Any:
        """Statistics that layers keep are averaged over replicas."""
        said = super()._replica_aggregation()
        if said in (None, "none") and not self._made_trainable and is_float(self._dtype.name):
            return "mean"
        return said

    def _reading_dtype(self) -> str | None:
        wanted = _autocast.dtypes[-1] if _autocast.dtypes else None
        own = self._dtype
        return wanted if wanted is not None and self._autocasts and own.is_floating and own != wanted else None

    def _held(self) -> Any:
        """The value that a `StatelessScope` gives it; None outside of one."""
        scope = stateless.current()
        return None if scope is None else scope.get_current_value(self)

    def _read_as_tensor(self) -> Any:
        held = self._held()
        value = super()._read_as_tensor() if held is None else held
        wanted = self._reading_dtype()
        return value if wanted is None else tf.cast(value, wanted)

    @property
    def value(self) -> Any:
        """The present value. Keras reads `v.value`, TensorFlow calls `v.value()`; both work."""
        return _Value(self)

    @property
    def _value(self) -> Any:
        """The TensorFlow variable in it, which it is itself."""
        return self

    def read_value(self) -> Any:
        """The present value in its own dtype."""
        held = self._held()
        return super().read_value() if held is None else held

    def numpy(self) -> Any:
        """The present value as an array."""
        held = self._held()
        return super().numpy() if held is None else np.asarray(held)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        held = self._held()
        return super().__array__(dtype) if held is None else np.asarray(held, dtype)

    def sparse_read(self, indices: Any, name: str | None = None) -> Any:
        """Rows of the present value."""
        held = self._held()
        return super().sparse_read(indices, name) if held is None else tf.gather(held, indices)

    # Writing: inside a `StatelessScope` the scope takes the new value

    def _keep(self, value: Any) -> Any:
        scope = stateless.current()
        assert scope is not None
        value = tf.cast(tf.convert_to_tensor(value), self._dtype)
        if not self.shape.is_compatible_with(value.shape):
            raise ValueError(explain(
                f"Variable `{self._path}` cannot take a value of another shape.",
                expected=str(tuple(self.shape)), received=str(tuple(value.shape)),
            ))  # fmt: skip
        scope.add_update((self, value))
        return value

    def assign(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Gives it a value, which is cast where its dtype is another one."""
        # its own dtype first: numpy's loses a Ctrl-C while it tries to understand what it is compared with
        if self._dtype != getattr(value, "dtype", self._dtype):
            value = tf.cast(value, self._dtype)
        return super().assign(value, *args, **kwargs) if stateless.current() is None else self._keep(value)

    def assign_add(self, delta: Any, *args: Any, **kwargs: Any) -> Any:
        """Adds to it."""
        if stateless.current() is None:
            return super().assign_add(delta, *args, **kwargs)
        return self._keep(self.read_value() + tf.cast(delta, self._dtype))

    def assign_sub(self, delta: Any, *args: Any, **kwargs: Any) -> Any:
        """Subtracts from it."""
        if stateless.current() is None:
            return super().assign_sub(delta, *args, **kwargs)
        return self._keep(self.read_value() - tf.cast(delta, self._dtype))

    def __repr__(self) -> str:
        return (
            f"<Variable path={self._path}, shape={tuple(self.shape)}, dtype={self._dtype.name}, value={self.numpy()}>"
        )


    def __bool__(self) -> bool:
        if self.shape.rank:
            raise TypeError(explain(
                "A Keras Variable cannot be used as a boolean.", received=f"`{self._path}` {tuple(self.shape)}",
                hint="use keras.ops.any(variable) or keras.ops.all(variable)",
            ))  # fmt: skip
        return bool(super().__bool__())

    def __int__(self) -> int:
        return int(self._one_number())

    def __float__(self) -> float:
        return float(self._one_number())

    def _one_number(self) -> Any:
        if self.shape.num_elements() != 1:
            raise TypeError(explain(
                "Only scalar arrays can be converted to Python scalars.",
                received=f"`{self._path}` {tuple(self.shape)}", hint="index it first",
            ))  # fmt: skip
        return self.numpy().reshape(())


compare_elements(Variable)


def _function_or_none(attribute: str, value: Any) -> Any:
    if value is not None and not callable(value):
        raise ValueError(explain(
            f"Variable: Invalid value for attribute `{attribute}`: a function of the variable, or None, is needed.",
            received=repr(value), hint=f"keras.{attribute}s.get({value!r}) finds one by its name",
        ))  # fmt: skip
    return value


class _Value(TensorOperators):
    """What `variable.value` gives: stands for the variable wherever a tensor is expected, and can be called."""

    def __init__(self, variable: Variable) -> None:
        self._variable = variable

    def __call__(self) -> Any:
        return self._variable._read_as_tensor()

    def _read_as_tensor(self) -> Any:
        return self._variable._read_as_tensor()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._variable.__array__(dtype)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._variable, name)

    def __len__(self) -> int:
        return len(self._variable)

    def __iter__(self) -> Any:
        return iter(self._variable)

    def __bool__(self) -> bool:
        return bool(self._variable)

    def __int__(self) -> int:
        return int(self._variable)

    def __float__(self) -> float:
        return float(self._variable)

    def __hash__(self) -> int:
        return hash(self._variable)

    def __repr__(self) -> str:
        return repr(self._variable)

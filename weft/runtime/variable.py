"""Variables: state with a name, behind a handle."""

from __future__ import annotations

import copy
import functools
import inspect
import itertools
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.absent import word_absent_methods
from weft.base.dtypes import DType
from weft.base.errors import explain
from weft.base.locks import Lock
from weft.base.shapes import TensorShape
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.ops.opdef import Slices
from weft.runtime import context, dispatch, frontdoor, lifting
from weft.runtime.aggregation import VariableAggregation, VariableSynchronization
from weft.runtime.composite import IndexedSlices
from weft.runtime.tensor import EagerTensor, Handle, Reference, SymbolicTensor, Tensor, TensorOperators, device_of, show

_serial = itertools.count()
#: `weft.runtime.replicas`, once something has been run as replicas
replica_views: Any = None
#: synchronization → a variable, not set up yet, of the kind that the strategy in force makes; None for an ordinary one
of_replicas: Callable[[Any], Any] | None = None
#: the value of a cell whose array a step is changing in place
_TAKEN = object()
_STAMPS = itertools.count()


class Cell:
    """Where a variable's value is kept. Engines read and write it; `None` is a value not given yet.

    Attributes:
        stamp: Another number after every change, of all cells: who read it before the value may use what was computed
            from that value as long as it stays.
        layout: For each axis the axis of a grid of devices that it is cut along, or None; None altogether where the
            value lies whole on every device.
    """

    on_devices = True
    __slots__ = ("__weakref__", "_kept", "_value", "_variable", "layout", "lock", "name", "stamp", "trainable")

    def __init__(self, value: Any = None, name: str = "", trainable: bool = False) -> None:
        self._value = _in_order(value)
        self._kept: Any = None
        self.name = name
        self.trainable = trainable
        self._variable: weakref.ref[Any] | None = None
        self.layout: tuple[str | None, ...] | None = None
        self.lock = Lock()
        self.stamp = next(_STAMPS)

    def read(self) -> Any:
        """The present array; waits while a compiled step changes it in place."""
        value = self._value
        return value if type(value) is np.ndarray else self._awaited()

    def _awaited(self) -> Any:
        value = self.peek()
        if not hasattr(value, "fetch"):
            return value
        with self.lock:  # whose holder may take over the memory of what is on a device
            value = self.peek()
            return value.fetch() if hasattr(value, "fetch") else value

    def peek(self) -> Any:
        """What it holds as it is: the array, or what stands for it where it is on a device."""
        value = self._value
        if value is not _TAKEN:
            return value
        with self.lock:
            return self._kept if self._value is _TAKEN else self._value

    def take(self) -> Any:
        """The array, to be changed in place, or None where somebody else holds it too.

        Whoever takes it holds the lock, waits for nothing more, and calls `put_back` whatever happens.
        """
        self.put_back()  # in a child that was forked while a thread of its parent had it
        if hasattr(self._value, "fetch"):
            self._value = self._value.fetch()
        value = self._kept = self._value
        self._value = _TAKEN  # nobody gets hold of it from here on
        if sys.getrefcount(value) <= _ALONE:
            self.stamp = next(_STAMPS)  # nobody reads before it is changed
            return value
        self.put_back()
        return None

    def put_back(self) -> None:
        """Gives a taken array back to those who wait for it."""
        if self._value is _TAKEN:
            self._value = self._kept
        self._kept = None

    def write(self, value: Any) -> None:
        """Replaces the array; those who hold the old one keep it."""
        self._value = _in_order(value)
        self.stamp = next(_STAMPS)  # last: who sees the new one sees the new value

    def variable(self) -> Any:
        """The variable whose cell this is, while it lives."""
        return None if self._variable is None else self._variable()

    def __getstate__(self) -> dict[str, Any]:
        return {"value": self.read(), "name": self.name, "trainable": self.trainable}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["value"], state["name"], state["trainable"])  # type: ignore[misc]


def _in_order(value: Any) -> Any:
    """An array in row-major order: compiled code would copy another one on every run."""
    return value if type(value) is not np.ndarray or value.flags.c_contiguous else value.copy(order="C")


def _alone() -> int:
    """The count of references to an array inside `take` that no one else holds."""
    kept = [np.zeros(1)]
    value = kept[0]
    return sys.getrefcount(value)


_ALONE = _alone()


class Template(Cell):
    """A cell that stands for one of each session's own."""

    __slots__ = ("initial",)

    def __init__(self, name: str, trainable: bool, initial: Any = None) -> None:
        super().__init__(None, name, trainable)
        self.initial = initial


def unique_variable_name(name: str | None) -> str:
    """The name inside the open name scopes; `Variable` where none is given. Eager names need not be unique."""
    return context.qualified(name or "Variable")


class _Creating(type):
    """Lets the creators of open `variable_creator_scope`s make variables, or have a say in how they are made."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if not context.variable_creators() or cls is not Variable:
            return super().__call__(*args, **kwargs)
        return with_creators(Variable, args, kwargs)


def with_creators(kind: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A variable of some class, made by the creators of open `variable_creator_scope`s where there are any."""
    creators = context.variable_creators()
    if not creators:
        return kind(*args, **kwargs)
    given = inspect.signature(kind.__init__).bind(None, *args, **kwargs)
    given.apply_defaults()
    named = {name: value for name, value in given.arguments.items() if name not in ("self", "unknown")}

    def plain(**named: Any) -> Any:
        held = context.set_variable_creators([])
        try:
            return kind(**named)
        finally:
            context.set_variable_creators(held)

    make: Callable[..., Any] = plain
    for creator in creators:
        make = functools.partial(creator, make)
    return make(**named, **given.arguments.get("unknown", {}))


@contextmanager
def variable_creator_scope(variable_creator: Callable[..., Any]) -> Iterator[None]:
    """Within the block a function makes the variables.

    Args:
        variable_creator: Called with the next creator and the arguments of `tf.Variable`, all by name; what it returns
            is what the program gets. Of several scopes the innermost is asked first.

    Example:
        >>> import weft as tf
        >>> def halved(next_creator, **kwargs):
        ...     kwargs["initial_value"] = kwargs["initial_value"] / 2
        ...     return next_creator(**kwargs)
        >>> with tf.variable_creator_scope(halved):
        ...     v = tf.Variable(3.0)
        >>> float(v)
        1.5
    """
    held = context.set_variable_creators([*context.variable_creators(), variable_creator])
    try:
        yield
    finally:
        context.set_variable_creators(held)


@word_absent_methods("tf.Tensor")
class Variable(TensorOperators, metaclass=_Creating):
    """A tensor that can change: read, assigned, updated; trainable ones are watched by tapes.

    Args:
        initial_value: A tensor or what converts to one, or a function of no arguments that gives it.
        trainable: Whether tapes watch it and optimizers update it.
        name: Its name.
        dtype: Its dtype, where that of the value is not meant.
        shape: Its static shape, where it is wider than the value's (None for sizes that may change).

    Example:
        >>> import weft as tf
        >>> v = tf.Variable([1.0, 2.0])
        >>> v.assign_add([1.0, 1.0]).numpy()
        array([2., 3.], dtype=float32)
    """

    #: whether a saved function holds its value where the saved object does not lead to it
    kept_with_functions = False
    #: whether it was made in the scope of a strategy: then each of its replicas has it
    _of_strategy = False
    _replicas = 1

    def __new__(cls, *args: Any, synchronization: Any = None, **kwargs: Any) -> Any:
        made = None
        if synchronization is not None and cls is Variable and of_replicas is not None:
            made = of_replicas(synchronization)
        return object.__new__(cls) if made is None else made

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: str | None = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
        shape: Any = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise TypeError(f"Variable has no argument `{next(iter(unknown))}`.")
        if initial_value is None:
            raise ValueError(explain("A Variable needs an initial_value.", hint="for instance tf.zeros(shape)"))
        value = initial_value
        around = context.scope()
        with context.open_scope(None):
            if callable(value) and not hasattr(value, "dtype"):
                value = value()
            if isinstance(value, SymbolicTensor):
                value = lifting.lifted(value, around)
            start = frontdoor.convert(value, dtype if not isinstance(value, EagerTensor) else None)
            if dtype is not None and start.dtype is not dtypes.as_dtype(dtype):
                start = dispatch.call("cast", start, dtype=dtypes.as_dtype(dtype))
        array = start._array
        static = TensorShape(array.shape if shape is None else shape)
        static.assert_is_compatible_with(array.shape)
        if trainable is None:
            trainable = not on_read(synchronization)
        self._setup(array, static, start.dtype, name, bool(trainable))
        self._constraint: Callable[[Any], Any] | None = constraint
        self._aggregation = aggregation
        self._synchronization = synchronization
        for watcher in creation_watchers:
            watcher(self)

    def _setup(self, array: Any, static: TensorShape, dtype: DType, name: str | None, trainable: bool) -> None:
        base = unique_variable_name(name)
        self._name = base if ":" in base else f"{base}:0"
        self._cell = Cell(array, base, trainable)
        self._cell._variable = weakref.ref(self)
        self._static = static
        self._dtype = dtype
        self.handle = Handle(self._cell, TensorType(shapes.refreshed(static.symbolic), dtype))

    # What it is

    @property
    def name(self) -> str:
        """Its name, with `:0` behind it."""
        return self._name

    @property
    def _shared_name(self) -> str:
        return self._name.split(":")[0]

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """The static shape."""
        return self._static

    @property
    def ndim(self) -> int | None:
        """The number of axes."""
        return self._static.rank

    def get_shape(self) -> TensorShape:
        """The static shape."""
        return self._static

    @property
    def trainable(self) -> bool:
        """Whether tapes watch it."""
        return self._cell.trainable

    @property
    def _trainable(self) -> bool:  # what programs set to freeze a variable: TensorFlow has no public way
        cell = self.__dict__.get("_cell")
        return bool(cell.trainable if cell is not None else self.__dict__["_trainable"])

    @_trainable.setter
    def _trainable(self, value: bool) -> None:
        cell = self.__dict__.get("_cell")
        if cell is None:  # a program's own kind of variable, which keeps what it is made of itself
            self.__dict__["_trainable"] = value
        else:
            cell.trainable = bool(value)

    @property
    def constraint(self) -> Callable[[Any], Any] | None:
        """The function that optimizers apply after an update."""
        return self._constraint

    @property
    def synchronization(self) -> VariableSynchronization:
        """When the values that replicas give it become one."""
        said = self._synchronization
        if self._of_strategy and said in (None, VariableSynchronization.AUTO):
            return VariableSynchronization.ON_WRITE
        return VariableSynchronization.AUTO if said is None else said

    @property
    def aggregation(self) -> VariableAggregation:
        """How the values that replicas give it become one."""
        return VariableAggregation.NONE if self._aggregation is None else self._aggregation

    @property
    def values(self) -> tuple[Any, ...]:
        """The variable as each replica has it, where it was made in the scope of a strategy: one for all."""
        if not self._of_strategy:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute 'values'")
        return (self,) * self._replicas

    @property
    def _values(self) -> tuple[Any, ...]:
        return self.values

    @property
    def device(self) -> str:
        """Where its value lies."""
        return device_of(self._cell.peek() if self._cell.on_devices else None)

    # Reading

    def read_value(self) -> Any:
        """The present value as a tensor."""
        found = dispatch.read(self.handle)  # what runs at once is the same in all replicas
        if found is not None:
            return found
        value = dispatch.call("read_variable", self.handle)
        return value if replica_views is None else replica_views.seen(self, value)

    def value(self) -> Any:
        """The present value as a tensor."""
        return self.read_value()

    def _read_as_tensor(self) -> Any:
        return self.read_value()

    def numpy(self) -> Any:
        """The present value as a numpy array, a copy."""
        if not context.executing_eagerly() and context.scope() is not None:
            raise NotImplementedError(explain("numpy() of a variable needs a value, and here a graph is being built."))
        return EagerTensor(self._present()).numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return EagerTensor(self._present()).__array__(dtype, copy)

    def _present(self) -> Any:
        """Its value as an array, for who looks at once and for files; None where it has none yet."""
        return self._cell.read()

    def initialized_value(self) -> Any:
        """The present value."""
        return self.read_value()

    def is_initialized(self) -> Any:
        """Whether it has a value, as a bool tensor."""
        return dispatch.call("is_variable_initialized", self.handle)

    def read_value_no_copy(self) -> Any:
        """The present value as a tensor; tensors never change, so that it needs no copy."""
        return self.read_value()

    def gather_nd(self, indices: Any, name: str | None = None) -> Any:
        """Elements or parts of it, by their places."""
        return dispatch.call("gather_nd", self.read_value(), frontdoor.convert(indices))

    def sparse_read(self, indices: Any, name: str | None = None) -> Any:
        """Some rows of it."""
        return dispatch.call("gather", self.read_value(), frontdoor.convert(indices), axis=0)

    def ref(self) -> Reference:
        """A hashable stand-in."""
        return Reference(self)

    # Writing

    def _of_own_dtype(self, value: Any) -> Any:
        tensor = frontdoor.operand_of(value, self._dtype)
        if tensor.dtype is not self._dtype:
            raise ValueError(
                explain(f"Variable `{self._name}` holds {self._dtype.name}, the value is {tensor.dtype.name}.",
                        hint=f"convert it with tf.cast(value, tf.{self._dtype.name})")  # fmt: skip
            )
        return tensor

    def _incoming(self, value: Any) -> Any:
        tensor = self._of_own_dtype(value)
        if not shapes.compatible(self._static.symbolic, tensor.shape.symbolic):
            raise ValueError(
                explain(f"Variable `{self._name}` cannot take a value of this shape.",
                        expected=str(self._static), received=str(tensor.shape))  # fmt: skip
            )
        return tensor

    def _after(self, result: Any, read_value: bool) -> Any:
        if not read_value:
            return None
        scope = context.scope()
        if scope is None:
            return self
        return _unread(self, result) if scope.ordered and type(self) in (Variable, _UnreadVariable) else result

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Gives it a value of its shape and dtype. Returns itself when eager, the new value in a graph."""
        if type(value) is np.ndarray and value.dtype is self._dtype.numpy and value.shape == self._static.symbolic:
            if context.scope() is None and not context.tapes():
                own = value.copy()
                with self._cell.lock:
                    self._cell.write(own)
                return self if read_value else None
        if self._has_written("assign_variable", value):
            return self._after(None, read_value)
        new = self._merged(self._incoming(value))
        return self._after(dispatch.call("assign_variable", self.handle, new), read_value)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Adds to it."""
        if self._has_written("assign_add_variable", delta):
            return self._after(None, read_value)
        change = self._merged(self._incoming_delta(delta), change=True)
        return self._after(dispatch.call("assign_add_variable", self.handle, change), read_value)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Subtracts from it."""
        if self._has_written("assign_sub_variable", delta):
            return self._after(None, read_value)
        change = self._merged(self._incoming_delta(delta), change=True)
        return self._after(dispatch.call("assign_sub_variable", self.handle, change), read_value)

    def _has_written(self, op: str, value: Any) -> bool:
        """Whether the short way of eager calls has done it."""
        if context.scope() is not None:
            return False
        if value.__class__ in (int, float):
            value = frontdoor.operand_of(value, self._dtype)
        return value.__class__ is EagerTensor and dispatch.write(opdef.get(op), self.handle, value)

    def _merged(self, value: Any, change: bool = False) -> Any:
        """What it takes of a value, or of a change, that each replica gives it."""
        return value if replica_views is None else replica_views.given(self, value, change)

    def _replica_aggregation(self) -> Any:
        """How values that replicas give it become one."""
        return self._aggregation

    def _incoming_delta(self, delta: Any) -> Any:
        if isinstance(delta, IndexedSlices):
            delta = dispatch.builder.densify(Slices(delta.values, delta.indices, tuple(self._static.as_list())))
        return self._incoming(delta)

    def _scatter(self, op: str, slices: Any) -> Any:
        if not isinstance(slices, IndexedSlices):
            raise TypeError(f"scatter_{op} takes tf.IndexedSlices, received {type(slices).__name__}.")
        indices = frontdoor.convert(slices.indices)
        column = dispatch.call("expand_dims", indices, axis=-1)
        values = frontdoor.convert(slices.values, None if frontdoor.is_tensor_like(slices.values) else self._dtype)
        new = dispatch.call(f"tensor_scatter_{op}", self.read_value(), column, values)
        return self.assign(new)

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        if isinstance(part, Tensor):
            part.__dict__["assign"] = functools.partial(self._assign_part, key)
        return part

    def _assign_part(self, key: Any, value: Any, name: str | None = None) -> Any:
        """What `variable[key].assign(value)` does; the rest keeps its values."""
        size = self._static.num_elements()
        if size is None:
            raise ValueError(explain(f"A part of variable {self._name!r} is assigned, and its shape is not known.",
                                     received=str(self._static), hint="assign the whole"))  # fmt: skip
        numbers = frontdoor.convert(np.arange(size).reshape(self._static.as_list()))
        places = numbers[key]
        count = places.shape.num_elements()
        new = dispatch.call("broadcast_to", self._of_own_dtype(value), shape=tuple(places.shape.as_list()))
        flat = dispatch.call("tensor_scatter_update", dispatch.call("reshape", self.read_value(), shape=(size,)),
                             dispatch.call("reshape", places, shape=(count, 1)),
                             dispatch.call("reshape", new, shape=(count,)))  # fmt: skip
        return self.assign(dispatch.call("reshape", flat, shape=tuple(self._static.as_list())))

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Adds rows to it."""
        return self._scatter("add", sparse_delta)

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Subtracts rows from it."""
        return self._scatter("sub", sparse_delta)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Replaces rows of it."""
        return self._scatter("update", sparse_delta)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Rows of it become the greater of themselves and the given ones."""
        return self._scatter("max", sparse_delta)

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Rows of it become the lesser of themselves and the given ones."""
        return self._scatter("min", sparse_delta)

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Multiplies rows."""
        return self._scatter("mul", sparse_delta)

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Divides rows."""
        return self._scatter("div", sparse_delta)

    def batch_scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Replaces rows of each part of a `[..., rows, ...]`; the slices' `indices` are `[..., n]`."""
        where = frontdoor.convert(sparse_delta.indices)
        batch = [dispatch.call("cumsum", where * 0 + 1, axis=axis) - 1 for axis in range(where.shape.rank - 1)]
        places = dispatch.call("stack", *batch, where, axis=-1)
        return self._scatter_nd("update", places, sparse_delta.values)

    def _scatter_nd(self, op: str, indices: Any, updates: Any) -> Any:
        values = frontdoor.convert(updates, None if frontdoor.is_tensor_like(updates) else self._dtype)
        return self.assign(dispatch.call(f"tensor_scatter_{op}", self.read_value(), frontdoor.convert(indices), values))

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Adds to the elements at `indices`."""
        return self._scatter_nd("add", indices, updates)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtracts from the elements at `indices`."""
        return self._scatter_nd("sub", indices, updates)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Replaces the elements at `indices`."""
        return self._scatter_nd("update", indices, updates)

    def scatter_nd_max(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Takes the greater of the elements at `indices` and the updates."""
        return self._scatter_nd("max", indices, updates)

    def scatter_nd_min(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Takes the lesser of the elements at `indices` and the updates."""
        return self._scatter_nd("min", indices, updates)

    # What belongs to sessions

    def eval(self, session: Any = None) -> Any:
        """Refused: it asks a session of TensorFlow 1."""
        raise RuntimeError(explain("Variable.eval is for sessions of TensorFlow 1.", hint="variable.numpy()"))

    def load(self, value: Any, session: Any = None) -> None:
        """Gives it a value, under the name that it has for sessions."""
        self.assign(value)

    @property
    def initial_value(self) -> Any:
        """Refused: a variable has its first value when it is made."""
        raise RuntimeError(explain("Variable.initial_value is for graphs.", hint="variable.read_value()"))

    @property
    def initializer(self) -> Any:
        """None: there is nothing to run, it has its value."""
        return None

    @property
    def op(self) -> Any:
        """Refused: no operation of a graph made it."""
        raise AttributeError("Variable.op is for graphs of TensorFlow 1: outside of them nothing in a graph made it.")

    @property
    def graph(self) -> Any:
        """Refused: it belongs to no graph."""
        raise AttributeError("Variable.graph is for graphs of TensorFlow 1: outside of them a variable is in none.")

    def set_shape(self, shape: Any) -> None:
        """Checks the shape: what a variable may hold is said where it is made.

        Raises:
            ValueError: Where it is another one.
        """
        self._static.assert_is_compatible_with(shape)

    # Python's protocols

    def __bool__(self) -> bool:
        return bool(self.read_value())

    def __int__(self) -> int:
        return int(self.read_value())

    def __float__(self) -> float:
        return float(self.read_value())

    def __index__(self) -> int:
        return int(self.read_value().__index__())

    def __len__(self) -> int:
        raise TypeError(explain(f"object of type {type(self).__name__!r} has no len(): `{self._name}` is a variable.",
                                received=str(self._static), hint="v.shape[0], or len(v.read_value())"))  # fmt: skip

    def __iter__(self) -> Any:
        return iter(self.read_value())

    def __hash__(self) -> int:
        if context.compared_by_identity():
            return id(self) >> 4
        raise TypeError(f"Variable is unhashable. Instead, use variable.ref() as the key. (Variable: {self!r})")

    def __repr__(self) -> str:
        if context.scope() is not None:
            return f"<tf.Variable '{self._name}' shape={self._static} dtype={self._dtype.name}>"
        value = self._present()
        shown = "<uninitialized>" if value is None else show(np.asarray(value), repr)
        return f"<tf.Variable '{self._name}' shape={self._static} dtype={self._dtype.name}, numpy={shown}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._state())

    def _state(self) -> dict[str, Any]:
        extra = {k: v for k, v in self.__dict__.items() if k not in _OWN}
        return {"array": self._cell.read(), "static": self._static, "dtype": self._dtype, "name": self._name,
                "trainable": self.trainable, "constraint": self._constraint, "extra": extra}  # fmt: skip

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        made = _rebuild(type(self), copy.deepcopy(self._state(), memo))
        memo[id(self)] = made
        return made

    def __copy__(self) -> Variable:
        return self.__deepcopy__({})


def on_read(synchronization: Any) -> bool:
    """Whether what replicas give a variable becomes one where it is read, by how it says that they are synchronized."""
    return str(getattr(synchronization, "name", synchronization)).lower() == "on_read"


_OWN = {"_name", "_cell", "_static", "_dtype", "_constraint", "handle"}
#: functions that hear of every new variable (collections, tracking)
creation_watchers: list[Callable[[Any], None]] = []


class _UnreadVariable(Variable):
    """What writing to a variable gives in a traced function: the variable, which is read where it is used."""

    _written: Any  # the tensor that the operation which wrote has made

    @property
    def name(self) -> str:
        """What stands for the variable's name."""
        return "UnreadVariable"

    @property
    def op(self) -> Any:
        """The operation that wrote."""
        return self._written.op

    def _as_graph_element(self) -> Any:
        return self._written

    def __repr__(self) -> str:
        return f"<tf.Variable 'UnreadVariable' shape={self._static} dtype={self._dtype.name}>"


def _unread(variable: Variable, written: Any) -> Variable:
    made: _UnreadVariable = object.__new__(_UnreadVariable)
    made.__dict__.update(variable.__dict__)
    made._written = written
    return made


def _rebuild(cls: type[Variable], state: dict[str, Any]) -> Variable:
    variable: Variable = cls.__new__(cls)
    with context.open_scope(None):
        variable._setup(state["array"], TensorShape(state["static"]), state["dtype"], state["name"], state["trainable"])
    variable._name = state["name"]
    variable._cell.name = state["name"].split(":")[0]
    variable._constraint = state["constraint"]
    variable._aggregation = variable._synchronization = None
    variable.__dict__.update(state["extra"])
    return variable

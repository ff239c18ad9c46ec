"""Variables by name: `variable_scope` and `get_variable`, which makes a variable once and finds it again after."""

from __future__ import annotations

import inspect
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

import weft
from weft.base import dtypes, sources
from weft.base.errors import explain
from weft.compat.v1 import initializers
from weft.compat.v1.naming import in_graph
from weft.runtime import context, frontdoor
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys
from weft.runtime.graph_variable import make_variable
from weft.runtime.scopes import NameScope


class _ReuseMode(Enum):
    AUTO_REUSE = 1


AUTO_REUSE = _ReuseMode.AUTO_REUSE


class _Store:
    """The variables and scopes of one graph."""

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {}
        self.partitioned: dict[str, Any] = {}  # those whose parts are variables
        self.places: dict[str, Any] = {}  # where each variable was made, for the error about a second one
        self._local = threading.local()
        self.counts: dict[str, int] = {}

    @property
    def current(self) -> VariableScope:
        found: VariableScope | None = getattr(self._local, "scope", None)
        if found is None:
            found = self._local.scope = VariableScope(False)
        return found

    @current.setter
    def current(self, scope: VariableScope) -> None:
        self._local.scope = scope

    def unique(self, default: str) -> str:
        """The name, numbered where a scope of it has been open beside."""
        prefix = f"{self.current.name}/" if self.current.name else ""
        name, number = default, 0
        while self.counts.get(prefix + name, 0):
            number += 1
            name = f"{default}_{number}"
        return name


_stores: weakref.WeakKeyDictionary[Any, _Store] = weakref.WeakKeyDictionary()
_eager_store = _Store()


def variable_store() -> _Store:
    """The variables and scopes of the graph that is built now."""
    if not in_graph():
        return _eager_store
    graph = graphs.default_graph()
    found = _stores.get(graph)
    if found is None:
        found = _stores[graph] = _Store()
    return found


class VariableScope:
    """Defaults for `get_variable`, and the name in front of what it makes.

    Attributes:
        name: The scope's name; empty for the outermost.
        reuse: Whether variables are found instead of made: True, False or AUTO_REUSE.
        original_name_scope: The name scope that was opened with it.
    """

    def __init__(self, reuse: Any, name: str = "", initializer: Any = None, regularizer: Any = None,
                 caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None, name_scope: str = "",
                 dtype: Any = dtypes.float32, use_resource: Any = None, constraint: Any = None) -> None:  # fmt: skip
        self.name = name
        self.initializer = initializer
        self.regularizer = regularizer
        self.caching_device = caching_device
        self.partitioner = partitioner
        self.custom_getter = custom_getter
        self.original_name_scope = name_scope
        self.dtype = dtypes.as_dtype(dtype)
        self.use_resource = use_resource
        self.constraint = constraint
        self.reuse = reuse

    def get_variable(self, var_store: Any, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None,
                     regularizer: Any = None, reuse: Any = None, trainable: bool | None = None,
                     collections: Any = None, caching_device: Any = None, partitioner: Any = None,
                     validate_shape: bool = True, use_resource: Any = None, custom_getter: Any = None,
                     constraint: Any = None, synchronization: Any = None, aggregation: Any = None) -> Any:  # fmt: skip
        """The variable of this name in this scope, as `tf.get_variable` gives it where the scope is open.

        Args:
            var_store: Accepted: a graph has one store of variables.
            name: The name inside the scope.
            shape: As for `tf.get_variable`, like what follows.
            reuse: What the scope says where None.
        """
        options = {"shape": shape, "dtype": self.dtype if dtype is None else dtypes.as_dtype(dtype),
                   "initializer": self.initializer if initializer is None else initializer,
                   "regularizer": self.regularizer if regularizer is None else regularizer, "trainable": trainable,
                   "collections": collections, "validate_shape": validate_shape,
                   "partitioner": self.partitioner if partitioner is None else partitioner,
                   "constraint": self.constraint if constraint is None else constraint,
                   "reuse": self.reuse if reuse is None else reuse}  # fmt: skip
        value = options["initializer"]
        if value is not None and (frontdoor.is_tensor_like(value) or not callable(value)):
            natural = dtypes.as_dtype((value if frontdoor.is_tensor_like(value) else frontdoor.to_array(value)).dtype)
            if dtype is not None and frontdoor.is_tensor_like(value) and dtypes.as_dtype(dtype) is not natural:
                raise ValueError(
                    explain(f"Variable {name}: the initializer is {natural.name}, "
                            f"`dtype` {dtypes.as_dtype(dtype).name}.",
                            hint="leave the dtype out, or convert the initializer with tf.cast")  # fmt: skip
                )
            options["dtype"] = natural if dtype is None else options["dtype"]
        full = "/".join(part for part in (self.name, name) if part)
        getter = _chain(self.custom_getter, custom_getter)
        if getter is None:
            return _find_or_make(full, **options)
        with NameScope(None):
            return getter(_find_or_make, full, **options)

    def reuse_variables(self) -> None:
        """From now on variables are found, not made."""
        self.reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """Sets the initializer of variables that are given none."""
        self.initializer = initializer

    def set_regularizer(self, regularizer: Any) -> None:
        """Sets the regularizer of variables that are given none."""
        self.regularizer = regularizer

    def set_partitioner(self, partitioner: Any) -> None:
        """Sets what cuts variables that are given none."""
        self.partitioner = partitioner

    def set_caching_device(self, caching_device: Any) -> None:
        """Keeps where copies of variables are to be; accepted, since everything runs in this process."""
        self.caching_device = caching_device

    def set_custom_getter(self, custom_getter: Any) -> None:
        """Sets what is called in the place of `get_variable`, as for `variable_scope`."""
        self.custom_getter = custom_getter

    def set_use_resource(self, use_resource: bool) -> None:
        """Accepted: variables have one kind."""
        self.use_resource = use_resource

    def set_dtype(self, dtype: Any) -> None:
        """Sets the dtype of variables that are given none."""
        self.dtype = dtypes.as_dtype(dtype)

    def get_collection(self, name: str) -> list[Any]:
        """The members of a collection that belong to this scope."""
        return graphs.default_graph().get_collection(name, f"{self.name}/" if self.name else None)

    def global_variables(self) -> list[Any]:
        """The variables of this scope."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def trainable_variables(self) -> list[Any]:
        """The trainable variables of this scope."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def local_variables(self) -> list[Any]:
        """The local variables of this scope."""
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)


def get_variable_scope() -> VariableScope:
    """The scope that is open."""
    return variable_store().current


@contextmanager
def variable_scope(name_or_scope: Any, default_name: str | None = None, values: Any = None, initializer: Any = None,
                   regularizer: Any = None, caching_device: Any = None, partitioner: Any = None,
                   custom_getter: Any = None, reuse: Any = None, dtype: Any = None, use_resource: Any = None,
                   constraint: Any = None, auxiliary_name_scope: bool = True) -> Iterator[VariableScope]:  # fmt: skip
    """Puts a name in front of variables that `get_variable` makes, and of the ops made within the block.

    Args:
        name_or_scope: The name inside the open scope, or a scope to open again.
        default_name: The name where there is none; it is numbered where it has been used.
        values: Accepted.
        initializer: For variables that are given none.
        regularizer: For variables that are given none.
        caching_device: Accepted.
        partitioner: For variables that are given none.
        custom_getter: `(getter, name, ...) -> variable`, called in the place of `get_variable`.
        reuse: True to find variables, AUTO_REUSE to find or make them; None takes what the outer scope says.
        dtype: For variables that are given none.
        use_resource: Accepted.
        constraint: For variables that are given none.
        auxiliary_name_scope: Whether a name scope is opened too.

    Raises:
        TypeError: For neither name nor default.
        ValueError: To find variables under a default name.
    """
    store = variable_store()
    outer = store.current
    given = isinstance(name_or_scope, VariableScope)
    if not given and name_or_scope is None:
        if default_name is None:
            raise TypeError("variable_scope needs a name or a default_name.")
        if reuse:
            raise ValueError("reuse=True cannot be used without a name_or_scope: a default name is always a new one.")
        name_or_scope = store.unique(default_name)
    elif not given and not isinstance(name_or_scope, str):
        raise TypeError(f"variable_scope takes a name or a VariableScope, received {name_or_scope!r}.")
    base: VariableScope = name_or_scope if given else outer
    own = base.name.split("/")[-1] if given else name_or_scope
    name = base.name if given else "/".join(part for part in (outer.name, name_or_scope) if part)
    with NameScope(own) if own and auxiliary_name_scope else _no_scope() as opened:
        fresh = VariableScope(reuse or base.reuse, name, base.initializer if initializer is None else initializer,
                              base.regularizer if regularizer is None else regularizer, caching_device,
                              base.partitioner if partitioner is None else partitioner,
                              _chain(base.custom_getter, custom_getter),
                              base.original_name_scope if given else opened, dtype or base.dtype, use_resource,
                              base.constraint if constraint is None else constraint)  # fmt: skip
        store.counts[name] = store.counts.get(name, 0) + 1
        before = dict(store.counts)
        store.current = fresh
        try:
            yield fresh
        finally:
            store.current = outer
            if given:
                store.counts = before
            else:
                store.counts = {k: 0 if k.startswith(f"{name}/") else n for k, n in store.counts.items()}


@contextmanager
def _no_scope() -> Iterator[str]:
    yield "/".join([*context.names(), ""])


def _chain(outer: Any, inner: Any) -> Any:
    """A getter inside another one: the inner one is asked first and asks the outer one."""
    if inner is None or outer is None:
        return outer if inner is None else inner

    def both(getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return inner(lambda *a, **k: outer(getter, *a, **k), *args, **kwargs)

    return both


def get_variable(name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
                 trainable: bool | None = None, collections: Any = None, caching_device: Any = None,
                 partitioner: Any = None, validate_shape: bool = True, use_resource: Any = None,
                 custom_getter: Any = None, constraint: Any = None, synchronization: Any = None,
                 aggregation: Any = None) -> Any:  # fmt: skip
    """The variable of this name in the open scope: made, or found again where the scope reuses.

    Args:
        name: The name inside the scope.
        shape: Its shape; not to be given where the initializer is a value.
        dtype: Its dtype; float32 where None.
        initializer: A function of shape and dtype, a class of such, or a value; the scope's, or Glorot's uniform
            distribution for floats and zeros for integers and bools, where None.
        regularizer: A function of the variable, whose result joins the regularization losses.
        trainable: Whether optimizers update it.
        collections: The collections that it joins.
        caching_device: Accepted.
        partitioner: A function of shape and dtype that says how many parts there are along each axis; the scope's
            where None. The result is a `PartitionedVariable` then.
        validate_shape: Whether its shape must be known.
        use_resource: Accepted.
        custom_getter: As for `variable_scope`.
        constraint: What optimizers apply after an update.
        synchronization: Accepted.
        aggregation: Accepted.

    Raises:
        ValueError: For one that exists already, or one to reuse that does not, or with another shape or dtype.
    """
    return get_variable_scope().get_variable(
        variable_store(), name, shape, dtype, initializer, regularizer, None, trainable, collections, caching_device,
        partitioner, validate_shape, use_resource, custom_getter, constraint,
    )  # fmt: skip


def _find_or_make(name: str, shape: Any = None, dtype: Any = dtypes.float32, initializer: Any = None,
                  regularizer: Any = None, trainable: bool | None = None, collections: Any = None,
                  validate_shape: bool = True, constraint: Any = None, reuse: Any = None, partitioner: Any = None,
                  **accepted: Any) -> Any:  # fmt: skip
    if not in_graph():  # eager variables belong to the program, which keeps them itself
        return _make(name, shape, dtype, initializer, trainable, collections, validate_shape, constraint)
    store = variable_store()
    whole = _whole_shape(shape, initializer)
    if name in store.partitioned or (partitioner is not None and whole):
        parts = {"regularizer": regularizer, "trainable": trainable, "collections": collections,
                 "validate_shape": validate_shape, "constraint": constraint}  # fmt: skip
        return _find_or_make_parts(name, whole, dtype, initializer, partitioner, reuse, parts)
    found = store.variables.get(name)
    title = f"Variable {name}"
    _check_reuse(found, reuse, title, f"{title} already exists, disallowed", store.places.get(name))
    if found is not None:
        return _checked(found, name, shape, dtype)
    made = _make(name, shape, dtype, initializer, trainable, collections, validate_shape, constraint)
    store.variables[name], store.places[name] = made, sources.user_line()
    if regularizer is not None:
        with NameScope(None), NameScope(f"{name}/Regularizer/"):
            loss = regularizer(made)
        if loss is not None:
            graphs.default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
    return made


def _check_reuse(found: Any, reuse: Any, title: str, known: str, place: str | None) -> None:
    """Whether a variable of a name may be found again, or made."""
    if found is not None and not reuse:
        raise ValueError(
            explain(f"{known}. It was made at {place}.",
                    hint="open the scope with reuse=True or reuse=tf.AUTO_REUSE, or give it another name")  # fmt: skip
        )
    if found is None and reuse is True:
        raise ValueError(
            explain(f"{title} does not exist, or was not created with tf.get_variable().",
                    hint="make it once without reuse, or open the scope with reuse=tf.AUTO_REUSE")  # fmt: skip
        )


def _whole_shape(shape: Any, initializer: Any) -> list[int]:
    """The sizes of what may be cut into parts; none for a scalar, or where they are not known."""
    if shape is None and initializer is not None and (
        frontdoor.is_tensor_like(initializer) or not callable(initializer)
    ):  # fmt: skip
        shape = weft.convert_to_tensor(initializer).shape
    static = weft.TensorShape(shape)
    return [int(n or 0) for n in static.as_list()] if static.is_fully_defined() else []


def _find_or_make_parts(name: str, shape: list[int], dtype: Any, initializer: Any, partitioner: Any, reuse: Any,
                        options: dict[str, Any]) -> Any:  # fmt: skip
    store = variable_store()
    found = store.partitioned.get(name)
    _check_reuse(found, reuse, f"PartitionedVariable {name}", f"Partitioned variable with name {name} already exists",
                 store.places.get(name))  # fmt: skip
    if found is not None:
        return _checked(found, name, shape or None, dtype)
    from weft.compat.v1.partitioned import PartitionedVariable, PartitionInfo, SaveSliceInfo, cut, told

    axis, counts, sizes = cut(name, shape, partitioner, dtype)
    first = _default_initializer(name, dtype) if initializer is None else initializer
    made, begin = [], 0
    for number, size in enumerate(sizes):
        own, offset = list(shape), [0] * len(shape)
        own[axis], offset[axis] = size, begin
        begin += size
        start = told(first, PartitionInfo(shape, offset), shape)
        by_value = frontdoor.is_tensor_like(start) or not callable(start)
        if by_value:
            start = _piece(start, dtype, offset, own)
        part = _find_or_make(f"{name}/part_{number}", None if by_value else own, dtype, start, **options)
        part._set_save_slice_info(SaveSliceInfo(name, list(shape), offset, own))
        made.append(part)
    found = store.partitioned[name] = PartitionedVariable(name, shape, dtype, made, counts)
    store.places[name] = sources.user_line()
    return found


def _piece(value: Any, dtype: Any, offset: list[int], sizes: list[int]) -> Any:
    with NameScope(None):
        whole = weft.convert_to_tensor(value, None if frontdoor.is_tensor_like(value) else dtype)
        return weft.slice(whole, offset, sizes)


def _checked(found: Any, name: str, shape: Any, dtype: Any) -> Any:
    if shape is not None and not weft.TensorShape(shape).is_compatible_with(found.shape):
        raise ValueError(
            explain(f"Trying to share variable {name}, but specified shape {weft.TensorShape(shape)} and found shape "
                    f"{found.shape}.", hint="ask for it with the shape that it has, or under another name")  # fmt: skip
        )
    if dtypes.as_dtype(dtype) != found.dtype:
        raise ValueError(
            explain(f"Trying to share variable {name}, but specified dtype {dtypes.as_dtype(dtype).name} and found "
                    f"dtype {found.dtype.name}.", hint="ask for it with the dtype that it has")  # fmt: skip
        )
    return found


def _make(name: str, shape: Any, dtype: Any, initializer: Any, trainable: Any, collections: Any, validate_shape: bool,
          constraint: Any) -> Any:  # fmt: skip
    if initializer is None:
        initializer = _default_initializer(name, dtype)
    if isinstance(initializer, type):
        initializer = initializer()
    if callable(initializer) and not frontdoor.is_tensor_like(initializer):
        static = None if shape is None else weft.TensorShape(shape)
        if static is not None and not static.is_fully_defined():
            raise ValueError(
                explain(f"Shape of a new variable ({name}) must be fully defined, but instead was {static}.",
                        hint="give every size, or a value as the initializer")  # fmt: skip
            )
        if static is None and _needs_arguments(initializer):
            raise ValueError(
                explain(f"A new variable ({name}) needs a shape: its initializer cannot be called without one.",
                        hint="give the shape, or a value as the initializer")  # fmt: skip
            )
        made = initializer
        value: Any = (lambda: made(static.as_list(), dtype=dtype)) if static is not None else made
    elif shape is not None:
        raise ValueError("If the initializer is a constant, do not specify a shape: it has one.")
    else:
        value = initializer
    scope = context.scope()
    if scope is None or scope.ordered:
        with NameScope(None):
            return make_variable(value, trainable=trainable, name=name, dtype=dtype, constraint=constraint)
    home = scope.outermost()  # a cell called in a loop makes its variables around the loop
    with context.enter_graph(home), NameScope(None):
        return make_variable(value, trainable=trainable, collections=collections, validate_shape=validate_shape,
                             name=name, dtype=dtype, constraint=constraint)  # fmt: skip


def _needs_arguments(function: Any) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _default_initializer(name: str, dtype: Any) -> Any:
    if dtype.is_floating:
        return initializers.glorot_uniform_initializer()
    if dtype.is_integer or dtype.is_bool:
        return initializers.zeros_initializer()
    raise ValueError(f"Variable {name} of {dtype.name} needs an initializer: that dtype has none by itself.")


@contextmanager
def variable_op_scope(values: Any, name_or_scope: Any, default_name: str | None = None,
                      **options: Any) -> Iterator[Any]:  # fmt: skip
    """An older form of `variable_scope`."""
    with variable_scope(name_or_scope, default_name, values, **options) as scope:
        yield scope


def get_local_variable(name: str, *args: Any, **options: Any) -> Any:
    """As `get_variable`, for a local variable that is not trained."""
    options["collections"] = [*(options.get("collections") or []), GraphKeys.LOCAL_VARIABLES]
    return get_variable(name, *args, **{**options, "trainable": False})

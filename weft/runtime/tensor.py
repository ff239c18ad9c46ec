"""Tensors: eager ones hold an array, symbolic ones a value of a graph under construction, handles a variable's cell."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.absent import word_absent_methods
from weft.base.dtypes import DType
from weft.base.errors import OperatorNotAllowedInGraphError, explain
from weft.base.shapes import TensorShape
from weft.ir.graph import Graph, Node, Value
from weft.ir.types import TensorType
from weft.runtime import context

_DTYPE_OF: dict[Any, DType] = {d.numpy: d for d in dtypes.DENSE}
_DTYPE_OF[np.dtype(object)] = dtypes.string

class _Operators(dict[str, Callable[..., Any]]):
    def __missing__(self, name: str) -> Callable[..., Any]:
        importlib.import_module("weft.runtime.indexing")  # a program may come by a tensor without it
        if name not in self:
            raise KeyError(name)
        return self[name]


#: operator name -> function of two operands; filled by `weft.runtime.frontdoor`, which knows the casts
operators = _Operators()


class TensorOperators:
    """Python's operators, for everything that behaves as a tensor. Each goes through the front door of `tf`."""

    __slots__ = ()
    # numpy must not take over in `array + tensor`
    __array_priority__ = 100.0

    def __add__(self, other: Any) -> Any:
        return operators["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return operators["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return operators["subtract"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return operators["subtract"](other, self)

    def __mul__(self, other: Any) -> Any:
        return operators["multiply"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return operators["multiply"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return operators["truediv"](self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return operators["truediv"](other, self)

    def __floordiv__(self, other: Any) -> Any:
        return operators["floordiv"](self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return operators["floordiv"](other, self)

    def __mod__(self, other: Any) -> Any:
        return operators["floormod"](self, other)

    def __rmod__(self, other: Any) -> Any:
        return operators["floormod"](other, self)

    def __pow__(self, other: Any) -> Any:
        return operators["pow"](self, other)

    def __rpow__(self, other: Any) -> Any:
        return operators["pow"](other, self)

    def __matmul__(self, other: Any) -> Any:
        return operators["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return operators["matmul"](other, self)

    def __neg__(self) -> Any:
        return operators["negative"](self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return operators["abs"](self)

    def __invert__(self) -> Any:
        return operators["invert"](self)

    def __and__(self, other: Any) -> Any:
        return operators["and"](self, other)

    def __rand__(self, other: Any) -> Any:
        return operators["and"](other, self)

    def __or__(self, other: Any) -> Any:
        return operators["or"](self, other)

    def __ror__(self, other: Any) -> Any:
        return operators["or"](other, self)

    def __xor__(self, other: Any) -> Any:
        return operators["xor"](self, other)

    def __rxor__(self, other: Any) -> Any:
        return operators["xor"](other, self)

    def __lshift__(self, other: Any) -> Any:
        return operators["left_shift"](self, other)

    def __rshift__(self, other: Any) -> Any:
        return operators["right_shift"](self, other)

    def __lt__(self, other: Any) -> Any:
        return operators["less"](self, other)

    def __le__(self, other: Any) -> Any:
        return operators["less_equal"](self, other)

    def __gt__(self, other: Any) -> Any:
        return operators["greater"](self, other)

    def __ge__(self, other: Any) -> Any:
        return operators["greater_equal"](self, other)

    def __eq__(self, other: object) -> Any:
        if context.identity_equality():
            return self is other
        return operators["equal"](self, other)

    def __ne__(self, other: object) -> Any:
        if context.identity_equality():
            return self is not other
        return operators["not_equal"](self, other)

    def __hash__(self) -> int:
        return id(self) >> 4

    def __getitem__(self, key: Any) -> Any:
        return operators["getitem"](self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(explain(
            f"{type(self).__name__} does not support item assignment: the values of a tensor never change.",
            hint="tf.tensor_scatter_nd_update or tf.where give a changed copy; a tf.Variable takes assign and "
                 "scatter_nd_update",
        ))  # fmt: skip


@word_absent_methods("tf.Tensor")
class Tensor(TensorOperators):
    """A multi-dimensional array of one element type: `EagerTensor` holds values, `SymbolicTensor` stands in a graph."""

    __slots__ = ("__dict__", "__weakref__")

    #: what classes that act like tensors have to take over
    OVERLOADABLE_OPERATORS = frozenset(
        f"__{name}__"
        for name in (
            "abs add radd and rand eq floordiv rfloordiv ge getitem gt invert le lt matmul rmatmul mod rmod mul rmul "
            "ne neg or ror pow rpow sub rsub truediv rtruediv xor rxor"
        ).split()
    )

    def __bool__(self) -> bool:
        raise NotImplementedError

    def __nonzero__(self) -> bool:
        return bool(self)

    @property
    def dtype(self) -> DType:
        """The element type."""
        raise NotImplementedError

    @property
    def shape(self) -> TensorShape:
        """The shape; sizes that are not known yet are None."""
        raise NotImplementedError

    @property
    def ndim(self) -> int | None:
        """The number of axes."""
        return self.shape.rank

    def get_shape(self) -> TensorShape:
        """The shape; sizes that are not known yet are None."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Adds what is known of the shape. Raises ValueError where it contradicts."""
        self.shape.assert_is_compatible_with(shape)

    def ref(self) -> Reference:
        """A hashable stand-in, for use in sets and as a key."""
        return Reference(self)


class Reference:
    """A hashable stand-in for a tensor or variable: equal to itself alone."""

    __slots__ = ("_target",)

    def __init__(self, target: Any) -> None:
        self._target = target

    def deref(self) -> Any:
        """What it stands for."""
        return self._target

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._target is other._target

    def __hash__(self) -> int:
        return id(self._target)

    # In some order, so that dictionaries whose keys they are can be sorted.

    def __lt__(self, other: object) -> bool:
        return id(self._target) < id(other._target) if isinstance(other, Reference) else NotImplemented

    def __le__(self, other: object) -> bool:
        return id(self._target) <= id(other._target) if isinstance(other, Reference) else NotImplemented

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._target!r}>"


class EagerTensor(Tensor):
    """A tensor with values. Immutable."""

    __slots__ = ("_array",)

    def __init__(self, array: Any) -> None:
        self._array = array

    def __hash__(self) -> int:
        # keys are compared by ==, which has a tensor's elements for an answer; tensors of graphs are compared by
        # identity while sessions look them up
        if context.identity_equality():
            return id(self) >> 4
        raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    @property
    def dtype(self) -> DType:
        return _DTYPE_OF[self._array.dtype]

    @property
    def shape(self) -> TensorShape:
        return TensorShape.known(self._array.shape)

    @property
    def ndim(self) -> int:
        return int(self._array.ndim)

    @property
    def type(self) -> TensorType:
        """Shape and dtype as the IR sees them."""
        return TensorType(self._array.shape, _DTYPE_OF[self._array.dtype])

    @property
    def device(self) -> str:
        """Where it is; of a replica's result, where the replica ran."""
        return str(self.__dict__.get("_made_on", device_of(None)))

    @property
    def backing_device(self) -> str:
        """Where its values lie."""
        return self.device

    def cpu(self) -> EagerTensor:
        """Itself: it is in the processor's memory."""
        return self

    def gpu(self, gpu_index: int = 0) -> EagerTensor:
        """Refused: eager tensors are in the processor's memory.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(f"GPU:{gpu_index} unknown device.")

    @property
    def name(self) -> str:
        raise AttributeError("Eager tensors have no name: a name belongs to a graph.")

    @property
    def op(self) -> Any:
        raise AttributeError("Eager tensors have no op: operations belong to graphs.")

    @property
    def graph(self) -> Any:
        raise AttributeError("Eager tensors have no graph: their values are there already.")

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Refused: it asks a session of TensorFlow 1."""
        raise NotImplementedError("eval asks a session of TensorFlow 1; an eager tensor has its values: x.numpy().")

    def consumers(self) -> Any:
        """Refused: operations of a graph consume its tensors."""
        raise NotImplementedError("Eager tensors have no consumers: operations belong to graphs.")

    def numpy(self) -> Any:
        """The values: a numpy array, a scalar for rank 0, bytes for a string. A copy."""
        array = self._array
        if array.ndim == 0:
            return array.item() if array.dtype == object else array[()]
        return array.copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = self._array if dtype is None else self._array.astype(dtype, copy=False)
        if copy is not False:
            return array.copy() if array is self._array else array
        if array is not self._array:
            raise ValueError(f"A tensor of {self.dtype.name} cannot be an array of {np.dtype(dtype)} without a copy.")
        view = array.view()
        view.flags.writeable = False  # a tensor does not change
        return view

    def __bool__(self) -> bool:
        if self._array.size == 0:
            return False  # as an empty list
        if self._array.size != 1:
            raise ValueError(
                explain(f"The truth value of a tensor of shape {shapes.show(self._array.shape)} is not defined.",
                        hint="use tf.reduce_any(x) or tf.reduce_all(x)")  # fmt: skip
            )
        return bool(self._array.reshape(())[()])

    def __int__(self) -> int:
        return int(self._single("int"))

    def __float__(self) -> float:
        return float(self._single("float"))

    def __complex__(self) -> complex:
        return complex(self._single("complex"))

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iu":
            raise TypeError(f"Only integer scalars can be used as an index, received {self.type}.")
        return int(self._single("index"))

    def _single(self, what: str) -> Any:
        if self._array.size != 1:
            raise TypeError(f"Only a tensor with one element converts to {what}; this one is {self.type}.")
        return self._array.reshape(())[()]

    def __round__(self, digits: int | None = None) -> Any:
        return round(float(self), digits)

    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec)

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("Scalar tensor has no `len()`.")
        return len(self._array)

    def __iter__(self) -> Iterator[Any]:
        if self._array.ndim == 0:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return (self[i] for i in range(len(self._array)))

    def __str__(self) -> str:
        return f"tf.Tensor({show(self._array)}, shape={shapes.show(self._array.shape)}, dtype={self.dtype.name})"

    def __repr__(self) -> str:
        return (
            f"<tf.Tensor: shape={shapes.show(self._array.shape)}, dtype={self.dtype.name}, "
            f"numpy={show(self._array, repr)}>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return EagerTensor, (self._array,)

    def __copy__(self) -> EagerTensor:
        return self

    def __deepcopy__(self, memo: Any) -> EagerTensor:
        return EagerTensor(self._array)

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self._array.copy().__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()


class DeviceTensor(EagerTensor):
    """A tensor whose values lie on devices; they are fetched when somebody looks.

    Attributes:
        held: What stands for them: it has a shape and a dtype, and `fetch()` gives an array of the host.
    """

    __slots__ = ("_fetched", "held")

    def __init__(self, held: Any) -> None:
        self.held = held
        self._fetched: Any = None

    @property
    def _array(self) -> Any:
        if self._fetched is None:
            self._fetched = self.held.fetch()
        return self._fetched

    @property
    def dtype(self) -> DType:
        return _DTYPE_OF[self.held.dtype]

    @property
    def shape(self) -> TensorShape:
        return TensorShape(self.held.shape)

    @property
    def ndim(self) -> int:
        return len(self.held.shape)

    @property
    def type(self) -> TensorType:
        """Shape and dtype as the IR sees them."""
        return TensorType(self.held.shape, _DTYPE_OF[self.held.dtype])

    @property
    def device(self) -> str:
        """Where it lies; of a replica's result, where the replica ran."""
        return str(self.__dict__.get("_made_on") or device_of(self.held))


def device_of(held: Any) -> str:
    """The name of the device where a value lies; arrays of the host are in the processor's memory."""
    name = getattr(held, "device", "CPU:0") if hasattr(held, "fetch") else "CPU:0"
    return f"/job:localhost/replica:0/task:0/device:{name}"


def operand(tensor: Any, resident: bool) -> Any:
    """The array or cell behind a tensor; what stands for it on a device where the one who runs it can take that."""
    return tensor.held if resident and type(tensor) is DeviceTensor else tensor._array


class Literal(EagerTensor):
    """A number of the program itself, converted while a graph is built: part of the graph, not captured by it."""

    __slots__ = ()


class Replaceable(EagerTensor):
    """A tensor that another one stands for where a graph is loaded from a file: captured, however small it is."""

    __slots__ = ()


def literal(array: Any) -> EagerTensor:
    """A number of the program as a tensor."""
    return EagerTensor(array) if context.scope() is None else Literal(array)


def show(array: Any, how: Callable[[Any], str] = str) -> str:
    """An array's values as tensors and variables print them."""
    if array.ndim == 0:
        value = array.item() if array.dtype == object else array[()]
        if array.dtype.kind == "b":
            return str(bool(value))
        return str(value) if how is str and array.dtype != object else repr(array.item())
    text = how(array)
    return "\n" + text if "\n" in text else text  # so that the rows stand below each other


class SymbolicTensor(Tensor):
    """A tensor of a graph under construction: it has a shape and a dtype, and a value only when the graph runs."""

    __slots__ = ("_value",)

    def __init__(self, value: Value) -> None:
        self._value = value
        value.tensor = self

    @property
    def dtype(self) -> DType:
        dtype: DType = self._value.type.dtype
        return dtype

    @property
    def shape(self) -> TensorShape:
        return TensorShape(self._value.type.shape)

    @property
    def type(self) -> TensorType:
        """Shape and dtype as the IR sees them."""
        return self._value.type

    def __hash__(self) -> int:
        if context.scope() is None or context.compared_by_identity():  # sessions are handed some outside of graphs
            return id(self) >> 4
        raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    def set_shape(self, shape: Any) -> None:
        merged = self.shape.merge_with(shape).symbolic
        if self._value.type.shape is None:
            merged = shapes.refreshed(merged)
        self._value.type = TensorType(merged, self._value.type.dtype, self._value.type.handle)

    @property
    def name(self) -> str:
        """Its name in the graph, such as `add:0`."""
        return self._value.name

    @property
    def op(self) -> Any:
        """The operation that makes it."""
        return operation_of(self._value.node)

    @property
    def graph(self) -> Any:
        """The graph it belongs to."""
        return graph_wrapper(self._value.node.graph)

    @property
    def value_index(self) -> int:
        """Which output of its operation it is."""
        return self._value.index

    @property
    def device(self) -> str:
        """Where it will be computed, if that was said."""
        return str(self._value.node.metadata.get("device", ""))

    # TensorFlow's own names with an underscore, which programs read all the same
    _op, _value_index = op, value_index

    def consumers(self) -> list[Any]:
        """The operations that read it."""
        return [operation_of(node) for node in self._value.node.graph.nodes if self._value in node.inputs]

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Its value, computed in a session (the default one where None)."""
        return evaluate_in_session(self, feed_dict, session)

    def numpy(self) -> Any:
        raise AttributeError(self._no_value("`numpy()` needs values"))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise NotImplementedError(self._no_value("numpy cannot take it; use the tf function instead"))

    def __bool__(self) -> bool:
        problem = "a Python `if`, `while`, `and`, `or` or `not` cannot depend on it"
        functions = "tf.cond, tf.while_loop, tf.where or tf.logical_and"
        raise OperatorNotAllowedInGraphError(self._no_value(problem, _instead(functions)))

    def __int__(self) -> int:
        raise TypeError(self._no_value("int() needs a value"))

    def __float__(self) -> float:
        raise TypeError(self._no_value("float() needs a value"))

    def __index__(self) -> int:
        raise TypeError(self._no_value("range() and indexing of lists need a value; use tf.range and tf.gather"))

    def _no_value(self, problem: str, hint: str | None = None) -> str:
        node, scope = self._value.node, context.scope()
        while scope is not None and scope.graph is not node.graph:
            scope = scope.outer
        made = ""
        if scope is None:  # it has left the function that made it
            made, hint = made_at(node), LEAKED_HINT
        return explain(f"`{node.name}`{made} is a symbolic tensor of graph `{node.graph.name}`: {problem}.",
                       received=str(self._value.type), hint=hint)  # fmt: skip

    def __len__(self) -> int:
        size: int | None = self.shape[0] if self.shape.rank else None
        scope = context.scope()
        if scope is not None and not scope.ordered:  # version 1 refuses it whatever is known, and scripts rely on that
            raise TypeError(self._no_value("len() is not defined for it; use x.shape[0] or tf.shape(x)[0]"))
        if size is None:
            raise TypeError(self._no_value("its length is not known yet; use tf.shape(x)[0]"))
        return size

    def __iter__(self) -> Iterator[Any]:
        if self.shape.rank is None or self.shape.rank == 0 or self.shape[0] is None:
            problem = "a Python `for` cannot walk it, because its first size is not known"
            hint = _instead("tf.map_fn, tf.scan or tf.while_loop")
            raise OperatorNotAllowedInGraphError(self._no_value(problem, hint))
        return (self[i] for i in range(self.shape[0]))

    def __str__(self) -> str:
        shape = "" if self._value.shape is None else f" shape={shapes.show(self._value.shape)},"
        return f'Tensor("{self.name}",{shape} dtype={self.dtype.name})'

    def __repr__(self) -> str:
        return f"<tf.Tensor '{self.name}' shape={shapes.show(self._value.shape)} dtype={self.dtype.name}>"

    def __reduce__(self) -> Any:
        raise TypeError(f"{self!r} belongs to a graph under construction and cannot be pickled or copied on its own.")

    def __copy__(self) -> SymbolicTensor:
        return self


class Handle(Tensor):
    """A resource: what ops that read or write state are given. `_array` is the cell."""

    __slots__ = ("_array", "handle_type")

    def __init__(self, cell: Any, handle_type: TensorType) -> None:
        self._array = cell
        self.handle_type = handle_type

    @property
    def dtype(self) -> DType:
        return dtypes.resource

    @property
    def shape(self) -> TensorShape:
        return TensorShape(())

    @property
    def type(self) -> TensorType:
        """The resource's type, with what it holds."""
        return TensorType((), dtypes.resource, self.handle_type)

    def __repr__(self) -> str:
        return f"<tf.Tensor: handle of {self.handle_type}>"

    def __deepcopy__(self, memo: Any) -> Handle:
        import copy

        return Handle(copy.deepcopy(self._array, memo), self.handle_type)


def wrap(value: Value) -> SymbolicTensor:
    """The tensor of a graph value; the same one every time."""
    found: SymbolicTensor | None = value.tensor
    return found if found is not None else SymbolicTensor(value)


# The TensorFlow 1 views of nodes and graphs are made by `weft.runtime.graph`, which comes later on this floor and
# replaces these two.


def operation_of(node: Node) -> Any:
    """The operation of a node."""
    importlib.import_module("weft.runtime.graph")
    return globals()["operation_of"](node)


def graph_wrapper(graph: Graph) -> Any:
    """TensorFlow 1's view of a graph."""
    importlib.import_module("weft.runtime.graph")
    return globals()["graph_wrapper"](graph)


def evaluate_in_session(tensor: Any, feed_dict: Any, session: Any) -> Any:
    """Runs a tensor in a session."""
    from weft.runtime import session as sessions

    return sessions.evaluate(tensor, feed_dict, session)


#: what to do about a symbolic tensor that is used where its graph is not being built
LEAKED_HINT = "return it from the function that makes it, or run it in the session of its graph"


def made_at(node: Node) -> str:
    """An insertion after the name of a tensor that tells where it was made; "" where that is not known."""
    return f", made at {node.source}," if node.source is not None else ""


def _instead(functions: str) -> str:
    """What to do where Python's control flow would need a value. Graphs of version 1 never had AutoGraph."""
    scope = context.scope()
    traced = scope is not None and scope.ordered
    return f"use {functions}" + (
        "; AutoGraph does it for functions of the program whose source is to be had, unless they are a library's or "
        "traced with autograph=False" if traced else ""
    )

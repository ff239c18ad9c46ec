"""Rows of variables that are changed, functions whose variables are made once, second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft
from weft.base.errors import explain
from weft.compat.v1 import graphs as v1_graphs
from weft.compat.v1.naming import counted, in_graph
from weft.compat.v1.variable_scopes import variable_scope
from weft.ops import opdef
from weft.runtime import dispatch, frontdoor
from weft.runtime.scopes import Unit


def _scattered(op: str, ref: Any, indices: Any, updates: Any, label: str, what: str, rows: bool) -> Any:
    try:
        ref = v1_graphs.variable_of(ref)
    except AttributeError:
        hint = "tf.tensor_scatter_nd_update gives a changed copy of a tensor"
        raise TypeError(explain(f"tf.{what} changes a variable.", received=repr(ref), hint=hint)) from None
    where = frontdoor.convert(indices, name="indices")
    if rows:
        where = weft.expand_dims(where, -1)
    values = frontdoor.convert(updates, ref.dtype, name="updates")
    if rows and ref.shape.rank is not None and values.shape.rank == 0:
        values = weft.broadcast_to(values, weft.concat([weft.shape(where)[:-1], ref.shape.as_list()[1:]], 0))
    after = dispatch.apply(opdef.get(op), (ref.read_value(), where, values), {}, label)[0]
    return ref.assign(after)


def _maker(op: str, label: str, rows: bool, what: str) -> Callable[..., Any]:
    def scatter(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
        if not in_graph():
            return _scattered(op, ref, indices, updates, label, what, rows)
        with Unit(name or label) as unit:
            return unit.call(_scattered(op, ref, indices, updates, label, what, rows), "", label)

    scatter.__name__ = scatter.__qualname__ = what
    place = "at `indices`" if rows else "at the places that the last axis of `indices` names"
    scatter.__doc__ = f"Changes a variable {place} by `updates` ({op.rpartition('_')[2]}); returns its new value."
    return counted(what, scatter)


scatter_update = _maker("tensor_scatter_update", "ScatterUpdate", True, "scatter_update")
scatter_add = _maker("tensor_scatter_add", "ScatterAdd", True, "scatter_add")
scatter_sub = _maker("tensor_scatter_sub", "ScatterSub", True, "scatter_sub")
scatter_mul = _maker("tensor_scatter_mul", "ScatterMul", True, "scatter_mul")
scatter_div = _maker("tensor_scatter_div", "ScatterDiv", True, "scatter_div")
scatter_max = _maker("tensor_scatter_max", "ScatterMax", True, "scatter_max")
scatter_min = _maker("tensor_scatter_min", "ScatterMin", True, "scatter_min")
scatter_nd_update = _maker("tensor_scatter_update", "ScatterNdUpdate", False, "scatter_nd_update")
scatter_nd_add = _maker("tensor_scatter_add", "ScatterNdAdd", False, "scatter_nd_add")
scatter_nd_sub = _maker("tensor_scatter_sub", "ScatterNdSub", False, "scatter_nd_sub")


def batch_scatter_update(ref: Any, indices: Any, updates: Any, use_locking: bool = True,
                         name: str | None = None) -> Any:  # fmt: skip
    """Changes rows of each matrix of a variable `[batch, rows, ...]`, with `indices` `[batch, n]`."""
    where = frontdoor.convert(indices, name="indices")
    batch = weft.range(weft.shape(where)[0])[:, None] + weft.zeros_like(where)
    return scatter_nd_update(ref, weft.stack([batch, where], axis=-1), updates, name=name)


class _Template:
    """A function whose variables are made with its first call and used again in all others."""

    def __init__(self, name: str, function: Callable[..., Any], unique_name: str | None, getter: Any) -> None:
        self._function, self._name, self._unique, self._getter = function, name, unique_name, getter
        self._scope: Any = None
        self._made = False

    def open(self) -> None:
        """Takes the name of its variables' scope."""
        with variable_scope(self._unique, self._name, custom_getter=self._getter) as scope:
            self._scope = scope

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._scope is None:
            self.open()
        with variable_scope(self._scope, reuse=True if self._made else None):
            found = self._function(*args, **kwargs)
        self._made = True
        return found

    @property
    def name(self) -> str:
        """The name that it was given."""
        return self._name

    @property
    def variable_scope(self) -> Any:
        """The scope of its variables; None before its first call."""
        return self._scope

    @property
    def variables(self) -> list[Any]:
        """Its variables."""
        return [] if self._scope is None else v1_graphs.global_variables(self._scope.name + "/")

    global_variables = variables

    @property
    def trainable_variables(self) -> list[Any]:
        """Those of its variables that are trained."""
        return [] if self._scope is None else v1_graphs.trainable_variables(self._scope.name + "/")


def make_template(name_: str, func_: Callable[..., Any], create_scope_now_: bool = False,
                  unique_name_: str | None = None, custom_getter_: Any = None, **kwargs: Any) -> Any:  # fmt: skip
    """A function whose variables are made with its first call and used again in all others.

    Args:
        name_: The variables' scope, with a number where that is taken.
        func_: The function.
        create_scope_now_: Whether the scope is taken now rather than with the first call.
        unique_name_: The scope, as it is.
        custom_getter_: As for `variable_scope`.
        **kwargs: Arguments of the function.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default():
        ...     scale = tf.make_template("scale", lambda x: x * tf.get_variable("w", []))
        ...     _ = scale(1.0), scale(2.0)
        ...     [v.name for v in tf.global_variables()]
        ['scale/w:0']
    """
    function = (lambda *args, **given: func_(*args, **{**kwargs, **given})) if kwargs else func_
    made = _Template(name_, function, unique_name_, custom_getter_)
    if create_scope_now_:
        made.open()
    return made


def hessians(ys: Any, xs: Any, name: str = "hessians", colocate_gradients_with_ops: bool = False,
             gate_gradients: bool = False, aggregation_method: Any = None) -> list[Any]:  # fmt: skip
    """The second derivatives of the sum of `ys` with respect to each of `xs`, `[*x.shape, *x.shape]`.

    Raises:
        ValueError: Where it depends on one of them in no way.
    """
    given = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    found = []
    for x in given:
        tensor = frontdoor.convert(x)
        (gradient,) = v1_graphs.gradients(ys, [x])
        if gradient is None:
            raise ValueError(explain("hessians: `ys` does not depend on one of `xs`.", received=repr(x)))
        flat = weft.reshape(weft.convert_to_tensor(gradient), [-1])
        count = tensor.shape.num_elements()
        if count is None:
            raise ValueError(explain("hessians needs to know the sizes of `xs`.", received=repr(x)))
        rows = [v1_graphs.gradients(flat[i], [x])[0] for i in range(count)]
        whole = [weft.zeros_like(tensor) if row is None else weft.convert_to_tensor(row) for row in rows]
        sizes = tensor.shape.as_list()
        found.append(weft.reshape(weft.stack(whole), [*sizes, *sizes]))
    return found

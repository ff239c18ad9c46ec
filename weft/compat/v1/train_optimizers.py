"""Version 1's optimizers: nodes that update variables, the state they keep beside them, and the names of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1 import graphs as v1_graphs
from weft.compat.v1 import making
from weft.compat.v1.naming import in_graph
from weft.compat.v1.variable_scopes import get_variable, variable_scope
from weft.keras.optimizers import rules
from weft.runtime import dispatch, frontdoor
from weft.runtime import graph as graphs
from weft.runtime import tape as tapes
from weft.runtime.composite import IndexedSlices
from weft.runtime.graph import GraphKeys
from weft.runtime.graph_variable import make_variable
from weft.runtime.operation_counts import further
from weft.runtime.scopes import NameScope, Unit

_CHECK_THE_LOSS = "check what the loss is computed from, and pass var_list"


class Rows:
    """Which rows of a variable an update touches, each once; None for the whole variable."""

    def __init__(self, indices: Any = None) -> None:
        self.indices = indices

    def read(self, variable: Any) -> Any:
        """The present values of these rows."""
        value = variable.read_value() if not in_graph() else weft.convert_to_tensor(variable)
        return value if self.indices is None else weft.gather(value, self.indices)

    def write(self, variable: Any, value: Any) -> Any:
        """Gives these rows new values."""
        if self.indices is None:
            return variable.assign(value)
        return variable.scatter_update(IndexedSlices(value, self.indices))

    def take(self, variable: Any, step: Any) -> Any:
        """Subtracts from these rows."""
        if self.indices is None:
            return variable.assign_sub(step)
        return variable.scatter_sub(IndexedSlices(step, self.indices))


def summed(slices: IndexedSlices, variable: Any) -> tuple[Any, Any]:
    """The rows of a gradient with those that recur added up, and their numbers."""
    indices, place = weft.unique(slices.indices)
    sizes = (indices.shape.symbolic[0], *variable.shape.symbolic[1:])
    b = dispatch.builder
    return b.call("scatter_add_rows", b.full(sizes, 0, slices.dtype), place, slices.values), indices


class Optimizer:
    """What all optimizers share: gradients, state beside variables ("slots"), and the order of updates.

    A subclass gives `_apply_dense(gradient, variable)`, and may give `_apply_sparse(gradient, variable)`,
    `_create_slots(variables)`, `_prepare()` and `_finish(updates, name)`.

    Args:
        use_locking: Accepted; updates are always whole.
        name: What its nodes and state are called.
    """

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2

    #: how many operations TensorFlow makes of a gradient of some rows before, or instead of, the one that applies it
    _operations_of_rows = 7

    def __init__(self, use_locking: bool, name: str) -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._slots: dict[str, dict[Any, Any]] = {}
        self._non_slots: dict[Any, Any] = {}

    def get_name(self) -> str:
        """Its name."""
        return self._name

    # The three steps

    def minimize(self, loss: Any, global_step: Any = None, var_list: Any = None, gate_gradients: int = GATE_OP,
                 aggregation_method: Any = None, colocate_gradients_with_ops: bool = False, name: str | None = None,
                 grad_loss: Any = None) -> Any:  # fmt: skip
        """The operation that makes the loss smaller by one step.

        Args:
            loss: A tensor; when eager, a function without arguments.
            global_step: A variable that each step adds 1 to.
            var_list: The variables to change; the trainable ones where None.
            gate_gradients: Accepted.
            aggregation_method: Accepted.
            colocate_gradients_with_ops: Accepted.
            name: The operation's name; the optimizer's where None.
            grad_loss: What the gradient of the loss starts with; ones where None.

        Raises:
            ValueError: Where the loss depends on none of the variables.
        """
        pairs = self.compute_gradients(loss, var_list, gate_gradients, aggregation_method,
                                       colocate_gradients_with_ops, grad_loss)  # fmt: skip
        if all(gradient is None for gradient, _ in pairs):
            names = ", ".join(variable.name for _, variable in pairs)
            raise ValueError(
                explain(f"No gradients provided for any variable: the loss {loss!r} does not depend on {names} by "
                        "differentiable operations.", hint=_CHECK_THE_LOSS)
            )  # fmt: skip
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(self, loss: Any, var_list: Any = None, gate_gradients: int = GATE_OP,
                          aggregation_method: Any = None, colocate_gradients_with_ops: bool = False,
                          grad_loss: Any = None) -> list[tuple[Any, Any]]:  # fmt: skip
        """The gradients of the loss, each with its variable; None where it does not depend on one.

        Raises:
            ValueError: Without variables, for a loss of integers, or another `gate_gradients` than 0, 1 or 2.
            RuntimeError: For a tensor as the loss when eager.
        """
        if gate_gradients not in (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH):
            raise ValueError(f"gate_gradients must be GATE_NONE, GATE_OP or GATE_GRAPH, received {gate_gradients!r}.")
        if callable(loss) and not frontdoor.is_tensor_like(loss) and not in_graph():
            with weft.GradientTape() as tape:
                if var_list is not None:
                    tape.watch(var_list)
                value = loss()
            found = list(tape.watched_variables()) if var_list is None else _listed(var_list)
            return list(zip(tape.gradient(value, found, grad_loss), found, strict=True))
        if not in_graph():
            raise RuntimeError(
                explain("`loss` passed to Optimizer.compute_gradients should be a function when eager execution is "
                        "enabled.", hint="write optimizer.minimize(lambda: loss(...))")  # fmt: skip
            )
        loss = loss() if callable(loss) and not frontdoor.is_tensor_like(loss) else loss
        variables = v1_graphs.trainable_variables() if var_list is None else _listed(var_list)
        if not variables:
            raise ValueError(explain("No variables to optimize.", hint="make them with tf.Variable or tf.get_variable"))
        _check_floating(loss)
        gradients = v1_graphs.gradients(loss, variables, None if grad_loss is None else [grad_loss],
                                        gate_gradients=gate_gradients == self.GATE_OP)  # fmt: skip
        return list(zip(gradients, variables, strict=True))

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]], global_step: Any = None,
                        name: str | None = None) -> Any:  # fmt: skip
        """The operation that changes variables by gradients.

        Args:
            grads_and_vars: Pairs of gradient and variable; pairs without a gradient are passed over.
            global_step: A variable that each step adds 1 to.
            name: The operation's name; the optimizer's where None.

        Raises:
            ValueError: Where no variable has a gradient.
        """
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError("No variables provided.")
        given = [(_as_gradient(g, v), v) for g, v in pairs if g is not None]
        if not given:
            names = ", ".join(variable.name for _, variable in pairs)
            why = _CHECK_THE_LOSS if in_graph() else tapes.explain_missing(pairs[0][1]) or tapes.COMMON_REASON
            raise ValueError(explain(f"No gradients provided for any variable: {names}.", hint=why))
        self._create_slots([variable for _, variable in given])
        if not in_graph():
            self._prepare()
            updates = [self._update(gradient, variable) for gradient, variable in given]
            self._finish(updates, name or self._name)
            return None if global_step is None else global_step.assign_add(1)
        with NameScope(name or self._name) as scope:
            self._prepare()
            updates = []
            graph, gradients = graphs.default_graph().ir, [gradient for gradient, _ in given]
            for gradient, variable in given:
                first = len(graph.nodes)
                with NameScope("update_" + variable.name.split(":")[0]):
                    updates.append(self._update(gradient, variable))
                _wait_for(graph.nodes[first:], gradients)
            if global_step is None:
                done = self._finish(updates, scope)
            else:
                finished = self._finish(updates, "update")
                with weft.control_dependencies([finished]):
                    one = frontdoor.constant(np.ones((), global_step.dtype.numpy), "value")
                    done = global_step.assign_add(one, name=scope, read_value=False)
        collection = graphs.default_graph().get_collection_ref(GraphKeys.TRAIN_OP)
        if done not in collection:
            collection.append(done)
        return done

    def _update(self, gradient: Any, variable: Any) -> Any:
        sparse = isinstance(gradient, IndexedSlices)
        constraint = getattr(variable, "constraint", None)
        done = self._apply_sparse(gradient, variable) if sparse else self._apply_dense(gradient, variable)
        if constraint is None:
            return done
        with weft.control_dependencies([done]) if in_graph() else nullcontext():
            return variable.assign(constraint(variable.read_value()))

    # State

    def _create_slots(self, var_list: list[Any]) -> None:
        """Makes the state that is kept beside variables."""

    def _prepare(self) -> None:
        """Makes the tensors of the settings."""

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        """Joins the updates of all variables."""
        return graphs.group(*update_ops, name=name_scope)

    def get_slot(self, var: Any, name: str) -> Any:
        """The state of that name beside a variable, or None."""
        return self._slots.get(name, {}).get(_key(var))

    def get_slot_names(self) -> list[str]:
        """The names of the kinds of state, in order."""
        return sorted(self._slots)

    def variables(self) -> list[Any]:
        """All the state that it keeps, ordered by name."""
        here = graphs.default_graph() if in_graph() else None
        kept = [v for slots in self._slots.values() for v in slots.values()] + list(self._non_slots.values())
        return sorted((v for v in kept if here is None or v.graph is here), key=lambda v: v.name)

    def _slot(self, variable: Any, name: str, op_name: str, initializer: Any, shape: Any = None) -> Any:
        slots = self._slots.setdefault(name, {})
        found = slots.get(_key(variable))
        if found is None:
            held, static = variable.dtype, variable.shape if shape is None else shape
            beside = variable.name.split(":")[0]
            with variable_scope(None, f"{beside}/{op_name}", auxiliary_name_scope=False) as scope:
                scope.set_partitioner(None)  # a part's state is not cut again
                given = None if frontdoor.is_tensor_like(initializer) else static
                found = get_variable("", given, held, initializer, trainable=False)
            info = getattr(variable, "_save_slice_info", None)
            if info is not None:
                found._set_save_slice_info(info.beside(found.op.name[len(beside) + 1 :]))
            slots[_key(variable)] = found
        return found

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Any:
        from weft.compat.v1.initializers import zeros_initializer

        return self._slot(var, slot_name, op_name, zeros_initializer())

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Any:
        return self._slot(var, slot_name, op_name, val)

    def _get_or_make_slot_with_initializer(self, var: Any, initializer: Any, shape: Any, dtype: Any, slot_name: str,
                                           op_name: str) -> Any:  # fmt: skip
        return self._slot(var, slot_name, op_name, initializer, shape)

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any = None) -> Any:
        key = (name, graphs.default_graph() if in_graph() else None)
        found = self._non_slots.get(key)
        if found is None:
            found = self._non_slots[key] = make_variable(initial_value, trainable=False, name=name)
        return found

    def _get_non_slot_variable(self, name: str, graph: Any = None) -> Any:
        return self._non_slots.get((name, graph if in_graph() else None))

    def _call_if_callable(self, param: Any) -> Any:
        return param() if callable(param) and not frontdoor.is_tensor_like(param) else param

    # One variable

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply_rows(grad, var, Rows(), "Apply")

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        if not in_graph():
            values, indices = summed(grad, var)
            return self._apply_rows(values, var, Rows(indices), "SparseApply")
        with Unit("Rows") as unit:
            values, indices = summed(grad, var)
            unit.hide()
        further(self._operations_of_rows)
        return self._apply_rows(values, var, Rows(indices), "SparseApply")

    def _apply_rows(self, gradient: Any, variable: Any, rows: Rows, prefix: str) -> Any:
        if not in_graph():
            return self._change(gradient, variable, rows)
        kind = prefix + self._kind()
        with Unit(kind) as unit:
            done = self._change(gradient, variable, rows)
            return unit.operation(graphs.group(*done, name="done"), kind)

    def _kind(self) -> str:
        """What TensorFlow calls the update."""
        return type(self).__name__.removesuffix("Optimizer")

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        """Changes a variable, or some rows of it; returns what does it."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it updates a variable.")

    def _setting(self, value: Any, name: str) -> Any:
        """A setting as a tensor; a number becomes a constant of that name."""
        value = self._call_if_callable(value)
        return making.convert_to_tensor(value, name=name)


def _wait_for(nodes: Iterable[Any], gradients: Iterable[Any]) -> None:
    """Notes for files what changes of a variable and its state wait for: what is made of old values, here in order."""
    needed = [(g.values if isinstance(g, IndexedSlices) else g)._value for g in gradients]
    changes = [node for node in nodes if node.op != "read_variable" and any(v.type.is_resource for v in node.inputs)]
    needed += [value for node in changes for value in node.inputs if not value.type.is_resource]
    for node in changes:
        node.metadata["waits"] = [value for value in needed if value.node.serial < node.serial]


def _listed(variables: Any) -> list[Any]:
    if isinstance(variables, Iterable) and not isinstance(variables, (Mapping, weft.Variable)):
        variables = list(variables) if not weft.is_tensor(variables) else variables  # dict.values() too
    return list(weft.nest.flatten(variables))


def _key(variable: Any) -> Any:
    return variable.ref()


def _check_floating(loss: Any) -> None:
    tensor = loss if hasattr(loss, "dtype") else weft.convert_to_tensor(loss)
    if not dtypes.as_dtype(tensor.dtype).is_floating:
        raise ValueError(
            explain(f"Invalid type {tensor.dtype!r} for {getattr(tensor, 'name', 'the loss')}: a loss holds floats.",
                    hint="convert it with tf.cast(loss, tf.float32)")  # fmt: skip
        )


def _as_gradient(gradient: Any, variable: Any) -> Any:
    if isinstance(gradient, IndexedSlices):
        return gradient
    if not frontdoor.is_tensor_like(gradient):
        gradient = making.convert_to_tensor(gradient, variable.dtype)
    if not isinstance(variable, weft.Variable):
        raise NotImplementedError(f"Trying to update a Tensor {variable!r}; only variables can be updated.")
    return gradient


def cast_setting(setting: Any, like: Any) -> Any:
    """A setting in the dtype of a variable."""
    return setting if setting.dtype == like.dtype else weft.cast(setting, like.dtype)


class GradientDescentOptimizer(Optimizer):
    """w -= rate · g.

    Args:
        learning_rate: A number, a tensor, or a function without arguments.
        use_locking: Accepted.
        name: What its nodes are called.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     w = tf.Variable(1.0)
        ...     step = tf.train.GradientDescentOptimizer(0.1).minimize(w * w)
        ...     session.run(tf.global_variables_initializer())
        ...     session.run(step)
        ...     round(float(session.run(w)), 3)
        0.8
    """

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate

    def _prepare(self) -> None:
        self._rate = self._setting(self._learning_rate, "learning_rate")

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        step = IndexedSlices(grad.values * cast_setting(self._rate, var), grad.indices, grad.dense_shape)
        if not in_graph():
            return var.scatter_sub(step)
        with Unit("ScatterSub") as unit:
            return unit.operation(graphs.group(var.scatter_sub(step), name="done"), "ScatterSub")

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        return [rows.take(variable, gradient * cast_setting(self._rate, variable))]


class MomentumOptimizer(Optimizer):
    """a = momentum · a + g; w -= rate · a, or w -= rate · (g + momentum · a) with `use_nesterov`.

    Args:
        learning_rate: A number, a tensor, or a function without arguments.
        momentum: Likewise.
        use_locking: Accepted.
        name: What its nodes and state are called.
        use_nesterov: As above.
    """

    def __init__(self, learning_rate: Any, momentum: Any, use_locking: bool = False, name: str = "Momentum",
                 use_nesterov: bool = False) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._learning_rate, self._momentum, self._use_nesterov = learning_rate, momentum, use_nesterov

    def _create_slots(self, var_list: list[Any]) -> None:
        for variable in var_list:
            self._zeros_slot(variable, "momentum", self._name)

    def _prepare(self) -> None:
        self._rate = self._setting(self._learning_rate, "learning_rate")
        self._share = self._setting(self._momentum, "momentum")

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        rate, share = cast_setting(self._rate, variable), cast_setting(self._share, variable)
        kept = self.get_slot(variable, "momentum")
        total = rows.read(kept) * share + gradient
        step = gradient * rate + total * share * rate if self._use_nesterov else total * rate
        return [rows.write(kept, total), rows.take(variable, step)]


class AdamOptimizer(Optimizer):
    """w -= rate · sqrt(1 - beta2^t) / (1 - beta1^t) · m / (sqrt(v) + epsilon), with m and v averages of g and g².

    Args:
        learning_rate: A number, a tensor, or a function without arguments.
        beta1: Share of the old average of gradients in the new one.
        beta2: The same for their squares.
        epsilon: Keeps the divisor from 0.
        use_locking: Accepted.
        name: What its nodes and state are called.
    """

    def __init__(self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8,
                 use_locking: bool = False, name: str = "Adam") -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._lr, self._beta1, self._beta2, self._epsilon = learning_rate, beta1, beta2, epsilon
        self._operations_of_rows = 32

    def _powers(self) -> list[tuple[str, Any]]:
        """The numbers whose powers are kept, with the names of these."""
        return [("beta1_power", self._beta1), ("beta2_power", self._beta2)]

    def _get_beta_accumulators(self) -> tuple[Any, ...]:
        graph = graphs.default_graph() if in_graph() else None
        return tuple(self._get_non_slot_variable(name, graph) for name, _ in self._powers())

    def _create_slots(self, var_list: list[Any]) -> None:
        for name, value in self._powers():
            self._create_non_slot_variable(self._call_if_callable(value), name)
        for variable in var_list:
            self._zeros_slot(variable, "m", self._name)
            self._zeros_slot(variable, "v", self._name)

    def _prepare(self) -> None:
        self._lr_t = self._setting(self._lr, "learning_rate")
        self._beta1_t, self._beta2_t = self._setting(self._beta1, "beta1"), self._setting(self._beta2, "beta2")
        self._epsilon_t = self._setting(self._epsilon, "epsilon")

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        # every row of the averages falls, also those without a gradient
        further(self._operations_of_rows)
        return self._apply_rows(_whole(grad, var), var, Rows(), "SparseApply")

    def _numbers(self, variable: Any) -> tuple[Any, Any, list[Any]]:
        """Both slots of a variable; the rate, both betas, epsilon and the betas' powers as its dtype."""
        settings = (self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t, *self._get_beta_accumulators())
        numbers = [cast_setting(weft.convert_to_tensor(setting), variable) for setting in settings]
        return self.get_slot(variable, "m"), self.get_slot(variable, "v"), numbers

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        mean, square, (rate, beta1, beta2, epsilon, power1, power2) = self._numbers(variable)
        squared = weft.square(gradient)
        new_mean, new_square = rules.two_moments(rows.read(mean), rows.read(square), gradient, squared, beta1, beta2)
        step = rules.adam_step(new_mean, new_square, rules.adam_rate(rate, power1, power2), epsilon)
        return [rows.write(mean, new_mean), rows.write(square, new_square), rows.take(variable, step)]

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        with weft.control_dependencies(update_ops) if in_graph() else nullcontext():
            powers = []
            for power, beta in zip(self._get_beta_accumulators(), (self._beta1_t, self._beta2_t), strict=False):
                now = getattr(power, "_snapshot", power)  # the read that the updates shared, as TensorFlow has it
                powers.append(power.assign(weft.convert_to_tensor(now) * beta))
        return graphs.group(*update_ops, *powers, name=name_scope)


class WithAccumulator(Optimizer):
    """Keeps one sum of squared gradients for each variable."""

    _learning_rate: Any
    _initial_accumulator_value: Any

    def _create_slots(self, var_list: list[Any]) -> None:
        from weft.compat.v1.initializers import constant_initializer

        for variable in var_list:
            first = constant_initializer(self._initial_accumulator_value, variable.dtype)
            self._slot(variable, "accumulator", self._name, first)

    def _prepare(self) -> None:
        self._rate = self._setting(self._learning_rate, "learning_rate")


class AdagradOptimizer(WithAccumulator):
    """a += g²; w -= rate · g / sqrt(a).

    Args:
        learning_rate: A number, a tensor, or a function without arguments.
        initial_accumulator_value: Where a starts; above 0.
        use_locking: Accepted.
        name: What its nodes and state are called.

    Raises:
        ValueError: For a start that is not above 0.
    """

    def __init__(self, learning_rate: Any, initial_accumulator_value: float = 0.1, use_locking: bool = False,
                 name: str = "Adagrad") -> None:  # fmt: skip
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._learning_rate, self._initial_accumulator_value = learning_rate, initial_accumulator_value

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        kept = self.get_slot(variable, "accumulator")
        rate = cast_setting(self._rate, variable)
        total, step = rules.adagrad(rows.read(kept), gradient, weft.square(gradient), rate, 0.0)
        return [rows.write(kept, total), rows.take(variable, step)]


class AdadeltaOptimizer(Optimizer):
    """a = rho · a + (1 - rho) · g²; d = g · sqrt(u + epsilon) / sqrt(a + epsilon); u likewise of d; w -= rate · d.

    Args:
        learning_rate: A number, a tensor, or a function without arguments.
        rho: Share of the old means in the new ones.
        epsilon: Keeps the divisor from 0 and lets the first step be one.
        use_locking: Accepted.
        name: What its nodes and state are called.
    """

    def __init__(self, learning_rate: Any = 0.001, rho: Any = 0.95, epsilon: Any = 1e-8, use_locking: bool = False,
                 name: str = "Adadelta") -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._lr, self._rho, self._epsilon = learning_rate, rho, epsilon

    def _create_slots(self, var_list: list[Any]) -> None:
        for variable in var_list:
            self._zeros_slot(variable, "accum", self._name)
            self._zeros_slot(variable, "accum_update", self._name)

    def _prepare(self) -> None:
        given = ((self._lr, "lr"), (self._rho, "rho"), (self._epsilon, "epsilon"))
        self._settings = [self._setting(value, name) for value, name in given]

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        rate, rho, epsilon = (cast_setting(setting, variable) for setting in self._settings)
        squares, steps = self.get_slot(variable, "accum"), self.get_slot(variable, "accum_update")
        old = rows.read(steps)
        mean, factor = rules.adadelta(rows.read(squares), old, weft.square(gradient), rho, epsilon)
        step = gradient * factor
        return [rows.write(squares, mean), rows.write(steps, rho * old + (1 - rho) * weft.square(step)),
                rows.take(variable, rate * step)]  # fmt: skip


class RMSPropOptimizer(Optimizer):
    """v = decay · v + (1 - decay) · g²; s = momentum · s + rate · g / sqrt(v + epsilon); w -= s.

    Args:
        learning_rate: A number, a tensor, or a function without arguments.
        decay: Share of the old mean of squares in the new one.
        momentum: Share of the last step in the next one.
        epsilon: Keeps the divisor from 0.
        use_locking: Accepted.
        centered: Whether the mean gradient's square is taken from v.
        name: What its nodes and state are called.
    """

    def __init__(self, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0, epsilon: Any = 1e-10,
                 use_locking: bool = False, centered: bool = False, name: str = "RMSProp") -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._learning_rate, self._decay, self._momentum = learning_rate, decay, momentum
        self._epsilon, self._centered = epsilon, centered

    def _create_slots(self, var_list: list[Any]) -> None:
        from weft.compat.v1.initializers import ones_initializer

        for variable in var_list:
            self._slot(variable, "rms", self._name, ones_initializer(variable.dtype))
            if self._centered:
                self._zeros_slot(variable, "mg", self._name)
            self._zeros_slot(variable, "momentum", self._name)

    def _prepare(self) -> None:
        given = ((self._learning_rate, "learning_rate"), (self._decay, "decay"), (self._momentum, "momentum"),
                 (self._epsilon, "epsilon"))  # fmt: skip
        self._settings = [self._setting(value, name) for value, name in given]

    def _kind(self) -> str:
        return "CenteredRMSProp" if self._centered else "RMSProp"

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        rate, decay, momentum, epsilon = (cast_setting(setting, variable) for setting in self._settings)
        squares, last = self.get_slot(variable, "rms"), self.get_slot(variable, "momentum")
        average = self.get_slot(variable, "mg")
        old = None if average is None else rows.read(average)
        mean_square, mean, step = rules.rmsprop(
            rows.read(squares), old, gradient, weft.square(gradient), rate, decay, epsilon
        )
        step = momentum * rows.read(last) + step
        done = [rows.write(squares, mean_square), rows.write(last, step), rows.take(variable, step)]
        return done if average is None else [rows.write(average, mean), *done]


def _whole(gradient: IndexedSlices, variable: Any) -> Any:
    """The gradient of all rows."""
    if not in_graph():
        return IndexedSlices(gradient.values, gradient.indices, variable.shape).dense()
    with Unit("Rows") as unit:
        found = IndexedSlices(gradient.values, gradient.indices, variable.shape).dense()
        unit.hide()
    return found



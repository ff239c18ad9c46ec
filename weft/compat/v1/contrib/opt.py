"""`tf.contrib.opt`: optimizers that most programs do without, and scipy's, which need the gradient alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import weft
from weft.base.errors import explain
from weft.compat.v1 import graphs, logging, train_optimizers
from weft.compat.v1.train_optimizers import AdamOptimizer, MomentumOptimizer, Rows
from weft.keras.optimizers import rules
from weft.runtime import session as sessions
from weft.runtime.composite import IndexedSlices


class ExternalOptimizerInterface:
    """Variables that an algorithm outside of the graph changes: it is told the loss and its gradient at a point.

    A subclass gives `_minimize`, which is handed functions of a vector in which all variables stand end to end.

    Args:
        loss: A single number.
        var_list: The variables to change; the trainable ones where None.
        equalities: Tensors that are to be 0.
        inequalities: Tensors that are to be 0 or more.
        var_to_bounds: Pairs of the least and the greatest value by variable, each a number or of the variable's shape.
        **optimizer_kwargs: For the algorithm.
    """

    def __init__(self, loss: Any, var_list: Any = None, equalities: Any = None, inequalities: Any = None,
                 var_to_bounds: Any = None, **optimizer_kwargs: Any) -> None:  # fmt: skip
        self._loss, self._equalities, self._inequalities = loss, equalities or [], inequalities or []
        self._vars = list(graphs.trainable_variables() if var_list is None else var_list)
        self.optimizer_kwargs = optimizer_kwargs
        self._sizes = [variable.shape.as_list() for variable in self._vars]
        ends = np.cumsum([0, *(int(np.prod(sizes, dtype=np.int64)) for sizes in self._sizes)])
        self._parts = [slice(int(start), int(end)) for start, end in pairwise(ends)]
        self._packed_bounds = self._bounds(var_to_bounds)
        self._update_placeholders = [graphs.placeholder(variable.dtype.base_dtype) for variable in self._vars]
        self._var_updates = [
            variable.assign(weft.reshape(given, sizes))
            for variable, given, sizes in zip(self._vars, self._update_placeholders, self._sizes, strict=True)
        ]
        self._packed_var = self._packed(self._vars)
        self._packed_loss_grad = self._packed(self._gradients(loss))
        self._packed_equality_grads = [self._packed(self._gradients(tensor)) for tensor in self._equalities]
        self._packed_inequality_grads = [self._packed(self._gradients(tensor)) for tensor in self._inequalities]

    def _bounds(self, given: Any) -> list[tuple[Any, Any]] | None:
        if given is None:
            return None
        pairs: list[tuple[Any, Any]] = []
        for variable, sizes in zip(self._vars, self._sizes, strict=True):
            pair = next((value for key, value in given.items() if key is variable), (-np.inf, np.inf))
            low, high = (np.broadcast_to(bound, sizes).ravel() for bound in pair)
            pairs += zip(low.tolist(), high.tolist(), strict=True)
        return pairs

    def _gradients(self, tensor: Any) -> list[Any]:
        found = weft.gradients(tensor, self._vars)
        return [weft.zeros_like(v) if g is None else weft.convert_to_tensor(g)
                for g, v in zip(found, self._vars, strict=True)]  # fmt: skip

    @staticmethod
    def _packed(tensors: list[Any]) -> Any:
        flat = [weft.reshape(tensor, [-1]) for tensor in tensors]
        return flat[0] if len(flat) == 1 else weft.concat(flat, 0)

    def _unpacked(self, vector: Any) -> list[Any]:
        whole = np.asarray(vector)
        return [whole[part].reshape(sizes) for part, sizes in zip(self._parts, self._sizes, strict=True)]

    def minimize(self, session: Any = None, feed_dict: Any = None, fetches: Any = None, step_callback: Any = None,
                 loss_callback: Any = None, **run_kwargs: Any) -> None:  # fmt: skip
        """Runs the algorithm to its end, then gives the variables what it found.

        Args:
            session: The default one where None.
            feed_dict: For every run.
            fetches: What `loss_callback` is given the values of.
            step_callback: Called after each step with the vector.
            loss_callback: Called after each evaluation of the loss.
            **run_kwargs: For every `session.run`.
        """
        session = session or sessions.default_session()
        if session is None:
            raise ValueError(explain("minimize needs a session, and there is no default one.",
                                     hint="minimize(session), or call it within `with tf.Session():`"))  # fmt: skip
        feeds, fetched = dict(feed_dict or {}), list(fetches or [])

        def evaluated(tensors: list[Any], told: Callable[..., Any] | None, more: list[Any]) -> Callable[[Any], Any]:
            def evaluate(vector: Any) -> Any:
                given = {**feeds, **dict(zip(self._vars, self._unpacked(vector), strict=True))}
                values = session.run([*tensors, *more], feed_dict=given, **run_kwargs)
                if told is not None:
                    told(*values[len(tensors) :])
                return values[: len(tensors)]

            return evaluate

        first = session.run(self._packed_var, **run_kwargs)
        loss_and_gradient = evaluated([self._loss, self._packed_loss_grad], loss_callback, fetched)
        found = self._minimize(
            initial_val=first,
            loss_grad_func=loss_and_gradient,
            equality_funcs=[evaluated([t], None, []) for t in self._equalities],
            equality_grad_funcs=[evaluated([t], None, []) for t in self._packed_equality_grads],
            inequality_funcs=[evaluated([t], None, []) for t in self._inequalities],
            inequality_grad_funcs=[evaluated([t], None, []) for t in self._packed_inequality_grads],
            packed_bounds=self._packed_bounds,
            step_callback=step_callback,
            optimizer_kwargs=self.optimizer_kwargs,
        )
        session.run(self._var_updates, dict(zip(self._update_placeholders, self._unpacked(found), strict=True)),
                    **run_kwargs)  # fmt: skip

    def _minimize(self, initial_val: Any, loss_grad_func: Any, equality_funcs: Any, equality_grad_funcs: Any,
                  inequality_funcs: Any, inequality_grad_funcs: Any, packed_bounds: Any, step_callback: Any,
                  optimizer_kwargs: Any) -> Any:  # fmt: skip
        raise NotImplementedError("To use ExternalOptimizerInterface, subclass from it and implement _minimize.")


def _number(value: Any) -> float:
    return float(np.asarray(value, np.float64).reshape(()))


def _vector(value: Any) -> Any:
    return np.asarray(value, np.float64)


class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """Minimizes a loss with `scipy.optimize.minimize`: L-BFGS-B, or another of its methods.

    Args:
        loss: A single number.
        var_list: The variables to change; the trainable ones where None.
        equalities: Tensors that are to be 0 (for methods that know constraints, such as SLSQP).
        inequalities: Tensors that are to be 0 or more.
        var_to_bounds: Pairs of the least and the greatest value by variable.
        **optimizer_kwargs: scipy's `method`, `options`, `tol` and so on.

    Raises:
        ImportError: When it minimizes, where scipy is not installed.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     x = tf.Variable([7.0, 7.0])
        ...     tf.global_variables_initializer().run()
        ...     tf.contrib.opt.ScipyOptimizerInterface(tf.reduce_sum((x - 1.0) ** 2)).minimize(session)
        ...     x.eval().round(4).tolist()
        [1.0, 1.0]
    """

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(self, initial_val: Any, loss_grad_func: Any, equality_funcs: Any, equality_grad_funcs: Any,
                  inequality_funcs: Any, inequality_grad_funcs: Any, packed_bounds: Any, step_callback: Any,
                  optimizer_kwargs: Any) -> Any:  # fmt: skip
        try:
            from scipy import optimize
        except ImportError:
            raise ImportError(explain("ScipyOptimizerInterface minimizes with scipy, which is not installed.",
                                      hint="pip install scipy")) from None  # fmt: skip

        def loss_and_gradient(vector: Any) -> tuple[float, Any]:
            loss, gradient = loss_grad_func(vector)
            return _number(loss), _vector(gradient)

        def constraint(kind: str, function: Any, gradient: Any) -> dict[str, Any]:
            return {"type": kind, "fun": lambda x: _vector(function(x)[0]), "jac": lambda x: _vector(gradient(x)[0])}

        settings = dict(optimizer_kwargs)
        method = settings.pop("method", self._DEFAULT_METHOD)
        constraints = [constraint("eq", f, g) for f, g in zip(equality_funcs, equality_grad_funcs, strict=True)]
        constraints += [constraint("ineq", f, g) for f, g in zip(inequality_funcs, inequality_grad_funcs, strict=True)]
        told = {} if method == "SLSQP" else {"callback": step_callback}  # which SLSQP does not call
        result = optimize.minimize(
            loss_and_gradient, _vector(initial_val), method=method, jac=True, bounds=packed_bounds,
            constraints=constraints, **told, **settings,
        )  # fmt: skip
        message = result.message.decode() if isinstance(result.message, bytes) else result.message
        logging.info(
            "Optimization terminated with:\n  Message: %s\n  Objective function value: %f\n  Number of iterations: "
            "%d\n  Number of functions evaluations: %d", message, result.fun, result.get("nit", 0), result.nfev,
        )  # fmt: skip
        return result.x


class DecoupledWeightDecayExtension:
    """Takes a share of the variables away beside what the gradient takes; a base class before an optimizer's.

    Args:
        weight_decay: The share, which the learning rate is no factor of.
        **kwargs: The optimizer's arguments.

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019.
    """

    def __init__(self, weight_decay: Any, **kwargs: Any) -> None:
        self._decay_var_list: Any = None
        self._weight_decay = weight_decay
        super().__init__(**kwargs)

    def minimize(self, loss: Any, global_step: Any = None, var_list: Any = None,
                 gate_gradients: int = train_optimizers.Optimizer.GATE_OP, aggregation_method: Any = None,
                 colocate_gradients_with_ops: bool = False, name: str | None = None, grad_loss: Any = None,
                 decay_var_list: Any = None) -> Any:  # fmt: skip
        """As the optimizer's; `decay_var_list` names the variables that lose a share, all where None."""
        self._decay_var_list = None if decay_var_list is None else list(decay_var_list)
        return super().minimize(  # type: ignore[misc]
            loss, global_step, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops, name,
            grad_loss,
        )  # fmt: skip

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None,
                        decay_var_list: Any = None) -> Any:  # fmt: skip
        """As the optimizer's; `decay_var_list` names the variables that lose a share, all where None."""
        if decay_var_list is not None:
            self._decay_var_list = list(decay_var_list)
        return super().apply_gradients(grads_and_vars, global_step, name)  # type: ignore[misc]

    def _prepare(self) -> None:
        decay = self._weight_decay() if callable(self._weight_decay) else self._weight_decay
        self._decay = weft.convert_to_tensor(decay, name="weight_decay")
        super()._prepare()  # type: ignore[misc]

    def _shrunk(self, variable: Any, rows: Rows) -> list[Any]:
        if self._decay_var_list is not None and not any(variable is other for other in self._decay_var_list):
            return []
        return [rows.take(variable, weft.cast(self._decay, variable.dtype.base_dtype) * rows.read(variable))]

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        with weft.control_dependencies(self._shrunk(var, Rows())):
            return super()._apply_dense(grad, var)  # type: ignore[misc]

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        rows = Rows(weft.unique(grad.indices)[0])  # of a gradient of some rows, these alone lose a share
        with weft.control_dependencies(self._shrunk(var, rows)):
            return super()._apply_sparse(grad, var)  # type: ignore[misc]


def extend_with_decoupled_weight_decay(base_optimizer: type) -> type:
    """An optimizer's class with weight decay: its first argument is the share that variables lose in each step."""

    class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension, base_optimizer):  # type: ignore[misc]
        def __init__(self, weight_decay: Any, *args: Any, **kwargs: Any) -> None:
            self._decay_var_list: Any = None
            self._weight_decay = weight_decay
            base_optimizer.__init__(self, *args, **kwargs)  # type: ignore[misc]

    return OptimizerWithDecoupledWeightDecay


class AdamWOptimizer(DecoupledWeightDecayExtension, AdamOptimizer):
    """Adam with decoupled weight decay.

    Args:
        weight_decay: The share that variables lose in each step.

    The arguments not listed are those of `tf.train.AdamOptimizer`.
    """

    def __init__(self, weight_decay: Any, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999,
                 epsilon: Any = 1e-8, use_locking: bool = False, name: str = "AdamW") -> None:  # fmt: skip
        super().__init__(weight_decay, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon,
                         use_locking=use_locking, name=name)  # fmt: skip


class MomentumWOptimizer(DecoupledWeightDecayExtension, MomentumOptimizer):
    """Gradient descent with momentum and decoupled weight decay.

    Args:
        weight_decay: The share that variables lose in each step.

    The arguments not listed are those of `tf.train.MomentumOptimizer`.
    """

    def __init__(self, weight_decay: Any, learning_rate: Any, momentum: Any, use_locking: bool = False,
                 name: str = "MomentumW", use_nesterov: bool = False) -> None:  # fmt: skip
        super().__init__(weight_decay, learning_rate=learning_rate, momentum=momentum, use_locking=use_locking,
                         name=name, use_nesterov=use_nesterov)  # fmt: skip


class NadamOptimizer(AdamOptimizer):
    """Adam with Nesterov's momentum: the step looks one gradient ahead.

    The arguments are those of `tf.train.AdamOptimizer`.

    Source: Dozat, Incorporating Nesterov Momentum into Adam, 2016.
    """

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        mean, square, (rate, beta1, beta2, epsilon, power1, power2) = self._numbers(variable)
        new_mean, new_square = rules.two_moments(
            rows.read(mean), rows.read(square), gradient, weft.square(gradient), beta1, beta2
        )
        ahead = new_mean * beta1 + (1 - beta1) * gradient
        step = rules.adam_step(ahead, new_square, rules.adam_rate(rate, power1, power2), epsilon)
        return [rows.write(mean, new_mean), rows.write(square, new_square), rows.take(variable, step)]


class AdaMaxOptimizer(AdamOptimizer):
    """w -= rate / (1 - beta1^t) · m / (v + epsilon), with m an average of g, and v the greatest |g| of late.

    The arguments are those of `tf.train.AdamOptimizer`.

    Source: Kingma and Ba, Adam: a Method for Stochastic Optimization, 2014, section 7.1.
    """

    def __init__(self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8,
                 use_locking: bool = False, name: str = "AdaMax") -> None:  # fmt: skip
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)

    def _powers(self) -> list[tuple[str, Any]]:
        return [("beta1_power", self._beta1)]

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        values, indices = train_optimizers.summed(grad, var)
        return self._apply_rows(values, var, Rows(indices), "SparseApply")

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        mean, greatest, (rate, beta1, beta2, epsilon, power1) = self._numbers(variable)
        new_mean = beta1 * rows.read(mean) + (1 - beta1) * gradient
        new_greatest = weft.maximum(beta2 * rows.read(greatest), weft.abs(gradient))
        step = rate / (1 - power1) * (new_mean / (new_greatest + epsilon))
        return [rows.write(mean, new_mean), rows.write(greatest, new_greatest), rows.take(variable, step)]


class LazyAdamOptimizer(AdamOptimizer):
    """Adam that leaves the averages of rows alone that a gradient does not touch.

    The arguments are those of `tf.train.AdamOptimizer`.
    """

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        values, indices = train_optimizers.summed(grad, var)
        return self._apply_rows(values, var, Rows(indices), "SparseApply")

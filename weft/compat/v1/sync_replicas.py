"""`tf.train.SyncReplicasOptimizer`: gradients of several batches, one step of their mean. The replicas are one here."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1 import initializers
from weft.compat.v1.session_hooks import SessionRunHook
from weft.compat.v1.train_optimizers import Optimizer
from weft.runtime import control
from weft.runtime import graph as graphs
from weft.runtime.composite import IndexedSlices
from weft.runtime.graph import GraphKeys
from weft.runtime.graph_variable import make_variable
from weft.runtime.scopes import Unit


class SyncReplicasOptimizer(Optimizer):
    """Adds up the gradients of `replicas_to_aggregate` runs and applies their mean, which is one step.

    Every replica is this process, so that a run of the training operation is what one replica gives.

    Args:
        opt: The optimizer that applies the mean.
        replicas_to_aggregate: How many gradients make a step.
        total_num_replicas: How many replicas there are; as many where None.
        variable_averages: An ExponentialMovingAverage that follows each step.
        variables_to_average: Which variables it averages.
        use_locking: Accepted.
        name: What its nodes are called.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     x, step = tf.Variable(1.0), tf.train.get_or_create_global_step()
        ...     optimizer = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.1), 2)
        ...     train = optimizer.minimize(x * x, global_step=step)
        ...     session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        ...     for _ in range(3):
        ...         session.run(train)
        ...     float(session.run(x)), int(session.run(step))
        [None, None]
        (0.800000011920929, 1)
    """

    def __init__(self, opt: Optimizer, replicas_to_aggregate: int, total_num_replicas: int | None = None,
                 variable_averages: Any = None, variables_to_average: Any = None, use_locking: bool = False,
                 name: str = "sync_replicas") -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._opt, self._wanted = opt, int(replicas_to_aggregate)
        self._total = self._wanted if total_num_replicas is None else int(total_num_replicas)
        self._averages, self._averaged = variable_averages, variables_to_average
        self._tokens_per_step = max(self._total, self._wanted)
        self._applied = False
        self.local_step_init_op: Any = None
        self.chief_init_op: Any = None
        self.ready_for_local_init_op: Any = None

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """As the optimizer that it is made of."""
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]], global_step: Any = None,
                        name: str | None = None) -> Any:  # fmt: skip
        """An operation that adds a batch's gradients, and makes a step where they are as many as wanted.

        Args:
            grads_and_vars: As `compute_gradients` gives them.
            global_step: The step counter, which grows with each step, not with each batch.
            name: A name for the operation.

        Raises:
            ValueError: Without gradients or a step counter.
        """
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError("Must supply at least one variable")
        if global_step is None:
            raise ValueError("Global step is required to check staleness")
        self._applied = True
        self._local_step(global_step)
        if self._wanted <= 1:
            return self._averaging(self._opt.apply_gradients(pairs, global_step, name))
        given = [(g, v) for g, v in pairs if g is not None]
        self._opt._create_slots([v for _, v in given])  # before the branch, which may not make variables
        with Unit(name or self._name):
            sums = [_local(v.shape, v.dtype, f"{v.op.name}/grad_accum") for _, v in given]
            count = _local([], dtypes.int32, "gradients_so_far")
            dense = [g.dense() if isinstance(g, IndexedSlices) else g for g, _ in given]
            added = [total.assign_add(gradient) for total, gradient in zip(sums, dense, strict=True)]
            with weft.control_dependencies(added):
                enough = weft.greater_equal(count.assign_add(1), self._wanted)

            def step() -> Any:
                share = [whole / weft.cast(self._wanted, whole.dtype) for whole in added]
                variables = [v for _, v in given]
                done = self._averaging(self._opt.apply_gradients(list(zip(share, variables, strict=True)), global_step))
                with weft.control_dependencies([done]):
                    emptied = [total.assign(weft.zeros_like(whole)) for total, whole in zip(sums, added, strict=True)]
                with weft.control_dependencies(emptied):
                    return weft.identity(count.assign(0))

            return control.cond(enough, step, lambda: weft.constant(0)).op

    def _averaging(self, update: Any) -> Any:
        if self._averages is None:
            return update
        with weft.control_dependencies([update]):
            return self._averages.apply(self._averaged)

    def _local_step(self, global_step: Any) -> None:
        with Unit(f"{self._name}_local_step"):
            local = _local([], global_step.dtype, "sync_rep_local_step")
            self.local_step_init_op = local.assign(global_step).op
            self.chief_init_op = graphs.group(self.local_step_init_op)
            missing = weft.logical_not(weft.reduce_all(weft.stack(
                [v.is_initialized() for v in graphs.default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES)])))
            self.ready_for_local_init_op = weft.boolean_mask(
                weft.constant(["global variables"]), weft.reshape(missing, [1]))  # fmt: skip

    def get_chief_queue_runner(self) -> Any:
        """What the chief is to start: nothing needs to wait here, so it has no threads.

        Raises:
            ValueError: Before `apply_gradients`.
        """
        if not self._applied:
            raise ValueError("Should be called after apply_gradients().")
        return _NoThreads(f"{self._name}_chief_queue_runner")

    def get_init_tokens_op(self, num_tokens: int = -1) -> Any:
        """An operation that lets replicas begin; it does nothing here.

        Raises:
            ValueError: Before `apply_gradients`, or for too few tokens.
        """
        if not self._applied:
            raise ValueError("get_init_tokens_op() should be called after apply_gradients().")
        needed = self._wanted - self._total
        if num_tokens != -1 and num_tokens < needed:
            raise ValueError(f"Too few tokens to finish the first step: {num_tokens} (given) vs {needed} (needed)")
        return graphs.group(name=f"{self._name}_init_tokens")

    def make_session_run_hook(self, is_chief: bool, num_tokens: int = -1) -> SessionRunHook:
        """A hook that makes it ready when a monitored session begins."""
        return _SyncHook(self, num_tokens)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """As the optimizer that it is made of."""
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> Any:
        """As the optimizer that it is made of."""
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self) -> Any:
        """As the optimizer that it is made of."""
        return self._opt.variables()


def _local(shape: Any, dtype: Any, name: str) -> Any:
    zeros = initializers.zeros_initializer()
    return make_variable(lambda: zeros(shape, dtype), trainable=False, name=name,
                         collections=[GraphKeys.LOCAL_VARIABLES])  # fmt: skip


class _NoThreads:
    """A queue runner without a queue."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.exceptions_raised: list[BaseException] = []

    def create_threads(self, sess: Any, coord: Any = None, daemon: bool = False,
                       start: bool = False) -> list[threading.Thread]:  # fmt: skip
        """None."""
        return []


class _SyncHook(SessionRunHook):
    def __init__(self, optimizer: SyncReplicasOptimizer, num_tokens: int) -> None:
        self._optimizer, self._tokens = optimizer, num_tokens

    def begin(self) -> None:
        """Makes the operations while the graph may still be changed."""
        if not self._optimizer._applied:
            raise ValueError(explain("The hook of SyncReplicasOptimizer needs its training operation.",
                                     hint="call minimize or apply_gradients first"))  # fmt: skip
        self._start = self._optimizer.get_init_tokens_op(self._tokens)
        own = graphs.default_graph().get_collection(GraphKeys.LOCAL_VARIABLES)
        self._local = graphs.group(*(variable.initializer for variable in own))

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Lets the first step begin."""
        session.run(self._local)
        session.run([self._optimizer.local_step_init_op, self._start])

"""Evaluation of a checkpoint in a monitored session, as packages of version 1 do it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import weft
from weft.compat.v1 import graphs
from weft.compat.v1.initializers import zeros_initializer
from weft.compat.v1.monitored_session import ChiefSessionCreator, MonitoredSession
from weft.compat.v1.session_hooks import FinalOpsHook, SessionRunArgs, SessionRunHook
from weft.compat.v1.variable_scopes import get_variable
from weft.runtime.graph import GraphKeys


def get_or_create_eval_step() -> Any:
    """The local variable that counts the runs of an evaluation."""
    found = graphs.get_collection(GraphKeys.EVAL_STEP)
    if found:
        return found[0]
    return get_variable("eval_step", [], weft.int64, zeros_initializer(), trainable=False,
                        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.EVAL_STEP])  # fmt: skip


class StopAfterNEvalsHook(SessionRunHook):
    """Stops an evaluation after a number of runs.

    Args:
        num_evals: The number; no end where None.
        log_progress: Accepted.
    """

    def __init__(self, num_evals: int | None, log_progress: bool = True) -> None:
        self._num_evals = num_evals
        self._done: Any = None

    def _set_evals_completed_tensor(self, updated_eval_step: Any) -> None:
        self._done = updated_eval_step

    def before_run(self, run_context: Any) -> Any:
        return SessionRunArgs({"evals_completed": self._done})

    def after_run(self, run_context: Any, run_values: Any) -> None:
        if self._num_evals is not None and run_values.results["evals_completed"] >= self._num_evals:
            run_context.request_stop()


def evaluate_once(checkpoint_path: str, master: str = "", scaffold: Any = None, eval_ops: Any = None,
                  feed_dict: Any = None, final_ops: Any = None, final_ops_feed_dict: Any = None, config: Any = None,
                  hooks: Any = None) -> Any:  # fmt: skip
    """Runs an evaluation on what a checkpoint holds until a hook or the end of the input stops it.

    Args:
        checkpoint_path: The checkpoint.
        master: Accepted; the session runs here.
        scaffold: A `Scaffold`.
        eval_ops: What is run again and again: a tensor, an operation, or a list or dict of them.
        feed_dict: What is fed then.
        final_ops: What is run once at the end.
        final_ops_feed_dict: What is fed then.
        config: The session's configuration.
        hooks: Session hooks; `StopAfterNEvalsHook` among them says how often.

    Returns:
        The values of `final_ops`; None without any.
    """
    step = graphs.assign_add(get_or_create_eval_step(), 1, use_locking=True)
    watching = list(hooks or [])
    for hook in watching:
        if isinstance(hook, StopAfterNEvalsHook):
            hook._set_evals_completed_tensor(step)
    last = FinalOpsHook(final_ops, final_ops_feed_dict)
    creator = ChiefSessionCreator(scaffold, checkpoint_filename_with_path=checkpoint_path, master=master,
                                  config=config)  # fmt: skip
    if eval_ops is not None:
        eval_ops = {**eval_ops, "update_eval_step": step} if isinstance(eval_ops, Mapping) else [eval_ops, step]
    with MonitoredSession(creator, [*watching, last]) as session:
        while eval_ops is not None and not session.should_stop():
            session.run(eval_ops, feed_dict)
    return last.final_ops_values

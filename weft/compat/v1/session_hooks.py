"""Hooks: what is done before and after each run of a monitored session."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from weft.api.io import write_graph
from weft.base.errors import explain
from weft.compat.v1 import global_step as steps
from weft.compat.v1 import logging
from weft.compat.v1.meta_graphs import meta_graph_of
from weft.compat.v1.summary_writer import FileWriterCache
from weft.formats.messages.summary import Summary
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys


class SessionRunArgs:
    """What a hook adds to a run.

    Args:
        fetches: What to fetch for it.
        feed_dict: What to feed.
        options: Options of the run.
    """

    def __init__(self, fetches: Any, feed_dict: Any = None, options: Any = None) -> None:
        self.fetches, self.feed_dict, self.options = fetches, feed_dict, options


class SessionRunValues(NamedTuple):
    """What a run gave a hook.

    Args:
        results: The values of what it asked for.
        options: The run's options.
        run_metadata: What the run noted.
    """

    results: Any
    options: Any = None
    run_metadata: Any = None


class SessionRunContext:
    """A run as hooks see it.

    Args:
        original_args: What the program asked for.
        session: The session.
    """

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:
        self.original_args, self.session = original_args, session
        self._stop = False

    @property
    def stop_requested(self) -> bool:
        """Whether a hook wants this to be the last run."""
        return self._stop

    def request_stop(self) -> None:
        """Makes this the last run."""
        self._stop = True


class SessionRunHook:
    """A hook; subclasses give those methods that they need."""

    def begin(self) -> None:
        """Before the session is made: the graph may still be changed."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """The session is there; the graph is finished."""

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Before a run: what to fetch and feed beside what the program asks for."""
        return None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """After a run."""

    def end(self, session: Any) -> None:
        """The session is about to be closed, without an error."""


class SecondOrStepTimer:
    """Tells when something is due: every so many steps, or seconds.

    Args:
        every_secs: The seconds between.
        every_steps: The steps between.

    Raises:
        ValueError: Unless one of the two is given.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if (every_secs is None) == (every_steps is None):
            raise ValueError("Either every_secs or every_steps should be provided, not both.")
        self._secs, self._steps = every_secs, every_steps
        self.reset()

    def reset(self) -> None:
        """Forgets when it was due."""
        self._step: int | None = None
        self._time: float | None = None

    def should_trigger_for_step(self, step: int) -> bool:
        """Whether it is due at a step; the first time it always is."""
        if self._step is None:
            return True
        if step == self._step:
            return False
        if self._secs is not None:
            assert self._time is not None
            return time.time() >= self._time + self._secs
        return step >= self._step + (self._steps or 0)

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Notes that it was done at a step; the seconds and steps since the last time."""
        now = time.time()
        since = (None, None) if self._step is None else (now - (self._time or now), step - self._step)
        self._step, self._time = step, now
        return since

    def last_triggered_step(self) -> int | None:
        """The step at which it was done last."""
        return self._step


def _timer(secs: Any, every: Any) -> SecondOrStepTimer:
    return SecondOrStepTimer(every_secs=secs, every_steps=every)


def _step_tensor(what: str) -> Any:
    found = steps.get_global_step()
    if found is None:
        raise RuntimeError(explain(f"Global step should be created to use {what}.",
                                   hint="tf.train.get_or_create_global_step() makes it"))  # fmt: skip
    return found


class LoggingTensorHook(SessionRunHook):
    """Logs the values of tensors now and then.

    Args:
        tensors: Tensors or their names: a list, or a dict with what to call them.
        every_n_iter: After how many runs.
        every_n_secs: After how many seconds.
        at_end: Whether at the end, too.
        formatter: Values by name to the text to log.

    Raises:
        ValueError: Unless it is said when to log, one way.
    """

    def __init__(self, tensors: Any, every_n_iter: int | None = None, every_n_secs: float | None = None,
                 at_end: bool = False, formatter: Callable[[dict[str, Any]], str] | None = None) -> None:
        only_at_end = at_end and every_n_iter is None and every_n_secs is None
        if not only_at_end and (every_n_iter is None) == (every_n_secs is None):
            raise ValueError("either at_end and/or exactly one of every_n_iter and every_n_secs must be provided.")
        if every_n_iter is not None and every_n_iter <= 0:
            raise ValueError(f"invalid every_n_iter={every_n_iter}.")
        self._order = sorted(tensors) if isinstance(tensors, dict) else [t if isinstance(t, str) else t.name
                                                                       for t in tensors]
        self._given = tensors if isinstance(tensors, dict) else dict(zip(self._order, tensors, strict=True))
        self._timer = None if only_at_end else _timer(every_n_secs, every_n_iter)
        self._at_end, self._formatter = at_end, formatter

    def begin(self) -> None:
        """Looks the tensors up."""
        if self._timer is not None:
            self._timer.reset()
        self._count = 0
        graph = graphs.default_graph()
        self._tensors = {name: graph.as_graph_element(item) for name, item in self._given.items()}

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the tensors where they are to be logged."""
        self._due = self._timer is not None and self._timer.should_trigger_for_step(self._count)
        return SessionRunArgs(self._tensors) if self._due else None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Logs them."""
        if self._due:
            self._log(run_values.results)
        self._count += 1

    def end(self, session: Any) -> None:
        """Logs them once more, where that was said."""
        if self._at_end:
            self._log(session.run(self._tensors))

    def _log(self, values: dict[str, Any]) -> None:
        elapsed = None
        if self._timer is not None:
            elapsed, _ = self._timer.update_last_triggered_step(self._count)
        if self._formatter is not None:
            logging.info("%s", self._formatter(values))
            return
        with np.printoptions(suppress=True):
            text = ", ".join(f"{name} = {values[name]}" for name in self._order)
        if elapsed is None:
            logging.info("%s", text)
        else:
            logging.info("%s (%.3f sec)", text, elapsed)


class StopAtStepHook(SessionRunHook):
    """Stops after some steps.

    Args:
        num_steps: How many from here on.
        last_step: Or the step counter's last value.

    Raises:
        ValueError: Unless one of the two is given.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if (num_steps is None) == (last_step is None):
            raise ValueError("One of num_steps or last_step must be specified, and only one.")
        self._number, self._last = num_steps, last_step

    def begin(self) -> None:
        """Looks the step counter up."""
        self._step = _step_tensor("StopAtStepHook")

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Reads where training begins."""
        if self._last is None:
            self._last = int(session.run(self._step)) + (self._number or 0)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the step counter."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Stops where the last step is done."""
        assert self._last is not None
        if run_values.results + 1 >= self._last and int(run_context.session.run(self._step)) >= self._last:
            run_context.request_stop()


class CheckpointSaverListener:
    """Is told when a `CheckpointSaverHook` saves; subclasses give those methods that they need."""

    def begin(self) -> None:
        """Before the session is made."""

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Before a checkpoint is saved."""

    def after_save(self, session: Any, global_step_value: int) -> bool | None:
        """After it is saved; True stops training."""
        return None

    def end(self, session: Any, global_step_value: int) -> None:
        """At the end."""


class CheckpointSaverHook(SessionRunHook):
    """Saves checkpoints now and then, at the beginning and at the end.

    Args:
        checkpoint_dir: The folder.
        save_secs: After how many seconds.
        save_steps: After how many steps.
        saver: What saves.
        checkpoint_basename: What the checkpoints are called.
        scaffold: Where the saver is, if none is given.
        listeners: Who is told.
    """

    def __init__(self, checkpoint_dir: str, save_secs: float | None = None, save_steps: int | None = None,
                 saver: Any = None, checkpoint_basename: str = "model.ckpt", scaffold: Any = None,
                 listeners: Sequence[CheckpointSaverListener] | None = None) -> None:
        if saver is not None and scaffold is not None:
            raise ValueError("You cannot provide both saver and scaffold.")
        self._folder, self._path = checkpoint_dir, os.path.join(checkpoint_dir, checkpoint_basename)
        self._saver, self._scaffold, self._listeners = saver, scaffold, list(listeners or ())
        self._timer = _timer(save_secs, save_steps)

    def begin(self) -> None:
        """Looks the step counter up."""
        self._writer = FileWriterCache.get(self._folder)
        self._step = _step_tensor("CheckpointSaverHook")
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Writes the graph, and the first checkpoint."""
        graph = session.graph
        os.makedirs(self._folder, exist_ok=True)
        write_graph(graph.as_graph_def(add_shapes=True), self._folder, "graph.pbtxt")
        saver = self._saver_now()
        self._writer.add_graph(graph)
        self._writer.add_meta_graph(meta_graph_of(graph, saver.as_saver_def() if saver is not None else None))
        step = int(session.run(self._step))
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the step counter."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Saves where that is due."""
        if self._timer.should_trigger_for_step(int(run_values.results) + 1):
            step = int(run_context.session.run(self._step))
            if self._timer.should_trigger_for_step(step):
                self._timer.update_last_triggered_step(step)
                if self._save(run_context.session, step):
                    run_context.request_stop()

    def end(self, session: Any) -> None:
        """Saves the last step."""
        step = int(session.run(self._step))
        if step != self._timer.last_triggered_step():
            self._save(session, step)
        for listener in self._listeners:
            listener.end(session, step)

    def _save(self, session: Any, step: int) -> bool:
        logging.info("Saving checkpoints for %d into %s.", step, self._path)
        for listener in self._listeners:
            listener.before_save(session, step)
        saver = self._saver_now()
        if saver is None:
            raise RuntimeError(explain("CheckpointSaverHook has nothing to save with.", hint="pass saver or scaffold"))
        saver.save(session, self._path, global_step=step)
        answers = [listener.after_save(session, step) for listener in self._listeners]
        return any(answers)

    def _saver_now(self) -> Any:
        if self._saver is not None:
            return self._saver
        if self._scaffold is not None:
            return self._scaffold.saver
        found = graphs.default_graph().get_collection(GraphKeys.SAVERS)
        return found[0] if found else None


class StepCounterHook(SessionRunHook):
    """Logs, and writes as a summary, how many steps a second are done.

    Args:
        every_n_steps: After how many steps.
        every_n_secs: After how many seconds.
        output_dir: The folder of the event file.
        summary_writer: Or the writer.
    """

    def __init__(self, every_n_steps: int | None = 100, every_n_secs: float | None = None,
                 output_dir: str | None = None, summary_writer: Any = None) -> None:
        if (every_n_steps is None) == (every_n_secs is None):
            raise ValueError("exactly one of every_n_steps and every_n_secs should be provided.")
        self._timer = _timer(every_n_secs, every_n_steps)
        self._folder, self._writer = output_dir, summary_writer

    def begin(self) -> None:
        """Looks the step counter up."""
        if self._writer is None and self._folder:
            self._writer = FileWriterCache.get(self._folder)
        self._step = _step_tensor("StepCounterHook")
        self._tag = f"{self._step.op.name}/sec"

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the step counter."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Logs where that is due."""
        if not self._timer.should_trigger_for_step(int(run_values.results) + 1):
            return
        step = int(run_context.session.run(self._step))
        if self._timer.should_trigger_for_step(step):
            seconds, done = self._timer.update_last_triggered_step(step)
            if seconds and done is not None:
                rate = done / seconds
                if self._writer is not None:
                    made = Summary(value=[Summary.Value(tag=self._tag, simple_value=rate)])
                    self._writer.add_summary(made, step)
                logging.info("%s: %g", self._tag, rate)


class NanLossDuringTrainingError(RuntimeError):
    """The loss became NaN."""

    def __str__(self) -> str:
        return "NaN loss during training."


class NanTensorHook(SessionRunHook):
    """Watches a loss, and stops where it becomes NaN.

    Args:
        loss_tensor: The loss.
        fail_on_nan_loss: Whether that raises `NanLossDuringTrainingError`.
    """

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._loss, self._fail = loss_tensor, fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the loss."""
        return SessionRunArgs(self._loss)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Looks at it."""
        if not np.isnan(run_values.results).any():
            return
        if self._fail:
            logging.error("Model diverged with loss = NaN.")
            raise NanLossDuringTrainingError
        logging.warning("Model diverged with loss = NaN.")
        run_context.request_stop()


class SummarySaverHook(SessionRunHook):
    """Writes summaries now and then.

    Args:
        save_steps: After how many steps.
        save_secs: After how many seconds.
        output_dir: The folder of the event file.
        summary_writer: Or the writer.
        scaffold: Where the summaries are, if none are given.
        summary_op: A string tensor, or a list of them.
    """

    def __init__(self, save_steps: int | None = None, save_secs: float | None = None, output_dir: str | None = None,
                 summary_writer: Any = None, scaffold: Any = None, summary_op: Any = None) -> None:
        if (scaffold is None) == (summary_op is None):
            raise ValueError("Exactly one of scaffold or summary_op must be provided.")
        self._op, self._writer, self._folder, self._scaffold = summary_op, summary_writer, output_dir, scaffold
        self._timer = _timer(save_secs, save_steps)

    def begin(self) -> None:
        """Looks the step counter up."""
        if self._writer is None and self._folder:
            self._writer = FileWriterCache.get(self._folder)
        self._next: int | None = None
        self._step = _step_tensor("SummarySaverHook")

    def _summaries(self) -> list[Any]:
        found = self._op if self._op is not None else self._scaffold.summary_op
        if found is None:
            return []
        return list(found) if isinstance(found, (list, tuple)) else [found]

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the summaries where that is due."""
        self._due = self._next is None or self._timer.should_trigger_for_step(self._next)
        wanted: dict[str, Any] = {"step": self._step}
        if self._due and self._summaries():
            wanted["summary"] = self._summaries()
        return SessionRunArgs(wanted)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Writes them."""
        if self._writer is None:
            return
        step = int(run_values.results["step"])
        if self._next is None or self._due:
            step = int(run_context.session.run(self._step))
        if self._due:
            self._timer.update_last_triggered_step(step)
            for summary in run_values.results.get("summary", ()):
                self._writer.add_summary(summary, step)
        self._next = step + 1

    def end(self, session: Any = None) -> None:
        """Hands everything to the operating system."""
        if self._writer is not None:
            self._writer.flush()


class GlobalStepWaiterHook(SessionRunHook):
    """Waits until the step counter has a value: of several that train, some begin later.

    Args:
        wait_until_step: The value.
    """

    def __init__(self, wait_until_step: int) -> None:
        self._until = wait_until_step
        self._begun = False

    def begin(self) -> None:
        """Looks the step counter up."""
        self._step = _step_tensor("GlobalStepWaiterHook")

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Waits."""
        while not self._begun and self._until > 0:
            if int(run_context.session.run(self._step)) >= self._until:
                break
            time.sleep(0.5)
        self._begun = True
        return None


class FinalOpsHook(SessionRunHook):
    """Runs something at the end.

    Args:
        final_ops: What: tensors, in any structure.
        final_ops_feed_dict: What to feed.
    """

    def __init__(self, final_ops: Any, final_ops_feed_dict: Any = None) -> None:
        self._ops, self._feeds = final_ops, final_ops_feed_dict
        self._values: Any = None

    @property
    def final_ops_values(self) -> Any:
        """What it gave."""
        return self._values

    def end(self, session: Any) -> None:
        """Runs it."""
        if self._ops is not None:
            self._values = session.run(self._ops, feed_dict=self._feeds)


class FeedFnHook(SessionRunHook):
    """Feeds every run.

    Args:
        feed_fn: Gives what to feed.
    """

    def __init__(self, feed_fn: Callable[[], Any]) -> None:
        self.feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for what to feed."""
        return SessionRunArgs(fetches=None, feed_dict=self.feed_fn())

"""Sessions that initialize or restore their graph, run hooks, and end where the input does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from weft.api import coordinator
from weft.base.errors import OutOfRangeError, explain
from weft.compat.v1 import checkpoints, queue_runner, summary
from weft.compat.v1 import graphs as v1_graphs
from weft.compat.v1.saver import Saver
from weft.compat.v1.session_hooks import (
    CheckpointSaverHook,
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
    StepCounterHook,
    SummarySaverHook,
)
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys
from weft.runtime.session import Session

#: in place of an argument that was not given
USE_DEFAULT = object()


class Scaffold:
    """What a graph needs before it can be trained: its operations that initialize, check, save and summarize.

    Args:
        init_op: What initializes; all variables' first values where None.
        init_feed_dict: What to feed it.
        init_fn: A function of scaffold and session, called after it.
        ready_op: The names of what is not initialized.
        ready_for_local_init_op: The same, before local variables are initialized.
        local_init_op: What initializes local variables and tables.
        summary_op: The summaries.
        saver: What saves and restores.
        copy_from_scaffold: Another, for what is not given.
    """

    def __init__(self, init_op: Any = None, init_feed_dict: Any = None, init_fn: Callable[..., Any] | None = None,
                 ready_op: Any = None, ready_for_local_init_op: Any = None, local_init_op: Any = None,
                 summary_op: Any = None, saver: Any = None, copy_from_scaffold: Any = None) -> None:
        other = copy_from_scaffold
        self._init_fn = init_fn if init_fn is not None or other is None else other._init_fn
        self.init_feed_dict = init_feed_dict if init_feed_dict is not None or other is None else other.init_feed_dict
        self.init_op, self.ready_op = init_op, ready_op
        self.ready_for_local_init_op, self.local_init_op = ready_for_local_init_op, local_init_op
        self.summary_op, self.saver = summary_op, saver
        for name in ("init_op", "ready_op", "ready_for_local_init_op", "local_init_op", "summary_op", "saver"):
            if getattr(self, name) is None and other is not None:
                setattr(self, name, getattr(other, name))

    @property
    def init_fn(self) -> Any:
        """The function of a session that is called after `init_op`."""
        function = self._init_fn
        return None if function is None else lambda session: function(self, session)

    def finalize(self) -> Scaffold:
        """Makes what was not given; returns itself."""
        self.init_op = self.init_op if self.init_op is not None else self.get_or_default(
            "init_op", GraphKeys.INIT_OP, lambda: graphs.group(v1_graphs.global_variables_initializer(),
            name="init_all"))  # fmt: skip
        if self.ready_op is None:
            self.ready_op = self.get_or_default("ready_op", GraphKeys.READY_OP,
                                                v1_graphs.report_uninitialized_variables)
        if self.ready_for_local_init_op is None:
            self.ready_for_local_init_op = self.get_or_default(
                "ready_for_local_init_op", GraphKeys.READY_FOR_LOCAL_INIT_OP,
                lambda: v1_graphs.report_uninitialized_variables(v1_graphs.global_variables()))
        if self.local_init_op is None:
            self.local_init_op = self.get_or_default("local_init_op", GraphKeys.LOCAL_INIT_OP,
                                                     self.default_local_init_op)
        if self.summary_op is None:
            self.summary_op = self.get_or_default("summary_op", GraphKeys.SUMMARY_OP, summary.merge_all)
        if self.saver is None:
            self.saver = self.get_or_default("saver", GraphKeys.SAVERS, lambda: Saver(allow_empty=True))
        self.saver.build()
        return self

    @staticmethod
    def get_or_default(arg_name: str, collection_key: str, default_constructor: Callable[[], Any]) -> Any:
        """What is in a collection of the graph; made, and put there, where it is empty.

        Raises:
            RuntimeError: Where there are several.
        """
        found = graphs.default_graph().get_collection(collection_key)
        if len(found) > 1:
            raise RuntimeError(explain(f"More than one item in the collection {collection_key!r}.",
                                       hint=f"say which by {arg_name}"))
        if found:
            return found[0]
        made = default_constructor()
        if made is not None:
            graphs.default_graph().add_to_collection(collection_key, made)
        return made

    @staticmethod
    def default_local_init_op() -> Any:
        """What initializes local variables and tables."""
        return graphs.group(v1_graphs.local_variables_initializer(), v1_graphs.tables_initializer())


class SessionManager:
    """Makes sessions ready: restores a checkpoint where there is one, and initializes else.

    Args:
        local_init_op: What initializes local variables.
        ready_op: The names of what is not initialized.
        ready_for_local_init_op: The same, before local variables are initialized.
        graph: The graph.
        recovery_wait_secs: How long to wait between looks.
        local_init_run_options: Accepted.
        local_init_feed_dict: What to feed `local_init_op`.
    """

    def __init__(self, local_init_op: Any = None, ready_op: Any = None, ready_for_local_init_op: Any = None,
                 graph: Any = None, recovery_wait_secs: float = 30, local_init_run_options: Any = None,
                 local_init_feed_dict: Any = None) -> None:
        self._local, self._ready = local_init_op, ready_op
        self._graph = graph if graph is not None else graphs.default_graph()
        self._wait, self._feeds = recovery_wait_secs, local_init_feed_dict

    def prepare_session(self, master: str, init_op: Any = None, saver: Any = None, checkpoint_dir: str | None = None,
                        checkpoint_filename_with_path: str | None = None, wait_for_checkpoint: bool = False,
                        max_wait_secs: float = 7200, config: Any = None, init_feed_dict: Any = None,
                        init_fn: Any = None) -> Session:
        """A session whose variables have values.

        Args:
            master: Accepted.
            init_op: What initializes where there is no checkpoint.
            saver: What restores.
            checkpoint_dir: The folder of checkpoints.
            checkpoint_filename_with_path: Or the checkpoint itself.
            wait_for_checkpoint: Whether to wait for one.
            max_wait_secs: How long.
            config: Settings of the session.
            init_feed_dict: What to feed `init_op`.
            init_fn: A function of the session, called after it.

        Raises:
            RuntimeError: Where something is not initialized after all.
        """
        session = Session(master, graph=self._graph, config=config)
        if not self._restored(session, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint,
                              max_wait_secs):
            if init_op is None and not init_fn and self._local is None:
                raise RuntimeError("Model is not initialized and no init_op or init_fn or local_init_op was given")
            if init_op is not None:
                session.run(init_op, init_feed_dict)
            if init_fn:
                init_fn(session)
        self._finish(session, init_op)
        return session

    def recover_session(self, master: str, saver: Any = None, checkpoint_dir: str | None = None,
                        checkpoint_filename_with_path: str | None = None, wait_for_checkpoint: bool = False,
                        max_wait_secs: float = 7200, config: Any = None) -> tuple[Session, bool]:
        """A session, and whether a checkpoint gave its variables their values; see `prepare_session`."""
        session = Session(master, graph=self._graph, config=config)
        found = self._restored(session, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint,
                               max_wait_secs)
        if found and self._local is not None:
            session.run(self._local, self._feeds)
        return session, found

    def wait_for_session(self, master: str, config: Any = None, max_wait_secs: float = float("inf")) -> Session:
        """A session that somebody else initializes: in one process there is nobody else, so it is made ready."""
        session = Session(master, graph=self._graph, config=config)
        self._finish(session, None)
        return session

    def _restored(self, session: Session, saver: Any, folder: str | None, path: str | None, wait: bool,
                  seconds: float) -> bool:
        if saver is None or (folder is None and path is None):
            return False
        found = path or checkpoints.latest_checkpoint(folder)
        end = time.monotonic() + seconds
        while found is None and wait and time.monotonic() < end:
            time.sleep(min(self._wait, 1.0))
            found = checkpoints.latest_checkpoint(folder)
        if found is None:
            return False
        saver.restore(session, found)
        state = checkpoints.get_checkpoint_state(os.path.dirname(found) or ".")
        if state is not None:
            saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        return True

    def _finish(self, session: Session, init_op: Any) -> None:
        if self._local is not None:
            session.run(self._local, self._feeds)
        if self._ready is not None:
            missing = session.run(self._ready)
            if getattr(missing, "size", 0):
                names = ", ".join(n.decode() for n in missing.ravel().tolist())
                raise RuntimeError(explain(f"Init operations did not make model ready. Not initialized: {names}",
                                           received=f"init_op: {getattr(init_op, 'name', init_op)}"))


class SessionCreator:
    """Makes the session of a monitored one."""

    def create_session(self) -> Any:
        """Makes it."""
        raise NotImplementedError("create_session is not implemented.")


class ChiefSessionCreator(SessionCreator):
    """Makes a session that initializes or restores.

    Args:
        scaffold: What the graph needs.
        master: Accepted.
        config: Settings of the session.
        checkpoint_dir: The folder of checkpoints.
        checkpoint_filename_with_path: Or the checkpoint itself.
    """

    def __init__(self, scaffold: Any = None, master: str = "", config: Any = None, checkpoint_dir: str | None = None,
                 checkpoint_filename_with_path: str | None = None) -> None:
        self._scaffold = scaffold or Scaffold()
        self._master, self._config = master, config
        self._folder, self._path = checkpoint_dir, checkpoint_filename_with_path

    def create_session(self) -> Session:
        """Makes it."""
        scaffold = self._scaffold.finalize()
        manager = SessionManager(scaffold.local_init_op, scaffold.ready_op, scaffold.ready_for_local_init_op,
                                 graphs.default_graph())
        return manager.prepare_session(self._master, scaffold.init_op, scaffold.saver, self._folder, self._path,
                                       config=self._config, init_feed_dict=scaffold.init_feed_dict,
                                       init_fn=scaffold.init_fn)


class WorkerSessionCreator(ChiefSessionCreator):
    """In one process, a worker's session is made as the chief's: there is nobody else to initialize it.

    Args:
        scaffold: What the graph needs.
        master: Accepted.
        config: Settings of the session.
        max_wait_secs: Accepted.
    """

    def __init__(self, scaffold: Any = None, master: str = "", config: Any = None, max_wait_secs: float = 1800) -> None:
        super().__init__(scaffold, master, config)


class MonitoredSession:
    """A session that initializes its graph, starts its queues' threads, runs hooks, and ends where the input does.

    Args:
        session_creator: What makes the session.
        hooks: The hooks.
        stop_grace_period_secs: How long threads may go on after the end.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default():
        ...     step = tf.train.get_or_create_global_step()
        ...     train = step.assign_add(1)
        ...     with tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(last_step=3)]) as session:
        ...         while not session.should_stop():
        ...             last = session.run(train)
        >>> int(last)
        3
    """

    def __init__(self, session_creator: Any = None, hooks: Sequence[SessionRunHook] | None = None,
                 stop_grace_period_secs: float = 120) -> None:
        self._graph_was_finalized = graphs.default_graph().finalized
        self._hooks = list(hooks or [])
        self._grace = stop_grace_period_secs
        for hook in self._hooks:
            hook.begin()
        creator = session_creator or ChiefSessionCreator()
        self._scaffold = getattr(creator, "_scaffold", None)
        self._stopped = False
        self._sess: Any = creator.create_session()
        self._coord = coordinator.Coordinator()
        self._threads = queue_runner.start_queue_runners(self._sess, self._coord)
        graph = self._sess.graph
        opened = graph.as_default()
        with opened:
            for hook in self._hooks:
                hook.after_create_session(self._sess, self._coord)
        graph.finalize()

    @property
    def graph(self) -> Any:
        """The graph; None once it is closed."""
        return None if self._sess is None else self._sess.graph

    def raw_session(self) -> Any:
        """The session within."""
        return self._sess

    def _tf_sess(self) -> Any:
        return self._sess

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Runs what is fetched, and the hooks before and after.

        Args:
            fetches: As for `Session.run`.
            feed_dict: As for `Session.run`.
            options: As for `Session.run`.
            run_metadata: As for `Session.run`.

        Raises:
            RuntimeError: Where it is closed; for two who feed one tensor.
        """
        if self._sess is None:
            raise RuntimeError("Run called even after should_stop requested.")
        try:
            return self._run_hooked(fetches, feed_dict, options, run_metadata)
        except Exception as error:
            self._coord.request_stop(error)
            # what a thread raised first is the reason
            self._coord.raise_requested_exception()
            raise

    def _run_hooked(self, fetches: Any, feed_dict: Any, options: Any, run_metadata: Any) -> Any:
        wanted: dict[Any, Any] = {"caller": fetches}
        feeds = dict(feed_dict or {})
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self._sess)
        for position, hook in enumerate(self._hooks):
            asked = hook.before_run(context)
            if asked is None:
                continue
            if asked.fetches is not None:
                wanted[position] = asked.fetches
            for key, value in (asked.feed_dict or {}).items():
                if key in feeds:
                    raise RuntimeError(explain("Same tensor is fed by two hooks, or by a hook and the program.",
                                               received=repr(key)))
                feeds[key] = value
        results = self._sess.run(wanted, feeds, options, run_metadata)
        for position, hook in enumerate(self._hooks):
            hook.after_run(context, SessionRunValues(results.get(position), options, run_metadata))
        self._stopped = self._stopped or context.stop_requested
        return results["caller"]

    def run_step_fn(self, step_fn: Callable[..., Any]) -> Any:
        """Calls a function of a step: its last argument has `session`, `run_with_hooks` and `request_stop`."""
        step = _StepContext(self)
        try:
            return step_fn(step)
        except StopIteration:
            self._stopped = True
            return None

    def should_stop(self) -> bool:
        """Whether a hook or a thread has asked to stop."""
        return self._sess is None or self._stopped or self._coord.should_stop()

    def close(self) -> None:
        """Ends it: hooks, threads, session."""
        self._close(None)

    def _close(self, kind: Any) -> None:
        try:
            if kind is None and self._sess is not None:
                for hook in self._hooks:
                    hook.end(self._sess)
        finally:
            session, self._sess = self._sess, None
            try:
                if session is not None:
                    self._coord.request_stop()
                    self._join(session)
            finally:
                if session is not None:
                    session.graph.finalized = self._graph_was_finalized
                    session.graph.ir.frozen = self._graph_was_finalized

    def _join(self, session: Any) -> None:
        try:
            self._coord.join(self._threads, self._grace, ignore_live_threads=True)
        finally:
            session.close()

    def __enter__(self) -> MonitoredSession:
        return self

    def __exit__(self, kind: Any, value: Any, trace: Any) -> bool:
        ended = kind is not None and issubclass(kind, (OutOfRangeError, StopIteration))
        self._close(None if ended else kind)
        return ended


class SingularMonitoredSession(MonitoredSession):
    """A monitored session that restores a checkpoint where there is one.

    Args:
        hooks: The hooks.
        scaffold: What the graph needs.
        master: Accepted.
        config: Settings of the session.
        checkpoint_dir: The folder of checkpoints.
        stop_grace_period_secs: How long threads may go on after the end.
        checkpoint_filename_with_path: Or the checkpoint itself.
    """

    def __init__(self, hooks: Sequence[SessionRunHook] | None = None, scaffold: Any = None, master: str = "",
                 config: Any = None, checkpoint_dir: str | None = None, stop_grace_period_secs: float = 120,
                 checkpoint_filename_with_path: str | None = None) -> None:
        creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path)
        super().__init__(creator, hooks, stop_grace_period_secs)


class _StepContext:
    """What a step function is given."""

    def __init__(self, monitored: MonitoredSession) -> None:
        self._monitored = monitored

    @property
    def session(self) -> Any:
        """The session within."""
        return self._monitored.raw_session()

    def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        """As `MonitoredSession.run`."""
        return self._monitored.run(*args, **kwargs)

    def request_stop(self) -> None:
        """Ends the loop around the step."""
        raise StopIteration("step_fn has requested the iterations to stop.")


MonitoredSession.StepContext = _StepContext  # type: ignore[attr-defined]


def MonitoredTrainingSession(master: str = "", is_chief: bool = True, checkpoint_dir: str | None = None,
                             scaffold: Any = None, hooks: Sequence[SessionRunHook] | None = None,
                             chief_only_hooks: Sequence[SessionRunHook] | None = None,
                             save_checkpoint_secs: Any = USE_DEFAULT, save_summaries_steps: Any = USE_DEFAULT,
                             save_summaries_secs: Any = USE_DEFAULT, config: Any = None,
                             stop_grace_period_secs: float = 120, log_step_count_steps: int | None = 100,
                             max_wait_secs: float = 7200, save_checkpoint_steps: Any = USE_DEFAULT,
                             summary_dir: str | None = None) -> MonitoredSession:
    """A monitored session for training: it saves checkpoints and summaries, and goes on from the last checkpoint.

    Args:
        master: Accepted: everything runs in this process.
        is_chief: Whether it saves.
        checkpoint_dir: The folder of checkpoints; none are saved where None.
        scaffold: What the graph needs.
        hooks: The hooks.
        chief_only_hooks: Those of the one who saves.
        save_checkpoint_secs: After how many seconds to save; 600 unless given.
        save_summaries_steps: After how many steps to write summaries; 100 unless given.
        save_summaries_secs: Or after how many seconds.
        config: Settings of the session.
        stop_grace_period_secs: How long threads may go on after the end.
        log_step_count_steps: After how many steps to log how fast they are.
        max_wait_secs: Accepted.
        save_checkpoint_steps: Or after how many steps to save.
        summary_dir: The folder of the event file; that of checkpoints where None.
    """
    if save_summaries_steps is USE_DEFAULT and save_summaries_secs is USE_DEFAULT:
        save_summaries_steps, save_summaries_secs = 100, None
    if save_checkpoint_secs is USE_DEFAULT and save_checkpoint_steps is USE_DEFAULT:
        save_checkpoint_steps, save_checkpoint_secs = None, 600
    secs, every = (None if v is USE_DEFAULT else v for v in (save_checkpoint_secs, save_checkpoint_steps))
    summary_secs, summary_steps = (None if v is USE_DEFAULT else v for v in (save_summaries_secs, save_summaries_steps))
    scaffold = scaffold or Scaffold()
    found: list[SessionRunHook] = []
    if is_chief:
        folder = summary_dir or checkpoint_dir
        if folder:
            if log_step_count_steps and log_step_count_steps > 0:
                found.append(StepCounterHook(output_dir=folder, every_n_steps=log_step_count_steps))
            if (summary_steps and summary_steps > 0) or (summary_secs and summary_secs > 0):
                found.append(SummarySaverHook(scaffold=scaffold, save_steps=summary_steps, save_secs=summary_secs,
                                              output_dir=folder))
        if checkpoint_dir and ((secs and secs > 0) or (every and every > 0)):
            found.append(CheckpointSaverHook(checkpoint_dir, save_secs=secs, save_steps=every, scaffold=scaffold))
        found += list(chief_only_hooks or ())
    creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir)
    return MonitoredSession(creator, [*(hooks or ()), *found], stop_grace_period_secs)


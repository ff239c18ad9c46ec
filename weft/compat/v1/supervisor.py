"""`tf.train.Supervisor`: a session with threads that save it now and then."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from weft.api import coordinator
from weft.api.io import write_graph
from weft.base.errors import explain
from weft.compat.v1 import global_step as steps
from weft.compat.v1 import graphs as v1_graphs
from weft.compat.v1 import logging, summary
from weft.compat.v1.meta_graphs import meta_graph_of
from weft.compat.v1.monitored_session import Scaffold, SessionManager
from weft.compat.v1.saver import Saver
from weft.compat.v1.summary_writer import FileWriter
from weft.formats.messages.summary import SessionLog, Summary
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys


class Supervisor:
    """Prepares a session, starts the queues' threads, and saves checkpoints and summaries in threads of its own.

    Args:
        graph: The graph; the default one where None.
        ready_op: The names of what is not initialized.
        ready_for_local_init_op: Accepted.
        is_chief: Whether it initializes and saves.
        init_op: What initializes; all variables' first values unless given.
        init_feed_dict: What to feed it.
        local_init_op: What initializes local variables and tables.
        logdir: The folder of checkpoints and event files; nothing is saved where None.
        summary_op: The summaries; None for none.
        saver: What saves; None for none.
        global_step: The step counter.
        save_summaries_secs: The seconds between summaries.
        save_model_secs: The seconds between checkpoints.
        recovery_wait_secs: Accepted.
        stop_grace_secs: How long threads may go on after the end.
        checkpoint_basename: What the checkpoints are called.
        session_manager: What prepares the session.
        summary_writer: What writes summaries; None for none.
        init_fn: A function of the session, called after `init_op`.
        local_init_run_options: Accepted.
    """

    USE_DEFAULT = 0

    def __init__(self, graph: Any = None, ready_op: Any = USE_DEFAULT, ready_for_local_init_op: Any = USE_DEFAULT,
                 is_chief: bool = True, init_op: Any = USE_DEFAULT, init_feed_dict: Any = None,
                 local_init_op: Any = USE_DEFAULT, logdir: Any = None, summary_op: Any = USE_DEFAULT,
                 saver: Any = USE_DEFAULT, global_step: Any = USE_DEFAULT, save_summaries_secs: float = 120,
                 save_model_secs: float = 600, recovery_wait_secs: float = 30, stop_grace_secs: float = 120,
                 checkpoint_basename: str = "model.ckpt", session_manager: Any = None,
                 summary_writer: Any = USE_DEFAULT, init_fn: Any = None, local_init_run_options: Any = None) -> None:
        self._graph = graph if graph is not None else graphs.default_graph()
        self._chief, self._coord, self._grace = is_chief, coordinator.Coordinator(), stop_grace_secs
        self.init_feed_dict, self._init_fn = init_feed_dict, init_fn
        self.save_summaries_secs, self.save_model_secs = save_summaries_secs, save_model_secs
        self._folder = None if not logdir else os.fspath(logdir)
        self.save_path = None if self._folder is None else os.path.join(self._folder, checkpoint_basename)
        default = Supervisor.USE_DEFAULT
        with self._graph.as_default():
            def of(given: Any, name: str, key: str, make: Callable[[], Any]) -> Any:
                return Scaffold.get_or_default(name, key, make) if given is default else given

            self.ready_op = of(ready_op, "ready_op", GraphKeys.READY_OP, v1_graphs.report_uninitialized_variables)
            self.init_op = of(init_op, "init_op", GraphKeys.INIT_OP, v1_graphs.global_variables_initializer)
            self.local_init_op = of(local_init_op, "local_init_op", GraphKeys.LOCAL_INIT_OP,
                                    Scaffold.default_local_init_op)
            self.saver = of(saver, "saver", GraphKeys.SAVERS,
                            lambda: Saver() if v1_graphs.global_variables() else None)
            self.summary_op = of(summary_op, "summary_op", GraphKeys.SUMMARY_OP, summary.merge_all)
            self.global_step = steps.get_global_step() if global_step is default else global_step
        self.session_manager = session_manager or SessionManager(self.local_init_op, self.ready_op, None, self._graph)
        self.summary_writer = summary_writer
        if summary_writer is default:
            self.summary_writer = FileWriter(self._folder) if self._folder and is_chief else None
        self._graph.finalize()

    is_chief = property(lambda self: self._chief, doc="Whether it initializes and saves.")
    coord = property(lambda self: self._coord, doc="What its threads stop by.")

    def prepare_or_wait_for_session(self, master: str = "", config: Any = None, wait_for_checkpoint: bool = False,
                                    max_wait_secs: float = 7200, start_standard_services: bool = True) -> Any:
        """A session whose variables have values.

        Args:
            master: Accepted.
            config: Settings of the session.
            wait_for_checkpoint: Whether to wait for a checkpoint.
            max_wait_secs: How long.
            start_standard_services: Whether to start the threads that save.
        """
        self._coord.clear_stop()
        if self.summary_writer is not None:
            self.summary_writer.reopen()
        session = self.session_manager.prepare_session(
            master, self.init_op, self.saver, self._folder, wait_for_checkpoint=wait_for_checkpoint,
            max_wait_secs=max_wait_secs, config=config, init_feed_dict=self.init_feed_dict, init_fn=self._init_fn)
        if self._chief:
            self._write_graph()
            if start_standard_services:
                self.start_standard_services(session)
        return session

    PrepareSession = prepare_or_wait_for_session

    def _write_graph(self) -> None:
        if self._folder is None:
            return
        write_graph(self._graph.as_graph_def(add_shapes=True), self._folder, "graph.pbtxt")
        if self.summary_writer is not None:
            self.summary_writer.add_graph(self._graph)
            definition = None if self.saver is None else self.saver.as_saver_def()
            self.summary_writer.add_meta_graph(meta_graph_of(self._graph, definition))

    def start_standard_services(self, sess: Any) -> list[Any]:
        """Starts the threads that save summaries and checkpoints, and that count steps.

        Raises:
            RuntimeError: Where it is not the one who saves.
        """
        if not self._chief:
            raise RuntimeError("Only chief supervisor can start standard services.")
        if self._folder is None:
            logging.warning("Standard services need a 'logdir' passed to the SessionManager")
            return []
        if self.global_step is not None and self.summary_writer is not None:
            self.summary_writer.add_session_log(SessionLog(status=SessionLog.START), self._step(sess))
        made = []
        if self.save_summaries_secs and self.summary_writer is not None:
            if self.summary_op is not None:
                made.append(self.loop(self.save_summaries_secs, self._summarize, [sess]))
            if self.global_step is not None:
                self._counted = (time.time(), self._step(sess))
                made.append(self.loop(self.save_summaries_secs, self._count, [sess]))
        if self.saver is not None and self.save_model_secs:
            made.append(self.loop(self.save_model_secs, self._save, [sess]))
        return made

    StartStandardServices = start_standard_services

    def _step(self, sess: Any) -> int:
        return 0 if self.global_step is None else int(sess.run(self.global_step))

    def _summarize(self, sess: Any) -> None:
        wanted = [self.summary_op, *([] if self.global_step is None else [self.global_step])]
        found, *step = sess.run(wanted)
        if self.summary_writer is not None:
            self.summary_writer.add_summary(found, int(step[0]) if step else None)

    def _count(self, sess: Any) -> None:
        now, step = time.time(), self._step(sess)
        before, earlier = self._counted
        self._counted = (now, step)
        rate = (step - earlier) / max(now - before, 1e-9)
        tag = f"{self.global_step.op.name}/sec"
        if self.summary_writer is not None:
            self.summary_writer.add_summary(Summary(value=[Summary.Value(tag=tag, simple_value=rate)]), step)

    def _save(self, sess: Any) -> None:
        self.saver.save(sess, self.save_path, global_step=self.global_step)

    def start_queue_runners(self, sess: Any, queue_runners: Sequence[Any] | None = None) -> list[Any]:
        """Starts the threads that fill queues.

        Args:
            sess: The session.
            queue_runners: Which; the graph's where None.
        """
        runners = self._graph.get_collection(GraphKeys.QUEUE_RUNNERS) if queue_runners is None else queue_runners
        return [t for r in runners for t in r.create_threads(sess, coord=self._coord, daemon=True, start=True)]

    StartQueueRunners = start_queue_runners

    def loop(self, timer_interval_secs: float | None, target: Callable[..., Any], args: Any = None,
             kwargs: Any = None) -> coordinator.LooperThread:
        """Starts a thread that calls a function now and then."""
        return coordinator.LooperThread.loop(self._coord, timer_interval_secs, target, args, kwargs)

    Loop = loop

    def stop(self, threads: Any = None, close_summary_writer: bool = True, ignore_live_threads: bool = False) -> None:
        """Stops the threads, and waits for them.

        Args:
            threads: Which, beside its own.
            close_summary_writer: Whether the event file is ended.
            ignore_live_threads: Whether those that go on are left alone.
        """
        self._coord.request_stop()
        try:
            self._coord.join(threads, self._grace, ignore_live_threads)
        finally:
            if close_summary_writer and self.summary_writer is not None:
                self.summary_writer.add_session_log(SessionLog(status=SessionLog.STOP))
                self.summary_writer.close()

    Stop = stop

    def request_stop(self, ex: Any = None) -> None:
        """Asks all threads to stop."""
        self._coord.request_stop(ex)

    RequestStop = request_stop

    def should_stop(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._coord.should_stop()

    ShouldStop = should_stop

    def stop_on_exception(self) -> Any:
        """A block whose errors ask all threads to stop."""
        return self._coord.stop_on_exception()

    StopOnException = stop_on_exception

    def wait_for_stop(self) -> None:
        """Waits until somebody asks to stop."""
        self._coord.wait_for_stop()

    WaitForStop = wait_for_stop

    def summary_computed(self, sess: Any, summary: Any, global_step: Any = None) -> None:
        """Writes a summary.

        Raises:
            RuntimeError: Where there is nothing to write it with.
        """
        if self.summary_writer is None:
            raise RuntimeError(explain("Writing a summary requires a summary writer.", hint="pass logdir"))
        step = self._step(sess) if global_step is None and self.global_step is not None else global_step
        self.summary_writer.add_summary(summary, step)

    SummaryComputed = summary_computed

    @contextmanager
    def managed_session(self, master: str = "", config: Any = None, start_standard_services: bool = True,
                        close_summary_writer: bool = True) -> Iterator[Any]:
        """A block with a session: queues run, checkpoints are saved, and all stops at its end.

        Args:
            master: Accepted.
            config: Settings of the session.
            start_standard_services: Whether to start the threads that save.
            close_summary_writer: Whether the event file is ended.
        """
        session = None
        try:
            session = self.prepare_or_wait_for_session(master, config,
                                                       start_standard_services=start_standard_services)
            self.start_queue_runners(session)
            with session.as_default():
                yield session
        except Exception as error:
            self.request_stop(error)
        try:
            saves = self._chief and self.saver is not None and self.save_path is not None and self.save_model_secs
            if session is not None and saves and self._coord._error is None:
                self._save(session)
            self.stop(close_summary_writer=close_summary_writer)
        finally:
            if session is not None:
                session.close()


"""Threads that keep queues filled."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from weft.api.queues import QueueBase
from weft.base.errors import CancelledError, OutOfRangeError
from weft.compat.v1 import logging
from weft.formats.messages.variable import QueueRunnerDef
from weft.runtime import graph as graphs
from weft.runtime import session as sessions
from weft.runtime.graph import GraphKeys


class QueueRunner:
    """Runs operations that put elements into a queue, each in a thread of its own.

    Args:
        queue: The queue.
        enqueue_ops: The operations; one that stands there twice gets two threads.
        close_op: What closes the queue when the elements are at an end; `queue.close()` where None.
        cancel_op: What closes it at once; `queue.close(cancel_pending_enqueues=True)` where None.
        queue_closed_exception_types: Errors that mean the end of the elements; OutOfRangeError where None.
        queue_runner_def: A message as `to_proto` gives it, in the place of all others; its operations are the graph's.
        import_scope: The name scope that the operations of the message were put into.

    Raises:
        ValueError: Where queue or operations are missing.
    """

    def __init__(self, queue: Any = None, enqueue_ops: Sequence[Any] | None = None, close_op: Any = None,
                 cancel_op: Any = None, queue_closed_exception_types: Any = None, queue_runner_def: Any = None,
                 import_scope: str | None = None) -> None:  # fmt: skip
        if queue_runner_def is not None:
            if queue is not None or enqueue_ops:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            queue, enqueue_ops, close_op, cancel_op, kinds = _parts(queue_runner_def, import_scope)
            queue_closed_exception_types = kinds
        if queue is None or not enqueue_ops:
            raise ValueError("Must provide queue and enqueue_ops.")
        self._queue, self._enqueue_ops = queue, list(enqueue_ops)
        self._close_op = queue.close() if close_op is None else close_op
        self._cancel_op = queue.close(cancel_pending_enqueues=True) if cancel_op is None else cancel_op
        kinds = queue_closed_exception_types
        self._closed = (OutOfRangeError,) if kinds is None else tuple(kinds)
        self._lock = threading.Lock()
        self._left: dict[Any, int] = {}
        self._raised: list[BaseException] = []

    queue = property(lambda self: self._queue, doc="The queue.")
    enqueue_ops = property(lambda self: self._enqueue_ops, doc="The operations.")
    close_op = property(lambda self: self._close_op, doc="What closes the queue.")
    cancel_op = property(lambda self: self._cancel_op, doc="What closes it at once.")
    queue_closed_exception_types = property(lambda self: self._closed, doc="Errors that mean the end.")
    exceptions_raised = property(lambda self: self._raised, doc="What was raised where there is no coordinator.")

    @property
    def name(self) -> str:
        """The queue's name."""
        return str(self._queue.name)

    def to_proto(self, export_scope: str | None = None) -> QueueRunnerDef | None:
        """It as a message: the names of its queue and operations.

        Names are those within `export_scope`; a queue runner whose queue is not in it gives None.
        """
        if export_scope is not None and not self.name.startswith(export_scope):
            return None

        def within(name: str) -> str:
            return name if not export_scope else name.removeprefix(f"{export_scope.rstrip('/')}/")

        made = QueueRunnerDef(queue_name=within(self.name))
        made.close_op_name, made.cancel_op_name = within(self._close_op.name), within(self._cancel_op.name)
        made.enqueue_op_name.extend(within(op.name) for op in self._enqueue_ops)
        made.queue_closed_exception_types.extend(error_code_of(kind) for kind in self._closed)
        return made

    @staticmethod
    def from_proto(queue_runner_def: QueueRunnerDef, import_scope: str | None = None) -> QueueRunner:
        """The queue runner of a message."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)

    def create_threads(self, sess: Any, coord: Any = None, daemon: bool = False,
                       start: bool = False) -> list[threading.Thread]:  # fmt: skip
        """Makes the threads: one for each operation, and one that closes the queue when the coordinator stops.

        Args:
            sess: The session that they run in.
            coord: The coordinator that stops them.
            daemon: Whether they end with the program.
            start: Whether to start them.

        Returns:
            The threads; none where the session has them already.
        """
        with self._lock:
            if self._left.get(sess, 0) > 0:
                return []
            self._left[sess] = len(self._enqueue_ops)
            self._raised = []
        made = [threading.Thread(target=self._run, args=(sess, op, coord),
                                 name=f"QueueRunnerThread-{self.name}-{op.name}")
                for op in self._enqueue_ops]  # fmt: skip
        if coord is not None:
            made.append(threading.Thread(target=self._close_on_stop, args=(sess, coord),
                                         name=f"QueueRunnerThread-{self.name}-close_on_stop"))  # fmt: skip
        for thread in made:
            if coord is not None:
                coord.register_thread(thread)
            thread.daemon = daemon
            if start:
                thread.start()
        return made

    def _run(self, sess: Any, enqueue_op: Any, coord: Any) -> None:
        try:
            while coord is None or not coord.should_stop():
                sess.run(enqueue_op)
        except (*self._closed, CancelledError) as error:  # the elements are at an end, or somebody closed the queue
            self._tell(sess, getattr(error, "filling", None))
        except Exception as error:
            self._tell(sess, error)
            if getattr(sess, "_closed", False):
                pass
            elif coord is not None:
                coord.request_stop(error)
            else:
                logging.error("Exception in QueueRunner: %s", error)
                with self._lock:
                    self._raised.append(error)
                raise
        finally:
            with self._lock:
                self._left[sess] -= 1
                last = self._left[sess] == 0
                if last:
                    del self._left[sess]
            if last:
                _try(sess, self._close_op)

    def _tell(self, sess: Any, error: BaseException | None) -> None:
        """Lets those who take elements out know why there are no more."""
        if error is not None and isinstance(self._queue, QueueBase) and not getattr(sess, "_closed", False):
            self._queue.store(sess).failed(error)

    def _close_on_stop(self, sess: Any, coord: Any) -> None:
        coord.wait_for_stop()
        self._tell(sess, getattr(coord, "_error", None))
        _try(sess, self._cancel_op)


#: the errors that a message names by their numbers
_KINDS: dict[int, type[Exception]] = {1: CancelledError, 11: OutOfRangeError}


def error_code_of(kind: type[BaseException]) -> int:
    """An error's number."""
    return next((number for number, known in _KINDS.items() if known is kind), 2)


def _parts(message: QueueRunnerDef, scope: str | None) -> tuple[Any, ...]:
    """Queue, operations and errors of a message, which are looked up in the default graph."""
    graph, prefix = graphs.default_graph(), f"{scope}/" if scope else ""
    ops = [graph.get_operation_by_name(prefix + name) for name in message.enqueue_op_name]
    close, cancel = (graph.get_operation_by_name(prefix + name)
                     for name in (message.close_op_name, message.cancel_op_name))  # fmt: skip
    kinds = [_KINDS[number] for number in message.queue_closed_exception_types if number in _KINDS]
    queue = graph.get_operation_by_name(prefix + message.queue_name)
    return queue, ops, close, cancel, kinds or [OutOfRangeError]


def _try(sess: Any, op: Any) -> None:
    """Runs an operation where its session is still open."""
    try:
        sess.run(op)
    except Exception as error:
        if not getattr(sess, "_closed", False):
            logging.vlog(1, "Ignored exception: %s", error)


def add_queue_runner(qr: QueueRunner, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Adds a queue runner to those that `start_queue_runners` starts."""
    graphs.default_graph().add_to_collection(collection, qr)


def start_queue_runners(sess: Any = None, coord: Any = None, daemon: bool = True, start: bool = True,
                        collection: str = GraphKeys.QUEUE_RUNNERS) -> list[threading.Thread]:  # fmt: skip
    """Starts the threads of the graph's queue runners; none where it has none.

    Args:
        sess: The session that they run in; the default one where None.
        coord: The coordinator that stops them.
        daemon: Whether they end with the program.
        start: Whether to start them.
        collection: Where the queue runners are.

    Raises:
        ValueError: Where there is no session.
    """
    if sess is None:
        sess = sessions.default_session(required=True)
    found = []
    for runner in sess.graph.get_collection(collection):
        found += runner.create_threads(sess, coord=coord, daemon=daemon, start=start)
    return found

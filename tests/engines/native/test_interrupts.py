"""Ctrl-C within native code: it ends what would not end, and leaves state and process as they should be."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.base import dtypes, flags
from weft.engines.native.pieces import compile_graph
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops.builder import GraphBuilder


def _press() -> threading.Thread:
    """Ctrl-C, as soon as may be within the loop."""

    def press() -> None:
        time.sleep(0.2)
        _thread.interrupt_main()

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def _loop(x: Any, turns: Any) -> Any:
    return tf.while_loop(lambda i, _: i < turns, lambda i, x: (i + 1, tf.sin(x) + 1.0), [tf.constant(0), x])[1]


@pytest.mark.parametrize("count", [1, 2])
def test_a_loop_without_an_end(count: int) -> None:
    held, other = tf.Variable(tf.ones([8, 8])), tf.Variable(0.0)
    step = tf.function(lambda x, turns: (held.assign(_loop(x, turns)), other.assign_add(1.0)))
    x, few, more = tf.zeros([8, 8]), tf.constant(5), tf.constant(2**31 - 1)
    with flags.override(WEFT_NUM_THREADS=count):
        step(x, few)  # compiled now
        before = held.numpy().copy()
        for turn in range(2):
            thread = _press()
            with pytest.raises(KeyboardInterrupt):
                step(x, more)
            thread.join()
            assert (held.numpy() == before).all() and other.numpy() == turn + 1
            step(x, few)
            assert (held.numpy() == before).all()


def _until_told() -> Graph:
    """A loop that goes on while its input is 0; what it is multiplied by a product with."""
    graph = Graph("until_told")
    b, x = GraphBuilder(graph), graph.add_input(TensorType((4, 4), dtypes.float32))
    body, condition = Graph("body"), Graph("condition")
    body.outputs = [body.add_input(x.type)]
    y = condition.add_input(x.type)
    inner = GraphBuilder(condition)
    condition.outputs = [inner.call("less", inner.call("reduce_sum", y, axis=(0, 1)), 1.0)]
    found = b.call("while_loop", x, body=body, condition=condition, count=1)
    graph.outputs = [b.matmul(found[0] if isinstance(found, (list, tuple)) else found, x)]
    return graph


def test_a_handler_that_raises_nothing_sees_the_step_done_again() -> None:
    given, pressed = np.zeros((4, 4), np.float32), []

    def handler(number: int, frame: Any) -> None:
        pressed.append(number)
        given[:] = 1.0

    native = compile_graph(_until_told())
    before = signal.signal(signal.SIGINT, handler)
    try:
        thread = _press()
        (found,) = native.run([given])
        thread.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(pressed) == 1 and (np.asarray(found) == 4.0).all()


def test_other_threads_are_not_asked() -> None:
    """Ctrl-C goes to the main thread, whatever native code others run."""
    ended = tf.function(lambda x: _loop(x, 2000))
    wanted = ended(tf.zeros([64, 64])).numpy()
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(ended(tf.zeros([64, 64])).numpy()))
    with pytest.raises(KeyboardInterrupt):
        thread.start()
        _thread.interrupt_main()
        thread.join()
    thread.join()
    assert len(found) == 1 and (found[0] == wanted).all()

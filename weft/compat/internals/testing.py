"""Decorators of test methods that say in which mode they run."""

from __future__ import annotations

import functools
import inspect
import unittest
from collections.abc import Callable
from typing import Any

import weft
from weft.compat.internals import running


def _optional(make: Callable[[Any], Any], function: Any) -> Any:
    """A decorator that may be written with parentheses or without."""
    return make if function is None else make(function)


def run_in_graph_and_eager_modes(
    func: Any = None, config: Any = None, use_gpu: bool = True, assert_no_eager_garbage: bool = False
) -> Any:
    """A test method that runs twice: in a graph of its own with a session, and at once."""

    def make(method: Any) -> Any:
        if inspect.isclass(method):
            raise ValueError("This decorates methods; run_all_in_graph_and_eager_modes decorates classes.")

        @functools.wraps(method)
        def both(self: Any, *args: Any, **kwargs: Any) -> None:
            from weft.compat import v1

            try:
                with v1.Graph().as_default() as graph, v1.Session(graph=graph, config=config).as_default():
                    method(self, *args, **kwargs)
            except unittest.SkipTest:
                pass
            self.tearDown()
            self.setUp()
            with running.eager_mode():
                method(self, *args, **kwargs)

        return both

    return _optional(make, func)


def run_all_in_graph_and_eager_modes(cls: Any) -> Any:
    """A test class whose methods run twice."""
    for name in dir(cls):
        if name.startswith("test") and callable(getattr(cls, name)) and name != "test_session":
            setattr(cls, name, run_in_graph_and_eager_modes(getattr(cls, name)))
    return cls


def run_deprecated_v1(func: Any = None) -> Any:
    """A test method that runs in a graph with a session."""

    def make(method: Any) -> Any:
        @functools.wraps(method)
        def once(self: Any, *args: Any, **kwargs: Any) -> None:
            from weft.compat import v1

            with v1.Graph().as_default() as graph, v1.Session(graph=graph).as_default():
                method(self, *args, **kwargs)

        return once

    return _optional(make, func)


def run_v1_only(reason: str, func: Any = None) -> Any:
    """A test method that is left out: it is for TensorFlow 1 alone."""
    return _optional(unittest.skip(reason), func)


def run_v2_only(func: Any = None, reason: str = "") -> Any:
    """A test method for TensorFlow 2: it runs as it is."""
    return _optional(lambda method: method, func)


def _as_it_is(func: Any = None, *args: Any, **kwargs: Any) -> Any:
    return func if callable(func) else lambda method: method


assert_no_new_pyobjects_executing_eagerly = assert_no_garbage_created = _as_it_is
deprecated_graph_mode_only = run_deprecated_v1
disable_tfrt = disable_xla = with_control_flow_v2 = run_all_in_deprecated_graph_mode_only = _as_it_is


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether there is a GPU."""
    return bool(weft.config.list_physical_devices("GPU"))


TensorFlowTestCase = weft.test.TestCase

"""`tf.test`: test cases with comparisons of arrays, and what programs ask of the machine."""

from __future__ import annotations

import functools
import os
import random as python_random
import tempfile
import unittest
from collections.abc import Callable
from typing import Any

import numpy as np

from weft.api import random
from weft.api.test_assertions import Comparisons
from weft.base import nest
from weft.base.absent import Namespace
from weft.base.errors import explain
from weft.formats.messages.graph import GraphDef
from weft.formats.text import to_text
from weft.runtime import context, frontdoor
from weft.runtime import graph as graphs
from weft.runtime.frontdoor import is_tensor_like
from weft.runtime.session import default_session
from weft.runtime.tape import GradientTape

#: of every test, as in TensorFlow
_SEED = 87654321


def main(argv: Any = None) -> None:
    """Runs the test cases of the program that was started.

    Args:
        argv: The command line; the process' own where None.
    """
    unittest.main(argv=argv)


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether there is a GPU to run on: not yet."""
    return False


def gpu_device_name() -> str:
    """The name of a GPU; empty where there is none."""
    return ""


def is_cpu_target_available(target: str) -> bool:
    """Whether compiled code can be for a kind of processor, such as "x86_64": for this machine's it can."""
    import platform

    return target.lower() == platform.machine().lower()


def is_built_with_cuda() -> bool:
    """Whether Weft can use CUDA by itself: no."""
    return False


def is_built_with_gpu_support() -> bool:
    """Whether Weft can use a GPU by itself: no."""
    return False


def is_built_with_rocm() -> bool:
    """Whether Weft can use ROCm by itself: no."""
    return False


def is_built_with_xla() -> bool:
    """Whether functions can be compiled: they always are, with `jit_compile` and without."""
    return True


def get_temp_dir() -> str:
    """A folder for a test's files."""
    folder = os.environ.get("TEST_TMPDIR") or os.path.join(tempfile.gettempdir(), f"weft-tests-{os.getpid()}")
    os.makedirs(folder, exist_ok=True)
    return folder


def compute_gradient(f: Any, x: Any, delta: float | None = None) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The Jacobians of a function by its arguments: as gradients give them, and as differences of its values do.

    Args:
        f: A function of tensors that returns one.
        x: A list of its arguments.
        delta: By how much each element is moved to both sides; 1/1024 where None.

    Returns:
        Two tuples of arrays `[elements of the result, elements of the argument]`.

    Example:
        >>> import weft as tf
        >>> exact, numeric = tf.test.compute_gradient(tf.square, [[3.0]])
        >>> exact[0].tolist(), numeric[0].tolist()
        ([[6.0]], [[6.0]])
    """
    if not isinstance(x, (list, tuple)):
        raise ValueError(f"compute_gradient takes a list of arguments, received {x!r}.")
    step = 1 / 1024 if delta is None else delta
    inputs = [frontdoor.convert(argument) for argument in x]
    with GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        result = frontdoor.convert(f(*inputs))
    size = result.numpy().size
    exact, numeric = [], []
    for place, argument in enumerate(inputs):
        found = tape.jacobian(result, argument, unconnected_gradients="zero", experimental_use_pfor=False)
        exact.append(_array(found).reshape(size, -1))
        values = _array(argument)
        columns = []
        for index in np.ndindex(values.shape):
            sides = []
            for shift in (step, -step):
                moved = values.copy()
                moved[index] += shift
                arguments = [*inputs[:place], frontdoor.convert(moved), *inputs[place + 1 :]]
                sides.append(_array(frontdoor.convert(f(*arguments))).ravel())
            columns.append((sides[0] - sides[1]) / (2 * step))
        numeric.append(np.stack(columns, axis=1) if columns else np.zeros((size, 0)))
    return tuple(exact), tuple(numeric)


def create_local_cluster(*args: Any, **kwargs: Any) -> Any:
    """Not built: it needs several processes."""
    raise NotImplementedError("create_local_cluster: clusters are not built yet.")


class TestCase(Comparisons):
    """A test case that compares tensors, arrays and nested structures of them.

    Example:
        >>> import weft as tf
        >>> class Sums(tf.test.TestCase):
        ...     def runTest(self):
        ...         self.assertAllClose(tf.reduce_sum([0.1, 0.2]), 0.3)
        >>> Sums().run().wasSuccessful()
        True
    """

    def setUp(self) -> None:
        python_random.seed(_SEED)
        np.random.seed(_SEED)
        self._forget_session()
        if not context.executing_eagerly():
            graphs.reset_default_graph()
            graphs.default_graph().seed = _SEED
        random.set_seed(_SEED)

    def tearDown(self) -> None:
        self._forget_session()
        super().tearDown()

    def evaluate_if_both_tensors(self, a: Any, b: Any) -> Any:
        """Both values where both are tensors of a graph; else the two as they are."""
        if is_tensor_like(a) and is_tensor_like(b) and not context.executing_eagerly():
            return self.evaluate([a, b])
        return a, b

    def _GetNdArray(self, a: Any) -> Any:
        return np.asarray(self.evaluate(a) if is_tensor_like(a) else _array(a))

    def get_temp_dir(self) -> str:
        """A folder of this test's."""
        folder = os.path.join(get_temp_dir(), self.id())
        os.makedirs(folder, exist_ok=True)
        return folder

    def evaluate(self, tensors: Any) -> Any:
        """The values of tensors, nested; those of a graph of TensorFlow 1 by its session."""
        session = None if context.executing_eagerly() else default_session()
        if session is not None:
            return session.run(tensors)
        return nest.map_structure(_array, tensors)

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Fails unless all elements of nested structures are close."""
        pairs = [(a, b)]
        if isinstance(a, dict) or isinstance(b, dict):
            self.assertEqual(sorted(a), sorted(b), msg)
            pairs = [(a[key], b[key]) for key in sorted(a)]
        elif isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and any(map(_is_more, (*a, *b))):
            self.assertEqual(len(a), len(b), msg)
            pairs = list(zip(a, b, strict=True))
        if len(pairs) > 1 or pairs[0][0] is not a:
            for x, y in pairs:
                self.assertAllClose(x, y, rtol, atol, msg)
        else:
            x, y = _array(a), _array(b)
            self.assertEqual(np.shape(x), np.shape(y), msg)
            np.testing.assert_allclose(x, y, rtol=rtol, atol=atol, err_msg=msg or "")

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Fails unless all elements are equal."""
        x, y = _array(a), _array(b)
        self.assertEqual(np.shape(x), np.shape(y), msg)
        np.testing.assert_array_equal(x, y, err_msg=msg or "")

    def assertAllCloseAccordingToType(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6,
                                      float_rtol: float = 1e-6, float_atol: float = 1e-6, half_rtol: float = 1e-3,
                                      half_atol: float = 1e-3, bfloat16_rtol: float = 1e-2, bfloat16_atol: float = 1e-2,
                                      msg: str | None = None) -> None:  # fmt: skip
        """Fails unless all elements are close, as close as their dtype allows."""
        names = {np.asarray(_array(v)).dtype.name for v in (a, b)}
        if "float32" in names:
            rtol, atol = max(rtol, float_rtol), max(atol, float_atol)
        if "float16" in names:
            rtol, atol = max(rtol, half_rtol), max(atol, half_atol)
        if "bfloat16" in names:
            rtol, atol = max(rtol, bfloat16_rtol), max(atol, bfloat16_atol)
        self.assertAllClose(np.asarray(_array(a), np.float64), np.asarray(_array(b), np.float64), rtol, atol, msg)

    def assertNotAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Fails where all elements are close."""
        try:
            self.assertAllClose(a, b, rtol, atol)
        except AssertionError:
            return
        self.fail(msg or "the values are close at all elements")

    def assertNotAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Fails where all elements are equal."""
        if np.array_equal(_array(a), _array(b)):
            self.fail(msg or "the values are equal at all elements")

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Fails unless all elements are greater."""
        self.assertGreater(np.min(_array(a)), comparison_target)

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        """Fails unless all elements are greater or equal."""
        self.assertGreaterEqual(np.min(_array(a)), comparison_target)

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Fails unless all elements are less."""
        self.assertLess(np.max(_array(a)), comparison_target)

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        """Fails unless all elements are less or equal."""
        self.assertLessEqual(np.max(_array(a)), comparison_target)

    def assertAllInRange(self, target: Any, lower_bound: Any, upper_bound: Any, open_lower_bound: bool = False,
                         open_upper_bound: bool = False) -> None:  # fmt: skip
        """Fails unless all elements lie between two bounds."""
        (self.assertAllGreater if open_lower_bound else self.assertAllGreaterEqual)(target, lower_bound)
        (self.assertAllLess if open_upper_bound else self.assertAllLessEqual)(target, upper_bound)

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        """Fails unless all elements are in a set."""
        other = set(np.asarray(_array(target)).ravel().tolist()) - set(expected_set)
        self.assertFalse(other, f"not in the set: {sorted(other)[:5]}")

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: str | None = None) -> None:
        """Fails unless two shapes are the same."""
        first, second = (np.shape(one) if isinstance(one, np.ndarray) else tuple(frontdoor.convert(one).shape.as_list())
                         for one in (input_a, input_b))  # fmt: skip
        self.assertEqual(first, second, msg)

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """Fails unless the elements have a dtype."""
        self.assertEqual(np.asarray(_array(target)).dtype, np.dtype(getattr(expected_dtype, "numpy", expected_dtype)))

    def assertNear(self, f1: Any, f2: Any, err: float, msg: str | None = None) -> None:
        """Fails unless two numbers differ by no more than `err`."""
        self.assertTrue(bool(f1 == f2) or bool(abs(f1 - f2) <= err), msg or f"{f1} and {f2} differ by more than {err}")

    def assertAllNan(self, a: Any) -> None:
        """Fails unless all elements are NaN."""
        self.assertTrue(bool(np.isnan(_array(a)).all()))


def _is_more(value: Any) -> bool:
    """Whether an item of a list is no number: lists of numbers are arrays, others structures."""
    return nest.is_nested(value) or np.ndim(_array(value)) > 0


def _array(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return np.asarray([_array(item) for item in value])
    return value.numpy() if callable(getattr(value, "numpy", None)) else value


class Benchmark:
    """Base of benchmarks: subclasses have methods `benchmark…`, which report what they measure."""

    def report_benchmark(self, iters: Any = None, cpu_time: Any = None, wall_time: Any = None, throughput: Any = None,
                         extras: Any = None, name: str | None = None, metrics: Any = None) -> None:  # fmt: skip
        """Prints figures."""
        said = {"iters": iters, "wall_time": wall_time, "cpu_time": cpu_time, "throughput": throughput}
        shown = ", ".join(f"{key} {value}" for key, value in said.items() if value is not None)
        print(f"{name or type(self).__name__}: {shown}", *([] if extras is None else [extras]))


def assert_equal_graph_def(expected: Any, actual: Any) -> None:
    """Asserts that two GraphDefs have the same nodes; their order does not count.

    Args:
        expected: A GraphDef.
        actual: Another.

    Raises:
        TypeError: For what is no GraphDef.
        AssertionError: Where a node is missing, too many, or differs; says which and how.
    """
    for what, graph in (("expected", expected), ("actual", actual)):
        if not isinstance(graph, GraphDef):
            raise TypeError(explain(f"assert_equal_graph_def: `{what}` must be a GraphDef.",
                                    received=type(graph).__name__, hint="graph.as_graph_def() gives one"))  # fmt: skip
    wanted, found = ({node.name: node for node in graph.node} for graph in (expected, actual))
    for name in wanted.keys() ^ found.keys():
        raise AssertionError(f"The node {name!r} is in {'expected' if name in wanted else 'actual'} alone.")
    for name, node in wanted.items():
        if node != found[name]:
            sides = f"expected:\n{to_text(node)}actual:\n{to_text(found[name])}"
            raise AssertionError(f"The node {name!r} differs.\n{sides}")


def disable_with_predicate(pred: Callable[[], bool], skip_message: str) -> Callable[[Any], Any]:
    """Decorates a method of a test case: it is skipped where `pred()` holds when it runs.

    Args:
        pred: Asked before each run.
        skip_message: Why it is skipped.
    """

    def decorate(method: Any) -> Any:
        @functools.wraps(method)
        def run(self: Any, *args: Any, **kwargs: Any) -> Any:
            if pred():
                self.skipTest(skip_message)
            return method(self, *args, **kwargs)

        return run

    return decorate


def with_eager_op_as_function(cls: Any = None, only_as_function: bool = False) -> Any:
    """Accepted: a class of tests as it is; TensorFlow itself has one way of running ops by now."""
    return cls if cls is not None else lambda given: given


def _sync_devices() -> None:
    """Accepted: ops have run when they return."""


experimental = Namespace("tf.test.experimental", sync_devices=_sync_devices)

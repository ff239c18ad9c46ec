"""Comparisons of collections, texts and graphs for `tf.test.TestCase`, which has them from its base class."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlparse

import numpy as np

from weft.api.devices import DeviceSpec
from weft.base.errors import InvalidArgumentError, OpError, explain
from weft.runtime import context
from weft.runtime import graph as graphs
from weft.runtime import session as sessions


class Comparisons(unittest.TestCase):
    """Comparisons beyond those of Python's own test case."""

    # Collections

    def assertEmpty(self, container: Any, msg: str | None = None) -> None:
        """Fails unless there is nothing in it."""
        self.assertEqual(len(container), 0, msg or f"{container!r} has {len(container)} elements")

    def assertNotEmpty(self, container: Any, msg: str | None = None) -> None:
        """Fails where there is nothing in it."""
        self.assertNotEqual(len(container), 0, msg or f"{container!r} is empty")

    def assertLen(self, container: Any, expected_len: int, msg: str | None = None) -> None:
        """Fails unless it has so many elements."""
        self.assertEqual(len(container), expected_len, msg or f"{container!r} has {len(container)} elements")

    def assertSameElements(self, expected_seq: Iterable[Any], actual_seq: Iterable[Any],
                           msg: str | None = None) -> None:  # fmt: skip
        """Fails unless what is in the one is in the other, however often."""
        expected, actual = list(expected_seq), list(actual_seq)
        other = [x for x in expected if x not in actual] + [x for x in actual if x not in expected]
        self.assertFalse(other, msg or f"in one of the two alone: {other[:5]}")

    def assertContainsExactSubsequence(self, container: Iterable[Any], subsequence: Iterable[Any],
                                       msg: str | None = None) -> None:  # fmt: skip
        """Fails unless some elements of the one, side by side, are the other."""
        whole, part = list(container), list(subsequence)
        places = range(len(whole) - len(part) + 1)
        self.assertTrue(any(whole[i : i + len(part)] == part for i in places), msg or f"{part} not in {whole}")

    def assertMappingEqual(self, a: Any, b: Any, msg: str | None = None, mapping_type: Any = Mapping) -> None:
        """Fails unless two mappings hold the same; absl's assertDictEqual asks this, so it asks Python's own."""
        self.assertIsInstance(a, mapping_type, msg)
        self.assertIsInstance(b, mapping_type, msg)
        unittest.TestCase.assertDictEqual(self, dict(a), dict(b), msg)

    def assertDataclassEqual(self, first: Any, second: Any, msg: str | None = None) -> None:
        """Fails unless two dataclasses are of one class and hold the same."""
        self.assertIs(type(first), type(second), msg)
        self.assertEqual(first, second, msg)

    def assertSequenceAlmostEqual(self, expected_seq: Iterable[Any], actual_seq: Iterable[Any],
                                  places: int | None = None, msg: str | None = None,
                                  delta: float | None = None) -> None:  # fmt: skip
        """Fails unless the elements of both are nearly equal, one by one."""
        expected, actual = list(expected_seq), list(actual_seq)
        self.assertEqual(len(expected), len(actual), msg)
        for one, other in zip(expected, actual, strict=True):
            self.assertAlmostEqual(one, other, places, msg, delta)  # type: ignore[arg-type]

    def assertDictAlmostEqual(self, dict1: Any, dict2: Any, places: int | None = None, msg: str | None = None,
                              delta: float | None = None) -> None:  # fmt: skip
        """Fails unless both have the same keys and nearly equal numbers."""
        self.assertEqual(sorted(dict1), sorted(dict2), msg)
        for key in dict1:
            self.assertAlmostEqual(dict1[key], dict2[key], places, msg, delta)  # type: ignore[arg-type]

    def assertIsSubclass(self, cls: type, cls_or_tuple: Any, msg: str | None = None) -> None:
        """Fails unless the one class derives from the other."""
        self.assertTrue(issubclass(cls, cls_or_tuple), msg or f"{cls} does not derive from {cls_or_tuple}")

    def assertNotIsSubclass(self, cls: type, cls_or_tuple: Any, msg: str | None = None) -> None:
        """Fails where the one class derives from the other."""
        self.assertFalse(issubclass(cls, cls_or_tuple), msg or f"{cls} derives from {cls_or_tuple}")

    def assertItemsEqual(self, expected_seq: Iterable[Any], actual_seq: Iterable[Any], msg: str | None = None) -> None:
        """Fails unless both hold the same elements, each as often, in any order."""
        self.assertCountEqual(expected_seq, actual_seq, msg)

    def assertNoCommonElements(self, expected_seq: Iterable[Any], actual_seq: Iterable[Any],
                               msg: str | None = None) -> None:  # fmt: skip
        """Fails where something is in both."""
        common = set(expected_seq) & set(actual_seq)
        self.assertFalse(common, msg or f"in both: {sorted(map(repr, common))[:5]}")

    def assertContainsSubset(self, expected_subset: Iterable[Any], actual_set: Iterable[Any],
                             msg: str | None = None) -> None:  # fmt: skip
        """Fails unless all of the first are in the second."""
        missing = set(expected_subset) - set(actual_set)
        self.assertFalse(missing, msg or f"missing: {sorted(map(repr, missing))[:5]}")

    def assertContainsInOrder(self, strings: Sequence[str], target: str, msg: str | None = None) -> None:
        """Fails unless the texts are found in the target one behind the other."""
        place = 0
        for text in strings:
            found = target.find(text, place)
            if found < 0:
                self.fail(msg or f"{text!r} is not found behind what comes before it, in {target!r}")
            place = found + len(text)

    def assertContainsSubsequence(self, container: Iterable[Any], subsequence: Iterable[Any],
                                  msg: str | None = None) -> None:  # fmt: skip
        """Fails unless the elements come in this order, with others between them."""
        supply = iter(container)
        for item in subsequence:
            self.assertTrue(any(item == other for other in supply), msg or f"{item!r} is not found in its place")

    def assertSequenceStartsWith(self, prefix: Sequence[Any], whole: Sequence[Any], msg: str | None = None) -> None:
        """Fails unless the first elements are these."""
        self.assertEqual(list(whole[: len(prefix)]), list(prefix), msg)

    def assertTotallyOrdered(self, *groups: Iterable[Any], **kwargs: Any) -> None:
        """Fails unless each group's elements are less than the next group's."""
        for before, after in itertools.pairwise(groups):
            for a in before:
                for b in after:
                    self.assertLess(a, b, kwargs.get("msg"))

    def assertSameStructure(self, a: Any, b: Any, aname: str = "a", bname: str = "b", msg: str | None = None) -> None:
        """Fails unless nested structures are equal."""
        self.assertEqual(a, b, msg or f"{aname} and {bname} differ")

    # Numbers and texts

    def assertBetween(self, value: Any, minv: Any, maxv: Any, msg: str | None = None) -> None:
        """Fails unless a value lies between two others."""
        self.assertTrue(minv <= value <= maxv, msg or f"{value!r} does not lie between {minv!r} and {maxv!r}")

    def assertStartsWith(self, actual: str, expected_start: str, msg: str | None = None) -> None:
        """Fails unless a text begins so."""
        self.assertTrue(actual.startswith(expected_start), msg or f"{actual!r} does not begin with {expected_start!r}")

    def assertEndsWith(self, actual: str, expected_end: str, msg: str | None = None) -> None:
        """Fails unless a text ends so."""
        self.assertTrue(actual.endswith(expected_end), msg or f"{actual!r} does not end with {expected_end!r}")

    def assertNotStartsWith(self, actual: str, unexpected_start: str, msg: str | None = None) -> None:
        """Fails where a text begins so."""
        self.assertFalse(actual.startswith(unexpected_start), msg or f"{actual!r} begins with {unexpected_start!r}")

    def assertNotEndsWith(self, actual: str, unexpected_end: str, msg: str | None = None) -> None:
        """Fails where a text ends so."""
        self.assertFalse(actual.endswith(unexpected_end), msg or f"{actual!r} ends with {unexpected_end!r}")

    def assertUrlEqual(self, a: str, b: str, msg: str | None = None) -> None:
        """Fails unless two addresses are the same, in whatever order their parameters stand."""
        one, other = urlparse(a), urlparse(b)
        self.assertEqual(one[:3] + one[5:], other[:3] + other[5:], msg)
        self.assertEqual(sorted(one.params.split(";")), sorted(other.params.split(";")), msg)
        self.assertEqual(parse_qs(one.query, True), parse_qs(other.query, True), msg)

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: str | None = None) -> None:
        """Fails unless two names are of one device."""
        one, other = (DeviceSpec.from_string(str(each or "")).to_string() for each in (device1, device2))
        self.assertEqual(one, other, msg)

    def assertRegexMatch(self, actual_str: str, regexes: Iterable[str], message: str | None = None) -> None:
        """Fails unless one of the patterns is found."""
        self.assertRegex(actual_str, "|".join(f"(?:{pattern})" for pattern in regexes), message)

    def assertJsonEqual(self, first: str, second: str, msg: str | None = None) -> None:
        """Fails unless two texts are the same JSON value."""
        self.assertEqual(json.loads(first), json.loads(second), msg)

    def assertArrayNear(self, farray1: Any, farray2: Any, err: float, msg: str | None = None) -> None:
        """Fails unless numbers differ by no more than `err`, one by one."""
        self.assertEqual(len(farray1), len(farray2), msg)
        for a, b in zip(farray1, farray2, strict=True):
            self.assertLessEqual(abs(float(a) - float(b)), err, msg)

    def assertNDArrayNear(self, ndarray1: Any, ndarray2: Any, err: float, msg: str | None = None) -> None:
        """Fails unless the norm of the difference is below `err`."""
        self.assertEqual(np.shape(ndarray1), np.shape(ndarray2), msg)
        self.assertLess(float(np.linalg.norm(np.asarray(ndarray1) - np.asarray(ndarray2))), err, msg)

    def assertProtoEquals(self, expected_message_maybe_ascii: Any, message: Any, msg: str | None = None) -> None:
        """Fails unless two messages are equal; the first may be its text."""
        self.assertEqual(str(expected_message_maybe_ascii).split(), str(message).split(), msg)

    # Errors

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(self, exception_type: Any, expected_err_re_or_predicate: Any) -> Iterator[None]:
        """Fails unless the block raises an error that a pattern or function accepts."""
        try:
            yield
        except exception_type as error:
            accepts: Callable[[Any], Any] = (
                expected_err_re_or_predicate if callable(expected_err_re_or_predicate)
                else lambda e: re.search(expected_err_re_or_predicate, str(e))
            )  # fmt: skip
            self.assertTrue(accepts(error), f"an error of another kind: {error}")
        else:
            self.fail(f"{getattr(exception_type, '__name__', exception_type)} is not raised")

    @contextlib.contextmanager
    def assertRaisesWithLiteralMatch(self, expected_exception: Any, expected_exception_message: str) -> Iterator[None]:
        """Fails unless the block raises an error with this text."""
        with self.assertRaises(expected_exception) as caught:
            yield
        self.assertEqual(str(caught.exception), expected_exception_message)

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> Any:
        """Fails unless the block raises an error of an op that a pattern or function accepts."""
        return self.assertRaisesWithPredicateMatch(OpError, expected_err_re_or_predicate)

    def assertRaisesIncompatibleShapesError(self, exception_type: Any = InvalidArgumentError, big: Any = None,
                                            small: Any = None) -> Any:  # fmt: skip
        """Fails unless the block raises that shapes do not go together."""
        return self.assertRaises(exception_type)

    def assertCommandSucceeds(self, command: Sequence[str], regexes: Iterable[Any] = (b"",), env: Any = None,
                              close_fds: bool = True, msg: str | None = None) -> None:  # fmt: skip
        """Fails unless a command ends well and prints what the patterns say."""
        ended = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, close_fds=close_fds)
        self.assertEqual(ended.returncode, 0, msg or ended.stdout.decode(errors="replace"))
        self._assert_printed(ended.stdout, regexes, msg)

    def assertCommandFails(self, command: Sequence[str], regexes: Iterable[Any], env: Any = None,
                           close_fds: bool = True, msg: str | None = None) -> None:  # fmt: skip
        """Fails where a command ends well, or does not print what the patterns say."""
        ended = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, close_fds=close_fds)
        self.assertNotEqual(ended.returncode, 0, msg or "the command has ended well")
        self._assert_printed(ended.stdout, regexes, msg)

    def _assert_printed(self, printed: bytes, regexes: Iterable[Any], msg: str | None) -> None:
        patterns = [each.encode() if isinstance(each, str) else each for each in regexes]
        self.assertTrue(any(re.search(each, printed) for each in patterns), msg or printed.decode(errors="replace"))

    # Surroundings

    def checkedThread(self, target: Callable[..., Any], args: Any = None, kwargs: Any = None) -> Any:
        """A thread that fails the test where it is joined, should the function raise."""
        return _CheckedThread(self, target, args or (), kwargs or {})

    def record_property(self, property_name: str, property_value: Any) -> None:
        """Notes something for `get_recorded_properties`."""
        self.__dict__.setdefault("_properties", {})[property_name] = property_value

    def get_recorded_properties(self) -> dict[str, Any]:
        """What was noted."""
        return dict(self.__dict__.get("_properties", {}))

    def enter_context(self, manager: Any) -> Any:
        """Enters a context manager until the test ends."""
        return self.enterContext(manager)

    def create_tempfile(self, file_path: str | None = None, content: Any = None, mode: str = "w",
                        encoding: str = "utf8", errors: str = "strict", **unused: Any) -> Any:  # fmt: skip
        """A file of this test's, with this content."""
        folder = str(self.create_tempdir())
        path = os.path.join(folder, file_path or f"file{len(os.listdir(folder))}")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        binary = isinstance(content, bytes)
        with open(path, "wb" if binary else "w", encoding=None if binary else encoding) as file:
            if content is not None:
                file.write(content)
        return _Path(path)

    def create_tempdir(self, name: str | None = None, **unused: Any) -> Any:
        """A folder of this test's."""
        folder = os.path.join(os.environ.get("TEST_TMPDIR") or tempfile.gettempdir(), f"weft-tests-{os.getpid()}",
                              self.id(), name or "")  # fmt: skip
        os.makedirs(folder, exist_ok=True)
        return _Path(folder)

    @contextlib.contextmanager
    def captureWritesToStream(self, stream: Any) -> Iterator[Any]:
        """Keeps what the block prints to `sys.stdout` or `sys.stderr`; `contents()` of what it gives returns it."""
        kept = _Kept()
        name = "stderr" if stream in (sys.stderr, sys.__stderr__) else "stdout"
        redirect = contextlib.redirect_stderr if name == "stderr" else contextlib.redirect_stdout
        with redirect(kept):
            yield kept

    @contextlib.contextmanager
    def session(self, graph: Any = None, config: Any = None, use_gpu: bool = True,
                force_gpu: bool = False) -> Iterator[Any]:  # fmt: skip
        """A session of TensorFlow 1 within the block; nothing where ops run at once."""
        if context.executing_eagerly() and graph is None:
            yield None
            return
        with sessions.Session(graph=graph if graph is not None else graphs.default_graph(), config=config) as made:
            yield made

    @contextlib.contextmanager
    def cached_session(self, graph: Any = None, config: Any = None, use_gpu: bool = True,
                       force_gpu: bool = False) -> Iterator[Any]:  # fmt: skip
        """The same session in every block of a test, which thus keeps its variables; None where ops run at once."""
        if context.executing_eagerly():
            yield None
            return
        if self._cached is None:
            found = graphs.default_graph() if graph is None else graph
            self._cached = (graph, config, sessions.Session(graph=found, config=config))
        elif self._cached[0] is not graph or self._cached[1] is not config:
            raise ValueError(explain("cached_session: the session of this test has another graph or configuration.",
                                     hint="ask for another session with self.session(...)"))  # fmt: skip
        kept = self._cached[2]
        with kept.graph.as_default(), kept.as_default():
            yield kept

    def test_session(self, graph: Any = None, config: Any = None, use_gpu: bool = True, force_gpu: bool = False) -> Any:
        """`cached_session`, or with a graph a session of its own: what tests of TensorFlow 1 say for both."""
        if self.id().endswith(".test_session"):
            self.skipTest("It is no test.")
        if graph is None or context.executing_eagerly():
            return self.cached_session(None, config, use_gpu, force_gpu)
        return self.session(graph, config, use_gpu, force_gpu)

    _cached: tuple[Any, Any, Any] | None = None

    def _forget_session(self) -> None:
        if self._cached is not None:
            self._cached[2].close()
            self._cached = None


class _CheckedThread:
    def __init__(self, case: Any, target: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self._case, self._target, self._args, self._kwargs = case, target, args, kwargs
        self._thread = threading.Thread(target=self._run)
        self._error: BaseException | None = None

    def _run(self) -> None:
        try:
            self._target(*self._args, **self._kwargs)
        except Exception as error:
            self._error = error

    def start(self) -> None:
        """Lets it run."""
        self._thread.start()

    def join(self) -> None:
        """Waits for its end."""
        self._thread.join()
        if self._error is not None:
            self._case.fail(f"Error in checkedThread: {self._error!r}")

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._thread.is_alive()


class _Kept(io.StringIO):
    def contents(self) -> str:
        """What was written."""
        return self.getvalue()


class _Path(str):
    """A path that is a text and has the methods of absl's temporary files."""

    @property
    def full_path(self) -> str:
        """The path."""
        return str(self)

    def create_file(self, file_path: str = "file", content: Any = None) -> _Path:
        """A file in this folder."""
        path = _Path(os.path.join(self, file_path))
        path.write_text(content or "")
        return path

    def mkdir(self, dir_path: str = "folder") -> _Path:
        """A folder in this folder."""
        os.makedirs(os.path.join(self, dir_path), exist_ok=True)
        return _Path(os.path.join(self, dir_path))

    def read_text(self, encoding: str = "utf8") -> str:
        """What is in the file."""
        with open(self, encoding=encoding) as file:
            return file.read()

    def write_text(self, text: str) -> None:
        """Writes the file."""
        with open(self, "w", encoding="utf8") as file:
            file.write(text)

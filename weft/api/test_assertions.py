"""Comparisons of collections, texts and graphs for `tf.test.TestCase`, which has them from its base class."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import re
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from weft.base.errors import OpError
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

    # Surroundings

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
        with sessions.Session(graph=graph if graph is not None else graphs.default_graph()) as made:
            yield made

    cached_session = session


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

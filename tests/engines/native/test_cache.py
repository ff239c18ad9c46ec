"""Compiled code that is kept: what is taken for the same, and what happens to entries that are not whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.base import flags
from weft.base.dims import Dim, Symbol, evaluate, from_plain, to_plain
from weft.engines.native import cache, compiler
from weft.ir.fingerprint import Fingerprint
from weft.passes import pipeline
from weft.runtime import dispatch


@pytest.fixture(autouse=True)
def _kept(tmp_path: Path) -> Iterator[Path]:
    dispatch.use_engine("native")
    cache.forget()
    with flags.override(WEFT_CACHE=str(tmp_path)):
        yield tmp_path
    cache.forget()
    dispatch.use_engine(None)


def _made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The graphs that are compiled from here on."""
    seen: list[Any] = []
    plain = compiler.compile_graph

    def compile_graph(graph: Any, *rest: Any) -> Any:
        seen.append(graph)
        return plain(graph, *rest)

    monkeypatch.setattr(compiler, "compile_graph", compile_graph)
    return seen


def _function(factor: float = 2.0) -> Any:
    return tf.function(lambda x: tf.reduce_sum(tf.nn.relu(x * factor) @ tf.ones([3, 2]), axis=0))


X = tf.constant(np.arange(12, dtype=np.float32).reshape(4, 3) - 5)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.weft"))


def test_a_graph_that_is_made_again_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _made(monkeypatch)
    first = _function()(X).numpy()
    assert len(seen) == 1
    assert (_function()(X).numpy() == first).all() and len(seen) == 1
    cache.forget()  # as in another process
    assert (_function()(X).numpy() == first).all() and len(seen) == 1
    assert not np.allclose(_function(3.0)(X).numpy(), first) and len(seen) == 2


def test_graphs_with_sizes_that_are_known_late(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _made(monkeypatch)
    for _ in range(2):
        f = tf.function(lambda x: tf.reshape(x, [-1]) * 2.0, input_signature=[tf.TensorSpec([None, None])])
        for shape in ((2, 3), (5, 1)):
            x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
            assert (f(x).numpy() == x.reshape(-1) * 2).all()
        cache.forget()
    assert len(seen) <= 2


def test_entries_that_are_not_whole_are_made_again(_kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _function()(X).numpy()
    paths = _entries(_kept)
    assert paths
    for damage in (lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"\0" * len(b), lambda b: b[:-40] + b"x" * 40,
                   lambda b: b"another program's" + b):  # fmt: skip
        for path in paths:
            path.write_bytes(damage(path.read_bytes()))
        cache.forget()
        seen = _made(monkeypatch)
        assert (_function()(X).numpy() == expected).all() and len(seen) == 1
        monkeypatch.undo()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owner here")
def test_entries_that_somebody_else_may_have_written_are_not_taken(
    _kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _function()(X).numpy()
    for path in _entries(_kept):
        path.chmod(0o666)
    cache.forget()
    seen = _made(monkeypatch)
    assert (_function()(X).numpy() == expected).all() and len(seen) == 1
    cache.forget()  # what was made anew took the place of the other
    assert (_function()(X).numpy() == expected).all() and len(seen) == 1
    user = os.geteuid()
    if user == 0:
        for path in _entries(_kept):
            os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    cache.forget()
    assert (_function()(X).numpy() == expected).all() and len(seen) == 2


def test_an_entry_under_the_name_of_another_is_not_taken(_kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _function()(X)
    first = set(_entries(_kept))
    expected = _function(3.0)(X).numpy()
    (other,) = sorted(set(_entries(_kept)) - first, key=lambda path: path.stat().st_size)[-1:]
    for path in first:
        other.write_bytes(path.read_bytes())
        cache.forget()
        seen = _made(monkeypatch)
        assert (_function(3.0)(X).numpy() == expected).all() and len(seen) == 1
        monkeypatch.undo()


def test_entries_of_another_version_or_processor_are_not_taken(_kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _function()(X)
    cache.forget()
    seen = _made(monkeypatch)
    monkeypatch.setattr(cache, "_source", lambda: "another")
    _function()(X)
    assert len(seen) == 1


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with flags.override(WEFT_CACHE=str(blocked)):
        assert _function()(X).shape == (2,)


def test_the_folder_stays_below_its_bound(_kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_LIMIT", 60_000)
    monkeypatch.setattr(cache, "_LEAST", 0)
    monkeypatch.setattr(cache, "_SELDOM", 0.0)
    for number in range(12):
        cache._write(cache.key(str(number), "target", False), {"note": number}, [bytes(10_000)])  # type: ignore[arg-type]
        os.utime(_entries(_kept)[0])
    assert sum(path.stat().st_size for path in _entries(_kept)) <= 60_000


def test_the_folders_size_is_looked_at_seldom(_kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []
    monkeypatch.setattr(cache, "_sweep", looked.append)
    for number, since in enumerate((0.0, 10.0, 4000.0, 4010.0)):
        for process in range(2):
            monkeypatch.setattr(cache, "_asked", -np.inf)
            monkeypatch.setattr(cache, "_written", 0)
            mark = _kept / "native" / "swept"
            if mark.exists():
                os.utime(mark, (time.time() - since,) * 2)
            for more in range(3):
                cache._write(cache.key(f"{number} {process} {more}", "target", False), {"note": 1}, [])  # type: ignore[arg-type]
    assert len(looked) == 5  # by the first process at first, and by each whose mark is old
    monkeypatch.setattr(cache, "_LIMIT", 16 * cache._LEAST)
    monkeypatch.setattr(cache, "_written", 0)
    for more in range(4):  # much in a short time
        cache._write(cache.key(f"{more}", "target", False), {"note": 1}, [])  # type: ignore[arg-type]
    assert len(looked) == 6


def test_small_entries_count_for_more_than_their_bytes(_kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_LIMIT", 20 * cache._LEAST)
    monkeypatch.setattr(cache, "_SELDOM", 0.0)
    for number in range(50):
        cache._write(cache.key(str(number), "target", False), {"note": number}, [])  # type: ignore[arg-type]
    assert len(_entries(_kept)) <= 20


_PROGRAM = """
import numpy as np, weft as tf
f = tf.function(lambda x: tf.reduce_sum(tf.nn.relu(x * 2.0) @ tf.ones([3, 2]), axis=0))
print(f(np.arange(12, dtype=np.float32).reshape(4, 3) - 5).numpy().tobytes().hex())
"""


def _start(folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "WEFT_CACHE": str(folder), "WEFT_ENGINE": "native"}
    return subprocess.Popen([sys.executable, "-c", _PROGRAM], env=environment, stdout=subprocess.PIPE, text=True)


def test_processes_at_once_cold_and_warm_give_the_same_bits(_kept: Path) -> None:
    expected = _function()(X).numpy().tobytes().hex()
    for path in _entries(_kept):
        path.unlink()
    for _ in range(2):
        started = [_start(_kept) for _ in range(3)]
        assert [process.communicate()[0].strip() for process in started] == [expected] * 3


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_process_killed_while_it_writes_does_no_harm(_kept: Path) -> None:
    expected = _function()(X).numpy()
    for path in _entries(_kept):
        path.unlink()
    process = _start(_kept)
    deadline = time.monotonic() + 60
    while not list(_kept.rglob("*.part")) and not _entries(_kept) and time.monotonic() < deadline:
        time.sleep(0.0005)
    process.kill()
    process.communicate()
    cache.forget()
    assert (_function()(X).numpy() == expected).all()


def test_fingerprints_tell_apart_what_differs_and_nothing_else() -> None:
    def digest(function: Any, *specs: Any) -> str:
        return Fingerprint(tf.function(function).get_concrete_function(*specs).graph).digest

    one, other = tf.TensorSpec([3], tf.float32), tf.TensorSpec([None], tf.float32)
    base = digest(lambda x: x + 1.0, one)
    assert base == digest(lambda another_name: another_name + 1.0, one)
    different = [
        digest(lambda x: x + 2.0, one),
        digest(lambda x: x - 1.0, one),
        digest(lambda x: 1.0 - x, one),
        digest(lambda x: x + 1.0, other),
        digest(lambda x: x + 1.0, tf.TensorSpec([4], tf.float32)),
        digest(lambda x: x + 1.0, tf.TensorSpec([3], tf.float64)),
        digest(lambda x, y: x + 1.0, one, one),
        digest(lambda x: tf.while_loop(lambda i: i < 3, lambda i: i + 1, [tf.cast(x[0], tf.int32)]), one),
        digest(lambda x: tf.while_loop(lambda i: i < 4, lambda i: i + 1, [tf.cast(x[0], tf.int32)]), one),
    ]
    assert len({base, *different}) == len(different) + 1
    assert digest(lambda x, y: x + 1.0, other, other) == digest(lambda x, y: x + 1.0, other, other)


def test_sizes_as_plain_values_and_back() -> None:
    symbols = [Symbol("a"), Symbol("b")]
    a, b = (Dim({(symbol,): 1}) for symbol in symbols)
    numbers = {symbol: number for number, symbol in enumerate(symbols)}
    for size in (7, a, a * b * 3 - 2, (a + 5) // 2, (a * b) % 7 + a // b, tf.TensorShape([None]).symbolic[0]):
        if isinstance(size, Dim) and not size.symbols() <= set(symbols):
            with pytest.raises(KeyError):
                to_plain(size, numbers)
            continue
        fresh = [Symbol(), Symbol()]
        again = from_plain(to_plain(size, numbers), fresh)
        values = [dict(zip(names, (9, 4), strict=True)) for names in (fresh, symbols)]
        assert evaluate(again, values[0]) == evaluate(size, values[1])
    for wrong in ("a", [["x"]], [[1, [5]]], [[1, [["eval", 1, 2]]]]):
        with pytest.raises(ValueError):
            from_plain(wrong, symbols)


def test_a_graph_whose_code_is_kept_does_not_go_through_the_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    table = tf.Variable(np.arange(20, dtype=np.float32).reshape(10, 2))

    def make() -> Any:
        @tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, 2])])
        def step(places: Any, x: Any) -> Any:
            rows = tf.gather(table, places) * 1.0 + 0.0
            table.scatter_nd_add(tf.expand_dims(places, 1), x)
            return tf.math.log(tf.nn.softmax(rows * x)), tf.shape(x)[0] * 2

        return step

    places, x = np.array([1, 3, 3], np.int32), np.ones((3, 2), np.float32)
    start = table.numpy()
    first = [each.numpy() for each in make()(places, x)]
    after = table.numpy()
    cache.forget()
    table.assign(start)
    passes: list[str] = []
    plain = pipeline.run
    monkeypatch.setattr(pipeline, "run", lambda graph, *rest: passes.append(graph.name) or plain(graph, *rest))
    again = make()
    for one, other in zip(first, again(places, x), strict=True):
        np.testing.assert_array_equal(one, other.numpy())
    np.testing.assert_array_equal(after, table.numpy())
    assert not passes
    again(places[:2], x[:2])  # another size, for which there need not be code yet
    before = table.numpy()
    with pytest.raises(tf.errors.InvalidArgumentError, match="10"):  # worded by the reference, which changes nothing
        again(np.array([1, 10], np.int32), x[:2])
    np.testing.assert_array_equal(before, table.numpy())
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):  # sizes that do not go together
        again(places, x[:2])


def test_a_note_about_a_traced_graph_that_is_damaged_is_made_again(_kept: Path) -> None:
    expected = _function()(X).numpy()
    for entry in _entries(_kept):
        entry.write_bytes(entry.read_bytes()[:-7])
    cache.forget()
    np.testing.assert_array_equal(expected, _function()(X).numpy())

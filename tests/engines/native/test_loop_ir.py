"""The loop IR of typical graphs, as stored in `goldens/loop_ir.txt`: what the planner does with them shows in review.

After a change that is meant: `python -m tests.engines.native.test_loop_ir` writes the file anew.
"""

from __future__ import annotations

import difflib
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.base.dims import symbols_of
from weft.engines.native import codegen, compiler
from weft.engines.native.decompose import decompose
from weft.engines.native.loops import Call, Kernel, Routine, walk
from weft.engines.native.target import Target
from weft.ir.graph import Graph
from weft.passes import pipeline

_PATH = Path(__file__).parent / "goldens" / "loop_ir.txt"
#: vectors of eight floats and 16 registers, on whatever machine this runs
_TARGET = Target("golden", "", "", "", 32, 16, True)
_LONGEST = 240
F32, I32 = tf.float32, tf.int32


def _of(function: Callable[..., Any], *shapes: Any) -> Graph:
    specs = [shape if isinstance(shape, tf.TensorSpec) else tf.TensorSpec(shape, F32) for shape in shapes]
    graph: Graph = tf.function(function).get_concrete_function(*specs).graph
    return graph


def _gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    def gradient(*args: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(args[0])
            result = function(*args)
        return tape.gradient(result, args[0])

    return gradient


def _adam() -> Graph:
    weight = tf.Variable(np.ones((5, 20), np.float32))
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build([weight])
    return _of(lambda g: optimizer.apply([g], [weight]), (5, 20))


def _dropout() -> Graph:
    layer = keras.layers.Dropout(0.25, seed=1)
    return _of(lambda x: layer(x, training=True), (None, 40))


def _conv(strides: int) -> Callable[..., Any]:
    return lambda x, k: tf.nn.relu(tf.nn.conv2d(x, k, strides, "SAME"))


def _attention(q: Any, k: Any, v: Any) -> Any:
    return tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True)), v)


def _pool(x: Any) -> Any:
    return tf.nn.max_pool2d(x, 2, 2, "VALID")


GRAPHS: dict[str, Callable[[], Graph]] = {
    "a chain of maps": lambda: _of(lambda x, y: tf.tanh(x * 2.0 + y) - tf.nn.relu(x), (None, 24), (24,)),
    "softmax of rows": lambda: _of(lambda x: tf.nn.softmax(x), (None, 20)),
    "a product with bias and relu": lambda: _of(lambda x, w, b: tf.nn.relu(x @ w + b), (None, 12), (12, 24), (24,)),
    "a convolution": lambda: _of(_conv(2), (2, 8, 8, 3), (3, 3, 3, 8)),
    "a depthwise convolution": lambda: _of(
        lambda x, k: tf.nn.relu6(tf.nn.depthwise_conv2d(x, k, [1, 1, 1, 1], "SAME")), (2, 6, 20, 16), (3, 3, 16, 1)
    ),
    "a convolution by Winograd": lambda: _of(_conv(1), (2, 16, 16, 32), (3, 3, 32, 32)),
    "max pooling": lambda: _of(_pool, (None, 6, 6, 8)),
    "max pooling's gradient": lambda: _of(_gradient(lambda x: _pool(tf.nn.relu(x))), (None, 6, 6, 8)),
    "a sum of rows": lambda: _of(lambda x: tf.reduce_sum(x * x, axis=1), (10, 36)),
    "a sum of columns": lambda: _of(lambda x: tf.reduce_sum(x * x, axis=0), (None, 36)),
    "a scan": lambda: _of(lambda x: tf.cumsum(tf.exp(x), axis=1), (None, 16)),
    "a gather": lambda: _of(lambda t, i: tf.gather(t, i) * 2.0, (30, 16), tf.TensorSpec((None, 3), I32)),
    "a scatter": lambda: _of(lambda t, i, u: tf.tensor_scatter_nd_add(t, i[:, None], u), (30, 16),
                             tf.TensorSpec((None,), I32), (None, 16)),
    "attention": lambda: _of(_attention, (4, 20, 9), (4, 33, 9), (4, 33, 16)),
    "dropout": _dropout,
    "Adam": _adam,
}  # fmt: skip


def shown(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kernels of a graph, with unknown sizes numbered from 0."""
    kernels: list[Kernel] = []
    plain = compiler.kernel_of

    def kernel_of(*args: Any) -> Kernel:
        kernels.append(plain(*args))
        return kernels[-1]

    with monkeypatch.context() as patch:
        patch.setattr(compiler, "kernel_of", kernel_of)
        patch.setattr(codegen, "to_object", lambda text, target: b"")
        compiler.compile_graph(decompose(pipeline.run(graph)), _TARGET, False, ())
    names: dict[str, str] = {}
    symbols = {repr(symbol) for value in graph.inputs for size in value.shape or () for symbol in symbols_of(size)}
    routines = _routines(kernels)
    symbols |= {repr(size) for routine in routines for size in routine.sizes}
    whole = "\n".join(map(str, (*routines, *kernels)))
    text = re.sub(r"\b[a-z]+\d+\b", lambda found: names.setdefault(found[0], f"size{len(names)}")
                  if found[0] in symbols else found[0], whole)  # fmt: skip
    return "\n".join(map(_short, text.splitlines()))


def _routines(kernels: list[Kernel]) -> list[Routine]:
    """The routines that kernels call, each once."""
    calls = [statement for kernel in kernels for statement in walk(kernel.body) if isinstance(statement, Call)]
    return list({call.routine.name: call.routine for call in calls}.values())


def _short(line: str) -> str:
    """A line that people can read; of what is left out, a number that changes with it."""
    if len(line) <= _LONGEST:
        return line
    return f"{line[:_LONGEST]} ... {len(line) - _LONGEST} more: {zlib.crc32(line.encode()):08x}"


def test_the_loop_ir_is_the_stored_one(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = dict(re.findall(r"^== ([^\n]*) ==\n(.*?)\n\n", _PATH.read_text(), re.MULTILINE | re.DOTALL))
    problems = []
    for name, make in GRAPHS.items():
        lines = [text.splitlines() for text in (stored.get(name, ""), shown(make(), monkeypatch))]
        problems += difflib.unified_diff(*lines, f"{name}, stored", f"{name}, now", lineterm="", n=1)
    assert not problems, "\n".join([*problems[:80], "", str(__doc__).splitlines()[2]])


if __name__ == "__main__":
    patch = pytest.MonkeyPatch()
    _PATH.write_text("".join(f"== {name} ==\n{shown(make(), patch)}\n\n" for name, make in GRAPHS.items()))

"""An unknown size that turns out wrong is refused when the graph runs, as it would have been when it was built.

For every op and case, each axis of each input in turn is of unknown size while tracing, and of another one at run time.
"""

import numpy as np
import pytest

from weft.base import dtypes
from weft.base.dims import Dim
from weft.base.errors import InternalError, InvalidArgumentError
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder
from weft.testing import opcases


def _type(array):
    return TensorType(array.shape, dtypes.string if array.dtype == object else dtypes.as_dtype(array.dtype))


def _changed(arrays):
    """(which input, which axis, the arrays with that axis of another size)."""
    for position, array in enumerate(arrays):
        for axis, size in enumerate(array.shape):
            for new in sorted({1, size + 1, size - 1} - {size}) if size else ():
                other = np.take(array, np.arange(new) % size, axis=axis)
                yield position, axis, [other if i == position else a for i, a in enumerate(arrays)]


def _plain_ops():
    return [r.name for r in opdef.records() if not r.higher_order and r.effect is opdef.Effect.NONE]


@pytest.mark.parametrize("name", _plain_ops())
def test_sizes_that_only_the_run_tells(name):
    record = opdef.get(name)
    for item in (item for item in opcases.cases() if item.record is record):
        arrays = [np.asarray(a) for a in opcases.inputs_of(item, opcases.assignments(item)[0])]
        attrs = record.complete(item.case.attrs)
        for position, axis, given in _changed(arrays):
            _compare(record, attrs, position, axis, given)


def _compare(record, attrs, position, axis, given):
    types = [_type(array) for array in given]
    shape = tuple(Dim.fresh() if i == axis else n for i, n in enumerate(types[position].shape))
    graph = Graph("one_op")
    values = [graph.add_input(t.with_shape(shape) if i == position else t) for i, t in enumerate(types)]
    try:
        graph.outputs = list(GraphBuilder(graph).apply(record, values, attrs))
    except InvalidArgumentError:
        return  # refused while tracing already
    try:
        record.infer(types, attrs)
        fits = True
    except InvalidArgumentError:
        fits = False
    with np.errstate(all="ignore"):
        try:
            results = interpreter.run(graph, given)
        except (InvalidArgumentError, InternalError) as error:
            assert isinstance(error, InvalidArgumentError)
            return
    assert fits, f"{record.name} ran on {[t.shape for t in types]}, which its rule refuses"
    for value, result in zip(graph.outputs, results, strict=True):
        if value.shape is not None:
            claimed = [n if isinstance(d, Dim) else d for d, n in zip(value.shape, result.shape, strict=True)]
            assert claimed == list(result.shape), f"{record.name} gives {result.shape}, its rule says {value.type}"


def test_the_rule_is_asked_once_for_each_combination_of_sizes(monkeypatch):
    graph = Graph("shared")
    n = Dim.fresh()
    x, y = (graph.add_input(TensorType((n, 3), dtypes.float32)) for _ in range(2))
    graph.outputs = [GraphBuilder(graph).matmul(x, y, transpose_b=True)]
    asked = []
    record = opdef.get("matmul")
    plain = type(record).infer
    monkeypatch.setattr(type(record), "infer", lambda self, *given: asked.append(self.name) or plain(self, *given))
    for rows in (4, 4, 2, 4, 2):
        interpreter.run(graph, [np.ones((rows, 3), np.float32)] * 2)
    assert asked == ["matmul"] * 2

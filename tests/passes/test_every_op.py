"""The pipeline on every case of the op table: types agree with the ops' rules before and after, and numbers stay."""

import numpy as np
import pytest

from weft.base import dtypes
from weft.ir.verifier import verify
from weft.ops import interpreter
from weft.passes import checking, pipeline
from weft.testing import opcases
from weft.testing.random_graphs import differences


@pytest.mark.parametrize("symbolic", [False, True], ids=["known", "unknown"])
@pytest.mark.parametrize("item", opcases.cases(), ids=lambda item: item.id)
def test_the_pipeline_keeps_it(item, symbolic):
    made = opcases.example(item, symbolic=symbolic)
    if made is None:
        return
    graph, inputs = made
    assert checking.type_problem(graph) is None
    after = pipeline.run(graph)
    verify(after)
    assert checking.interface_problem(graph, after) is None
    assert checking.type_problem(after) is None
    with np.errstate(all="ignore"):
        expected, actual = interpreter.run(graph, inputs), interpreter.run(after, inputs)
    narrow = any(v.dtype in (dtypes.float32, dtypes.complex64) for v in graph.outputs)
    assert differences(expected, actual, 1e-5 if narrow else 1e-9) is None

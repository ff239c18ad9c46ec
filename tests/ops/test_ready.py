"""Ops made ready run to the bits of their references, wherever operands lie in memory."""

import numpy as np
import pytest

from weft.ops import direct, opdef
from weft.testing import opcases

ITEMS = [item for item in opcases.cases() if item.record.pure]
BY_OP = sorted({item.record.name for item in ITEMS})


def _bits(results):
    return [(r.dtype, r.shape, r.tobytes() if r.dtype != object else r.tolist()) for r in results]


def _turned(array):
    """The same values in another order in memory."""
    if not isinstance(array, np.ndarray) or array.ndim == 0:
        return array
    return np.asfortranarray(array)[::-1].copy(order="F")[::-1]


def _ready(record, inputs, attrs):
    made = direct.prepare(record, inputs, attrs)
    if made is None:
        return None
    result = made.run(*inputs)
    return [np.asarray(r) for r in (result if isinstance(result, tuple) else (result,))]


@pytest.mark.parametrize("name", BY_OP)
def test_the_bits_are_those_of_the_reference(name):
    for item in ITEMS:
        if item.record.name != name:
            continue
        attrs = item.record.complete(item.case.attrs)
        for types in opcases.assignments(item):
            inputs = opcases.inputs_of(item, types)
            for arrays in (inputs, [_turned(a) for a in inputs]):
                found = _ready(item.record, arrays, attrs)
                if found is not None:
                    expected = opdef.apply_reference(item.record, arrays, attrs)
                    assert _bits(found) == _bits(expected), f"{item.id} {[d.name for d in types]}"


def test_what_does_more_than_compute_is_not_made_ready():
    assert direct.prepare(opdef.get("assign_variable"), [np.zeros(2)], {}) is None


def test_infinities_are_no_warnings():
    record = opdef.get("divide")
    x, zero = np.ones(2, np.float32), np.zeros(2, np.float32)
    with np.errstate(all="raise"):
        assert np.isinf(direct.prepare(record, [x, zero], {}).run(x, zero)).all()
        with pytest.raises(FloatingPointError):  # what the program has asked for stays
            np.divide(x, zero)

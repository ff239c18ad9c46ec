"""The checks of the op table themselves: each promise broken by a record made for it."""

import dataclasses
import warnings

import numpy as np
import pytest

from weft.base import dtypes
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.ops.opdef import OpDef, SpecError, case, nondifferentiable
from weft.testing import opcases
from weft.testing.opcases import Item

FLOATS = (dtypes.float32, dtypes.float64)


def _slope(b, node):
    return b.reciprocal(b.add(b.square(node.inputs[0]), 1.0))


def _record(**changes):
    """A sound record (the arctangent), but for the changes."""
    sound = OpDef(
        name="sound_arctangent",
        inputs=("x",),
        spec=lambda x: TensorType(x.shape, x.dtype),
        reference=np.arctan,
        dtypes=(FLOATS,),
        vjp=lambda b, node, ct: (b.multiply(ct, _slope(b, node)),),
        jvp=lambda b, node, t: (b.multiply(t, _slope(b, node)),),
        decompose=lambda b, x: b.atan(x),
        cases=(case((2, 3)),),
        doc="The arctangent.",
        family="none",
    )
    return dataclasses.replace(sound, **changes)


@pytest.fixture
def check(monkeypatch):
    """Runs one of the checks on every case of a record that is in the table for as long as the test runs."""

    def run(name, **changes):
        record = _record(**changes)
        opdef.load()
        monkeypatch.setitem(opdef._table, record.name, record)
        for index, one in enumerate(record.test_cases()):
            opcases.CHECKS[name](Item(record, index, one))

    return run


@pytest.mark.parametrize("name", opcases.CHECKS)
def test_a_sound_record_passes(name, check):
    check(name)
    assert list(opcases.record_problems(_record())) == []


def _mutating(x):
    np.arctan(x, out=x)
    return x


def _warning(x):
    warnings.warn("odd", RuntimeWarning, stacklevel=1)
    return np.arctan(x)


def _no_unknown_sizes(x):
    if not all(isinstance(d, int) for d in x.shape):
        raise SpecError("does not like it")
    return TensorType(x.shape, x.dtype)


@pytest.mark.parametrize(("name", "changes", "message"), [
    ("spec", {"reference": lambda x: np.arctan(x).astype(np.float64)}, "reference gives float64, spec says float32"),
    ("spec", {"reference": lambda x: np.arctan(x)[:1]}, "axis 0 is 1, expected 2"),
    ("spec", {"reference": lambda x: (np.arctan(x), x)}, "2 outputs"),
    ("spec", {"outputs": ("y", "z")}, "the record names 2"),
    ("spec", {"spec": lambda x: TensorType((2, 3), x.dtype), "cases": (case((2, 3)), case((3, 2)))},
     "axis 0 is 3, expected 2"),
    ("spec", {"spec": lambda x: TensorType(tuple(d if isinstance(d, int) else d * 2 for d in x.shape), x.dtype)},
     "unknown sizes"),
    ("spec", {"spec": _no_unknown_sizes}, "refuses unknown sizes without saying so"),
    ("spec", {"reference": _mutating}, "input 0 was changed"),
    ("spec", {"reference": _warning}, "odd"),
    ("dtypes", {"reference": lambda x: np.arctan(x) + (1e-3 if x.dtype == np.float32 else 0)}, r"against \(float64\)"),
    ("dtypes", {"dtypes": ((*FLOATS, dtypes.string),)}, r"\(string\)"),
    ("gradient", {"vjp": lambda b, node, ct: (b.multiply(ct, b.atan(node.inputs[0])),)},
     "first order .* by differences"),
    ("gradient", {"vjp": lambda b, node, ct: (b.stop_gradient(b.multiply(ct, _slope(b, node))),)},
     "second order .* by differences"),
    ("gradient", {"vjp": lambda b, node, ct: (b.reduce_sum(ct, axis=(0,)),)}, "has shape"),
    ("gradient", {"jvp": lambda b, node, t: (b.multiply(t, 2.0),)}, "jvp gives"),
    ("gradient", {"jvp": lambda b, node, t: (None,)}, "no tangent"),
    ("gradient", {"vjp": lambda b, node, ct: (b.broadcast_to(b.multiply(b.reduce_mean(ct, axis=(0, 1)), 1.0),
                                                             shape=(2, 3)),)}, "by differences"),
    ("decompose", {"decompose": lambda b, x: b.tanh(x)}, "decomposition against reference"),
    ("decompose", {"decompose": lambda b, x: b.cast(b.atan(x), dtype=dtypes.float64)}, "decomposes into float64"),
    ("decompose", {"decompose": lambda b, x: b.stop_gradient(b.atan(x))}, "gradient of the decomposition"),
    ("edges", {"reference": lambda x: np.arctan(np.log(np.abs(x)))}, "invalid value|divide by zero"),
    ("edges", {"reference": lambda x: np.arctan(x) if x.size else np.zeros((), x.dtype)}, "empty"),
    ("shapes", {"spec": lambda x: TensorType((2, 3), x.dtype)}, "spec says"),
    ("shapes", {"reference": lambda x: np.arctan(x + np.zeros((2, 3), x.dtype))}, "could not be broadcast"),
])  # fmt: skip
def test_a_broken_promise_is_seen(name, changes, message, check):
    with pytest.raises((AssertionError, Warning), match=message):
        check(name, **changes)


def test_a_gradient_that_fixes_the_batch_size_is_seen(check):
    def rule(b, node, ct):
        rows = [b.slice(ct, begin=(i, 0), size=(1, 3)) for i in range(node.inputs[0].shape[0])]
        return (b.multiply(b.concat(*rows, axis=0), _slope(b, node)),)

    with pytest.raises(TypeError, match="Dim"):
        check("gradient", vjp=rule)


@pytest.mark.parametrize(("changes", "message"), [
    ({"cases": ()}, "no cases"), ({"doc": ""}, "no doc"), ({"doc": "The arctangent"}, "full stop"),
    ({"grad_order": 1}, "gives no reason"), ({"vjp": nondifferentiable("")}, "does not say why"),
    ({"family": ""}, "no family"),
])  # fmt: skip
def test_what_a_record_lacks(changes, message):
    assert any(message in problem for problem in opcases.record_problems(_record(**changes)))


def test_dtypes_that_are_not_claimed_must_be_refused(check, monkeypatch):
    monkeypatch.setattr(OpDef, "_check_inputs", lambda self, types: None)
    with pytest.raises(AssertionError, match="not claimed .* but not refused"):
        check("dtypes")


def test_cases_draw_the_same_values_in_every_process():
    item = Item(_record(), 0, case((2, 2)))
    first, second = (opcases.inputs_of(item, (dtypes.float64,))[0] for _ in range(2))
    assert np.array_equal(first, second)
    assert np.abs(first).max() <= 2


def test_all_dtypes_of_a_case_are_tried():
    item = Item(opdef.get("select"), 0, opdef.get("select").test_cases()[0])
    found = opcases.assignments(item)
    assert {types[0].name for types in found} == {"bool"}
    assert {types[1].name for types in found} == {d.name for d in dtypes.ALL}
    assert all(types[1] is types[2] for types in found)


def test_given_arrays_narrow_the_dtypes():
    record = _record(dtypes=(dtypes.ALL,))
    for array, names in (
        (np.array([-1, 200]), {"int16", "int32", "int64"}),
        (np.array([True]), {"bool"}),
        (np.array([1j]), {"complex64", "complex128"}),
        (np.array([b"a"], object), {"string"}),
    ):
        found = {types[0].name for types in opcases.assignments(Item(record, 0, case(array)))}
        assert names <= found and not {n for n in found if "int" in n} - {n for n in names if "int" in n}

"""Element types: singletons that compare with names and numpy's, and know their limits."""

import copy
import pickle

import ml_dtypes
import numpy as np
import pytest

from weft.base import dtypes
from weft.base.dtypes import as_dtype

EVERY = (*dtypes.ALL, dtypes.resource, dtypes.variant, *dtypes.QUANTIZED)


@pytest.mark.parametrize("dtype", EVERY, ids=lambda d: d.name)
def test_one_object_each(dtype):
    assert as_dtype(dtype.name) is dtype
    assert as_dtype(dtype.as_datatype_enum) is dtype
    assert as_dtype(dtype.as_datatype_enum + 100) is dtype  # TensorFlow's reference types
    assert pickle.loads(pickle.dumps(dtype)) is dtype and copy.deepcopy(dtype) is dtype
    assert dtype == dtype.name and hash(dtype) == hash(as_dtype(dtype.name))
    assert dtype.base_dtype is dtype


@pytest.mark.parametrize("dtype", dtypes.DENSE, ids=lambda d: d.name)
def test_numpy_and_back(dtype):
    assert as_dtype(dtype.numpy) is dtype and as_dtype(dtype.numpy.type) is dtype
    assert dtype == dtype.numpy and np.zeros(1, dtype.numpy).dtype == dtype.as_numpy_dtype
    assert dtype.size == dtype.numpy.itemsize
    assert as_dtype(np.dtype(dtype.numpy).newbyteorder(">")) is dtype or dtype is dtypes.bfloat16


@pytest.mark.parametrize(("value", "expected"), [
    ("float", "float32"), ("double", "float64"), ("half", "float16"), (float, "float32"), (int, "int32"),
    (bool, "bool"), (str, "string"), (complex, "complex128"), (np.str_("x").dtype, "string"), ("<U3", "string"),
    (np.array([1], np.int16), "int16"), (ml_dtypes.bfloat16, "bfloat16"), (1, "float32"),
])  # fmt: skip
def test_names_of_types(value, expected):
    assert as_dtype(value).name == expected


@pytest.mark.parametrize("value", ["float31", object(), "", None])
def test_what_is_no_type(value):
    with pytest.raises(TypeError, match="not an element type"):
        as_dtype(value)


def test_unknown_names_suggest():
    with pytest.raises(TypeError, match="float32"):
        as_dtype("flot32")


def test_families():
    assert dtypes.bfloat16.is_floating and not dtypes.bfloat16.is_integer
    assert dtypes.uint8.is_integer and dtypes.uint8.is_unsigned and not dtypes.int8.is_unsigned
    assert dtypes.bool_.is_bool and not dtypes.bool_.is_integer and not dtypes.bool_.is_numeric
    assert dtypes.complex64.is_complex and dtypes.complex64.real_dtype is dtypes.float32
    assert dtypes.string.is_host and not dtypes.resource.is_numpy_compatible
    assert dtypes.float32.is_compatible_with("float32") and not dtypes.float32.is_compatible_with("float64")


@pytest.mark.parametrize("dtype", [*dtypes.INTEGERS, *dtypes.FLOATS, dtypes.bool_], ids=lambda d: d.name)
def test_limits(dtype):
    low, high = dtype.limits
    assert (low, high) == (dtype.min, dtype.max) and low < high
    assert np.asarray(high, dtype.numpy) == high


def test_no_limits():
    with pytest.raises(TypeError, match="complex64"):
        dtypes.complex64.max


def test_comparisons_that_mean_nothing_are_false():
    assert dtypes.float32 != None  # noqa: E711
    assert dtypes.float32 != object() and dtypes.float32 != "nonsense"


def test_texts():
    assert repr(dtypes.float32) == "tf.float32" and str(dtypes.float32) == "<dtype: 'float32'>"


@pytest.mark.parametrize("dtype", dtypes.QUANTIZED, ids=lambda d: d.name)
def test_quantized_types_are_named_and_hold_nothing(dtype):
    assert dtype.is_quantized and not (dtype.is_integer or dtype.is_floating or dtype.is_numeric)
    assert as_dtype(dtype.as_numpy_dtype) is dtype and dtype in dtypes.QUANTIZED_DTYPES
    with pytest.raises(TypeError, match="no least and greatest"):
        _ = dtype.max

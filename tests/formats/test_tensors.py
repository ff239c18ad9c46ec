"""Arrays to and from TensorProto."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from tests.formats import golden
from tests.formats.damage import flips, peak_memory, refused
from weft.base.errors import DTypeError, InvalidArgumentError
from weft.formats.messages.tensor import DataType, TensorProto, TensorShapeProto
from weft.formats.tensors import (
    data_type,
    from_tensor_proto,
    numpy_dtype,
    shape_from_proto,
    shape_to_proto,
    to_tensor_proto,
)

NAMES = [*golden.DTYPES, "bfloat16", "string"]


def same(one, other):
    return one.dtype == other.dtype and one.shape == other.shape and np.array_equal(one, other)


def protos(name):
    return {form: bytes.fromhex(data) for form, data in golden.values()["tensor_protos"][name].items()}


@pytest.mark.parametrize("name", NAMES)
def test_protos_are_tensorflows_to_the_byte(name):
    array = golden.array(name)
    assert to_tensor_proto(array).SerializeToString() == protos(name)["array"]
    scalar = np.asarray(array.reshape(-1)[1], array.dtype)
    assert to_tensor_proto(scalar).SerializeToString() == protos(name)["scalar"]


@pytest.mark.parametrize("name", NAMES)
def test_every_form_is_read(name):
    array = golden.array(name)
    for form in ("array", "runtime"):
        assert same(from_tensor_proto(TensorProto.FromString(protos(name)[form])), array), form
    scalar = from_tensor_proto(TensorProto.FromString(protos(name)["scalar"]))
    assert same(scalar, np.asarray(array.reshape(-1)[1], array.dtype))


@pytest.mark.parametrize(
    "name",
    ["float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz", "float4_e2m1fn"]
    + ["int4", "uint4", "int2", "uint2"],
)
@pytest.mark.parametrize("shape", [(), (2,), (0, 3), (2, 3)])
def test_narrow_types_come_back(name, shape):
    array = (np.arange(int(np.prod(shape))).reshape(shape) % 2).astype(getattr(ml_dtypes, name))
    assert same(from_tensor_proto(TensorProto.FromString(to_tensor_proto(array).SerializeToString())), array)


def test_a_short_list_is_filled_up_with_its_last_value():
    assert from_tensor_proto(TensorProto.FromString(protos("repeated")["array"])).tolist() == [[7, 7], [7, 7]]
    shape = shape_to_proto((2, 2))
    assert from_tensor_proto(TensorProto(dtype=3, tensor_shape=shape, int_val=[1, 2])).tolist() == [[1, 2], [2, 2]]
    assert from_tensor_proto(TensorProto(dtype=3, tensor_shape=shape)).tolist() == [[0, 0], [0, 0]]
    filled = from_tensor_proto(TensorProto(dtype=7, tensor_shape=shape, string_val=[b"a"]))
    assert filled.tolist() == [[b"a", b"a"], [b"a", b"a"]]
    complex_ = from_tensor_proto(TensorProto(dtype=8, tensor_shape=shape, scomplex_val=[1, 2, 3, 4]))
    assert complex_.tolist() == [[1 + 2j, 3 + 4j], [3 + 4j, 3 + 4j]]


def test_texts_are_kept_as_utf8():
    assert from_tensor_proto(to_tensor_proto("Größe")).item() == "Größe".encode()
    assert from_tensor_proto(to_tensor_proto(np.array(["a", "bc"]))).tolist() == [b"a", b"bc"]
    with pytest.raises(DTypeError, match="int"):
        to_tensor_proto(np.array([b"a", 3], object))


def test_what_is_read_is_a_writable_array_of_its_own():
    for name in ("float32", "bool", "bfloat16", "uint8", "string"):
        array = from_tensor_proto(to_tensor_proto(golden.array(name)))
        array[0, 0] = array[1, 1]


def test_a_dtype_can_be_asked_for():
    proto = to_tensor_proto([1, 2], dtype=DataType.DT_HALF)
    assert from_tensor_proto(proto).dtype == np.float16
    assert from_tensor_proto(to_tensor_proto(np.array([1, 2], ">i4"))).tolist() == [1, 2]


@pytest.mark.parametrize("shape", [None, (), (2, None), (0, 3)])
def test_shapes_come_back(shape):
    assert shape_from_proto(shape_to_proto(shape)) == shape


def test_wrong_shapes_are_refused():
    dims = [TensorShapeProto.Dim(size=-2)]
    with pytest.raises(InvalidArgumentError, match="-2"):
        shape_from_proto(TensorShapeProto(dim=dims))
    unknown = TensorShapeProto(unknown_rank=True)
    for shape in (shape_to_proto((None,)), unknown, TensorShapeProto(dim=dims), shape_to_proto((1,) * 65)):
        with pytest.raises(InvalidArgumentError, match="shape"):
            from_tensor_proto(TensorProto(dtype=1, tensor_shape=shape, float_val=[1]))


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": 1, "float_val": [1, 2, 3]},
        {"dtype": 1, "tensor_content": b"1234567"},
        {"dtype": 7, "tensor_content": b"12345678"},
        {"dtype": 8, "scomplex_val": [1, 2, 3]},
        {"dtype": 7, "string_val": [b"", b"", b""]},
    ],
)
def test_values_that_do_not_fit_the_shape_are_refused(fields):
    with pytest.raises(InvalidArgumentError):
        from_tensor_proto(TensorProto(tensor_shape=shape_to_proto((2,)), **fields))


@pytest.mark.parametrize("dtype", [0, 20, 21, 77, 999])
def test_types_without_values_are_refused(dtype):
    with pytest.raises(DTypeError):
        from_tensor_proto(TensorProto(dtype=dtype))
    with pytest.raises(DTypeError):
        data_type("datetime64[s]")


def test_references_and_quantised_types_have_numpy_types():
    assert numpy_dtype(101) == np.float32
    assert numpy_dtype(DataType.DT_QUINT8) == np.uint8
    assert data_type(np.uint8) == DataType.DT_UINT8
    assert data_type("<U3") == data_type("S3") == data_type(object) == DataType.DT_STRING


@pytest.mark.parametrize("shape", [(1 << 40,), (1 << 31, 1 << 31), (1 << 62, 1 << 62, 1 << 62)])
def test_few_values_do_not_become_a_huge_array(shape):
    for fields in ({"dtype": 1, "float_val": [1]}, {"dtype": 1}, {"dtype": 7, "string_val": [b"x"]}):
        proto = TensorProto(tensor_shape=shape_to_proto(shape), **fields)
        with pytest.raises(InvalidArgumentError, match="max_expanded_bytes"):
            from_tensor_proto(proto)
        assert peak_memory(lambda proto=proto: refused(lambda: from_tensor_proto(proto))) < 1 << 16


def test_empty_arrays_of_absurd_shapes_are_read_or_refused():
    for shape in ((0, 1 << 62), (1 << 62, 0, 1 << 62), (0,) * 64):
        proto = TensorProto(dtype=1, tensor_shape=shape_to_proto(shape))
        if not refused(lambda proto=proto: from_tensor_proto(proto)):
            assert from_tensor_proto(proto).shape == shape


def test_damaged_protos_are_read_or_refused():
    for name in NAMES:
        for damaged in flips(protos(name)["array"], 300):
            # Bits of the values themselves may turn over unseen: a TensorProto has no checksum.
            refused(
                lambda damaged=damaged: from_tensor_proto(TensorProto.FromString(damaged), max_expanded_bytes=1 << 20)
            )

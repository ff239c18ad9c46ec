"""Varints, tags and packed arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.base.errors import DataLossError
from weft.formats import wire

RANGES = {
    "int32": (-(1 << 31), (1 << 31) - 1),
    "int64": (-(1 << 63), (1 << 63) - 1),
    "uint32": (0, (1 << 32) - 1),
    "uint64": (0, (1 << 64) - 1),
    "sint32": (-(1 << 31), (1 << 31) - 1),
    "sint64": (-(1 << 63), (1 << 63) - 1),
    "bool": (0, 1),
    "enum": (-(1 << 31), (1 << 31) - 1),
}


@given(st.integers(0, (1 << 64) - 1))
def test_varints_come_back(value):
    encoded = wire.encode_varint(value)
    assert wire.decode_varint(encoded, 0, len(encoded)) == (value, len(encoded))


@pytest.mark.parametrize(
    ("value", "encoded"), [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02"), (-1, "ff" * 9 + "01")]
)
def test_varints_are_what_protobuf_says(value, encoded):
    assert wire.encode_varint(value).hex() == encoded


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 9])
def test_a_cut_off_varint_is_refused(data):
    with pytest.raises(DataLossError, match="cut off"):
        wire.decode_varint(data, 0, len(data))


@pytest.mark.parametrize("data", [b"\xff" * 10, b"\x80" * 10 + b"\x01", b"\xff" * 9 + b"\x02"])
def test_a_varint_of_more_than_64_bits_is_refused(data):
    with pytest.raises(DataLossError, match="64 bits"):
        wire.decode_varint(data, 0, len(data))


def test_zigzag_keeps_small_magnitudes_small():
    assert [wire.zigzag_encode(value) for value in (0, -1, 1, -2, 2)] == [0, 1, 2, 3, 4]
    for value in (-(1 << 63), (1 << 63) - 1, -5, 7):
        assert wire.zigzag_decode(wire.zigzag_encode(value)) == value


@pytest.mark.parametrize("kind", RANGES)
@pytest.mark.parametrize("size", [0, 1, 5, 300, 70_000])
def test_packed_arrays_are_the_varints_one_after_another(kind, size):
    low, high = RANGES[kind]
    rng = np.random.default_rng(size)
    widths = rng.integers(0, 64, size)
    numbers = [
        max(low, min(high, int(number) >> int(width)))
        for number, width in zip(rng.integers(-(1 << 62), 1 << 62, size), widths)
    ]
    if size:
        numbers[0], numbers[-1] = low, high
    array = np.array(numbers, wire.VARINT_KINDS[kind])
    encoded = wire.encode_packed(kind, array)
    if size <= 300:
        assert encoded == b"".join(wire.number_to_varint(kind, int(number)) for number in array)
    decoded = wire.decode_packed(kind, b"xx" + encoded + b"\x80", 2, 2 + len(encoded))
    assert decoded.dtype == array.dtype
    assert np.array_equal(decoded, array)


@pytest.mark.parametrize("kind", wire.FIXED_KINDS)
def test_fixed_width_arrays_come_back(kind):
    array = np.array([0, 1, 2, 100], wire.FIXED_KINDS[kind])
    encoded = wire.encode_packed(kind, array)
    assert np.array_equal(wire.decode_packed(kind, encoded, 0, len(encoded)), array)
    with pytest.raises(DataLossError, match="whole"):
        wire.decode_packed(kind, encoded, 0, len(encoded) - 1)


@pytest.mark.parametrize(
    "data", [b"\x80" * 100, b"\x01" * 50 + b"\x80", b"\x01" * 50 + b"\xff" * 10 + b"\x01", b"\xff" * 9 + b"\x7f"]
)
def test_damaged_packed_arrays_are_refused(data):
    with pytest.raises(DataLossError):
        wire.decode_packed("uint64", data, 0, len(data))


@pytest.mark.parametrize(("tag", "problem"), [(3, "group"), (4, "group"), (6, "wire type 6"), (7, "wire type 7")])
def test_groups_and_wire_types_that_do_not_exist_are_refused(tag, problem):
    with pytest.raises(DataLossError, match=problem):
        wire.skip_value(b"\x00" * 20, 0, 20, tag, 1)


def test_the_field_number_0_is_refused():
    with pytest.raises(DataLossError, match="field number 0"):
        wire.decode_tag(b"\x00", 0, 1)


@pytest.mark.parametrize("wire_type", [wire.VARINT, wire.FIXED32, wire.FIXED64, wire.BYTES])
def test_values_that_reach_past_the_end_are_refused(wire_type):
    with pytest.raises(DataLossError):
        wire.skip_value(b"\xff\xff\xff", 0, 3, wire_type, 1)

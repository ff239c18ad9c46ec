"""CRC-32C, against the published values and against the definition."""

from __future__ import annotations

import numpy as np
import pytest

from weft.formats.crc32c import crc32c, mask, masked_crc32c, unmask


def by_definition(data: bytes, crc: int = 0) -> int:
    """One bit at a time."""
    remainder = crc ^ 0xFFFFFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0x82F63B78 if remainder & 1 else 0)
    return remainder ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_published_values(data, crc):
    assert crc32c(data) == crc


# Around every size at which the way of computing changes.
SIZES = [*range(40), 1023, 1024, 1025, 1031, 1032, 1033, 8191, 8192, 8200, 8201, 65_536, 65_545, 66_000, 140_007]


@pytest.mark.parametrize("size", SIZES)
def test_every_way_of_computing_agrees_with_the_definition(size):
    rng = np.random.default_rng(size)
    data = rng.integers(0, 256, size, np.uint8).tobytes()
    start = int(rng.integers(0, 1 << 32))
    if size <= 9000:
        assert crc32c(data, start) == by_definition(data, start)
    cut = size // 3
    assert crc32c(data, start) == crc32c(data[cut:], crc32c(data[:cut], start))
    pieces = start
    for begin in range(0, size, 1000):
        pieces = crc32c(data[begin : begin + 1000], pieces)
    assert pieces == crc32c(data, start)


@pytest.mark.parametrize("size", [3, 30, 3000, 200_000])
def test_any_buffer_will_do(size):
    data = np.arange(size).astype(np.uint8)
    expected = crc32c(data.tobytes())
    assert crc32c(bytearray(data)) == crc32c(memoryview(data)) == crc32c(data.data) == expected
    assert crc32c(memoryview(b"x" + data.tobytes())[1:]) == expected  # not aligned


def test_one_flipped_bit_changes_it():
    data = bytearray(range(256)) * 300
    crc = crc32c(data)
    for place in range(0, len(data), 997):
        data[place] ^= 4
        assert crc32c(data) != crc
        data[place] ^= 4


def test_masking_is_undone():
    for crc in (0, 1, 0xFFFFFFFF, 0xE3069283):
        assert unmask(mask(crc)) == crc
    assert mask(0) == 0xA282EAD8
    assert masked_crc32c(b"123456789") == mask(0xE3069283)

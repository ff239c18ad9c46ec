"""Hashes against published numbers; those of TensorFlow are checked through `tf.strings`."""

from weft.base import hashing


def test_siphash_of_the_paper():
    key = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
    assert hashing.siphash(bytes(range(15)), key) == 0xA129CA6149BE45E5
    assert hashing.siphash(b"", key) == 0x726FDB47DD0E0E31


def test_negative_keys_count_modulo_two_to_the_64():
    assert hashing.siphash(b"weft", (-1, 2)) == hashing.siphash(b"weft", (2**64 - 1, 2))


def test_all_are_64_bits_wide_at_every_length():
    for size in range(200):
        text = bytes(i * 37 % 256 for i in range(size))
        for value in (hashing.fingerprint64(text), hashing.murmur64(text), hashing.siphash(text, (1, 2))):
            assert 0 <= value < 2**64
    assert len({hashing.fingerprint64(b"a" * size) for size in range(200)}) == 200

"""PNG files of 16 bits, and what JPEG files are written with."""

import struct
import zlib

import numpy as np
import pytest

import weft as tf

pytest.importorskip("PIL", reason="Pillow reads and writes the images: pip install 'weft[image]'")

RANDOM = np.random.RandomState(0)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bits_are_written_and_read(channels):
    image = RANDOM.randint(0, 65536, (5, 7, channels)).astype(np.uint16)
    data = tf.io.encode_png(image)
    np.testing.assert_array_equal(tf.io.decode_png(data, dtype=tf.uint16), image)
    np.testing.assert_array_equal(tf.io.decode_image(data, dtype=tf.uint16), image)
    np.testing.assert_array_equal(tf.io.decode_png(data), image >> 8)
    if channels > 1:
        found = tf.io.decode_image(data, dtype=tf.float32).numpy()
        np.testing.assert_array_equal(found, tf.image.convert_image_dtype(image, tf.float32))


def test_16_bits_in_other_channels():
    """TensorFlow's numbers."""
    colours = np.array([[[2732, 43567, 42613, 52416]]], np.uint16)
    data = tf.io.encode_png(colours)
    assert tf.io.decode_png(data, 1, tf.uint16).numpy().tolist() == [[[31249]]]
    assert tf.io.decode_png(data, 3, tf.uint16).numpy().tolist() == [[[2732, 43567, 42613]]]
    grey = tf.io.encode_png(colours[..., :2])
    assert tf.io.decode_png(grey, 4, tf.uint16).numpy().tolist() == [[[2732, 2732, 2732, 43567]]]
    assert tf.io.decode_png(grey, 1, tf.uint16).numpy().tolist() == [[[2732]]]
    one = tf.io.encode_png(colours[..., :1])
    assert tf.io.decode_png(one, 4, tf.uint16).numpy().tolist() == [[[2732, 2732, 2732, 65535]]]


def _chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _nearest(left, up, corner):
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_rows_are_written_as_differences_of_five_kinds(channels):
    image = RANDOM.randint(0, 65536, (6, 5, channels)).astype(np.uint16)
    step = 2 * channels
    rows = [bytes(step) + row.astype(">u2").tobytes() for row in image]
    content, above = b"", bytes(len(rows[0]))
    for place, row in enumerate(rows):
        kind = place % 5
        guesses = [(0, row[i - step], above[i], (row[i - step] + above[i]) // 2,
                    _nearest(row[i - step], above[i], above[i - step]))[kind] for i in range(step, len(row))]
        content += bytes([kind]) + bytes((a - b) % 256 for a, b in zip(row[step:], guesses, strict=True))
        above = row
    header = struct.pack(">IIBBBBB", 5, 6, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
    packed = zlib.compress(content)
    end = _chunk(b"IEND", b"")
    data = start + _chunk(b"IDAT", packed[:20]) + _chunk(b"IDAT", packed[20:]) + end
    np.testing.assert_array_equal(tf.io.decode_png(data, dtype=tf.uint16), image)
    for damaged in (start + _chunk(b"IDAT", packed[:-20]) + end, start + _chunk(b"IDAT", b"no" + packed) + end,
                    data.replace(packed[:20], packed[1:20] + b"x"), start + end):  # fmt: skip
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.io.decode_png(damaged, dtype=tf.uint16)


def test_jpeg_files_keep_what_they_are_written_with():
    image = RANDOM.randint(0, 256, (4, 6, 3)).astype(np.uint8)
    plain = tf.io.encode_jpeg(image).numpy()
    assert plain[:20] == b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x01\x01,\x01,\x00\x00"
    centimetres = tf.io.encode_jpeg(image, density_unit="cm", x_density=100, y_density=50).numpy()
    assert centimetres[11:18] == b"\x01\x01\x02\x00d\x002"
    told = tf.io.encode_jpeg(image, xmp_metadata="a text").numpy()
    assert b"a text" in told
    np.testing.assert_array_equal(tf.io.decode_jpeg(told), tf.io.decode_jpeg(plain))
    grey = tf.io.decode_jpeg(tf.io.encode_jpeg(image[..., :1], format="grayscale"))
    assert grey.shape == (4, 6, 1)
    for wrong in ({"format": "grayscale"}, {"format": "other"}, {"density_unit": "mile"}, {"quality": 101},
                  {"quality": -1}, {"xmp_metadata": "x" * 70000}):  # fmt: skip
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.io.encode_jpeg(image, **wrong)
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.io.encode_jpeg(image[..., :1], format="rgb")


def test_a_file_of_inks_has_four_channels():
    import io

    from PIL import Image

    written = io.BytesIO()
    Image.new("CMYK", (5, 4)).save(written, "JPEG")
    assert tf.io.extract_jpeg_shape(written.getvalue()).numpy().tolist() == [4, 5, 4]

"""JPEG files give TensorFlow's pixels: to the bit with simplejpeg, nearly so with Pillow alone."""

import numpy as np
import pytest

import weft as tf
from tests.golden.recipes import Golden
from weft.api.image import jpeg

pytest.importorskip("PIL", reason="Pillow reads the images: pip install 'weft[image]'")

GOLDEN = Golden("jpeg")
CASES = [(name, str(manner), manner) for name, case in GOLDEN.cases.items() for manner in case["manners"]]
READ = [case for case in CASES if "/".join(case[:2]) in GOLDEN]
REFUSED = [name for name in GOLDEN.cases if f"{name}/{{}}" not in GOLDEN]


def content(name):
    return GOLDEN[f"{name}/file"].tobytes()


@pytest.mark.skipif(jpeg.library() is None, reason="simplejpeg reads JPEG files so: pip install 'weft[image]'")
@pytest.mark.parametrize(("name", "key", "manner"), READ, ids=lambda part: part if isinstance(part, str) else "")
def test_the_same_bits(name, key, manner):
    found = tf.io.decode_jpeg(content(name), **manner).numpy()
    expected = GOLDEN[f"{name}/{key}"]
    if "ratio" in manner and name.startswith("1x1"):  # a pixel is left to Pillow
        assert found.shape == expected.shape and np.abs(found.astype(int) - expected).max() < 4
        return
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("name", "key", "manner"), READ, ids=lambda part: part if isinstance(part, str) else "")
def test_nearly_so_by_pillow(name, key, manner, monkeypatch):
    monkeypatch.setattr(jpeg, "library", lambda: None)
    found = tf.io.decode_jpeg(content(name), **manner).numpy()
    expected = GOLDEN[f"{name}/{key}"]
    assert found.shape == expected.shape
    narrow = "ratio" in manner and expected.shape[1] == 1  # what lies beyond the picture counts in its block, too
    if "fancy_upscaling" not in manner and not narrow:
        assert np.abs(found.astype(int) - expected).max() <= 8


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("pillow", [False, True])
def test_what_is_cut_short_is_refused(name, pillow, monkeypatch):
    if pillow:
        monkeypatch.setattr(jpeg, "library", lambda: None)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"tf\.image\.decode_jpeg"):
        tf.io.decode_jpeg(content(name))


def test_other_decoders_read_jpeg_files_alike():
    data = content("progressive")
    pixels = tf.io.decode_jpeg(data).numpy()
    np.testing.assert_array_equal(tf.io.decode_image(data).numpy(), pixels)
    np.testing.assert_array_equal(tf.io.decode_image(data, expand_animations=False).numpy(), pixels)
    np.testing.assert_array_equal(tf.io.decode_png(data).numpy(), pixels)
    wide = tf.io.decode_png(data, dtype=tf.uint16).numpy()
    np.testing.assert_array_equal(wide, pixels.astype(np.uint16) * 257)
    accurate = tf.io.decode_jpeg(data, dct_method="INTEGER_ACCURATE").numpy()
    cut = tf.image.decode_and_crop_jpeg(data, [2, 3, 9, 11], dct_method="INTEGER_ACCURATE").numpy()
    np.testing.assert_array_equal(cut, accurate[2:11, 3:14])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"expected image \(BMP\)"):
        tf.image.decode_bmp(data)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="INTEGER_ACCURATE"):
        tf.io.decode_jpeg(content("grey"), dct_method="FLOAT")


def test_a_large_picture_is_refused_before_it_is_read(monkeypatch):
    from weft.api.image import codecs

    monkeypatch.setattr(codecs, "_MOST", 100)
    with pytest.raises(tf.errors.InvalidArgumentError, match="too large"):
        tf.io.decode_jpeg(content("grey"))


@pytest.mark.parametrize("pillow", [False, True])
def test_what_is_there_of_a_file_cut_short(pillow, monkeypatch):
    """Each call decides for itself: Pillow's own switch, which is every thread's, is not touched."""
    if pillow:
        monkeypatch.setattr(jpeg, "library", lambda: None)
    switched = []
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", False)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load_prepare", _watching(switched))
    image = np.tile(np.arange(64, dtype=np.uint8)[:, None, None] * 4, (1, 64, 3))
    data = tf.io.encode_jpeg(image).numpy()
    found = tf.io.decode_jpeg(data[: len(data) * 2 // 3], try_recover_truncated=True).numpy()
    assert found.shape == (64, 64, 3)
    assert np.abs(found[:16].astype(int) - image[:16]).max() < 8
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.io.decode_jpeg(data[: len(data) * 2 // 3])
    assert not any(switched)


def _watching(switched):
    from PIL import ImageFile

    plain = ImageFile.ImageFile.load_prepare

    def load_prepare(self):
        switched.append(ImageFile.LOAD_TRUNCATED_IMAGES)
        plain(self)

    return load_prepare

"""tf.image gives what TensorFlow's gives, eager and traced with unknown sizes, and refuses what it refuses."""

import importlib.util
import io
import json
from pathlib import Path

import numpy as np
import pytest

import weft as tf
from tests.golden.recipes import Golden

pytest.importorskip("PIL", reason="Pillow reads and writes the images: pip install 'weft[image]'")

ROOT = Path(__file__).parents[2]
GOLDEN = Golden("image")


def _load():
    spec = importlib.util.spec_from_file_location("image_programs", ROOT / "tools/goldens/image_programs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


programs = _load()
NAMES = programs.names(tf)
REFUSED = json.loads(str(GOLDEN["refused"]))


def tolerance(text):
    """Absolute error: TensorFlow's own kernels for hues differ from the formulas by roundings."""
    return 2e-5 if any(word in text for word in ("hue", "saturation", "hsv", "ssim", "standard", "psnr")) else 3e-6


@pytest.mark.parametrize("number", range(len(programs.PROGRAMS)), ids=programs.PROGRAMS)
def test_as_in_tensorflow(number):
    text = programs.PROGRAMS[number]
    result = eval(text, dict(NAMES))
    parts = list(result) if isinstance(result, (tuple, list)) else [result]
    for place, part in enumerate(parts):
        expected = GOLDEN[f"{number}/{place}"]
        found = np.asarray(part)
        assert found.dtype == expected.dtype and found.shape == expected.shape
        if found.dtype.kind == "f":
            size = max(1.0, float(np.abs(expected).max(initial=0)))
            np.testing.assert_allclose(found, expected, rtol=3e-5, atol=size * tolerance(text))
        else:  # a value between two integers may fall on either side of a rounding
            assert np.abs(found.astype(int) - expected.astype(int)).max(initial=0) <= ("adjust" in text)


@pytest.mark.parametrize("text", programs.REFUSED)
def test_refused_as_in_tensorflow(text):
    kind = getattr(tf.errors, REFUSED[text], ValueError)
    with pytest.raises((kind, ValueError)):
        eval(text, dict(NAMES))


IMAGES = np.random.default_rng(1).random((2, 9, 8, 3)).astype("float32")


@pytest.mark.parametrize("function", [
    lambda x: tf.image.resize(x, (4, 5)), lambda x: tf.image.resize(x, (12, 5), "bicubic", antialias=True),
    lambda x: tf.image.resize(x, (3, 3), "nearest"), lambda x: tf.image.resize_with_pad(x, 11, 6),
    lambda x: tf.image.resize(x, (6, 6), preserve_aspect_ratio=True),
    lambda x: tf.image.resize_with_crop_or_pad(x, 11, 4), lambda x: tf.image.central_crop(x, 0.5),
    lambda x: tf.image.flip_left_right(x), lambda x: tf.image.rot90(x, 3), lambda x: tf.image.sobel_edges(x),
    lambda x: tf.image.per_image_standardization(x), lambda x: tf.image.adjust_contrast(x, 0.5),
    lambda x: tf.image.rgb_to_hsv(x), lambda x: tf.image.total_variation(x),
    lambda x: tf.image.extract_patches(x, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME"),
    lambda x: tf.image.ssim(x, x * 0.9, 1.0, filter_size=5),
])  # fmt: skip
def test_unknown_sizes(function):
    traced = tf.function(function, input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)])
    np.testing.assert_allclose(traced(tf.constant(IMAGES)), function(tf.constant(IMAGES)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("function", [
    lambda x: tf.image.resize(x, (4, 5)), lambda x: tf.image.crop_and_resize(x, [[0.1, 0, 0.8, 1]], [1], [3, 3]),
    lambda x: tf.image.adjust_gamma(x, 1.7), lambda x: tf.image.ssim(x, x * x, 1.0, filter_size=3),
])  # fmt: skip
def test_gradients(function):
    x = tf.constant(IMAGES)
    direction = np.random.default_rng(2).standard_normal(IMAGES.shape).astype("float32")
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.square(function(x)))
    along = float(tf.reduce_sum(tape.gradient(y, x) * direction))
    step = 1e-3
    numeric = [float(tf.reduce_sum(tf.square(function(x + sign * step * direction)))) for sign in (1, -1)]
    assert along == pytest.approx((numeric[0] - numeric[1]) / (2 * step), rel=2e-2, abs=2e-2)


def test_random_changes_vary_and_can_be_repeated():
    x = tf.constant(IMAGES)
    for change in (lambda: tf.image.random_flip_left_right(x), lambda: tf.image.random_brightness(x, 0.5),
                   lambda: tf.image.random_crop(x, [2, 3, 3, 3]), lambda: tf.image.random_hue(x, 0.4),
                   lambda: tf.image.random_contrast(x, 0.1, 0.9),
                   lambda: tf.image.random_saturation(x, 0.1, 0.9)):  # fmt: skip
        tf.random.set_seed(5)
        first = [change().numpy().tobytes() for _ in range(6)]
        tf.random.set_seed(5)
        assert first == [change().numpy().tobytes() for _ in range(6)]
        assert len(set(first)) > 1


def test_files_are_read_in_pipelines(tmp_path):
    from PIL import Image

    pixels = (IMAGES[0] * 255).astype("uint8")
    for kind in ("jpg", "png", "bmp", "gif"):
        Image.fromarray(pixels).save(tmp_path / f"picture.{kind}")
    paths = tf.data.Dataset.list_files(str(tmp_path / "*"), shuffle=False)

    def load(path):
        image = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
        return tf.image.resize(tf.image.convert_image_dtype(image, tf.float32), (4, 4))

    batch = next(iter(paths.map(load).batch(4)))
    assert batch.shape == [4, 4, 4, 3]
    np.testing.assert_allclose(batch[0], batch[3], atol=1e-6)  # bmp and png lose nothing
    assert np.abs(batch[3] - batch[2]).max() < 0.35
    gif = tf.io.decode_gif(tf.io.read_file(str(tmp_path / "picture.gif")))
    assert gif.shape == [1, 9, 8, 3]
    whole = tf.io.decode_image(tf.io.read_file(str(tmp_path / "picture.png")))
    np.testing.assert_array_equal(whole, pixels)


def test_jpeg_pixels_are_near_what_was_written():
    smooth = np.linspace(0, 255, 32 * 32 * 3).reshape(32, 32, 3).astype("uint8")
    data = tf.io.encode_jpeg(smooth, quality=95)
    assert bool(tf.io.is_jpeg(data))
    found = tf.io.decode_jpeg(data)
    assert found.dtype is tf.uint8 and np.abs(found.numpy().astype(int) - smooth).max() < 12
    assert tf.io.decode_jpeg(data, ratio=2).shape == [16, 16, 3]
    assert tf.io.decode_jpeg(data, channels=1).shape == [32, 32, 1]
    assert tf.image.decode_and_crop_jpeg(data, [2, 3, 10, 11]).shape == [10, 11, 3]
    worse = tf.image.adjust_jpeg_quality(tf.constant(smooth), 5)
    assert worse.shape == [32, 32, 3] and not np.array_equal(worse, smooth)


def test_damaged_files_are_refused():
    data = tf.io.encode_png(np.zeros((40, 40, 3), "uint8")).numpy()
    for wrong in (data[:60], b"", b"\x89PNG\r\n", data[:30] + b"\x00" * 60):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"tf\.image\.decode_png"):
            tf.io.decode_png(wrong)
    with pytest.raises(tf.errors.InvalidArgumentError, match="one file"):
        tf.io.decode_png([data, data])
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected image"):
        tf.image.decode_bmp(data)


def test_a_file_that_claims_to_be_huge_is_not_read():
    from PIL import Image

    small = io.BytesIO()
    Image.new("L", (8, 8)).save(small, "BMP")
    data = bytearray(small.getvalue())
    data[18:26] = (60000).to_bytes(4, "little") + (60000).to_bytes(4, "little")
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.image.decode_bmp(bytes(data))


def test_files_and_tensors_as_strings(tmp_path):
    path = str(tmp_path / "deep" / "note.txt")
    tf.io.write_file(path, "three words here")
    assert tf.io.read_file(path).numpy() == b"three words here"
    assert tf.io.matching_files(str(tmp_path / "*" / "*.txt")).numpy().tolist() == [path.encode()]
    with pytest.raises(tf.errors.NotFoundError, match="nothing"):
        tf.io.read_file(str(tmp_path / "nothing"))
    for value in (tf.constant([[1.5, 2.0]]), tf.constant(["a", "b"]), tf.constant(3, tf.int64)):
        again = tf.io.parse_tensor(tf.io.serialize_tensor(value), value.dtype)
        assert again.numpy().tolist() == value.numpy().tolist()
    with pytest.raises(tf.errors.InvalidArgumentError, match="another dtype"):
        tf.io.parse_tensor(tf.io.serialize_tensor([1]), tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="no tensor"):
        tf.io.parse_tensor(b"\xff\xff\xff", tf.float32)
    assert tf.io.gfile.exists(path) and tf.io.gfile.listdir(str(tmp_path)) == ["deep"]
    assert tf.io.gfile.join(str(tmp_path), "a", "b").endswith("a/b")
    with tf.io.gfile.GFile(path) as file:
        assert file.read() == "three words here"


def test_a_box_outside_of_the_image_is_refused_in_functions_too():
    @tf.function
    def cropped(x, top, rows):
        return tf.image.crop_to_bounding_box(x, top, 0, rows, 4)

    x = tf.ones([6, 6, 1])
    assert cropped(x, tf.constant(1), tf.constant(5)).shape == (5, 4, 1)
    for top, rows in ((3, 5), (-1, 5), (1, 6), (1, 0)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            cropped(x, tf.constant(top), tf.constant(rows))
    unknown = tf.function(lambda x: tf.image.crop_to_bounding_box(x, 3, 0, 5, 4),
                          input_signature=[tf.TensorSpec([None, None, 1])])  # fmt: skip
    assert unknown(tf.ones([8, 4, 1])).shape == (5, 4, 1)
    with pytest.raises(tf.errors.InvalidArgumentError):
        unknown(x)


def test_whole_files_of_any_kind_are_read(tmp_path):
    import os
    import threading

    empty, pipe = tmp_path / "empty", tmp_path / "pipe"
    empty.write_bytes(b"")
    assert tf.io.read_file(str(empty)).numpy() == b""
    with pytest.raises(tf.errors.NotFoundError, match="none"):
        tf.io.read_file(str(tmp_path / "none"))
    with pytest.raises(tf.errors.OpError, match=str(tmp_path)):
        tf.io.read_file(str(tmp_path))
    if hasattr(os, "mkfifo"):
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_bytes, args=(b"ab" * 100_000,))
        writer.start()
        assert tf.io.read_file(str(pipe)).numpy() == b"ab" * 100_000
        writer.join()


def test_the_nearest_pixel_of_two_is_the_greater():
    image = tf.reshape(tf.range(42.0), [1, 6, 7, 1])
    found = tf.image.crop_and_resize(image, [[0.1, 0.2, 0.8, 0.9]], [0], [2, 2], method="nearest")
    assert found.numpy().ravel().tolist() == [8.0, 12.0, 29.0, 33.0]


@pytest.mark.parametrize("method", ["bilinear", "area", "bicubic", "lanczos3"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_floats_are_resized_in_float32(method, dtype):
    images = tf.cast(IMAGES, dtype)
    for x in (images, images[0]):
        found = tf.image.resize(x, [5, 11], method)
        assert found.dtype == tf.float32
        np.testing.assert_array_equal(found, tf.image.resize(tf.cast(x, tf.float32), [5, 11], method))


def test_standardized_images_are_float32():
    found = tf.image.per_image_standardization(tf.cast(IMAGES, tf.float16))
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found.numpy().mean(axis=(1, 2, 3)), 0.0, atol=1e-6)


@pytest.mark.parametrize("name", ["rgb_to_hsv", "hsv_to_rgb", "rgb_to_yiq", "yiq_to_rgb", "rgb_to_yuv", "yuv_to_rgb"])
def test_colours_of_integers_are_refused(name):
    for dtype in (tf.uint8, tf.int32):
        with pytest.raises(TypeError, match="convert_image_dtype"):
            getattr(tf.image, name)(tf.zeros([2, 2, 3], dtype))


def test_variation_of_integers_without_a_sign_is_refused():
    with pytest.raises(TypeError, match="without a sign"):
        tf.image.total_variation(tf.constant([[[1], [0]]], tf.uint8))
    assert int(tf.image.total_variation(tf.constant([[[1], [0]]], tf.int32))) == 1

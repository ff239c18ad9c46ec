"""Image layers: Keras' numbers under a seed, single images, channels first, graphs, dicts, what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from tests.golden import recipes
from weft import extend, keras
from weft.keras import layers

GOLDEN = recipes.Golden("keras_images")


def make(name: str, **more: Any) -> Any:
    case = GOLDEN.cases[name]
    config = {key: tuple(value) if isinstance(value, list) else value for key, value in case["config"].items()}
    return getattr(layers, case["layer"])(**config, **more)


def images(name: str) -> np.ndarray:
    case = GOLDEN.cases[name]
    pictures = GOLDEN["Resizing_0/input"]
    return (pictures[0] if len(case["shape"]) == 3 else pictures).astype(case["dtype"])


@pytest.mark.parametrize("name", GOLDEN.cases)
def test_golden(name: str) -> None:
    found = np.asarray(make(name)(tf.constant(images(name)), training=True))
    expected = GOLDEN[f"{name}/output"]
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_allclose(found.astype(np.float64), expected, rtol=1e-5, atol=2e-3)


@pytest.mark.parametrize("name", [name for name in GOLDEN.cases if "channels" not in name])
def test_in_a_graph_of_unknown_sizes_and_from_a_configuration(name: str) -> None:
    layer = make(name)
    data = images(name)
    known = layer.__class__.__name__ in ("CenterCrop", "RandomCrop")
    spec = tf.TensorSpec(data.shape if known else [None] * (data.ndim - 1) + [3], data.dtype)
    traced = tf.function(lambda x: layer(x, training=True), input_signature=[spec])
    expected = GOLDEN[f"{name}/output"]
    np.testing.assert_allclose(
        np.asarray(traced(data)).astype(np.float64), expected.astype(np.float64), rtol=1e-5, atol=2e-3
    )
    again = layers.deserialize(layers.serialize(layer))
    np.testing.assert_allclose(again(data, training=True), expected, rtol=1e-5, atol=2e-3)


@pytest.mark.parametrize(
    "name", ["Resizing_1", "CenterCrop_0", "RandomFlip_2", "RandomRotation_0", "RandomHue_0", "RandomSharpness_0"]
)
def test_channels_first(name: str) -> None:
    class_ = GOLDEN.cases[name]["layer"]
    layer = make(name, data_format="channels_first")
    found = layer(np.moveaxis(images(name), 3, 1), training=True)
    np.testing.assert_allclose(
        np.moveaxis(np.asarray(found), 1, 3), GOLDEN[f"{name}/output"], rtol=1e-5, atol=2e-3, err_msg=class_
    )


@pytest.mark.parametrize("name", [name for name in GOLDEN.cases if name.endswith("_0") and name.startswith("Random")])
def test_inference_changes_nothing_and_shapes_are_known(name: str) -> None:
    layer = make(name)
    data = images(name)
    if "Crop" not in name:
        np.testing.assert_array_equal(layer(data, training=False), data)
        assert layer.compute_output_shape((None, 20, 30, 3)) == (None, 20, 30, 3)
    symbolic = layer(keras.Input((20, 30, 3)))
    assert symbolic.dtype == "float32" and tuple(symbolic.shape)[0] is None


def test_random_crop_is_the_middle_in_inference() -> None:
    x = np.arange(36, dtype=np.float32).reshape(1, 6, 6, 1)
    found = np.asarray(layers.RandomCrop(4, 4)(x, training=False))
    assert found.shape == (1, 4, 4, 1)  # the middle of the largest square, made smaller
    np.testing.assert_allclose(found.mean(), x.mean(), rtol=1e-5)
    model = keras.Sequential([keras.Input((6, 6, 1)), layers.RandomCrop(4, 4), layers.Flatten(), layers.Dense(2)])
    assert model.predict(x, verbose=0).shape == (1, 2)


def test_a_model_augments_in_training_alone() -> None:
    model = keras.Sequential([keras.Input((4, 4, 1)), layers.RandomFlip("horizontal", seed=3), layers.Rescaling(2.0)])
    x = np.arange(32, dtype=np.float32).reshape(2, 4, 4, 1)
    np.testing.assert_array_equal(model.predict(x, verbose=0), x * 2)
    drawn = {np.asarray(model(x, training=True)).tobytes() for _ in range(8)}
    assert len(drawn) > 1


def test_draws_in_a_step_go_on() -> None:
    layer = layers.RandomBrightness(0.3, seed=1)
    step = extend.function(lambda x: layer(x, training=True))
    x = np.full((1, 2, 2, 3), 100.0, np.float32)
    assert len({float(np.asarray(step(x)).mean()) for _ in range(5)}) == 5


def test_dicts() -> None:
    layer = layers.RandomFlip("horizontal", seed=7)
    x = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3)
    found = layer({"images": x, "labels": np.array([1]), "segmentation_masks": x[..., :1]}, training=True)
    assert set(found) == {"images", "labels", "segmentation_masks"}
    flipped = not np.array_equal(found["images"], x)
    expected = x[..., ::-1, :1] if flipped else x[..., :1]
    np.testing.assert_array_equal(found["segmentation_masks"], expected)
    with pytest.raises(NotImplementedError, match="bounding_boxes"):
        layer({"images": x, "bounding_boxes": x})


def test_saturation_of_small_ranges() -> None:
    x = np.array([[[[1.0, 0.5, 0.25], [0.2, 0.4, 0.3]]]], np.float32)
    found = layers.RandomSaturation((0.6, 0.6), value_range=(0, 1))(x, training=True)
    np.testing.assert_allclose(found, [[[[1.0, 1 / 3, 0.0], [0.1, 0.4, 0.25]]]], atol=1e-3)


def test_gradients_go_through_resizing_and_maps() -> None:
    x = tf.constant(images("Resizing_0"))
    for layer in (layers.Resizing(3, 4), layers.Resizing(9, 8, interpolation="bicubic"), layers.RandomRotation(0.2)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(layer(x, training=True))
        gradient = np.asarray(tape.gradient(total, x))
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0


@pytest.mark.parametrize(
    ("make_layer", "words"),
    [
        (lambda: layers.Resizing(2, 2, interpolation="linear"), ["interpolation", "bilinear"]),
        (lambda: layers.Resizing(2, 2, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), ["pad_to_aspect_ratio"]),
        (lambda: layers.Resizing(0, 2), ["height"]),
        (lambda: layers.RandomFlip("sideways"), ["mode", "horizontal"]),
        (lambda: layers.RandomRotation(1.5), ["factor", "1.5"]),
        (lambda: layers.RandomZoom(-1.0), ["-1"]),
        (lambda: layers.RandomTranslation(0.1, (0.1, 0.2, 0.3)), ["width_factor"]),
        (lambda: layers.RandomRotation(0.1, fill_mode="edge"), ["fill_mode", "nearest"]),
        (lambda: layers.RandomContrast(-0.2), ["factor"]),
        (lambda: layers.RandomBrightness(0.2, value_range=(1, 0)), ["value_range"]),
        (lambda: layers.RandomGaussianBlur(kernel_size=2), ["kernel_size"]),
        (lambda: layers.RandomPosterization(9), ["factor", "9"]),
        (lambda: layers.CenterCrop(2, 2)(np.ones((2, 2))), ["(2, 2)", "channels"]),
        (lambda: layers.CenterCrop(2, 2)(keras.Input((None, None, 3))), ["known size", "Resizing"]),
    ],
)
def test_refused(make_layer: Any, words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        make_layer()
    assert all(word in str(caught.value) for word in words), caught.value


def test_mixing_up() -> None:
    x = np.arange(4 * 12, dtype=np.float32).reshape(4, 2, 2, 3)
    layer = layers.MixUp(alpha=1.0, seed=3)
    found = layer({"images": x, "labels": np.eye(4, dtype=np.float32)})
    shares = np.asarray(found["labels"])
    np.testing.assert_allclose(shares.sum(1), np.ones(4), rtol=1e-5)
    np.testing.assert_allclose(found["images"], np.tensordot(shares, x, 1), rtol=1e-4)
    np.testing.assert_array_equal(layer(x, training=False), x)
    with pytest.raises(ValueError, match="to_categorical"):
        layer({"images": x, "labels": np.arange(4)})
    with pytest.raises(ValueError, match="alpha"):
        layers.MixUp(alpha=0)


def test_pipeline() -> None:
    flip = layers.RandomFlip("horizontal", seed=1)
    pipeline = layers.Pipeline([layers.Rescaling(0.5), flip, layers.CenterCrop(2, 2)])
    x = np.arange(48, dtype=np.float32).reshape(1, 4, 4, 3)
    np.testing.assert_array_equal(pipeline(x, training=False), x[:, 1:3, 1:3] / 2)
    again = layers.deserialize(layers.serialize(pipeline))
    assert [type(layer).__name__ for layer in again.layers] == ["Rescaling", "RandomFlip", "CenterCrop"]
    np.testing.assert_array_equal(again(x, training=False), pipeline(x, training=False))
    assert pipeline(keras.Input((4, 4, 3))).shape == (None, 2, 2, 3)
    with pytest.raises(TypeError, match="list of layers"):
        layers.Pipeline([3])

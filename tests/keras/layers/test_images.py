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
    known = layer.__class__.__name__ in ("CenterCrop", "RandomCrop", "RandomElasticTransform")
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
    with pytest.raises(ValueError, match="bounding_box_format='xyxy'"):
        layer({"images": x, "bounding_boxes": {"boxes": np.zeros((1, 1, 4)), "labels": np.zeros((1, 1))}})
    with pytest.raises(ValueError, match="images"):
        layer({"labels": x})


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
        (lambda: layers.RandomHeight(1.5), ["larger than -1", "1.5"]),
        (lambda: layers.RandomWidth((0.5, 0.1)), ["lesser", "(0.5, 0.1)"]),
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


def test_boxes_follow_crops() -> None:
    x = np.zeros((2, 5, 6, 3), np.float32)
    x[:, 2:4, 3:5] = 1.0  # what the box is about
    given = {"images": x, "bounding_boxes": {"boxes": np.array([[[3, 2, 5, 4]]] * 2, np.float32),
                                             "labels": np.array([[1]] * 2)}}  # fmt: skip
    for seed in range(4):
        found = layers.RandomCrop(4, 5, seed=seed, bounding_box_format="xyxy")(given, training=True)
        pictures = np.asarray(found["images"])[0, :, :, 0]
        left, top, right, bottom = np.asarray(found["bounding_boxes"]["boxes"])[0, 0].astype(int)
        inside = pictures[top:bottom, left:right]
        assert inside.size and inside.all() and inside.sum() == pictures.sum()


def test_ragged_and_single_boxes() -> None:
    layer = layers.MaxNumBoundingBoxes(3, bounding_box_format="xyxy")
    x = np.zeros((2, 4, 4, 1), np.float32)
    ragged = {"boxes": [[[0, 0, 1, 1]], [[0, 0, 1, 1], [1, 1, 2, 2]]], "labels": [[5], [6, 7]]}
    found = layer({"images": x, "bounding_boxes": ragged})["bounding_boxes"]
    np.testing.assert_array_equal(found["labels"], [[5, -1, -1], [6, 7, -1]])
    rows = tf.ragged.constant(ragged["boxes"], ragged_rank=1), tf.ragged.constant(ragged["labels"])
    again = layer({"images": x, "bounding_boxes": {"boxes": rows[0], "labels": rows[1]}})["bounding_boxes"]
    np.testing.assert_array_equal(again["labels"], found["labels"])
    one = layer({"images": x[0], "bounding_boxes": {"boxes": [[0, 0, 1, 1]], "labels": [5]}})["bounding_boxes"]
    assert one["boxes"].shape == (3, 4) and one["labels"].numpy().tolist() == [5, -1, -1]
    with pytest.raises(ValueError, match="labels"):
        layer({"images": x, "bounding_boxes": {"boxes": np.zeros((2, 1, 4))}})
    with pytest.raises(ValueError, match="four numbers and one label"):
        layer({"images": x, "bounding_boxes": {"boxes": np.zeros((2, 1, 4)), "labels": 1}})


def test_cutmix_takes_rectangles_of_others_and_their_share_of_labels() -> None:
    layer = layers.CutMix(seed=1)
    x = np.stack([np.full((8, 8, 1), n, np.float32) for n in range(4)])
    shares = []
    for _ in range(8):
        found = layer({"images": x, "labels": np.eye(4, dtype=np.float32)}, training=True)
        pictures, labels = np.asarray(found["images"]), np.asarray(found["labels"])
        for number in range(4):
            others = np.unique(pictures[number][pictures[number] != number])
            assert len(others) <= 1
            np.testing.assert_allclose(labels[number].sum(), 1.0, rtol=1e-5)
            assert not len(others) or labels[number][int(others[0])] > 0
            shares.append(float((pictures[number] != number).mean()))
    assert 0.05 < np.mean(shares) < 0.6 and max(shares) > 0.5
    drawn = {"batch_masks": np.eye(2, dtype=bool).reshape(1, 2, 2, 1), "permutation_order": np.array([1, 0]),
             "mix_weight": np.full((2, 1, 1, 1), 0.25, np.float32)}  # fmt: skip
    pictures = layer.transform_images(tf.constant(x[:2, :2, :2]), drawn)
    np.testing.assert_array_equal(np.asarray(pictures)[0, :, :, 0], np.eye(2))
    np.testing.assert_allclose(layer.transform_labels(tf.eye(2), drawn), [[0.25, 0.75], [0.75, 0.25]])
    with pytest.raises(ValueError, match="to_categorical"):
        layer({"images": x, "labels": np.arange(4)}, training=True)


def test_augmix_mixes_chains() -> None:
    layer = layers.AugMix(num_chains=2, chain_depth=2, seed=2)
    x = tf.constant(images("Resizing_0"))
    drawn = layer.get_random_transformation(x)
    assert len(drawn["chain_transforms"]) == 2 and abs(float(sum(drawn["chain_mixing_weights"])) - 1) < 1e-5
    flips = {"chain_mixing_weights": tf.constant([0.25, 0.75]), "weight_sample": tf.constant(0.5),
             "chain_transforms": [[], [{"layer_name": "random_brightness",
                                        "transformation": {"rgb_delta": tf.constant(8.0)}}]]}  # fmt: skip
    brighter = np.clip(x + 8, 0, 255)
    expected = 0.5 * x + 0.5 * (0.25 * x + 0.75 * brighter)
    np.testing.assert_allclose(layer.transform_images(x, flips), expected, rtol=1e-4)
    again = layers.AugMix(num_chains=2, chain_depth=2, seed=2)
    twin = layers.AugMix((0, 255), 2, 2, seed=2)
    np.testing.assert_array_equal(again(x, training=True), twin(x, training=True))


def test_elastic_transforms_keep_what_does_not_change() -> None:
    layer = layers.RandomElasticTransform(seed=1)
    even = np.full((2, 40, 40, 1), 7.0, np.float32)
    np.testing.assert_allclose(layer(even, training=True), even, rtol=1e-5)
    layer = layers.RandomElasticTransform(factor=(1.0, 1.0), scale=(0.5, 1.0), seed=1)
    step = extend.function(lambda x: layer(x, training=True))
    picture = np.tile(np.arange(40, dtype=np.float32)[None, :, None, None], (1, 1, 40, 1))
    found = np.asarray(step(picture))
    assert 0.05 < np.abs(found - picture).mean() < 8


def test_sides_of_random_length() -> None:
    x = np.arange(60, dtype=np.float32).reshape(2, 6, 5, 1)
    layer = layers.RandomHeight(0.3, seed=1)
    tall = np.ones((2, 10, 8, 3), np.float32)
    assert [layer(tall, training=True).shape[1] for _ in range(8)] == [12, 7, 12, 12, 7, 10, 10, 12]  # Keras 3.15's
    np.testing.assert_array_equal(layer(tall, training=False), tall)
    found = layers.RandomHeight((0.5, 0.5))(x, training=True)
    assert found.shape == (2, 9, 5, 1)
    np.testing.assert_allclose(found[0, 1, :, 0], [2.5, 3.5, 4.5, 5.5, 6.5])
    narrow = layers.RandomWidth((-0.4, -0.4), interpolation="nearest")(x[0], training=True)
    np.testing.assert_array_equal(narrow[:2, :, 0], [[0, 2, 4], [5, 7, 9]])
    model = keras.Sequential([
        keras.Input((None, None, 3)), layers.RandomHeight(0.3), layers.RandomWidth(0.3), layers.Resizing(4, 4),
        layers.Flatten(), layers.Dense(1),
    ])  # fmt: skip
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(tall, np.zeros((2, 1)), verbose=0).history["loss"][0])
    assert layers.RandomWidth(0.2)(keras.Input((10, 8, 3))).shape == (None, 10, None, 3)
    again = layers.RandomHeight.from_config(layers.RandomHeight(0.3, seed=1, dtype="float64").get_config())
    assert again(tall, training=True).shape[1] == 12 and again.dtype == "float64"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("RandomFlip", {}), ("RandomZoom", {"height_factor": 0.2}), ("RandomShear", {"x_factor": 0.3}),
        ("RandomTranslation", {"height_factor": 0.2, "width_factor": 0.2}), ("RandomRotation", {"factor": 0.1}),
        ("RandomPerspective", {"factor": 1.0}), ("RandomElasticTransform", {}), ("RandomErasing", {}),
        ("RandomBrightness", {"factor": 0.2}), ("RandomContrast", {"factor": 0.2}), ("RandomHue", {"factor": 0.2}),
        ("RandomGaussianBlur", {"factor": 1.0}),
        ("RandomSaturation", {"factor": 0.3}), ("RandomSharpness", {"factor": 0.3}), ("Solarization", {}),
        ("Equalization", {}), ("RandomCrop", {"height": 4, "width": 5}),
    ],
)  # fmt: skip
def test_one_image_is_transformed_as_a_batch_of_one(name: str, options: dict[str, Any]) -> None:
    image = np.random.RandomState(0).randint(0, 255, (8, 10, 3)).astype("float32")
    layer = getattr(keras.layers, name)(**options)
    transformation = layer.get_random_transformation(image, training=True)
    one = layer.transform_images(image, transformation, training=True)
    many = layer.transform_images(image[None], transformation, training=True)
    assert one.shape.rank == 3 and np.array_equal(one, many[0])


def test_equalization_spreads_each_picture_by_its_own_values_and_only_in_training() -> None:
    pictures = np.random.RandomState(0).randint(0, 255, (2, 6, 7, 3)).astype("float32")
    layer = keras.layers.Equalization()
    spread = np.asarray(layer(pictures, training=True))
    assert np.array_equal(spread[:1], layer(pictures[:1], training=True)) and not np.array_equal(spread, pictures)
    assert np.array_equal(layer(pictures, training=False), pictures)
    whole = layer(pictures.astype("uint8"), training=False)
    assert whole.dtype == "float32" and np.array_equal(whole, pictures)

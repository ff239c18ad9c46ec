"""Random crops keep to what is asked of them."""

import numpy as np
import pytest

import weft as tf

crop = tf.image.sample_distorted_bounding_box


def test_crops_keep_ratio_area_and_what_is_covered():
    tf.random.set_seed(3)
    box = np.array([0.25, 0.25, 0.75, 0.75])
    sizes = set()
    for seed in range(1, 60):
        begin, size, found = crop([120, 200, 3], [[box.tolist()]], seed=seed, min_object_covered=0.6,
                                  aspect_ratio_range=(0.8, 1.5), area_range=(0.2, 0.9))  # fmt: skip
        assert begin.dtype == tf.int32 and begin[2] == 0 and size[2] == -1
        y, x = begin.numpy()[:2]
        tall, wide = size.numpy()[:2]
        assert 0 <= y <= 120 - tall and 0 <= x <= 200 - wide
        assert 0.78 <= wide / tall <= 1.53 and 0.2 <= tall * wide / 24000 <= 0.9
        top, left, bottom, right = found.numpy().reshape(4)
        assert np.allclose([top, left, bottom, right], [y / 120, x / 200, (y + tall) / 120, (x + wide) / 200])
        inside = (min(bottom, 0.75) - max(top, 0.25)) * (min(right, 0.75) - max(left, 0.25))
        assert inside / 0.25 >= 0.58
        sizes.add((tall, wide))
    assert len(sizes) > 20


def test_what_cannot_be_met_gives_the_whole_image():
    begin, size, found = crop([10, 10, 3], [[[0.0, 0.0, 1.0, 1.0]]], min_object_covered=1.0, area_range=(0.1, 0.2))
    assert begin.numpy().tolist() == [0, 0, 0] and size.numpy().tolist() == [10, 10, -1]
    assert found.numpy().tolist() == [[[0, 0, 1, 1]]]


def test_crops_of_images_in_pipelines():
    def cut(image):
        begin, size, _ = crop(tf.shape(image), tf.zeros([1, 0, 4]), use_image_if_no_bounding_boxes=True)
        return tf.image.resize(tf.slice(image, begin, size), [8, 8])

    images = tf.data.Dataset.from_tensor_slices(tf.ones([3, 20, 30, 3])).map(cut)
    assert [image.shape.as_list() for image in images] == [[8, 8, 3]] * 3


def test_no_boxes_must_be_meant():
    with pytest.raises(tf.errors.InvalidArgumentError, match="No bounding boxes"):
        crop([10, 10, 3], tf.zeros([1, 0, 4]))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[0.0, 1.0\]"):
        crop([10, 10, 3], [[[0.0, 0.0, 1.5, 1.0]]])

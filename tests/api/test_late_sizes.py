"""Sizes that only running tells, of crops and windows; decompositions and beams at their limits."""

import numpy as np
import pytest

import weft as tf


def test_crops_of_traced_sizes():
    image = tf.reshape(tf.range(64), [8, 8, 1])
    crop = tf.function(lambda x, size: tf.image.random_crop(x, [size, size, 1]))
    assert crop(image, tf.constant(3)).shape == [3, 3, 1]
    with pytest.raises(tf.errors.InvalidArgumentError, match="must not exceed"):
        crop(image, tf.constant(9))
    middle = tf.function(tf.image.central_crop)
    for share in (0.25, 0.5, 1.0):
        assert np.array_equal(middle(image, tf.constant(share)), tf.image.central_crop(image, share))
    with pytest.raises(tf.errors.InvalidArgumentError, match="within"):
        middle(image, tf.constant(1.5))


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
def test_windows_of_volumes_of_unknown_sizes(padding):
    x = tf.reshape(tf.range(2 * 5 * 4 * 3 * 2.0), [2, 5, 4, 3, 2])
    windows = lambda x: tf.extract_volume_patches(x, [1, 2, 3, 2, 1], [1, 2, 1, 2, 1], padding)  # noqa: E731
    unknown = tf.function(windows, input_signature=[tf.TensorSpec([None] * 5)])
    assert np.array_equal(windows(x), unknown(x))


def test_lu_takes_nan_for_no_pivot():
    both, rows = tf.linalg.lu(tf.constant([[1.0, 1, 2], [np.nan, 3, 4], [5, 6, 7]], tf.float64))
    assert rows.numpy().tolist() == [2, 1, 0] and both.numpy()[0].tolist() == [5, 6, 7]
    with pytest.raises(tf.errors.InvalidArgumentError, match="NaN"):
        tf.linalg.lu(tf.constant([[np.nan, 1.0], [2.0, 3.0]]))


def test_eigenvalues_have_the_dtype_of_the_matrix():
    matrix = tf.constant([[2.0, 1 - 1j], [1 + 1j, 3]], tf.complex64)
    assert tf.linalg.eigh(matrix)[0].dtype == tf.linalg.eigvalsh(matrix).dtype == tf.complex64
    np.testing.assert_allclose(tf.linalg.eigvalsh(matrix), [1, 4], rtol=1e-5)


def test_silu_of_complex_numbers():
    np.testing.assert_allclose(tf.nn.silu(tf.constant([1 + 1j])), [0.58009334 + 0.9839898j], rtol=1e-6)


def test_narrow_beams():
    # as TensorFlow 2.21 decodes them: a sequence that leaves the beam is not grown from what is left of it
    x = np.random.RandomState(1).randn(12, 3, 6).astype(np.float32)
    wanted = {3: ([2, 1, 2, 4, 3, 2], -8.2796), 7: ([2, 1, 2, 4, 3, 0], -7.6867)}
    for width, (labels, score) in wanted.items():
        decoded, scores = tf.nn.ctc_beam_search_decoder(x[:, 2:], [9], beam_width=width, top_paths=1)
        assert decoded[0].values.numpy().tolist() == labels
        assert abs(scores.numpy()[0, 0] - score) < 1e-3
    with pytest.raises(tf.errors.InvalidArgumentError, match="top_paths asks for 7"):
        tf.nn.ctc_beam_search_decoder(x[:1, 2:], [1], beam_width=7, top_paths=7)

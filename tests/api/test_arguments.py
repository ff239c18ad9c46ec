"""Public functions hand their arguments on to the ops rightly; numbers are TensorFlow's definitions worked by hand."""

import numpy as np
import pytest

import weft as tf


def test_unique_and_searchsorted_take_an_output_dtype():
    found = tf.unique([3, 1, 3], out_idx=tf.int64)
    assert found.y.numpy().tolist() == [3, 1] and found.idx.numpy().tolist() == [0, 1, 0]
    assert found.idx.dtype == tf.int64
    place = tf.searchsorted([1, 3, 5], [3, 4], side="right", out_type=tf.int64)
    assert place.numpy().tolist() == [2, 2] and place.dtype == tf.int64


def test_bincount():
    assert tf.math.bincount([1, 1, 3]).numpy().tolist() == [0, 2, 0, 1]
    assert tf.math.bincount([1, 1, 3], minlength=6).numpy().tolist() == [0, 2, 0, 1, 0, 0]
    assert tf.math.bincount([1, 1, 3], maxlength=2).numpy().tolist() == [0, 2]
    assert tf.math.bincount([[1, 1], [3, 0]]).numpy().tolist() == [1, 2, 0, 1]
    assert tf.math.bincount([1, 1, 3], weights=[0.5, 1.0, 2.0]).numpy().tolist() == [0, 1.5, 0, 2]


def test_means_of_segments():
    data, ids = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), [0, 2, 0]
    assert tf.math.unsorted_segment_mean(data, ids, 3).numpy().tolist() == [[3, 4], [0, 0], [3, 4]]
    rooted = tf.math.unsorted_segment_sqrt_n(data, ids, 3).numpy()
    np.testing.assert_allclose(rooted, [[6 / 2**0.5, 8 / 2**0.5], [0, 0], [3, 4]], rtol=1e-6)


def test_one_hot_with_values_of_its_own():
    found = tf.one_hot([0, 2, -1], 3, on_value=5.0, off_value=-1.0)
    assert found.numpy().tolist() == [[5, -1, -1], [-1, -1, 5], [-1, -1, -1]]


def test_bands_and_diagonals():
    matrix = tf.reshape(tf.range(9.0), [3, 3])
    assert tf.linalg.band_part(matrix, 0, -1).numpy().tolist() == [[0, 1, 2], [0, 4, 5], [0, 0, 8]]
    assert tf.linalg.diag([1.0, 2.0], k=1, padding_value=9.0).numpy().tolist() == [[9, 1, 9], [9, 9, 2], [9, 9, 9]]
    assert tf.linalg.diag_part(matrix).numpy().tolist() == [0, 4, 8]
    assert tf.linalg.diag_part(matrix, k=-1).numpy().tolist() == [3, 7]


def test_matrix_functions():
    a = tf.constant([[4.0, 1.0], [1.0, 3.0]], tf.float64)
    b = tf.constant([[1.0], [2.0]], tf.float64)
    wanted = np.linalg.solve(a.numpy(), b.numpy())
    for found in (tf.linalg.solve(a, b), tf.linalg.cholesky_solve(tf.linalg.cholesky(a), b), tf.linalg.pinv(a) @ b,
                  tf.linalg.lstsq(a, b), tf.linalg.inv(a) @ b):  # fmt: skip
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-9)
    np.testing.assert_allclose(tf.linalg.sqrtm(a).numpy() @ tf.linalg.sqrtm(a).numpy(), a.numpy(), rtol=1e-9)
    np.testing.assert_allclose(tf.linalg.expm(tf.linalg.logm(tf.cast(a, tf.complex128))).numpy(), a.numpy(), atol=1e-9)
    np.testing.assert_allclose(tf.linalg.eigvalsh(a).numpy(), np.linalg.eigvalsh(a.numpy()), rtol=1e-12)
    np.testing.assert_allclose(float(tf.norm(a)), np.linalg.norm(a.numpy()), rtol=1e-12)


@pytest.mark.parametrize("perm", [[0, 2, 1], [2, 1, 0]])
def test_boolean_mask_from_an_axis_on(perm):
    x = tf.transpose(tf.reshape(tf.range(24), [2, 3, 4]), perm)
    mask = np.arange(x.shape[1]) % 2 == 0
    np.testing.assert_array_equal(tf.boolean_mask(x, mask, axis=1).numpy(), x.numpy()[:, mask])


def test_python_floats_beside_float64_keep_all_their_digits():
    x = tf.constant([1.0, 2.0], tf.float64)
    assert (x * 0.1).numpy().tolist() == [0.1, 0.2] and (0.1 + x).numpy().tolist() == [1.1, 2.1]
    assert complex((tf.constant(1.0, tf.complex128) * 0.1).numpy()) == 0.1
    assert (tf.constant([1.0]) * 0.1).dtype == tf.float32


def test_an_empty_list_takes_any_dtype():
    assert tf.constant([], tf.int32).dtype == tf.int32 and tf.constant([[], []], tf.bool).shape == (2, 0)
    assert tf.constant([]).dtype == tf.float32


def test_masks_of_sequences():
    assert tf.sequence_mask([1, 3]).numpy().tolist() == [[True, False, False], [True, True, True]]
    assert tf.sequence_mask([[0], [2]], 2, tf.int32).numpy().tolist() == [[[0, 0]], [[1, 1]]]
    assert tf.sequence_mask(tf.constant([], tf.int32)).shape == (0, 0)
    assert tf.function(lambda n: tf.sequence_mask(n))(tf.constant([2, 0])).numpy().tolist() == [[1, 1], [0, 0]]


def test_saturating_casts():
    assert tf.saturate_cast([-300.0, 1.5, 300.0, np.inf], tf.int8).numpy().tolist() == [-128, 1, 127, 127]
    assert tf.saturate_cast(tf.constant([-1, 300]), tf.uint8).numpy().tolist() == [0, 255]
    assert tf.saturate_cast(tf.constant([1e30, -1e30], tf.float64), tf.float16).numpy().tolist() == [65504, -65504]
    assert tf.saturate_cast(tf.constant([np.inf], tf.float16), tf.int32).numpy().tolist() == [65504]
    assert tf.saturate_cast(tf.constant([1e30]), tf.int32).numpy().tolist() == [2147483520]


def test_a_confusion_matrix_counts_its_classes_also_in_a_graph():
    expected = [[1, 0, 0], [0, 0, 1], [0, 0, 1]]
    assert tf.math.confusion_matrix([0, 1, 2], [0, 2, 2]).numpy().tolist() == expected
    traced = tf.function(tf.math.confusion_matrix)
    assert traced(tf.constant([0, 1, 2]), tf.constant([0, 2, 2])).numpy().tolist() == expected
    assert tf.math.confusion_matrix([0], [1], num_classes=2, weights=[0.5], dtype=tf.float32).numpy()[0, 1] == 0.5

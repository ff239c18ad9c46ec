"""Kernels that compute all elements at once, beside the plain way of going from one to the next."""

import numpy as np
import pytest

import weft as tf
from weft.base import hashing


def test_fingerprints():
    rng = np.random.RandomState(0)
    texts = [bytes(rng.randint(0, 256, length).astype(np.uint8)) for length in rng.randint(0, 90, 5000)]
    assert hashing.fingerprints64(texts).tolist() == [hashing.fingerprint64(text) for text in texts]
    assert hashing.fingerprints64([]).shape == (0,)


def test_numbers_in_digits():
    rng = np.random.RandomState(0)
    texts = [repr(float(v)) for v in rng.randn(500) * 10.0 ** rng.randint(-45, 38, 500)]
    assert tf.strings.to_number(texts, tf.float64).numpy().tolist() == [float(text) for text in texts]
    assert tf.strings.to_number(texts).numpy().tolist() == [float(np.float32(text)) for text in texts]
    # between two float32 numbers by so little that float64 does not hold it
    middle = ["1.00000017881393432617187499", "1.00000017881393432617187501"]
    near = tf.strings.to_number([*middle, "1e400", "-0.0"]).numpy()
    assert near[0] == np.float32(1.0000001) and near[1] == np.float32(1.0000002) and near[2] == np.inf
    assert np.signbit(near[3])
    assert tf.strings.to_number(["+3", "-2147483648"], tf.int32).numpy().tolist() == [3, -(2**31)]
    for wrong in ("", "1_0", "--1", "1e", "+"):
        with pytest.raises(tf.errors.InvalidArgumentError, match="does not spell"):
            tf.strings.to_number(["1", wrong])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"position \[1\]"):
        tf.strings.to_number(["1", "2147483648"], tf.int32)


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8", "float16"])
def test_greatest(dtype):
    rng = np.random.RandomState(0)
    for shape in ((40,), (3, 50), (2, 3, 64), (0, 10)):
        x = np.round(np.abs(rng.randn(*shape)) * 3).astype(dtype)  # many equal ones
        for k in (2, 5, 20):
            if k <= shape[-1]:
                values, places = tf.math.top_k(x, k)
                order = np.argsort(-x.astype(np.float64), axis=-1, kind="stable")[..., :k]
                assert places.numpy().tolist() == order.tolist()
                assert values.numpy().tolist() == np.take_along_axis(x, order, -1).tolist()


@pytest.mark.parametrize("x", [
    np.random.RandomState(0).randint(-50, 50, 300), np.random.RandomState(0).randint(-(2**62), 2**62, 300),
    np.array([-(2**63), 2**63 - 1, -(2**63)]), np.array([-(2**63), 2 - 2**63, -(2**63)]),
    np.array([-128, 127, -128] * 50, np.int8),
    np.array([2**64 - 1, 2**64 - 3, 2**64 - 1], np.uint64), np.array([b"b", b"a", b"b"], object), np.zeros(0, np.int32),
    np.random.RandomState(0).randint(0, 9, 100).astype(np.float32),
])  # fmt: skip
def test_different_values(x):
    values, places, counts = (part.numpy().tolist() for part in tf.unique_with_counts(x))
    assert values == list(dict.fromkeys(x.tolist()))
    assert [values[place] for place in places] == x.tolist()
    assert counts == [x.tolist().count(value) for value in values]


def _distance(first, second):
    row = list(range(len(second) + 1))
    for count, item in enumerate(first, 1):
        last, row[0] = row[0], count
        for place, other in enumerate(second, 1):
            last, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, last + (item != other))
    return row[-1]


def test_edit_distances():
    rng = np.random.RandomState(0)
    rows = [[rng.randint(0, 5, rng.randint(0, 12)).tolist() for _ in range(30)] for _ in range(2)]
    sparse = [tf.ragged.constant(side, tf.int64, ragged_rank=1).to_sparse() for side in rows]
    wanted = [_distance(*pair) for pair in zip(*rows, strict=True)]
    assert tf.edit_distance(*sparse, normalize=False).numpy().tolist() == wanted
    shares = [d / len(b) if b else np.inf if a else 0 for d, a, b in zip(wanted, *rows, strict=True)]
    assert tf.edit_distance(*sparse).numpy().tolist() == np.float32(shares).tolist()


def _chosen(boxes, scores, most, overlap):
    kept = []
    for number in np.argsort(-scores, kind="stable"):
        low, high = boxes[number, :2], boxes[number, 2:]
        shared = [np.maximum(np.minimum(high, boxes[k, 2:]) - np.maximum(low, boxes[k, :2]), 0).prod() for k in kept]
        sizes = [(boxes[k, 2:] - boxes[k, :2]).prod() for k in kept]
        both = [(high - low).prod() + size - s for size, s in zip(sizes, shared, strict=True)]
        if len(kept) < most and all(s / b <= np.float32(overlap) for s, b in zip(shared, both, strict=True)):
            kept.append(int(number))
    return kept


def test_boxes_that_overlap():
    rng = np.random.RandomState(0)
    corner = rng.rand(400, 2).astype(np.float32) * 20
    boxes = np.concatenate([corner, corner + 0.1 + rng.rand(400, 2).astype(np.float32) * 8], 1)
    scores = np.round(rng.rand(400), 1).astype(np.float32)
    for most, overlap in ((7, 0.5), (400, 0.3), (400, 0.9), (0, 0.5)):
        found = tf.image.non_max_suppression(boxes, scores, most, overlap).numpy().tolist()
        assert found == _chosen(boxes, scores, most, overlap)


def test_draws_by_row_and_by_column_agree():
    logits = np.array([[-1.6, -np.inf, -0.7, -1.2], [-np.inf, 0.0, -np.inf, -np.inf]], np.float32)
    many = tf.random.stateless_categorical(np.tile(logits, (200, 1)), 3, seed=[1, 2]).numpy()
    assert (many[1::2] == 1).all() and set(many[::2].ravel().tolist()) == {0, 2, 3}

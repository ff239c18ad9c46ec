"""A map before a batch runs on whole stacks; what comes out is what comes out element by element."""

import numpy as np
import pytest

import weft as tf
from weft.data import stacking
from weft.data.transforms import Map


def _alone(dataset):
    """The dataset whose map goes element by element."""
    node = dataset._node
    while not isinstance(node, Map):
        node = node.source
    node.function._stacking[:] = [None]
    return dataset


def _takes_stacks(dataset):
    node = dataset._node
    while not isinstance(node, Map):
        node = node.source
    return node.function.takes_stacks


_X = np.random.default_rng(0).normal(size=(37, 3, 5)).astype(np.float32)
_N = np.arange(37)
_W = np.array([b"a b", b"", b"c  d e", b"A b c d"], object)
_FUNCTIONS = {
    "scale": lambda x, n: (tf.cast(x, tf.float32) / 255.0, tf.one_hot(n % 10, 10)),
    "transcendental": lambda x, n: tf.exp(x) + tf.tanh(x) * tf.sin(x) - tf.math.log(tf.abs(x) + 0.1),
    "powers": lambda x, n: tf.pow(tf.abs(x), 1.7) + tf.sqrt(tf.abs(x)) * tf.sigmoid(x),
    "mixed": lambda x, n: x * 0.3 + tf.cast(n, tf.float32) * x - 1.7,
    "moves": lambda x, n: tf.concat([tf.transpose(x)[:, ::-1], tf.zeros([5, 2])], 1),
    "slices": lambda x, n: {"a": x[1:, ..., tf.newaxis, 2], "b": tf.stack([x[0], x[2]], -1)},
    "reshape": lambda x, n: tf.reshape(tf.expand_dims(x, 0), [-1, 3]),
    "broadcast": lambda x, n: x + tf.reshape(tf.range(3.0), [3, 1]) + tf.broadcast_to(tf.cast(n, x.dtype), [5])[0:1],
    "select": lambda x, n: tf.where(x > 0.0, x, tf.clip_by_value(x, -0.5, 0.0)),
    "table": lambda x, n: tf.gather(tf.constant(np.arange(80.0).reshape(40, 2)), n),
    "whole numbers": lambda x, n: (tf.reduce_sum(tf.cast(x * 9, tf.int32), 0), tf.reduce_max(x), tf.argmax(x, -1)),
    "the same for all": lambda x, n: (n, tf.constant([1.5, 2.5])),
    "pads": lambda x, n: tf.pad(tf.tile(x, [1, 2]), [[1, 0], [0, 2]], constant_values=3.0),
    "unstacked": lambda x, n: tf.unstack(x)[1] * tf.split(x, 3)[2][0],
}


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_gives_the_same_bits(name):
    def made():
        return tf.data.Dataset.from_tensor_slices((_X, _N)).map(_FUNCTIONS[name]).batch(8)

    assert _takes_stacks(made())
    together, alone = list(made()), list(_alone(made()))
    assert made().element_spec == _alone(made()).element_spec
    for ours, theirs in zip(together, alone, strict=True):
        for a, b in zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True):
            assert a.dtype == b.dtype and a.numpy().tobytes() == b.numpy().tobytes() and a.shape == b.shape


@pytest.mark.parametrize("function", [
    lambda x: tf.reduce_sum(x),  # its order could show
    lambda x: tf.random.uniform([]) + x[0, 0],
    lambda x: tf.py_function(lambda v: v, [x], tf.float32),
    lambda x: tf.matmul(x, x, transpose_b=True),
    lambda x: tf.sort(x),
])  # fmt: skip
def test_others_go_one_by_one(function):
    assert not _takes_stacks(tf.data.Dataset.from_tensor_slices(_X).map(function).batch(2))


def test_words():
    lookup = tf.keras.layers.TextVectorization(output_sequence_length=3)
    lookup.adapt(_W)
    dataset = tf.data.Dataset.from_tensor_slices(_W).map(lookup).batch(3)
    assert _takes_stacks(dataset)
    assert [b.numpy().tolist() for b in dataset] == [lookup(_W[:3]).numpy().tolist(), lookup(_W[3:]).numpy().tolist()]


def test_maps_behind_one_another_and_what_is_left_over():
    dataset = tf.data.Dataset.range(10).map(lambda n: n * 2).map(lambda n: n + 1).batch(4, drop_remainder=True)
    assert [b.numpy().tolist() for b in dataset] == [[1, 3, 5, 7], [9, 11, 13, 15]]


def test_an_error_is_that_of_its_element():
    calls = tf.data.Dataset.from_tensor_slices([3, 2, 1, 0, 5]).map(lambda n: 6 // n).batch(2)
    found = []
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        for batch in calls:
            found.append(batch.numpy().tolist())
    assert found == [[2, 3]]
    assert "element 3: int32() = np.int32(0)" in "".join(caught.value.__notes__)


def test_elements_of_different_shapes_that_the_function_makes_alike():
    pieces = [np.arange(n, dtype=np.float32) for n in (3, 3, 5, 4)]
    source = tf.data.Dataset.from_generator(lambda: iter(pieces), output_signature=tf.TensorSpec([None]))
    dataset = source.map(lambda x: x[:2] * 2).batch(2)
    assert [b.numpy().tolist() for b in dataset] == [[[0, 2], [0, 2]], [[0, 2], [0, 2]]]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"element 2: .*5.*\n?.*element 3: .*4"):
        list(source.map(lambda x: x * 2).batch(2))


def test_a_variable_that_the_source_changes_is_read_for_each_element():
    seen = tf.Variable(0)

    def produce():
        for n in range(4):
            seen.assign(n * 10)
            yield n

    dataset = tf.data.Dataset.from_generator(produce, output_signature=tf.TensorSpec([], tf.int32))
    assert [b.numpy().tolist() for b in dataset.map(lambda n: n + seen).batch(2)] == [[0, 11], [22, 33]]


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"the end", b"\r"])
def test_lines_in_stacks_are_those_one_by_one(tmp_path, ends, last):
    rng = np.random.default_rng(1)
    lines = [bytes(rng.choice(list(b"ab\r "), rng.integers(0, 90)).tolist()) for _ in range(3000)]
    lines[7] = b"x" * 200_000
    (tmp_path / "a").write_bytes(ends.join(lines) + ends + last)
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "c").write_bytes(ends + b"c")
    dataset = tf.data.TextLineDataset([str(tmp_path / name) for name in "abc"])
    one_by_one = list(dataset.as_numpy_iterator())
    for size in (1, 7, 5000):
        stacks = [b.tolist() for b in dataset.batch(size).as_numpy_iterator()]
        assert [line for stack in stacks for line in stack] == one_by_one
        assert {len(s) for s in stacks[:-1]} <= {size}


def test_a_file_that_is_not_there_comes_after_whole_batches(tmp_path):
    (tmp_path / "a").write_bytes(b"1\n2\n3\n")
    dataset = tf.data.TextLineDataset([str(tmp_path / "a"), str(tmp_path / "none")]).batch(2)
    found = []
    with pytest.raises(tf.errors.NotFoundError):
        for batch in dataset:
            found.append(batch.numpy().tolist())
    assert found == [[b"1", b"2"]]


def test_prefetching_begins_where_it_is_worth_a_thread():
    import threading
    import time

    def ahead():
        return [t for t in threading.enumerate() if t.name == "weft-prefetch"]

    dataset = tf.data.Dataset.range(50).map(tf.identity).batch(1).prefetch(tf.data.AUTOTUNE)
    assert [int(b[0]) for b in dataset] == list(range(50))
    slow = tf.data.Dataset.from_tensor_slices(np.zeros((8, 2_000_000), np.float32)).map(tf.exp).batch(1)
    elements = iter(slow.prefetch(tf.data.AUTOTUNE))
    for _ in range(4):
        next(elements)
        time.sleep(0.02)
    assert ahead()
    assert len(list(elements)) == 4
    del elements


def _drawn(sizes, batch):
    """Elements too large to be put together in no time, of a map with effects, which takes no stacks."""
    tf.random.set_seed(4)
    dataset = tf.data.Dataset.from_tensor_slices(sizes)
    return dataset.map(lambda n: (tf.random.uniform([n, 64, 64]), tf.random.uniform([n]))).batch(batch)


def test_large_elements_are_made_where_their_batch_has_them(monkeypatch):
    batches = [[part.numpy() for part in batch] for batch in _drawn([3] * 11, 4)]
    assert [len(batch[0]) for batch in batches] == [4, 4, 3]
    monkeypatch.setattr(stacking.Shelf, "LEAST", 1 << 60)
    for batch, apart in zip(batches, _drawn([3] * 11, 4), strict=True):
        for one, other in zip(batch, apart, strict=True):
            np.testing.assert_array_equal(one, other.numpy())


def test_large_elements_of_other_shapes_are_refused():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"element 3: \(3, 64, 64\)"):
        list(_drawn([2, 2, 2, 3], 4))


def test_a_shelf_joins_what_lies_on_it_in_order():
    shelf, kind = stacking.Shelf(3), np.dtype(np.float32)
    rows = [shelf.room(0, (64, 64), kind) for _ in range(2)]
    for number, row in enumerate(rows):
        row[...] = number
    assert shelf.joined(rows[::-1]) is None and shelf.joined([rows[0], rows[1].copy()]) is None
    found = shelf.joined(rows)
    assert found.shape == (2, 64, 64) and found[0].max() == 0 and found[1].min() == 1
    assert shelf.joined(rows) is None  # it is one batch's
    assert shelf.room(0, (2,), kind).base is None  # small ones are put together later

"""Files are read and decoded ahead, side by side; effects keep their order, and results are the same."""

import threading

import numpy as np
import pytest

import weft as tf
from weft.data import transforms
from weft.data.ahead import results

pytest.importorskip("PIL")


@pytest.fixture
def names(tmp_path, monkeypatch):
    monkeypatch.setattr(transforms, "_WORTH_A_THREAD", 0)
    rng = np.random.default_rng(0)
    found = []
    for number in range(14):
        found.append(str(tmp_path / f"{number:02d}.png"))
        image = rng.integers(0, 256, (6 + number % 3, 8, 3), np.uint8)
        tf.io.write_file(found[-1], tf.io.encode_png(image))
    return found


def _load(name, label):
    image = tf.image.resize(tf.io.decode_png(tf.io.read_file(name), channels=3), [5, 5])
    return tf.image.random_flip_left_right(image) + tf.random.uniform([]), label


def _pass(names, function, parallel):
    tf.random.set_seed(5)
    dataset = tf.data.Dataset.from_tensor_slices((names, np.arange(len(names))))
    return [[part.numpy() for part in element] for element in dataset.map(function, num_parallel_calls=parallel)]


def test_gives_the_same(names):
    alone, ahead = _pass(names, _load, None), _pass(names, _load, 3)
    assert len(alone) == len(ahead) == 14
    for one, other in zip(alone, ahead, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        assert one[1] == other[1]


def test_effects_stay_in_order(names):
    seen = tf.Variable(0)

    def load(name, label):
        image = tf.io.decode_png(tf.io.read_file(name))
        return seen.assign_add(tf.cast(label, tf.int32) * tf.shape(image)[1] // 8), label

    found = [int(value) for value, _ in _pass(names, load, 4)]
    assert found == np.cumsum(np.arange(14)).tolist() and int(seen) == found[-1]


def test_a_file_that_is_missing_is_told_in_its_turn(names):
    seen = tf.Variable(0)

    def load(name, label):
        image = tf.io.decode_png(tf.io.read_file(name))
        return seen.assign_add(tf.shape(image)[2]), label

    with pytest.raises(tf.errors.NotFoundError) as caught:
        _pass([*names[:8], "/none", *names[8:]], load, 4)
    assert "element 8" in "".join(caught.value.__notes__)
    assert int(seen) == 8 * 3


def test_what_comes_behind_an_effect_waits(names, tmp_path):
    place = str(tmp_path / "copied.png")

    def load(name, label):
        tf.io.write_file(place, tf.io.read_file(name))
        return tf.io.decode_png(tf.io.read_file(place)), label

    images = [tf.io.decode_png(tf.io.read_file(name)).numpy() for name in names]
    for (found, _), expected in zip(_pass(names, load, 4), images, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_who_waits_for_results_makes_some():
    together, threads = threading.Barrier(2, timeout=60), set()

    def meet(number):
        threads.add(threading.current_thread().name)
        together.wait()
        return number * number

    found = list(results(meet, ((number,) for number in range(8)), 2))
    assert found == [((number,), number * number) for number in range(8)]
    assert threads == {threading.current_thread().name, "weft-map-0"}


def test_an_error_is_raised_in_its_turn_and_ends_the_threads():
    def inverse(number):
        return 6 // (3 - number)

    found = results(inverse, ((number,) for number in range(10)), 3)
    assert [next(found) for _ in range(3)] == [((0,), 2), ((1,), 3), ((2,), 6)]
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert not any(thread.name.startswith("weft-map") for thread in threading.enumerate())


def test_a_pass_that_is_given_up_leaves_no_thread():
    found = results(lambda number: number, ((number,) for number in range(1000)), 3)
    assert next(found) == ((0,), 0)
    found.close()
    assert not any(thread.name.startswith("weft-map") for thread in threading.enumerate())

"""Passes through a pipeline: what is drawn in them, where they stand, which of them can be saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
import weft.compat.v1 as v1

COUNT = tf.data.Dataset.range


def _draw(seed: int | None) -> Any:
    return lambda *_: tf.random.uniform([], seed=seed)


MADE = {
    "map": lambda seed: COUNT(3).map(_draw(seed)),
    "parallel": lambda seed: COUNT(3).map(_draw(seed), num_parallel_calls=2),
    "repeated": lambda seed: COUNT(2).map(_draw(seed)).repeat(2),
    "flat": lambda seed: COUNT(2).flat_map(lambda v: COUNT(2).map(_draw(seed))),
    "interleaved": lambda seed: COUNT(2).interleave(lambda v: COUNT(2).map(_draw(seed)), cycle_length=2),
    "filtered": lambda seed: COUNT(8).filter(lambda v: tf.random.uniform([], seed=seed) > 0.5),
    "scanned": lambda seed: COUNT(3).scan(0.0, lambda state, v: (state, tf.random.uniform([], seed=seed))),
    "batched": lambda seed: COUNT(4).map(_draw(seed)).batch(2).prefetch(1).unbatch(),
    "cached before": lambda seed: COUNT(3).cache().map(_draw(seed)),
    "cached": lambda seed: COUNT(3).map(_draw(seed)).cache(),
}


@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize("made", MADE)
def test_each_pass_draws_the_same_numbers(made: str, seed: int | None) -> None:
    """As in TensorFlow, where something is seeded."""
    tf.random.set_seed(7)
    dataset = MADE[made](seed)
    first = [float(value) for value in dataset]
    assert len(set(first)) == len(first) > 1
    assert [float(value) for value in dataset] == first
    assert [float(value) for value in dataset.as_numpy_iterator()] == first


def test_the_numbers_are_tensorflows() -> None:
    tf.random.set_seed(7)
    dataset = COUNT(2).map(_draw(None)).repeat(2)
    for _ in range(2):
        np.testing.assert_allclose([float(v) for v in dataset], [0.7537, 0.5876, 0.3971, 0.7915], atol=1e-4)


def test_passes_of_a_loop_and_of_reduce_draw_the_same_numbers() -> None:
    tf.random.set_seed(7)
    dataset = COUNT(3).map(_draw(None))

    @tf.function
    def looped() -> Any:
        total = 0.0
        for value in dataset:
            total += value
        return total

    assert float(looped()) == float(looped()) == float(dataset.reduce(0.0, lambda a, b: a + b))
    assert float(dataset.reduce(0.0, lambda a, b: a + b)) == float(looped())


def test_two_iterators_at_once_draw_apart() -> None:
    tf.random.set_seed(7)
    dataset = COUNT(3).map(_draw(None))
    pairs = list(zip(dataset, dataset, strict=True))
    assert all(float(a) == float(b) for a, b in pairs)
    assert len({float(a) for a, _ in pairs}) == 3


def test_what_nothing_seeds_differs_from_pass_to_pass() -> None:
    tf.random.set_seed(None)
    dataset = COUNT(3).map(_draw(None))
    assert [float(v) for v in dataset] != [float(v) for v in dataset]


def test_a_generator_goes_on() -> None:
    generator = tf.random.Generator.from_seed(3)
    dataset = COUNT(3).map(lambda v: generator.uniform([]))
    assert len({float(v) for _ in range(2) for v in dataset}) == 6


def test_a_cache_within_another_dataset_is_each_elements_own() -> None:
    tf.random.set_seed(7)
    dataset = COUNT(1, 3).flat_map(lambda v: COUNT(2).map(lambda w: w + 10 * v).cache().repeat(2))
    for _ in range(2):
        assert [int(v) for v in dataset] == [10, 11, 10, 11, 20, 21, 20, 21]
    drawn = COUNT(1, 3).flat_map(lambda v: COUNT(2).map(lambda w: (10 * v, tf.random.uniform([]))).cache().repeat(2))
    for _ in range(2):
        assert [int(v) for v, _ in drawn] == [10, 10, 10, 10, 20, 20, 20, 20]


def test_each_initialization_of_version_1_draws_the_same_numbers() -> None:
    with v1.Graph().as_default():
        v1.set_random_seed(7)
        iterator = v1.data.make_initializable_iterator(COUNT(2).map(_draw(5)).repeat(2))
        element = iterator.get_next()
        found = []
        for _ in range(2):
            with v1.Session() as session:
                for _ in range(2):
                    session.run(iterator.initializer)
                    found.append([float(session.run(element)) for _ in range(4)])
    assert found == [found[0]] * 4
    np.testing.assert_allclose(found[0], [0.8669, 0.0891, 0.9859, 0.7997], atol=1e-4)


def _saved(dataset: Any, folder: Path) -> None:
    iterator = iter(dataset)
    next(iterator)
    tf.train.Checkpoint(iterator=iterator).write(str(folder / "position"))


VARIABLE = tf.Variable(1, dtype=tf.int64)
TABLE = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(
    tf.constant([0, 1], tf.int64), tf.constant([5, 6])), -1)  # fmt: skip
REFUSED = {
    "random": lambda: COUNT(3).map(_draw(None)),
    "seeded": lambda: COUNT(3).map(_draw(3)).batch(2).prefetch(1),
    "filter": lambda: COUNT(9).filter(lambda v: tf.random.uniform([]) > -0.5),
    "within": lambda: COUNT(9).flat_map(lambda v: COUNT(3).map(_draw(None))),
    "cached": lambda: COUNT(3).map(_draw(None)).cache(),
    "py_function": lambda: COUNT(3).map(lambda v: tf.py_function(lambda a: a, [v], tf.int64)),
    "numpy_function": lambda: COUNT(3).map(lambda v: tf.numpy_function(lambda a: a, [v], tf.int64)),
    "branch": lambda: COUNT(3).map(lambda v: tf.cond(v > 5, lambda: v, lambda: tf.py_function(int, [v], tf.int64))),
    "generator": lambda: tf.data.Dataset.from_generator(lambda: iter(range(3)), output_signature=tf.TensorSpec([])),
    "variable": lambda: COUNT(3).map(lambda v: v + VARIABLE),
}
TAKEN = {
    "range": lambda: COUNT(3),
    "map": lambda: COUNT(3).map(lambda v: v + 1),
    "table": lambda: COUNT(3).map(lambda v: TABLE.lookup(v)),
    "shuffle": lambda: COUNT(3).shuffle(3),
    "stateless": lambda: COUNT(3).map(lambda v: tf.random.stateless_uniform([], [1, v])),
    "file": lambda: COUNT(3).map(lambda v: tf.io.read_file(__file__)),
    "numbers": lambda: tf.data.Dataset.random(seed=3),
}


@pytest.mark.parametrize("made", REFUSED)
def test_positions_that_do_not_tell_what_comes_are_refused(made: str, tmp_path: Path) -> None:
    with pytest.raises(tf.errors.FailedPreconditionError, match="position of a dataset's iterator cannot be saved"):
        _saved(REFUSED[made](), tmp_path)
    options = tf.data.Options()
    options.experimental_external_state_policy = tf.data.experimental.ExternalStatePolicy.IGNORE
    _saved(REFUSED[made]().with_options(options), tmp_path)


@pytest.mark.parametrize("made", TAKEN)
def test_other_positions_are_saved(made: str, tmp_path: Path) -> None:
    _saved(TAKEN[made](), tmp_path)


def test_numpy_iterators_give_arrays_of_ragged_and_sparse_tensors() -> None:
    rows = tf.ragged.constant([[1, 2], [3]])
    [found] = tf.data.Dataset.from_tensors(rows).as_numpy_iterator()
    assert found.dtype == object and [row.tolist() for row in found] == [[1, 2], [3]]
    assert [row.tolist() for row in tf.data.Dataset.from_tensor_slices(rows).as_numpy_iterator()] == [[1, 2], [3]]
    even = tf.RaggedTensor.from_row_lengths([1, 2, 3, 4], [2, 2])
    [found] = tf.data.Dataset.from_tensors(even).as_numpy_iterator()
    assert found.tolist() == [[1, 2], [3, 4]]
    [found] = tf.data.Dataset.from_tensors(tf.SparseTensor([[0, 1]], [5.0], [2, 3])).as_numpy_iterator()
    assert found.dtype == np.float32 and found.tolist() == [[0, 5, 0], [0, 0, 0]]
    [found] = tf.data.Dataset.from_tensors(tf.SparseTensor([[1]], ["a"], [2])).as_numpy_iterator()
    assert found.tolist() == [b"", b"a"]

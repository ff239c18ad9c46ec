"""`weft tune`: the same bits whichever way products are cut, and what was fastest is what later runs find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import extend, keras
from weft.base import flags
from weft.base.errors import UnavailableError
from weft.engines.native import cache, compiler, products, target, tuning
from weft.runtime import dispatch

RNG = np.random.default_rng(0)
ENOUGH = tuning._WAYS * tuning._ROUNDS * tuning._RUNS + 8


@pytest.fixture(autouse=True)
def _native(tmp_path: Path) -> Iterator[None]:
    dispatch.use_engine("native")
    cache.forget()
    with flags.override(WEFT_CACHE=str(tmp_path)):
        yield
    cache.forget()
    dispatch.use_engine(None)


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """How the products of each graph that is compiled are cut; the third way is made out to be the fastest."""
    found: list[list[Any]] = []
    plain = compiler.compile_graph

    def compile_graph(graph: Any, machine: Any, checked: bool, symbols: Any, choice: Any = None) -> Any:
        choice = choice or tuning.Choice()
        made = plain(graph, machine, checked, symbols, choice)
        found.append(choice.blockings)
        return made

    note = tuning.Tuning._note_run

    def noted(self: Any, program: Any, works: Any, known: Mapping[Any, int], kernels: Sequence[Any]) -> None:
        trial = self._trials[id(program)]
        scale = 0.25 if trial.turn % tuning._WAYS == 2 else 1.0
        note(self, program, works, known, [(name, begin, scale) for name, begin, _ in kernels])

    monkeypatch.setattr(compiler, "compile_graph", compile_graph)
    monkeypatch.setattr(tuning.Tuning, "_note_run", noted)
    return found


def test_the_ways_to_cut_a_product_are_different_ones_the_best_first() -> None:
    machine = target.find("host")
    for shape, inner in (((256, 1024), 4096), ((8, 96, 200), 64), ((1, 10), 512)):
        ways = products.blockings(shape, inner, machine.lanes(4), machine, products.widest(machine), 1.25, 0.75, 0.4)
        assert ways and len(set(ways)) == len(ways)


def test_what_was_fastest_is_kept_and_found_again(chosen: list[list[Any]]) -> None:
    x, w = RNG.random((96, 300), np.float32), RNG.random((300, 200), np.float32)

    def made() -> Any:
        return tf.function(lambda x, w: tf.nn.relu(tf.matmul(x, w)))

    wanted = made()(x, w).numpy()
    function = made()
    with extend.tune() as found:
        for _ in range(ENOUGH):
            np.testing.assert_array_equal(function(x, w).numpy(), wanted)
    first, last = chosen[0], chosen[-1]
    ways = [blockings[0] for blockings in chosen[1:-1]]
    assert len(set(ways)) == len(ways) == tuning._WAYS and last == [ways[2]] != first
    assert "1 of 1 kinds of products are cut otherwise" in found.table()
    count = len(chosen)
    np.testing.assert_array_equal(function(x, w).numpy(), wanted)
    np.testing.assert_array_equal(made()(x, w).numpy(), wanted)
    cache.forget()  # as in another process
    np.testing.assert_array_equal(made()(x, w).numpy(), wanted)
    assert len(chosen) == count


def test_training_goes_on_to_the_same_bits(chosen: list[list[Any]]) -> None:
    x, y = RNG.random((16 * ENOUGH, 20), np.float32), RNG.integers(0, 4, 16 * ENOUGH)

    def trained(context: Any) -> list[Any]:
        keras.utils.clear_session()
        keras.utils.set_random_seed(3)
        model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(70, activation="relu"), keras.layers.Dense(4)])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        with context as found:
            for start in range(0, len(x), 16):
                model.train_on_batch(x[start : start + 16], y[start : start + 16])
        if found is not None:
            assert "kinds of products are cut otherwise" in found.table()
        return model.get_weights()

    plain, tuned = trained(flags.override()), trained(extend.tune())
    for one, other in zip(plain, tuned, strict=True):
        np.testing.assert_array_equal(one, other)


def test_graphs_without_products_and_short_runs() -> None:
    with extend.tune() as found:
        tf.function(tf.exp)(tf.ones([4]))
        tf.function(tf.matmul)(tf.ones([4, 4]), tf.ones([4, 4]))
    assert found.table() == "0 graphs with products tried out; 1 more ran too seldom (72 runs are wanted)"


def test_engines_that_have_nothing_to_choose_say_so() -> None:
    dispatch.use_engine("reference")
    with pytest.raises(UnavailableError, match="reference"):
        extend.tune()

"""Fifty steps under every strategy and every grid of devices: the losses of one device, and its weights at the end.

By default each strategy is tried on one number of devices and one way of training; `WEFT_EVERY_STRATEGY=1` tries all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

jax = pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

import weft as tf  # noqa: E402
from tests.engines.xla import fifty_steps  # noqa: E402
from weft.keras import distribution  # noqa: E402
from weft.runtime import dispatch  # noqa: E402

if len(jax.devices()) < 8:
    pytest.skip("something has used jax before with fewer than eight devices", allow_module_level=True)

_EVERY = bool(os.environ.get("WEFT_EVERY_STRATEGY"))


@pytest.fixture(autouse=True)
def _xla() -> Iterator[None]:
    dispatch.use_engine("xla")
    yield
    distribution.set_distribution(None)
    dispatch.use_engine(None)


class _Tpus:
    """What a resolver tells of, where there are TPUs."""

    def __init__(self, count: int) -> None:
        self.devices = _names(count)


def _names(count: int) -> list[str]:
    return [f"/cpu:{number}" for number in range(count)]


def _servers() -> Any:
    partitioner = tf.distribute.experimental.partitioners.FixedShardsPartitioner(8)
    return tf.distribute.ParameterServerStrategy(None, partitioner)


#: name: what makes a strategy, and on how many devices the variables lie then
STRATEGIES: dict[str, tuple[Callable[[], Any], int]] = {
    "one device": (lambda: tf.distribute.OneDeviceStrategy("/cpu:0"), 1),
    **{f"mirrored {n}": (lambda n=n: tf.distribute.MirroredStrategy(_names(n)), n) for n in (2, 4, 8)},
    **{f"central storage {n}": (lambda n=n: tf.distribute.experimental.CentralStorageStrategy(_names(n)), n)
       for n in (2, 4, 8)},
    **{f"TPUs {n}": (lambda n=n: tf.distribute.TPUStrategy(_Tpus(n)), n) for n in (2, 4, 8)},
    "parameter servers": (_servers, 8),
}  # fmt: skip
DISTRIBUTIONS: dict[str, tuple[Callable[[], Any], int]] = {
    **{f"data parallel {n}": (lambda n=n: distribution.DataParallel(devices=distribution.list_devices()[:n]), n)
       for n in (2, 4, 8)},
    **{f"model parallel {rows}x{columns}": (lambda rows=rows, n=rows * columns:
        fifty_steps.grid(distribution.list_devices()[:n], rows), rows * columns)
       for rows, columns in ((2, 2), (4, 2), (2, 4), (8, 1), (1, 8))},
}  # fmt: skip


@cache
def _alone(way: str) -> fifty_steps.Trained:
    return fifty_steps.looped(tf.distribute.get_strategy()) if way == "loop" else fifty_steps.fitted(way)


def _some(cases: dict[str, Any], ways: tuple[str, ...]) -> list[tuple[str, str]]:
    """All cases in all ways, or each strategy on one number of devices in one way."""
    every = [(name, way) for name in cases for way in ways]
    if _EVERY:
        return every
    kinds: dict[str, tuple[str, str]] = {}
    for name in reversed(cases):
        kinds.setdefault(name.rstrip("0123456789x "), (name, ways[len(kinds) % len(ways)]))
    return list(kinds.values())


@pytest.mark.parametrize(("name", "way"), _some(STRATEGIES, fifty_steps.WAYS))
def test_losses_under_a_strategy_are_those_of_one_device(name: str, way: str) -> None:
    wanted = _alone(way)
    make, devices = STRATEGIES[name]
    strategy = make()
    if way == "loop":
        found = fifty_steps.looped(strategy)
    else:
        with strategy.scope():
            found = fifty_steps.fitted(way)
    fifty_steps.assert_same(found, wanted)
    # a function around `run` is traced in it, and runs outside of what parameter servers share
    assert found.devices == (1 if (name, way) == ("parameter servers", "loop") else devices)


@pytest.mark.parametrize("way", fifty_steps.WAYS[:2])
def test_losses_of_steps_in_one_call_are_those_of_one_device(way: str) -> None:
    wanted = _alone(way)
    with tf.distribute.MirroredStrategy(_names(4)).scope():
        found = fifty_steps.fitted(way, 5)
    assert len(found.losses) == 10
    fifty_steps.assert_same(found, wanted)


@pytest.mark.parametrize(("name", "way"), _some(DISTRIBUTIONS, fifty_steps.WAYS[:2]))
def test_losses_under_a_distribution_are_those_of_one_device(name: str, way: str) -> None:
    wanted = _alone(way)
    make, devices = DISTRIBUTIONS[name]
    with make().scope():
        found = fifty_steps.fitted(way)
    fifty_steps.assert_same(found, wanted)
    assert found.devices == devices

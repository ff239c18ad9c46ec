"""Convolutions with what is fused into them: pooling on the tile, strided gradients in parts, sparse gradients.

All are compared with the reference engine, every access checked, and for narrower processors too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.base import flags
from weft.base.errors import UnavailableError
from weft.engines.native import cache, compiler, target
from weft.engines.native.decompose import decompose
from weft.passes import pipeline
from weft.runtime import dispatch
from weft.testing import numeric

TOLERANCE = 3e-5
TARGETS = ("host", "avx2", "x86-64")


@pytest.fixture(autouse=True)
def _checked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(flags._overrides, "WEFT_CHECK", "1")
    cache.forget()
    yield
    dispatch.use_engine(None)


def _numbers(seed: int, *shapes: tuple[int, ...]) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def _compare(function: Callable[..., Any], arrays: list[Any], *, unknown: bool = True) -> None:
    """A function and its gradients, natively and by the reference."""

    def both(*operands: Any) -> Any:
        with tf.GradientTape() as tape:
            for operand in operands:
                tape.watch(operand)
            results = function(*operands)
            loss = tf.add_n([tf.reduce_sum(tf.sin(result)) for result in results])
        return [*results, *tape.gradient(loss, list(operands))]

    specs = [tf.TensorSpec((None if unknown and n == 0 else a.shape[0], *a.shape[1:])) for n, a in enumerate(arrays)]
    compiled = tf.function(both, input_signature=specs)
    made = {}
    for engine in ("native", "reference"):
        dispatch.use_engine(engine)
        made[engine] = [np.asarray(result) for result in compiled(*map(tf.constant, arrays))]
    for number, (actual, wanted) in enumerate(zip(made["native"], made["reference"], strict=True)):
        problem = numeric.close(actual, wanted, TOLERANCE)
        assert problem is None, f"result {number}: {problem}"


@pytest.fixture(params=TARGETS)
def _target(request: pytest.FixtureRequest) -> Iterator[None]:
    try:
        target.find(request.param)
    except UnavailableError as error:
        pytest.skip(str(error))
    with flags.override(WEFT_TARGET=request.param):
        yield


@pytest.mark.parametrize("case", [
    ((9, 7, 6, 12), (3, 3, 3, 8), (2, 1), (1, 1), "SAME"),  # more rows than the gradient has shares, groups of 3
    ((3, 5, 6, 40), (1, 1, 20, 34), (1, 1), (1, 1), "VALID"),  # groups wider than a vector
    ((3, 19, 10), (4, 2, 15), (1,), (2,), "SAME"),
    ((2, 5, 4, 5, 6), (2, 2, 2, 3, 4), (1, 1, 2), (1, 1, 1), "SAME"),
], ids=["strided", "wide", "dilated line", "volume"])  # fmt: skip
def test_groups(case: Any, _target: None) -> None:
    """Groups of channels with their gradients, and what maps behind them read of the results."""
    image, kernel, strides, dilations, padding = case

    def function(x: Any, k: Any) -> Any:
        found = tf.nn.convolution(x, k, strides=strides, padding=padding, dilations=dilations)
        return [found, tf.nn.relu(found) + 1.0, tf.reduce_mean(found, axis=-1)]

    _compare(function, _numbers(5, image, kernel))


def _pooled(pool: int, stride: int, padding: str, kind: str = "MAX") -> Callable[..., Any]:
    def function(x: Any, kernel: Any, bias: Any) -> Any:
        found = tf.nn.relu(tf.nn.conv2d(x, kernel, stride, padding) + bias)
        return [tf.nn.pool(found, [pool, pool], kind, strides=[pool, pool], padding="VALID")]

    return function


@pytest.mark.usefixtures("_target")
@pytest.mark.parametrize("shape, kernel, pool, stride, padding, kind", [
    ((5, 11, 9, 1), (3, 3, 1, 20), 2, 1, "VALID", "MAX"),  # one channel, odd sizes
    ((3, 13, 13, 16), (3, 3, 16, 32), 2, 1, "VALID", "MAX"),  # Winograd
    ((2, 12, 12, 16), (3, 3, 16, 24), 2, 1, "SAME", "MAX"),
    ((2, 14, 15, 3), (5, 5, 3, 10), 3, 2, "SAME", "MAX"),
    ((2, 9, 9, 8), (3, 3, 8, 16), 2, 1, "VALID", "AVG"),
])  # fmt: skip
def test_convolutions_with_pooling_behind_them(
    shape: tuple[int, ...], kernel: tuple[int, ...], pool: int, stride: int, padding: str, kind: str
) -> None:
    _compare(_pooled(pool, stride, padding, kind), _numbers(1, shape, kernel, kernel[-1:]))


def test_results_before_the_pooling_are_wanted_too() -> None:
    def function(x: Any, kernel: Any, bias: Any) -> Any:
        found = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") + bias)
        return [found, tf.nn.max_pool2d(found, 2, 2, "VALID")]

    for size, channels in ((7, 16), (8, 16), (7, 2)):
        _compare(function, _numbers(2, (2, size, size + 2, channels), (3, 3, channels, 16), (16,)))


def test_the_first_greatest_of_a_window_gets_the_gradient_where_none_is_a_number() -> None:
    x, kernel, bias = _numbers(3, (1, 6, 6, 2), (1, 1, 2, 4), (4,))
    x[0, 0, :3] = np.nan
    x[0, 1, 1] = np.nan
    x[0, 2:4, 2:4] = 0.5  # equal numbers

    def function(x: Any, kernel: Any) -> Any:
        return [tf.nn.max_pool2d(tf.nn.conv2d(x, kernel, 1, "VALID"), 2, 2, "VALID")]

    _compare(function, [x, kernel])
    assert bias.shape == (4,)


@pytest.mark.usefixtures("_target")
@pytest.mark.parametrize("size, window, stride, padding", [
    (9, 3, 2, "SAME"), (8, 3, 2, "SAME"), (8, 1, 2, "VALID"), (11, 2, 3, "VALID"), (10, 5, 3, "SAME"),
    (7, 4, 4, "SAME"),
])  # fmt: skip
def test_gradients_of_convolutions_with_strides(size: int, window: int, stride: int, padding: str) -> None:
    _compare(lambda x, k: [tf.nn.conv2d(x, k, [1, stride, 1, 1], padding), tf.nn.conv2d(x, k, stride, padding)],
             _numbers(4, (2, size, size + 1, 5), (window, window, 5, 19)))  # fmt: skip


def test_convolutions_of_one_and_of_three_axes() -> None:
    _compare(lambda x, k: [tf.nn.conv1d(x, k, 1, "SAME"), tf.nn.conv1d(x, k, 2, "VALID")],
             _numbers(5, (3, 40, 7), (3, 7, 21)))  # fmt: skip
    _compare(lambda x, k: [tf.nn.conv3d(x, k, [1, 1, 2, 1, 1], "SAME")], _numbers(6, (2, 5, 6, 7, 3), (2, 3, 2, 3, 6)))


@pytest.mark.parametrize("size, channels, filters", [(7, 32, 48), (4, 64, 160), (5, 16, 272)])
def test_winograd_with_few_tiles_and_many_filters(size: int, channels: int, filters: int) -> None:
    _compare(lambda x, k: [tf.nn.conv2d(x, k, 1, "SAME")],
             _numbers(7, (3, size, size, channels), (3, 3, channels, filters)))  # fmt: skip


def _kernels(function: Callable[..., Any], *shapes: tuple[int | None, ...]) -> list[str]:
    graph = tf.function(function).get_concrete_function(*(tf.TensorSpec(shape) for shape in shapes)).graph
    graph = decompose(pipeline.run(graph))
    image = compiler.compile_graph(graph, target.current(), False, ())
    return [call.name.split("_", 1)[1] for phase in image.phases for call in phase.kernels]


def test_pooling_is_done_on_the_tile() -> None:
    assert _kernels(_pooled(2, 1, "VALID"), (4, 10, 10, 1), (3, 3, 1, 8), (8,)) == ["conv"]
    assert _kernels(_pooled(2, 1, "VALID"), (4, 16, 16, 32), (3, 3, 32, 32), (32,)) == ["pack", "conv"]


@pytest.mark.parametrize("wanted", ["q", "p q", "c p q", "c f p q"])
@pytest.mark.parametrize("size", [12, 13])
def test_reshaped_results_of_a_fused_pooling(wanted: str, size: int) -> None:
    rng = np.random.default_rng(0)
    kernel = tf.constant(rng.standard_normal((3, 3, 8, 64)).astype(np.float32))
    x = tf.constant(rng.standard_normal((2, size, size, 8)).astype(np.float32))

    def compute(x: Any) -> list[Any]:
        c = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "VALID"))
        p = tf.nn.max_pool2d(c, 2, 2, "VALID")
        found = {"c": c, "p": p, "f": tf.reshape(c, [2, -1]), "q": tf.reshape(p, [2, -1])}
        return [found[name] for name in wanted.split()]

    for found, expected in zip(tf.function(compute)(x), compute(x), strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4, atol=1e-4)


def _global_max(x: Any, kernel: Any, bias: Any) -> Any:
    rank = len(x.shape) - 2
    found = tf.nn.convolution(x, kernel, strides=[1] * rank, padding="SAME")
    return [tf.reduce_max(tf.nn.relu(found + bias), axis=list(range(1, rank + 1)))]


@pytest.mark.usefixtures("_target")
def test_gradients_through_the_greatest_of_a_line() -> None:
    _compare(_global_max, _numbers(8, (3, 50, 5), (3, 5, 37), (37,)))
    _compare(_global_max, _numbers(9, (2, 8, 9, 3), (3, 3, 3, 8), (8,)))
    x, kernel, bias = _numbers(10, (2, 40, 5), (3, 5, 8), (8,))
    _compare(_global_max, [np.repeat(x[:, ::8], 8, 1), kernel, bias])  # many are the greatest
    names = _kernels(_gradients(_global_max), (4, 50, 5), (3, 5, 37), (37,))
    assert "spots" in names and "conv_kernel_gradient" in names


def _gradients(function: Callable[..., Any]) -> Callable[..., Any]:
    def gradients(*operands: Any) -> Any:
        with tf.GradientTape() as tape:
            for operand in operands:
                tape.watch(operand)
            loss = tf.add_n([tf.reduce_sum(tf.sin(result)) for result in function(*operands)])
        return tape.gradient(loss, list(operands))

    return gradients


def test_a_pooling_of_a_product_is_left_alone() -> None:
    _compare(lambda x, y: [tf.nn.max_pool1d(x @ y, 2, 2, "VALID")], _numbers(11, (3, 8, 5), (3, 5, 6)), unknown=False)


@pytest.mark.parametrize("stride", [1, 2])
def test_products_of_many_channels(stride: int) -> None:
    _compare(lambda x, k: [tf.nn.conv2d(x, k, stride, "SAME")], _numbers(12, (2, 5, 6, 260), (1, 1, 260, 130)))


@pytest.mark.parametrize("batch, stride, unknown", [(1, 1, True), (15, 1, True), (3, 2, True), (15, 1, False)])
def test_gradients_of_many_channels_are_products(batch: int, stride: int, unknown: bool) -> None:
    """Of one stretch of rows and of several, of a number that the code knows and of one that it does not."""
    arrays = _numbers(14, (batch, 6, 7, 260), (1, 1, 260, 256))
    _compare(lambda x, k: [tf.nn.conv2d(x, k / 16, stride, "SAME")], arrays, unknown=unknown)


def test_the_update_of_a_kernel_is_part_of_its_gradients_product() -> None:
    (x, kernel, change), rate = _numbers(15, (5, 11, 10, 256), (1, 1, 256, 260), (5, 11, 10, 260)), 0.125
    weights, speed = tf.Variable(kernel), tf.Variable(np.ones_like(kernel))

    @tf.function(input_signature=[tf.TensorSpec([None, 11, 10, 256]), tf.TensorSpec([None, 11, 10, 260])])
    def step(x: Any, change: Any) -> None:
        with tf.GradientTape() as tape:
            y = tf.nn.conv2d(x, weights, 1, "SAME")
        speed.assign(0.5 * speed + tape.gradient(y, weights, change))
        weights.assign_sub(rate * speed)

    dispatch.use_engine("native")
    step(x, change)
    gradient = np.einsum("bhwc,bhwf->cf", x.astype(np.float64), change.astype(np.float64))
    np.testing.assert_allclose(speed.numpy()[0, 0], 0.5 + gradient, rtol=0, atol=2e-6 * np.abs(gradient).max())
    expected = kernel[0, 0] - rate * (0.5 + gradient)
    np.testing.assert_allclose(weights.numpy()[0, 0], expected, rtol=0, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("channels", [3, 16])
def test_windows_of_one_element_with_strides_before_a_pooling(channels: int) -> None:
    """What is not zero is told by its place in the whole image, not in the pixels that the strides choose."""
    def pooled(x: Any, kernel: Any) -> Any:
        return [tf.nn.max_pool2d(tf.nn.conv2d(x, kernel, 2, "VALID"), 2, 2, "VALID")]

    def greatest(x: Any, kernel: Any) -> Any:
        return [tf.reduce_max(tf.nn.conv1d(x, kernel, 2, "VALID"), 1)]

    _compare(pooled, _numbers(1, (2, 16, 16, channels), (1, 1, channels, 8)))
    _compare(greatest, _numbers(2, (2, 100, channels), (1, channels, 8)))


@pytest.mark.usefixtures("_target")
@pytest.mark.parametrize("shape, window, stride, dilation, padding", [
    ((3, 9, 21, 20), (3, 3), 1, 1, "SAME"),  # several tiles in a line, a cut vector of channels
    ((9, 8, 7, 33), (3, 3), 2, 1, "SAME"),  # more images than shares of them
    ((2, 3, 3, 16), (5, 5), 1, 1, "SAME"),  # windows wider than the images
    ((1, 12, 13, 7), (4, 3), 3, 1, "VALID"),
    ((2, 11, 12, 18), (3, 2), 1, 2, "SAME"),
    ((2, 10, 10, 256), (3, 3), 1, 1, "SAME"),  # several blocks of channels
    ((2, 9, 9, 5), (7, 7), 2, 1, "SAME"),  # more sums than registers
    ((2, 7, 8, 6), (2, 2), 3, 1, "VALID"),  # some elements in no window
])  # fmt: skip
def test_depthwise(
    shape: tuple[int, ...], window: tuple[int, int], stride: int, dilation: int, padding: str
) -> None:
    _compare(lambda x, k: [tf.nn.depthwise_conv2d(tf.nn.relu6(x), k, [1, stride, stride, 1], padding,
                                                  dilations=[dilation, dilation])],
             _numbers(8, shape, (*window, shape[-1], 1)))  # fmt: skip


def test_depthwise_in_other_shapes() -> None:
    pads = [[0, 0], [3, 1], [0, 4], [0, 0]]  # also more than a window reaches
    _compare(lambda x, k: [tf.nn.depthwise_conv2d(x, k, [1, 1, 1, 1], pads)],
             _numbers(9, (2, 6, 9, 5), (3, 2, 5, 1)))  # fmt: skip
    _compare(lambda x, k: [tf.nn.depthwise_conv2d(x, k, [1, 1, 1, 1], "SAME")],
             _numbers(10, (2, 6, 9, 5), (3, 3, 5, 2)))  # fmt: skip
    _compare(lambda x, k: [tf.nn.conv1d(x, k, 1, "SAME"), tf.nn.conv1d(x, k, 2, "VALID")],
             _numbers(11, (3, 30, 6), (3, 1, 6)))  # fmt: skip
    _compare(lambda x, k: [tf.nn.conv2d(x, k, 1, "SAME")], _numbers(12, (2, 8, 7, 12), (3, 3, 3, 8)))  # groups of 3


@pytest.mark.usefixtures("_target")
@pytest.mark.parametrize("seed", range(8))
def test_strides_dilations_and_groups_of_any_kind(seed: int) -> None:
    """Also those that TensorFlow has no argument for: strides and dilations with factors in common, many windows."""
    rng = np.random.default_rng(seed)

    def drawn(low: int, high: int, count: int) -> tuple[int, ...]:
        return tuple(int(n) for n in rng.integers(low, high, count))

    rank = (2, 1, 2, 3, 2)[seed % 5]
    strides, dilations, window = drawn(1, 5, rank), drawn(1, 5, rank), drawn(1, 4, rank)
    sizes = tuple((w - 1) * d + int(rng.integers(1, 9)) for w, d in zip(window, dilations, strict=True))
    groups, channels, each = ((2, 3, 5), (6, 1, 3), (1, 5, 17), (3, 4, 4), (20, 1, 2), (5, 1, 1))[seed % 6]
    given = {"strides": strides, "dilations": dilations, "padding": ("SAME", "VALID")[seed % 2], "groups": groups}

    def function(x: Any, k: Any) -> Any:
        found = dispatch.call("conv", x, k, **given)
        return [found, tf.nn.relu(found)]

    _compare(function, _numbers(seed, (9 if rank < 3 else 2, *sizes, groups * channels),
                                (*window, channels, groups * each)))  # fmt: skip


def test_depthwise_of_a_tile_with_what_is_behind_it() -> None:
    def block(x: Any, k: Any, bias: Any) -> Any:
        return tf.nn.relu6(tf.nn.depthwise_conv2d(x, k, [1, 1, 1, 1], "SAME") + bias)

    assert len(_kernels(block, (None, 12, 12, 24), (3, 3, 24, 1), (24,))) == 1


@pytest.mark.parametrize("batch", [1, 2, 9, 17])
@pytest.mark.parametrize("size, channels, filters", [(8, 64, 64), (7, 16, 272), (16, 32, 32)])
def test_winograd_of_any_number_of_images(batch: int, size: int, channels: int, filters: int) -> None:
    """Chunks and shares depend on how many there are."""
    _compare(lambda x, k: [tf.nn.conv2d(x, k, 1, "SAME")],
             _numbers(13, (batch, size, size, channels), (3, 3, channels, filters)))  # fmt: skip


@pytest.mark.parametrize("filters", [512, 520])
def test_winograd_with_fewer_shares_of_long_sums(filters: int) -> None:
    _compare(lambda x, k: [tf.nn.conv2d(x, k, 1, "SAME")], _numbers(14, (3, 5, 5, 160), (3, 3, 160, filters)))

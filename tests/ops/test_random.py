"""Random streams: published vectors, TensorFlow's numbers, and whether numbers are distributed as they claim."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest

from tests.golden import recipes
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError
from weft.ir.types import TensorType
from weft.ops import interpreter, opdef, philox
from weft.ops.random import blocks_for

GOLDEN = recipes.Golden("network_ops")
KEY, COUNTER = philox.stream_of_seed([20, 26])
MANY = 40000


def call(op, *inputs, **attrs):
    record = opdef.get(op)
    arrays = [np.asarray(a) for a in inputs]
    complete = record.complete(attrs)
    record.infer([TensorType(a.shape, dtypes.as_dtype(a.dtype)) for a in arrays], complete)
    found = interpreter.evaluate(record, arrays, complete)
    return found[0] if len(found) == 1 else found


def uint32(*words):
    return np.array(words, np.uint32)


# The generator -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counter", "key", "block"),
    [  # the known answers published with Random123
        ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
         (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
    ],
)  # fmt: skip
def test_known_answers(counter, key, block):
    assert tuple(philox.blocks(uint32(*key), uint32(*counter), 1)[0]) == block


def test_any_part_of_a_stream_can_be_computed_by_itself():
    whole = philox.blocks(KEY, COUNTER, 20000)
    numbers = np.array([0, 1, 8191, 8192, 19999], np.uint64)
    np.testing.assert_array_equal(philox.blocks_at(KEY, COUNTER, numbers), whole[numbers.astype(int)])
    np.testing.assert_array_equal(philox.words(KEY, COUNTER, 9), whole.ravel()[:9])


def test_counters_carry_through_all_their_words():
    for start in (2**32 - 2, 2**64 - 2, 2**96 - 2, 2**128 - 2):
        words = [start >> shift & 0xFFFFFFFF for shift in (0, 32, 64, 96)]
        run = philox.blocks(KEY, uint32(*words), 4)
        scattered = philox.blocks_at(KEY, uint32(*words), np.arange(4, dtype=np.uint64))
        for step in range(4):
            after = [(start + step) % 2**128 >> shift & 0xFFFFFFFF for shift in (0, 32, 64, 96)]
            np.testing.assert_array_equal(run[step], philox.blocks(KEY, uint32(*after), 1)[0])
            np.testing.assert_array_equal(scattered[step], run[step])


def test_a_longer_draw_begins_like_a_shorter_one():
    for op in ("random_uniform", "random_normal", "random_truncated_normal", "random_bits"):
        np.testing.assert_array_equal(call(op, KEY, COUNTER, shape=(3, 7)).ravel(),
                                      call(op, KEY, COUNTER, shape=(500,))[:21])  # fmt: skip


def test_streams_of_close_seeds_share_nothing():
    first = philox.words(*philox.stream_of_seed([1, 2]), 1000)
    for seed in ([1, 3], [2, 2], [2, 1], [-1, 2]):
        assert not np.intersect1d(first, philox.words(*philox.stream_of_seed(seed), 1000)).size > 1


# TensorFlow's stateless functions ------------------------------------------------------------------------------------

STREAM = philox.stream_of_seed(GOLDEN["random/seed"])


@pytest.mark.parametrize("op", ["random_uniform", "random_normal", "random_truncated_normal"])
@pytest.mark.parametrize("dtype", dtypes.FLOATS, ids=lambda d: d.name)
def test_floats_are_tensorflow_s(op, dtype):
    found = call(op, *STREAM, shape=(37,), dtype=dtype)
    expected = GOLDEN[f"random/{op}/{dtype.name}"]
    if op == "random_uniform":
        np.testing.assert_array_equal(found.astype(np.float64), expected)
    else:  # log and sin may differ in the last digit
        digit = float(ml_dtypes.finfo(dtype.numpy).eps)
        np.testing.assert_allclose(found.astype(np.float64), expected, rtol=8 * digit, atol=8 * digit)


def test_integers_bits_categories_and_dropout_are_tensorflow_s():
    for name in ("int32", "int64"):
        low, high = np.array(-50, name), np.array(1000, name)
        np.testing.assert_array_equal(call("random_integers", *STREAM, low, high, shape=(37,)),
                                      GOLDEN[f"random/random_integers/{name}"])  # fmt: skip
    for dtype in (dtypes.uint32, dtypes.uint64):
        np.testing.assert_array_equal(call("random_bits", *STREAM, shape=(37,), dtype=dtype),
                                      GOLDEN[f"random/random_bits/{dtype.name}"])  # fmt: skip
    np.testing.assert_array_equal(call("random_categorical", *STREAM, GOLDEN["random/logits"], num_samples=9),
                                  GOLDEN["random/random_categorical/int64"])  # fmt: skip
    np.testing.assert_allclose(call("dropout", np.ones(37, np.float32), *STREAM, rate=0.3),
                               GOLDEN["random/dropout/float32"], rtol=1e-6)  # fmt: skip


# Distributions -------------------------------------------------------------------------------------------------------


def distance(sample, distribution):
    """Kolmogorov and Smirnov's distance, times the root of the number of draws: rarely above 1.95 (1 in 1000)."""
    ordered = np.sort(np.asarray(sample, np.float64).ravel())
    expected = distribution(ordered)
    steps = np.arange(ordered.size + 1) / ordered.size
    return max(np.abs(expected - steps[:-1]).max(), np.abs(expected - steps[1:]).max()) * math.sqrt(ordered.size)


def normal(x):
    return np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x])


def test_uniform():
    for dtype in (dtypes.float32, dtypes.float64):
        sample = call("random_uniform", KEY, COUNTER, shape=(MANY,), dtype=dtype)
        assert sample.min() >= 0 and sample.max() < 1
        assert distance(sample, lambda x: x) < 1.95
        assert abs(np.corrcoef(sample[:-1], sample[1:])[0, 1]) < 4 / math.sqrt(MANY)


def test_normal():
    for dtype in (dtypes.float32, dtypes.float64):
        sample = call("random_normal", KEY, COUNTER, shape=(MANY,), dtype=dtype)
        assert distance(sample, normal) < 1.95
        assert abs(np.corrcoef(sample[::2], sample[1::2])[0, 1]) < 4 / math.sqrt(MANY / 2)


def test_truncated_normal():
    low, high = normal([-2.0, 2.0])
    for dtype in (dtypes.float32, dtypes.float64):
        sample = call("random_truncated_normal", KEY, COUNTER, shape=(MANY,), dtype=dtype)
        assert np.abs(sample).max() < 2
        assert distance(sample, lambda x: (normal(x) - low) / (high - low)) < 1.95


def test_gamma():
    one = call("random_gamma", KEY, COUNTER, np.array(1.0), shape=(MANY,))
    assert distance(one, lambda x: 1 - np.exp(-x)) < 1.95
    half = call("random_gamma", KEY, COUNTER, np.array(0.5), shape=(MANY,))
    assert distance(half, lambda x: np.array([math.erf(math.sqrt(v)) for v in x])) < 1.95
    two = call("random_gamma", KEY, COUNTER, np.array(2.0), shape=(MANY,))
    assert distance(two, lambda x: 1 - np.exp(-x) * (1 + x)) < 1.95
    alpha = np.array([0.05, 30.0, 2000.0])
    several = call("random_gamma", KEY, COUNTER, alpha, shape=(MANY, 3))
    assert (np.abs(several.mean(axis=0) - alpha) < 5 * np.sqrt(alpha / MANY)).all()
    np.testing.assert_allclose(several.var(axis=0), alpha, rtol=0.2)


def gamma_distribution(a, x):
    """The regularised incomplete gamma function by its series."""
    term = math.exp(a * math.log(x) - x - math.lgamma(a + 1))
    total = 0.0
    for n in range(1, 5000):
        total += term
        term *= x / (a + n)
    return total


@pytest.mark.parametrize(("a", "x"), [(0.3, 0.01), (0.5, 2.0), (1.0, 1.0), (3.0, 9.0), (40.0, 35.0), (300.0, 350.0)])
def test_the_slope_of_a_gamma_quantile(a, x):
    step = 1e-5 * a
    slope = (gamma_distribution(a + step, x) - gamma_distribution(a - step, x)) / (2 * step)
    density = math.exp((a - 1) * math.log(x) - x - math.lgamma(a))
    found = call("random_gamma_gradient", np.array(a), np.array(x))
    np.testing.assert_allclose(found, -slope / density, rtol=1e-4)


def test_the_slope_of_a_gamma_quantile_goes_on_smoothly_to_large_alpha():
    for deviations in (-3, 0, 3):
        below, above = (call("random_gamma_gradient", np.array(a), np.array(a + deviations * math.sqrt(a)))
                        for a in (999.9, 1000.1))  # fmt: skip
        np.testing.assert_allclose(below, above, rtol=1e-3)


def frequencies_fit(sample, probabilities):
    """Pearson's statistic over the values expected at least ten times, less its mean, in its standard deviations."""
    expected = probabilities * sample.size
    counts = np.bincount(sample.astype(int).ravel(), minlength=expected.size)[: expected.size]
    enough = expected >= 10
    statistic = (np.square(counts - expected) / np.where(enough, expected, 1))[enough].sum()
    freedom = enough.sum() - 1
    return (statistic - freedom) / math.sqrt(2 * freedom) < 4


@pytest.mark.parametrize("rate", [0.2, 4.0, 9.9, 10.1, 80.0])
def test_poisson(rate):
    sample = call("random_poisson", KEY, COUNTER, np.array(rate), shape=(MANY,), dtype=dtypes.int64)
    k = np.arange(300)
    assert frequencies_fit(sample, np.exp(k * np.log(rate) - rate - np.array([math.lgamma(i + 1) for i in k])))


@pytest.mark.parametrize(("count", "probability"), [(1, 0.3), (12, 0.5), (40, 0.9), (100, 0.3), (500, 0.97)])
def test_binomial(count, probability):
    sample = call("random_binomial", KEY, COUNTER, np.array(count), np.array(probability), shape=(MANY,),
                  dtype=dtypes.int32)  # fmt: skip
    exact = [math.comb(count, k) * probability**k * (1 - probability) ** (count - k) for k in range(count + 1)]
    assert sample.max() <= count
    assert frequencies_fit(sample, np.array(exact))


def test_sure_outcomes():
    assert (call("random_poisson", KEY, COUNTER, np.array(0.0), shape=(50,)) == 0).all()
    for probability, expected in ((0.0, 0), (1.0, 30)):
        sample = call("random_binomial", KEY, COUNTER, np.array(30.0), np.array(probability), shape=(50,))
        assert (sample == expected).all()


def test_categorical():
    logits = np.log(np.array([[0.1, 0.2, 0.7, 0.0], [0.25, 0.25, 0.0, 0.5]]) + 1e-300)
    few_rows = call("random_categorical", KEY, COUNTER, logits, num_samples=MANY)
    for row in range(2):
        assert frequencies_fit(few_rows[row], np.exp(logits[row]))
    many_rows = call("random_categorical", KEY, COUNTER, np.repeat(logits[:1], MANY, axis=0), num_samples=1)
    assert frequencies_fit(many_rows, np.exp(logits[0]))


def test_integers():
    sample = call("random_integers", KEY, COUNTER, np.array(-3), np.array(4), shape=(MANY,))
    assert frequencies_fit(sample + 3, np.full(7, 1 / 7))


def test_permutation():
    order = call("random_permutation", KEY, COUNTER, size=1000)
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    firsts = [call("random_permutation", *philox.stream_of_seed([n, 0]), size=6)[0] for n in range(3000)]
    assert frequencies_fit(np.array(firsts), np.full(6, 1 / 6))


def test_dropout():
    x = np.linspace(1, 2, MANY).astype(np.float32).reshape(200, 200)
    y = call("dropout", x, KEY, COUNTER, rate=0.3)
    kept = y != 0
    assert abs(kept.mean() - 0.7) < 4 * math.sqrt(0.21 / MANY)
    np.testing.assert_allclose(y[kept], (x / 0.7)[kept], rtol=1e-6)
    for dtype in (np.float16, np.float64, ml_dtypes.bfloat16):  # the same elements whatever the dtype
        np.testing.assert_array_equal(call("dropout", x.astype(dtype), KEY, COUNTER, rate=0.3) != 0, kept)
    rows = call("dropout", x, KEY, COUNTER, rate=0.5, noise_shape=(200, 1)) != 0
    assert (rows == rows[:, :1]).all() and 60 < rows[:, 0].sum() < 140
    np.testing.assert_array_equal(call("dropout", x, KEY, COUNTER, rate=0.0), x)
    assert not call("dropout", x, KEY, COUNTER, rate=1.0).any()
    spoilt = np.full((4, 4), np.nan, np.float32)
    assert not call("dropout", spoilt, KEY, COUNTER, rate=1.0).any()


# Refusals and bookkeeping --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "inputs", "attrs", "says"),
    [
        ("random_uniform", (KEY[:1], COUNTER), dict(shape=(2,)), "`key` has shape"),
        ("random_uniform", (KEY, COUNTER), dict(shape=(2,), dtype=dtypes.int32), "cannot draw int32"),
        ("random_integers", (KEY, COUNTER, np.array(5), np.array(5)), dict(shape=(2,)), "minval 5 must be below"),
        ("random_gamma", (KEY, COUNTER, np.array([1.0, -2.0])), dict(shape=(2,)), "received -2.0"),
        ("random_poisson", (KEY, COUNTER, np.array(-1.0)), dict(shape=(2,)), "received -1.0"),
        ("random_binomial", (KEY, COUNTER, np.array(3.0), np.array(1.5)), dict(shape=(2,)), "received 1.5"),
        ("random_categorical", (KEY, COUNTER, np.zeros(3)), dict(num_samples=1), "batch axis"),
        ("random_categorical", (KEY, COUNTER, np.full((1, 3), -np.inf)), dict(num_samples=1), "row 0"),
        ("dropout", (np.ones(3), KEY, COUNTER), dict(rate=50), "percentage"),
        ("random_stream", (np.array([1, 2, 3]),), {}, "two integers"),
    ],
)
def test_refusals(op, inputs, attrs, says):
    with pytest.raises((InvalidArgumentError, ValueError), match=says):
        call(op, *inputs, **attrs)


def test_every_op_that_draws_says_how_much_it_takes():
    drawing = {r.name for r in opdef.records() if "key" in r.inputs and "counter" in r.inputs}
    assert all(blocks_for(op, (3, 5)) >= 15 for op in drawing - {"random_shuffle_order"})
    assert blocks_for("random_uniform", (3, 5)) == 15 * 256
    assert [blocks_for("random_shuffle_order", (n,)) for n in (0, 1, 2, 5, 6)] == [0, 0, 1, 1, 2]

"""Special functions against identities and tabulated values: no library is right everywhere, these are."""

import math

import numpy as np
import pytest

from weft.ops.numerics import bessel, errors, gammas

RANDOM = np.random.default_rng(3)


def _relative(actual, expected):
    return float(np.max(np.abs(actual - expected) / np.abs(expected)))


def test_erf_and_its_inverse():
    x = np.concatenate([np.linspace(-5.5, 5.5, 1001), [1e-300, 1e-10]])
    np.testing.assert_allclose(errors.erf(x), [math.erf(v) for v in x], rtol=1e-15)
    x = np.linspace(-5, 26, 1001)
    np.testing.assert_allclose(errors.erfc(x), [math.erfc(v) for v in x], rtol=2e-13)
    q = 10.0 ** RANDOM.uniform(-300, 0, 500)
    assert _relative(errors.erfc(errors.erfcinv(q)), q) < 3e-13
    y = RANDOM.uniform(-1, 1, 500)
    assert _relative(errors.erf(errors.erfinv(y)), y) < 5e-15
    np.testing.assert_array_equal(errors.erfinv(np.array([-1.0, 0.0, 1.0])), [-np.inf, 0, np.inf])


def test_float32_is_computed_in_float32():
    x = np.linspace(-4, 4, 101, dtype=np.float32)
    assert errors.erf(x).dtype == np.float32
    np.testing.assert_allclose(errors.erf(x), [math.erf(v) for v in x], rtol=4e-7)
    np.testing.assert_allclose(errors.erfc(x), [math.erfc(v) for v in x], rtol=1e-6)


def test_lgamma():
    x = np.concatenate([10.0 ** RANDOM.uniform(-12, 12, 400), RANDOM.uniform(0, 20, 400)])
    expected = np.array([math.lgamma(v) for v in x])
    np.testing.assert_allclose(gammas.lgamma(x), expected, rtol=2e-13, atol=1e-20)
    near = 2.0 ** RANDOM.integers(-40, -16, 40) * RANDOM.choice([-1, 1], 40)  # Taylor series at the zeros
    at_two = (1 - np.euler_gamma) * near + (math.pi**2 / 6 - 1) / 2 * near**2 - 0.06735230105319811 * near**3
    np.testing.assert_allclose(gammas.lgamma(2 + near), at_two, rtol=1e-15)
    x = -RANDOM.uniform(0, 30, 400)
    np.testing.assert_allclose(gammas.lgamma(x), [math.lgamma(v) for v in x], rtol=1e-12, atol=1e-13)


def test_digamma_and_polygamma():
    assert math.isclose(gammas.digamma(np.array(1.0)), -np.euler_gamma, rel_tol=1e-15)
    assert math.isclose(gammas.digamma(np.array(0.5)), -np.euler_gamma - 2 * math.log(2), rel_tol=1e-15)
    x = np.concatenate([RANDOM.uniform(-9, 30, 400), 10.0 ** RANDOM.uniform(-3, 6, 100)])
    np.testing.assert_allclose(gammas.digamma(x + 1), gammas.digamma(x) + 1 / x, rtol=1e-11, atol=1e-12)
    two = np.full(3, 1.0)
    np.testing.assert_allclose(gammas.polygamma(two, np.array([1.0, 2.0, 0.5])),
                               [math.pi**2 / 6, math.pi**2 / 6 - 1, math.pi**2 / 2], rtol=1e-15)  # fmt: skip
    assert np.isnan(gammas.polygamma(np.array(1.5), np.array(1.0)))


def test_zeta():
    x = np.array([2.0, 4.0, 3.0, 2.0])
    q = np.array([1.0, 1.0, 1.0, 0.5])
    apery = 1.2020569031595942
    np.testing.assert_allclose(gammas.zeta(x, q), [math.pi**2 / 6, math.pi**4 / 90, apery, math.pi**2 / 2], rtol=1e-15)
    x, q = 1 + 10.0 ** RANDOM.uniform(-2, 1.5, 300), 10.0 ** RANDOM.uniform(-2, 4, 300)
    np.testing.assert_allclose(gammas.zeta(x, q), gammas.zeta(x, q + 1) + q**-x, rtol=1e-13)


def test_incomplete_gamma():
    a, x = 10.0 ** RANDOM.uniform(-3, 5, 1000), 10.0 ** RANDOM.uniform(-3, 5, 1000)
    lower, upper = gammas.igamma(a, x), gammas.igammac(a, x)
    np.testing.assert_allclose(lower + upper, 1, rtol=1e-14)
    x = RANDOM.uniform(0.01, 20, 200)
    np.testing.assert_allclose(gammas.igamma(np.ones(200), x), -np.expm1(-x), rtol=1e-14)
    np.testing.assert_allclose(gammas.igammac(np.full(200, 0.5), x), [math.erfc(math.sqrt(v)) for v in x], rtol=1e-12)
    near = gammas.igamma(np.array([1e6, 977234.9568299557]), np.array([1e6, 972506.3546283328]))
    np.testing.assert_allclose(near, [0.50013298076087259, 8.3074526651643606e-07], rtol=1e-11)


def test_slope_of_the_incomplete_gamma_in_its_order():
    a, x = RANDOM.uniform(0.5, 300, 400), RANDOM.uniform(0.5, 300, 400)
    step = 1e-4 * a
    around = [gammas.igamma(a + k * step, x) for k in (-2, -1, 1, 2)]
    expected = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / (12 * step)
    np.testing.assert_allclose(gammas.igamma_grad_a(a, x), expected, atol=1e-9)


def test_incomplete_beta():
    a, b, x = RANDOM.uniform(0.1, 200, 400), RANDOM.uniform(0.1, 200, 400), RANDOM.uniform(0, 1, 400)
    np.testing.assert_allclose(gammas.betainc(a, b, x) + gammas.betainc(b, a, 1 - x), 1, rtol=1e-12)
    one = np.ones(400)
    np.testing.assert_allclose(gammas.betainc(a, one, x), x**a, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(gammas.betainc(one, b, x), -np.expm1(b * np.log1p(-x)), rtol=1e-12)


def test_wronskians_of_bessel_functions():
    x = np.concatenate([RANDOM.uniform(0.05, 40, 400), 10.0 ** RANDOM.uniform(-3, 2.5, 400)])
    modified = bessel.i0e(x) * bessel.k1e(x) + bessel.i1e(x) * bessel.k0e(x)
    np.testing.assert_allclose(modified, 1 / x, rtol=5e-15)
    plain = bessel.j1(x) * bessel.y0(x) - bessel.j0(x) * bessel.y1(x)
    np.testing.assert_allclose(plain, 2 / (math.pi * x), rtol=5e-14)
    np.testing.assert_allclose(bessel.j0(np.array([1.0, 10.0])), [0.7651976865579666, -0.2459357644513483], rtol=1e-14)
    np.testing.assert_allclose(bessel.i0(np.array([1.0, 10.0])), [1.2660658777520084, 2815.7166284662544], rtol=1e-14)


@pytest.mark.parametrize(("function", "slope", "low", "high"), [
    (errors.dawsn, lambda x, y: 1 - 2 * x * y, -12, 12),
    (errors.expint, lambda x, y: np.exp(x) / x, 0.1, 60),
    (errors.fresnel_sin, lambda x, y: np.sin(math.pi / 2 * x * x), -8, 8),
    (errors.fresnel_cos, lambda x, y: np.cos(math.pi / 2 * x * x), -8, 8),
    (errors.spence, lambda x, y: np.log(x) / (1 - x), 0.05, 9),
])  # fmt: skip
def test_integrals_have_their_integrands_as_slopes(function, slope, low, high):
    x = RANDOM.uniform(low, high, 500)
    step = 1e-3
    around = [function(x + k * step) for k in (-3, -2, -1, 1, 2, 3)]
    found = (-around[0] + 9 * around[1] - 45 * around[2] + 45 * around[3] - 9 * around[4] + around[5]) / (60 * step)
    np.testing.assert_allclose(found, slope(x, function(x)), rtol=2e-9, atol=2e-9)


def test_known_values_of_integrals():
    one = np.array([1.0])
    np.testing.assert_allclose(errors.expint(one), 1.8951178163559368, rtol=1e-15)
    np.testing.assert_allclose(errors.dawsn(one), 0.5380795069127684, rtol=1e-15)
    np.testing.assert_allclose(errors.spence(2 * one), -(math.pi**2) / 12, rtol=1e-15)
    np.testing.assert_allclose(errors.fresnel_sin(one), 0.4382591473903548, rtol=1e-15)
    np.testing.assert_allclose(errors.fresnel_cos(one), 0.7798934003768228, rtol=1e-15)

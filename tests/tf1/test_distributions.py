"""Distributions that are drawn from: what draws have in common with what the distribution says of itself."""

from __future__ import annotations

import numpy as np
import pytest

import weft.compat.v1 as tf

contrib = tf.contrib.distributions
KINDS = [
    lambda: tf.distributions.Beta([2.0, 0.5], 3.0),
    lambda: tf.distributions.Gamma([0.5, 2.0], [1.0, 3.0]),
    lambda: tf.distributions.Exponential([1.0, 2.0]),
    lambda: tf.distributions.Laplace([0.0, 1.0], 2.0),
    lambda: tf.distributions.StudentT(9.0, [0.0, 1.0], [1.0, 2.0]),
    lambda: tf.distributions.Dirichlet([[1.0, 2.0, 3.0], [4.0, 0.5, 0.5]]),
    lambda: tf.distributions.Multinomial([4.0, 3.0], probs=[[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]),
    lambda: tf.distributions.DirichletMultinomial(4.0, [[1.0, 2.0, 3.0], [4.0, 0.5, 0.5]]),
    lambda: contrib.MultivariateNormalDiag([0.0, 1.0], [1.0, 2.0]),
    lambda: contrib.Mixture(contrib.Categorical(probs=[0.3, 0.7]), [
        contrib.Normal(0.0, 1.0), contrib.Normal(2.0, 0.5),
    ]),
    lambda: contrib.Mixture(contrib.Categorical(probs=[[0.3, 0.7], [0.9, 0.1]]), [
        contrib.MultivariateNormalDiag(tf.zeros([2, 3]), tf.ones([2, 3])),
        contrib.MultivariateNormalDiag(tf.ones([2, 3]), 2.0 * tf.ones([2, 3])),
    ]),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_draws_have_the_moments_that_the_distribution_says(kind):
    made = kind()
    shape = [*made.batch_shape.as_list(), *made.event_shape.as_list()]
    drawn = made.sample(20000, seed=3)
    assert drawn.shape.as_list() == [20000, *shape]
    assert made.sample([2, 3]).shape.as_list() == [2, 3, *shape]
    with tf.Session() as session:
        rows, mean, variance = session.run([drawn, made.mean(), made.variance()])
    error = np.sqrt(variance / 20000)
    assert np.all(np.abs(rows.mean(0) - mean) < 5 * error + 1e-6)
    np.testing.assert_allclose(rows.var(0), variance, rtol=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_draws(kind):
    drawn = kind().sample(3, seed=5)
    rows = []
    for _ in range(2):
        with tf.Session() as session:
            rows.append(session.run(drawn))
    assert np.array_equal(*rows)


def test_counts_add_up():
    counts = tf.distributions.Multinomial([4.0, 3.0], logits=[[0.1, 0.2], [0.3, 0.0]]).sample(50)
    with tf.Session() as session:
        assert (session.run(counts).sum(-1) == [4.0, 3.0]).all()


def test_gradients_flow_through_draws_to_parameters():
    p, q = tf.constant([2.0, 3.0]), tf.constant([1.0, 2.0])
    for made in (tf.distributions.Beta(p, q), tf.distributions.Gamma(p, q), tf.distributions.Laplace(p, q),
                 tf.distributions.StudentT(p, q, q), contrib.MultivariateNormalDiag(p, q)):  # fmt: skip
        assert made.reparameterization_type is tf.distributions.FULLY_REPARAMETERIZED
        assert None not in tf.gradients(made.sample(3), [p, q])
    assert tf.gradients(tf.distributions.Multinomial(2.0, logits=p).sample(3), p) == [None]


def test_a_batch_may_be_known_only_when_it_is_run():
    x = tf.placeholder(tf.float32, [None, 2])
    vectors = contrib.MultivariateNormalDiag(x, tf.exp(x))
    mixed = contrib.Mixture(contrib.Categorical(logits=x), [contrib.Normal(x[:, 0], 1.0), contrib.Normal(x[:, 1], 2.0)])
    asked = [vectors.sample(), vectors.log_prob(x), vectors.entropy(), mixed.sample(4), mixed.log_prob(1.0),
             tf.distributions.Multinomial(3.0, logits=x).sample(2), tf.distributions.Dirichlet(tf.exp(x)).sample(4),
             tf.distributions.DirichletMultinomial(5.0, tf.exp(x)).sample(4)]  # fmt: skip
    with tf.Session() as session:
        found = session.run(asked, {x: [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]})
    assert [array.shape for array in found] == [(3, 2), (3,), (3,), (4, 3), (3,), (2, 3, 2), (4, 3, 2), (4, 3, 2)]


def test_statistics_that_there_are_not_raise_where_that_is_asked_for():
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="there is no mode for concentrations up to 1"):
            session.run(tf.distributions.Exponential(1.0, allow_nan_stats=False).mode())
        with pytest.raises(tf.errors.InvalidArgumentError, match="`rate` must be positive"):
            session.run(tf.distributions.Gamma(1.0, -1.0, validate_args=True).mean())


def test_the_divergence_of_the_nearest_kinds_is_taken():
    class Mine(tf.distributions.Gamma):
        pass

    exponential = tf.distributions.Exponential(0.5)
    with tf.Session() as session:
        near = tf.distributions.kl_divergence(Mine(2.0, 3.0), exponential)
        assert session.run(near) == pytest.approx(0.54788, abs=1e-4)
        tf.distributions.RegisterKL(Mine, tf.distributions.Gamma)(lambda a, b, name=None: a.rate - b.rate)
        assert session.run(tf.distributions.kl_divergence(Mine(2.0, 3.0), exponential)) == 2.5
    with pytest.raises(ValueError, match=r"KL\(Mine \|\| Gamma\) has already been registered"):
        tf.distributions.RegisterKL(Mine, tf.distributions.Gamma)(lambda a, b, name=None: a.rate)
    with pytest.raises(TypeError, match="must be callable"):
        tf.distributions.RegisterKL(Mine, Mine)(3)


def test_copies_have_other_parameters():
    made = contrib.MultivariateNormalDiagWithSoftplusScale([0.0], [1.0]).copy(loc=[3.0])
    with tf.Session() as session:
        assert session.run([made.mean(), made.stddev()]) == [3.0, pytest.approx(1.3132617)]

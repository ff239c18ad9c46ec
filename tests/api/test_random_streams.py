"""Stateful random ops draw TensorFlow's numbers: eagerly, in functions, in sessions, from generators."""

import numpy as np
import pytest

import weft as tf
from tests.golden import recipes

GOLDEN = recipes.Golden("random_streams")
#: last digits: transformed numbers go through log, sin and cos, and libraries round these as they like
SLACK = dict.fromkeys(("normal", "normal_moved", "normal_float64", "truncated", "truncated_float64"), 1)

DRAWS = {
    "uniform": lambda seed: tf.random.uniform([3], seed=seed),
    "uniform_between": lambda seed: tf.random.uniform([2, 2], -1.0, 3.0, seed=seed),
    "uniform_float64": lambda seed: tf.random.uniform([3], dtype=tf.float64, seed=seed),
    "uniform_float16": lambda seed: tf.random.uniform([5], dtype=tf.float16, seed=seed),
    "normal": lambda seed: tf.random.normal([5], seed=seed),
    "normal_moved": lambda seed: tf.random.normal([3], 2.0, 0.5, seed=seed),
    "normal_float64": lambda seed: tf.random.normal([3], dtype=tf.float64, seed=seed),
    "truncated": lambda seed: tf.random.truncated_normal([6], seed=seed),
    "truncated_float64": lambda seed: tf.random.truncated_normal([3], dtype=tf.float64, seed=seed),
    "int32": lambda seed: tf.random.uniform([4], -5, 100, tf.int32, seed=seed),
    "int64": lambda seed: tf.random.uniform([4], 0, 2**40, tf.int64, seed=seed),
    "shuffle": lambda seed: tf.random.shuffle(tf.range(9), seed=seed),
    "shuffle_rows": lambda seed: tf.random.shuffle(tf.reshape(tf.range(12.0), [6, 2]), seed=seed),
    "shuffle_one": lambda seed: tf.random.shuffle(tf.range(1), seed=seed),
    "dropout": lambda seed: tf.nn.dropout(tf.ones([8]), 0.4, seed=seed),
    "dropout_float64": lambda seed: tf.nn.dropout(tf.ones([8], tf.float64), 0.4, seed=seed),
}


@pytest.fixture(autouse=True)
def _no_seed_stays():
    yield
    tf.random.set_seed(None)


def _same(actual, expected, name=""):
    actual = actual.numpy() if hasattr(actual, "numpy") else np.asarray(actual)
    assert actual.dtype == expected.dtype and actual.shape == expected.shape
    ulps = SLACK.get(name, 1 if expected.dtype.kind == "f" and name == "any" else 0)
    if ulps:
        distance = np.abs(actual.astype(np.float64) - expected)
        unit = np.spacing(np.maximum(np.abs(expected), 0.01).astype(expected.dtype))
        assert np.all(distance <= ulps * unit), (name, actual, expected)
    else:
        np.testing.assert_array_equal(actual, expected)


def _all_same(actual, key):
    expected = GOLDEN.series(key)
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        _same(one, other, "any")


@pytest.mark.parametrize("name", DRAWS)
def test_eager_ops(name):
    draw = DRAWS[name]
    tf.random.set_seed(5)
    for expected in GOLDEN.series(f"eager/{name}/unseeded"):
        _same(draw(None), expected, name)
    for expected in GOLDEN.series(f"eager/{name}/seeded"):
        _same(draw(7), expected, name)
    for expected in GOLDEN.series(f"eager/{name}/other"):
        _same(draw(8), expected, name)


def test_eager_ops_of_one_kind_share_a_stream_and_others_do_not():
    tf.random.set_seed(11)
    drawn = [(name, DRAWS[name](seed)) for seed in (None, 3, None, 3) for name in DRAWS]
    for (name, value), expected in zip(drawn, GOLDEN.series("eager/mixed/values"), strict=True):
        _same(value, expected, name)


def test_seeds_of_any_size():
    for index, seed in enumerate(GOLDEN.cases["eager"]["seeds"]):
        tf.random.set_seed(seed)
        _same(tf.random.uniform([2]), GOLDEN[f"eager/seeds/global/{index}"])
        tf.random.set_seed(5)
        _same(tf.random.uniform([2], seed=seed), GOLDEN[f"eager/seeds/op/{index}"])
    tf.random.set_seed(0)
    _same(tf.random.uniform([2], seed=0), GOLDEN["eager/seeds/zeros"])


def test_traced_ops_have_numbered_streams_that_go_on_and_begin_anew():
    @tf.function
    def run():
        names = ("uniform", "normal", "shuffle", "int32", "dropout")
        return [DRAWS[name](seed) for name in names for seed in (None, 7)]

    @tf.function
    def branch(x):
        return tf.cond(x > 0, lambda: tf.random.uniform([2]), lambda: tf.random.normal([2])), tf.random.uniform([2])

    tf.random.set_seed(5)
    for turn in range(3):
        _all_same(run(), f"function/call/{turn}")
    tf.random.set_seed(6)
    _all_same(run(), "function/other_seed")
    tf.random.set_seed(5)
    _all_same(branch(tf.constant(1.0)), "function/branch")


def test_functions_traced_without_a_seed_follow_one_that_is_set():
    tf.random.set_seed(None)
    run = tf.function(lambda: tf.random.uniform([4]))
    assert not np.array_equal(run(), run())
    tf.random.set_seed(5)
    first = run().numpy()
    tf.random.set_seed(5)
    assert np.array_equal(run(), first)
    assert not np.array_equal(run(), first)


def _walk(g):
    found = [g.uniform([3]), g.state, g.normal([3]), g.uniform([3], 0, 100, tf.int32), g.truncated_normal([3])]
    found += [g.make_seeds(2), g.uniform_full_int([2], tf.int64), g.uniform([3], dtype=tf.float64), g.state]
    found += [child.uniform([2]) for child in g.split(2)]
    g.skip(10)
    return [*found, g.state, g.key]


@pytest.mark.parametrize(("key", "make"), [
    ("from_seed", lambda: tf.random.Generator.from_seed(7)),
    ("negative", lambda: tf.random.Generator.from_seed(-3)),
    ("large", lambda: tf.random.Generator.from_seed(2**65 + 3)),
    ("list", lambda: tf.random.Generator.from_seed([1, 2])),
    ("key_counter", lambda: tf.random.Generator.from_key_counter(5, [1, 2], alg="philox")),
    ("state", lambda: tf.random.Generator.from_state([-1, 2, 3], alg="philox")),
])  # fmt: skip
def test_generators(key, make):
    _all_same(_walk(make()), f"generator/{key}")


def test_generators_are_reset_and_copied():
    g = tf.random.Generator.from_seed(7)
    first = g.uniform([3]).numpy()
    copy = tf.random.Generator(copy_from=g)
    assert np.array_equal(copy.uniform([2]), g.uniform([2]))
    g.reset_from_seed(7)
    assert np.array_equal(g.uniform([3]), first)
    g.reset(tf.random.create_rng_state(7, "philox"))
    assert np.array_equal(g.uniform([3]), first)
    g.reset_from_key_counter(5, [1, 2])
    assert np.array_equal(g.state, [1, 2, 5])


def test_generators_go_on_in_functions():
    g, other = tf.random.Generator.from_seed(7), tf.random.Generator.from_seed(7)
    run = tf.function(lambda: g.normal([3]))
    assert all(np.array_equal(run(), other.normal([3])) for _ in range(3))


def test_what_a_generator_refuses():
    with pytest.raises(ValueError, match="threefry"):
        tf.random.Generator.from_seed(1, alg="threefry")
    with pytest.raises(ValueError, match="three"):
        tf.random.Generator.from_state([1, 2], alg="philox")
    with pytest.raises(ValueError, match="from_seed"):
        tf.random.Generator()
    with pytest.raises(ValueError, match="philox"):
        tf.random.stateless_uniform([2], (1, 2), alg="threefry")


def test_stateless_ops():
    for index, seed in enumerate(((1, 2), (3, -4))):
        found = [tf.random.stateless_uniform([3], seed, alg=alg) for alg in ("philox", "auto_select")]
        found += [tf.random.stateless_normal([3], seed, 1.0, 2.0), tf.random.stateless_truncated_normal([3], seed)]
        found += [tf.random.stateless_uniform([3], seed, None, None, tf.int32), tf.random.split(seed, 3)]
        found += [tf.random.stateless_uniform([3], seed, 0, 10, tf.int64), tf.random.fold_in(seed, 9)]
        found += [tf.random.stateless_dropout(tf.ones([6]), 0.5, seed)]
        _all_same(found, f"stateless/{index}")


def test_sessions_begin_every_stream_anew():
    v1 = tf.compat.v1
    with v1.Graph().as_default():
        v1.set_random_seed(5)
        values = [tf.random.uniform([2], seed=7), tf.random.uniform([2]), tf.random.normal([2])]
        for turn in range(2):
            with v1.Session() as session:
                _all_same([v for _ in range(2) for v in session.run(values)], f"session/{turn}")
    with v1.Graph().as_default():
        value = tf.random.uniform([2], seed=7)
        with v1.Session() as session:
            _same(session.run(value), GOLDEN["session/op_seed_alone"])


def test_counters_carry_over_64_bits():
    g = tf.random.Generator.from_key_counter(5, [2**64 - 1, 1], alg="philox")
    g.uniform([1])
    assert np.array_equal(g.state.numpy().view(np.uint64), [255, 2, 5])


def test_normal_numbers_between_bounds():
    draw = tf.random.stateless_parameterized_truncated_normal
    x = draw([20000], [1, 2], 1.0, 2.0, -1.0, 2.0).numpy()
    assert x.dtype == np.float32 and x.min() >= -1 and x.max() <= 2
    np.testing.assert_allclose([x.mean(), x.var()], [0.58674, 0.69109], atol=0.02)  # scipy.stats.truncnorm's
    far = draw([3, 2], [1, 2], 0.0, 1.0, [-31.0, 30.0], [-30.0, 31.0]).numpy()
    assert ((far[:, 0] <= -30) & (far[:, 1] >= 30)).all() and (abs(far) < 30.6).all()
    assert draw([2], [3, 4], tf.constant(0.0, tf.float64)).dtype == tf.float64

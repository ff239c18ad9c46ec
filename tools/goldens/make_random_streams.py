"""Golden values of random streams: which numbers stateful ops, generators and stateless ops of TensorFlow draw."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from _store import Store

DRAWS: dict[str, Any] = {
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
SEEDS = (0, 5, 2**31 - 1, 2**31 + 5, 2**40 + 3, -7)


def eager(store: Store) -> None:
    """Every way of drawing, three times without a seed and three times with one, then anew."""
    store.case("eager", seeds=list(SEEDS))
    for name, draw in DRAWS.items():
        tf.random.set_seed(5)
        store.put(f"eager/{name}/unseeded", [draw(None).numpy() for _ in range(3)])
        store.put(f"eager/{name}/seeded", [draw(7).numpy() for _ in range(3)])
        store.put(f"eager/{name}/other", [draw(8).numpy()])
    tf.random.set_seed(11)
    store.put("eager/mixed/values", [DRAWS[name](seed).numpy() for seed in (None, 3, None, 3) for name in DRAWS])
    for index, seed in enumerate(SEEDS):
        tf.random.set_seed(seed)
        store.put(f"eager/seeds/global/{index}", tf.random.uniform([2]).numpy())
        tf.random.set_seed(5)
        store.put(f"eager/seeds/op/{index}", tf.random.uniform([2], seed=seed).numpy())
    tf.random.set_seed(0)
    store.put("eager/seeds/zeros", tf.random.uniform([2], seed=0).numpy())


def functions(store: Store) -> None:
    """Traced ops: numbered streams, which go on from call to call and begin anew when a seed is set."""

    @tf.function
    def run() -> Any:
        names = ("uniform", "normal", "shuffle", "int32", "dropout")
        return [DRAWS[name](seed) for name in names for seed in (None, 7)]

    @tf.function
    def branch(x: Any) -> Any:
        return tf.cond(x > 0, lambda: tf.random.uniform([2]), lambda: tf.random.normal([2])), tf.random.uniform([2])

    store.case("function")
    tf.random.set_seed(5)
    for turn in range(3):
        store.put(f"function/call/{turn}", [v.numpy() for v in run()])
    tf.random.set_seed(6)
    store.put("function/other_seed", [v.numpy() for v in run()])
    tf.random.set_seed(5)
    store.put("function/branch", [v.numpy() for v in branch(tf.constant(1.0))])


def generators(store: Store) -> None:
    """Generators: their numbers and their states."""

    def walk(g: tf.random.Generator) -> list[Any]:
        found = [g.uniform([3]), tf.identity(g.state), g.normal([3]), g.uniform([3], 0, 100, tf.int32)]
        found += [g.truncated_normal([3]), g.make_seeds(2), g.uniform_full_int([2], tf.int64)]
        found += [g.uniform([3], dtype=tf.float64), tf.identity(g.state)]
        found += [child.uniform([2]) for child in g.split(2)]
        g.skip(10)
        return [v.numpy() for v in [*found, tf.identity(g.state), tf.identity(g.key)]]

    store.case("generator")
    store.put("generator/from_seed", walk(tf.random.Generator.from_seed(7)))
    store.put("generator/negative", walk(tf.random.Generator.from_seed(-3)))
    store.put("generator/large", walk(tf.random.Generator.from_seed(2**65 + 3)))
    store.put("generator/list", walk(tf.random.Generator.from_seed([1, 2])))
    store.put("generator/key_counter", walk(tf.random.Generator.from_key_counter(5, [1, 2], alg="philox")))
    store.put("generator/state", walk(tf.random.Generator.from_state([-1, 2, 3], alg="philox")))


def stateless(store: Store) -> None:
    """Stateless ops, and seeds made of seeds."""
    store.case("stateless")
    for index, seed in enumerate(((1, 2), (3, -4))):
        found = [tf.random.stateless_uniform([3], seed, alg=alg) for alg in ("philox", "auto_select")]
        found += [tf.random.stateless_normal([3], seed, 1.0, 2.0), tf.random.stateless_truncated_normal([3], seed)]
        found += [tf.random.stateless_uniform([3], seed, None, None, tf.int32), tf.random.split(seed, 3)]
        found += [tf.random.stateless_uniform([3], seed, 0, 10, tf.int64), tf.random.fold_in(seed, 9)]
        found += [tf.nn.experimental.stateless_dropout(tf.ones([6]), 0.5, seed)]
        store.put(f"stateless/{index}", [v.numpy() for v in found])


def sessions(store: Store) -> None:
    """TensorFlow 1 graphs with a graph seed and op seeds."""
    store.case("session")
    with tf.Graph().as_default():
        tf.compat.v1.set_random_seed(5)
        values = [tf.random.uniform([2], seed=7), tf.random.uniform([2]), tf.random.normal([2])]
        for turn in range(2):
            with tf.compat.v1.Session() as session:
                store.put(f"session/{turn}", [v for _ in range(2) for v in session.run(values)])
    with tf.Graph().as_default():
        value = tf.random.uniform([2], seed=7)
        with tf.compat.v1.Session() as session:
            store.put("session/op_seed_alone", session.run(value))


if __name__ == "__main__":
    goldens = Store("random_streams")
    for make in (eager, functions, generators, stateless, sessions):
        make(goldens)
    goldens.save()

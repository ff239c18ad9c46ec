"""Values that differ between replicas: variables with one for each, what `merge_call` is given, and uneven parts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

import weft as tf  # noqa: E402
from weft import keras  # noqa: E402
from weft.runtime import dispatch  # noqa: E402
from weft.runtime.replicas import PerReplica  # noqa: E402

if len(jax.devices()) < 8:
    pytest.skip("something has used jax before with fewer than eight devices", allow_module_level=True)

_ON_READ = tf.VariableSynchronization.ON_READ


@pytest.fixture(autouse=True)
def _xla() -> Iterator[None]:
    dispatch.use_engine("xla")
    yield
    dispatch.use_engine(None)


def _mirrored(count: int = 4) -> Any:
    return tf.distribute.MirroredStrategy([f"/cpu:{number}" for number in range(count)])


def _number() -> Any:
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def _local(strategy: Any, value: Any) -> list[Any]:
    return [np.asarray(part).tolist() for part in strategy.experimental_local_results(value)]


# What follows is what TensorFlow 2.21 gives for four logical processors.
@pytest.mark.parametrize(("said", "after"), [("SUM", 16.0), ("MEAN", 4.0), ("ONLY_FIRST_REPLICA", 1.0)])
def test_each_replica_has_a_value_of_a_variable_that_is_synchronized_on_read(said: str, after: float) -> None:
    strategy = _mirrored()
    with strategy.scope():
        v = tf.Variable(1.0, synchronization=_ON_READ, aggregation=getattr(tf.VariableAggregation, said))

    def replica() -> Any:
        v.assign_add(tf.cast(_number(), tf.float32))
        return v + 0.0

    step = tf.function(lambda: strategy.run(replica))
    assert _local(strategy, step()) == [1.0, 2.0, 3.0, 4.0]
    assert _local(strategy, step()) == [1.0, 3.0, 5.0, 7.0] == _local(strategy, v)
    assert not v.trainable and v.shape == () and float(v) == float(v.numpy()) == after
    assert [float(strategy.reduce(how, v, axis=None)) for how in ("SUM", "MEAN")] == [16.0, 4.0]
    v.assign(8.0)
    assert float(v) == 8.0 and _local(strategy, v) == [2.0 if said == "SUM" else 8.0] * 4


def test_what_does_not_become_one_is_said_in_words() -> None:
    strategy = _mirrored(3)
    with strategy.scope():
        total = tf.Variable(1, synchronization=_ON_READ, aggregation=tf.VariableAggregation.SUM)
        apart = tf.Variable(1.0, synchronization=_ON_READ)
        with pytest.raises(ValueError, match="only for non-trainable variables"):
            tf.Variable(1.0, synchronization=_ON_READ, trainable=True)
    with pytest.raises(ValueError, match="does not support `assign_add` in cross-replica context"):
        total.assign_add(1)
    total.assign(8)  # whole numbers keep what is left over
    assert int(total) == 8 and _local(strategy, total) == [4, 2, 2]
    strategy.run(lambda: apart.assign(tf.cast(_number(), tf.float32)))
    assert _local(strategy, apart) == [0.0, 1.0, 2.0]
    with pytest.raises(ValueError, match="nothing says how they become one"):
        apart.read_value()


def test_files_hold_what_all_replicas_have_together(tmp_path: Path) -> None:
    strategy = _mirrored()
    with strategy.scope():
        v = tf.Variable([1.0, 2.0], synchronization=_ON_READ, aggregation=tf.VariableAggregation.SUM)
    strategy.run(lambda: v.assign_add(tf.fill([2], tf.cast(_number(), tf.float32))))
    checkpoint = tf.train.Checkpoint(v=v)
    path = checkpoint.write(str(tmp_path / "c"))
    strategy.run(lambda: v.assign([0.0, 0.0]))
    checkpoint.read(path)
    assert v.numpy().tolist() == [10.0, 14.0] and _local(strategy, v) == [[2.5, 3.5]] * 4
    alone = tf.Variable([0.0, 0.0])
    tf.train.Checkpoint(v=alone).read(path)
    assert alone.numpy().tolist() == [10.0, 14.0]


def test_merge_call_is_given_the_values_of_all_and_gives_back_the_replicas_own() -> None:
    strategy = _mirrored()
    with strategy.scope():
        v = tf.Variable(1.0)

    def merged(function: Any, value: Any) -> Any:
        return lambda: tf.distribute.get_replica_context().merge_call(function, args=(value(),))

    def update(strategy: Any, value: Any) -> Any:
        total = strategy.extended.reduce_to("SUM", value, v)
        strategy.extended.update(v, lambda var, change: var.assign_add(change), args=(total,))
        return value, strategy.reduce("MEAN", value, axis=None)

    def own() -> Any:
        return 2.0 * tf.cast(_number(), tf.float32)

    found = strategy.run(merged(update, own))
    assert [_local(strategy, part) for part in found] == [[0.0, 2.0, 4.0, 6.0], [3.0] * 4] and float(v) == 13.0
    for value, function, wanted in (
        (own, lambda s, x: tf.add_n(list(s.experimental_local_results(x))), [12.0] * 4),
        (lambda: tf.range(3.0) + own(), lambda s, x: s.reduce("MEAN", x, axis=0), [4.0] * 4),
        (lambda: tf.fill([_number() + 1], _number()), lambda s, x: s.gather(x, 0), [[0, 1, 1, *[2] * 3, *[3] * 4]] * 4),
        (own, lambda s, x: PerReplica([y + 1.0 for y in reversed(x.values)]), [7.0, 5.0, 3.0, 1.0]),
    ):  # fmt: skip
        assert _local(strategy, strategy.run(merged(function, value))) == wanted


@pytest.mark.parametrize("axis", [0, -1])
def test_uneven_parts_are_gathered_and_have_gradients(axis: int) -> None:
    strategy = _mirrored(3)

    def replica() -> Any:
        shape = tf.stack([_number() + 1, 2][:: 1 if axis == 0 else -1])
        x = tf.fill(shape, tf.cast(_number(), tf.float32) + 1.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            whole = tf.distribute.get_replica_context().all_gather(x, axis=axis)
            loss = tf.reduce_sum(whole**2)
        return whole, tape.gradient(loss, x), strategy.experimental_local_results(x)[0]

    wanted = np.repeat([1.0, 2.0, 3.0], [1, 2, 3])[:, None].repeat(2, 1)
    wanted = wanted if axis == 0 else wanted.T
    whole, gradient, own = strategy.run(replica)
    for part in whole.values:
        np.testing.assert_array_equal(part, wanted)
    np.testing.assert_array_equal(strategy.gather(own, axis=axis), wanted)
    np.testing.assert_array_equal(np.concatenate(gradient.values, axis), 6.0 * wanted)  # every replica's loss has it


def test_parts_of_different_sizes_are_gathered_on_devices() -> None:
    strategy = _mirrored(4)
    data = strategy.experimental_distribute_dataset(tf.data.Dataset.range(11).batch(11))

    @tf.function
    def step(part: Any) -> Any:
        return strategy.run(lambda x: tf.distribute.get_replica_context().all_gather(x * x, axis=0), (part,))

    assert _local(strategy, step(next(iter(data)))) == [(np.arange(11) ** 2).tolist()] * 4


def test_batches_for_each_replica_stay_whole_in_functions() -> None:
    strategy = _mirrored()
    data = strategy.distribute_datasets_from_function(lambda context: tf.data.Dataset.range(11).batch(2))

    @tf.function
    def sizes(iterator: Any) -> Any:
        return strategy.run(tf.size, (next(iterator),))

    iterator = iter(data)
    assert [_local(strategy, sizes(iterator)) for _ in range(2)] == [[2, 2, 2, 2], [2, 1, 0, 0]]
    of_signature = tf.function(lambda x: strategy.run(tf.size, (x,)), input_signature=[data.element_spec])
    assert [_local(strategy, of_signature(part)) for part in data] == [[2, 2, 2, 2], [2, 1, 0, 0]]
    assert data.cardinality == 6


def test_the_end_of_data_of_one_shape() -> None:
    strategy = _mirrored()

    def made(data: Any) -> Any:
        return strategy.distribute_datasets_from_function(lambda context: data)

    even = made(tf.data.Dataset.range(22).batch(2, drop_remainder=True))
    assert [_local(strategy, part)[3] for part in even] == [[6, 7], [14, 15]] and len(even) == 2
    assert [_local(strategy, part) for part in made(tf.data.Dataset.range(6))] == [[0, 1, 2, 3]]

    @tf.function
    def total() -> Any:
        found = tf.constant(0, tf.int64)
        for part in even:
            found += strategy.reduce("SUM", strategy.run(tf.reduce_sum, (part,)), axis=None)
        return found

    assert int(total()) == sum(range(22))
    with pytest.raises(ValueError, match="elements have no rows"):
        strategy.experimental_distribute_dataset(tf.data.Dataset.range(6))


def test_a_replicas_result_says_where_it_was_computed() -> None:
    strategy = _mirrored(3)
    found = strategy.experimental_local_results(strategy.run(lambda: tf.constant(1.0)))
    assert [part.device.rpartition("/")[2] for part in found] == ["device:CPU:0", "device:CPU:1", "device:CPU:2"]
    text = str(strategy.run(lambda: tf.constant([1.0])))
    assert text.splitlines()[1] == "  0: tf.Tensor([1.], shape=(1,), dtype=float32)," and text.endswith("\n}")


def test_the_strategy_of_a_thread_is_its_own() -> None:
    strategy, seen = _mirrored(2), []
    tf.distribute.experimental_set_strategy(strategy)
    try:
        other = threading.Thread(target=lambda: seen.append(tf.distribute.has_strategy()))
        other.start()
        other.join()
        assert seen == [False] and tf.distribute.get_strategy() is strategy
    finally:
        tf.distribute.experimental_set_strategy(None)
    with strategy.scope():
        with pytest.raises(RuntimeError, match=r"inside a `tf.distribute.Strategy` scope"):
            tf.distribute.experimental_set_strategy(strategy)
        with pytest.raises(RuntimeError, match="Mixing different"), _mirrored(3).scope():
            pass
        with strategy.scope():
            assert tf.distribute.has_strategy()
    assert not tf.distribute.has_strategy()


@pytest.mark.parametrize("how", ["average", "strategy", "replica", "model", "compute_loss"])
def test_a_train_step_that_scales_its_loss_by_replicas_has_the_gradients_of_one_device(how: str) -> None:
    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1, kernel_initializer="zeros")

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                found = self(x, training=True)
                each = tf.reduce_sum((found - y) ** 2, 1)
                loss = {
                    "average": lambda: tf.nn.compute_average_loss(each),
                    "strategy": lambda: tf.reduce_mean(each) / tf.distribute.get_strategy().num_replicas_in_sync,
                    "replica": lambda: tf.reduce_mean(each) / tf.distribute.get_replica_context().num_replicas_in_sync,
                    "model": lambda: tf.reduce_mean(each) / self.distribute_strategy.num_replicas_in_sync,
                    "compute_loss": lambda: self.compute_loss(x=x, y=y, y_pred=found),
                }[how]()
            gradients = tape.gradient(loss, self.trainable_weights)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
            return {"loss": loss}

    x = np.random.default_rng(0).random((24, 3), dtype=np.float32)
    kernels = []
    for strategy in (_mirrored(4), tf.distribute.OneDeviceStrategy("/cpu:0")):
        with strategy.scope():
            model = Model()
            model.compile(keras.optimizers.SGD(0.1), "mse")
        model.fit(x, x.sum(1, keepdims=True), batch_size=8, shuffle=False, verbose=0)
        kernels.append(model.dense.kernel.numpy())
    assert model.distribute_strategy.num_replicas_in_sync == 1 and kernels[0].any()
    np.testing.assert_allclose(kernels[0], kernels[1], atol=1e-6)


def test_values_of_python_that_replicas_return_stay_as_they_are() -> None:
    strategy = _mirrored(2)
    found = strategy.run(lambda: {"a": "x", "b": None, "c": [1, 2.5], "d": _number()})
    assert (found["a"], found["b"], found["c"], _local(strategy, found["d"])) == ("x", None, [1, 2.5], [0, 1])
    assert strategy.run(lambda: 3) == 3 and strategy.experimental_local_results(3) == (3,)
    assert int(tf.function(lambda: strategy.run(lambda: (3, _number())))()[0]) == 3
    assert float(strategy.reduce("MEAN", strategy.run(lambda: 3.0), axis=None)) == 3.0
    with pytest.raises(ValueError, match="SUM takes the values of replicas"):
        strategy.reduce("SUM", strategy.run(lambda: 3), axis=None)


def test_replicas_take_the_rows_of_ragged_and_sparse_tensors() -> None:
    strategy = _mirrored(2)
    rows = [[1, 2], [3], [], [4, 5, 6], [7]]
    ragged = tf.data.Dataset.from_tensor_slices(tf.ragged.constant(rows)).batch(4)
    shared = strategy.experimental_distribute_dataset(ragged)
    assert [[part.to_list() for part in strategy.experimental_local_results(batch)] for batch in shared] == [
        [rows[:2], rows[2:4]], [rows[4:], []]]  # fmt: skip

    @tf.function
    def doubled(batch: Any) -> Any:
        return strategy.run(lambda x: (x * 2, tf.reduce_sum(x, axis=1)), args=(batch,))

    found, sums = doubled(next(iter(shared)))
    assert [part.to_list() for part in found.values] == [[[2, 4], [6]], [[], [8, 10, 12]]]
    assert _local(strategy, sums) == [[3, 3], [0, 15]]
    total = tf.function(lambda b: strategy.run(tf.reduce_sum, args=(b,)), input_signature=[shared.element_spec])
    assert [_local(strategy, total(batch)) for batch in shared] == [[6, 15], [7, 0]]

    sparse = tf.data.Dataset.from_tensor_slices(tf.sparse.from_dense([[1, 0], [0, 2], [3, 0], [0, 0], [9, 9]]))
    of_sparse = strategy.experimental_distribute_dataset(sparse.batch(4))
    dense = [_local(strategy, strategy.run(tf.sparse.to_dense, args=(batch,))) for batch in of_sparse]
    assert dense == [[[[1, 0], [0, 2]], [[3, 0], [0, 0]]], [[[9, 9]], []]]
    for data, function, wanted in ((shared, tf.reduce_sum, 28), (of_sparse, tf.sparse.reduce_sum, 24)):
        @tf.function
        def through(data: Any = data, function: Any = function) -> Any:
            found = 0
            for batch in data:
                found += strategy.reduce("SUM", strategy.run(function, args=(batch,)), axis=None)
            return found

        assert int(through()) == wanted


def test_a_variable_without_synchronization_is_refused_in_a_scope() -> None:
    with _mirrored(2).scope(), pytest.raises(ValueError, match="`NONE` variable synchronization"):
        tf.Variable(1.0, synchronization=tf.VariableSynchronization.NONE)
    assert float(tf.Variable(1.0, synchronization=tf.VariableSynchronization.NONE)) == 1.0

"""tf.distribute over eight devices of the processor: the losses of one device, and what replicas may do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

import weft as tf  # noqa: E402
from weft import keras  # noqa: E402
from weft.keras import layers  # noqa: E402
from weft.runtime import dispatch  # noqa: E402

if len(jax.devices()) < 8:
    pytest.skip("something has used jax before with fewer than eight devices", allow_module_level=True)

_RNG = np.random.default_rng(0)
_X, _Y = _RNG.random((72, 10), dtype=np.float32), _RNG.integers(0, 4, 72)


@pytest.fixture(autouse=True)
def _xla() -> Iterator[None]:
    dispatch.use_engine("xla")
    yield
    dispatch.use_engine(None)


def _mirrored(count: int) -> Any:
    return tf.distribute.MirroredStrategy([f"/cpu:{number}" for number in range(count)])


def _loop(count: int, batch: int, steps: int = 50) -> tuple[list[float], float, Any]:
    """Losses and accuracy of a custom loop, and the model."""
    keras.utils.set_random_seed(1)
    strategy = _mirrored(count)
    assert strategy.num_replicas_in_sync == count
    with strategy.scope():
        model = keras.Sequential([keras.Input((10,)), layers.Dense(16, activation="relu"), layers.Dense(4)])
        optimizer = keras.optimizers.Adam(1e-2)
        accuracy = keras.metrics.SparseCategoricalAccuracy()
        loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    data = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((_X, _Y)).batch(batch).repeat())

    def step(batch_of_replica: Any) -> Any:
        x, y = batch_of_replica
        with tf.GradientTape() as tape:
            found = model(x, training=True)
            loss = tf.nn.compute_average_loss(loss_of(y, found), global_batch_size=batch)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        accuracy.update_state(y, found)
        return loss

    @tf.function
    def train(shared: Any) -> Any:
        return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(step, args=(shared,)), axis=None)

    losses = [float(train(shared)) for _, shared in zip(range(steps), data)]
    return losses, float(accuracy.result()), model


@pytest.mark.parametrize(("batch", "counts"), [(16, (8,)), (13, (4,))])
def test_losses_of_a_custom_loop_are_those_of_one_device(batch: int, counts: tuple[int, ...]) -> None:
    alone, right, _ = _loop(1, batch)
    for count in counts:
        together, also_right, model = _loop(count, batch)
        np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)
        assert right == pytest.approx(also_right, abs=1e-6)
        assert len(model.layers[0].kernel._cell.peek().array.sharding.device_set) == count


@pytest.mark.parametrize("count", [2, 4, 8] if os.environ.get("WEFT_EVERY_STRATEGY") else [4])
def test_gradients_of_every_remainder_are_those_of_one_device(count: int) -> None:
    w, x = tf.Variable(_RNG.random((10, 4))), _X.astype(np.float64)
    strategy = _mirrored(count)

    def gradient(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.tanh(x @ w) ** 2)
        return tape.gradient(loss, w)

    @tf.function
    def shared(part: Any) -> Any:
        return strategy.reduce("SUM", strategy.run(gradient, (part,)), axis=None)

    for rows in range(1, 2 * count + 1):
        data = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensors(x[:rows]))
        np.testing.assert_allclose(shared(next(iter(data))), gradient(tf.constant(x[:rows])), atol=1e-12)


def test_fit_under_a_scope_is_that_of_one_device() -> None:
    found = []
    for strategy in (_mirrored(1), _mirrored(8)):
        keras.utils.set_random_seed(1)
        with strategy.scope():
            model = keras.Sequential([
                keras.Input((10,)), layers.Dense(16, use_bias=False), layers.BatchNormalization(),
                layers.Dropout(0.1), layers.Dense(4),
            ])  # fmt: skip
            model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        data = tf.data.Dataset.from_tensor_slices((_X, _Y)).batch(16)  # the last batch is a short one
        losses = model.fit(data, epochs=3, verbose=0).history["loss"]
        losses += model.fit(_X, _Y, batch_size=16, epochs=3, verbose=0).history["loss"]
        found.append([*losses, model.evaluate(_X, _Y, verbose=0), *model.predict(_X, verbose=0)[0]])
    np.testing.assert_allclose(found[1], found[0], atol=1e-5)
    assert len(model.layers[0].kernel._cell.peek().array.sharding.device_set) == 8


def test_replicas_have_parts_numbers_and_sums() -> None:
    strategy = _mirrored(4)
    data = tf.data.Dataset.from_tensor_slices(np.arange(6.0, dtype=np.float32)).batch(6)
    (part,) = strategy.experimental_distribute_dataset(data)
    assert [v.numpy().tolist() for v in part.values] == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], []]

    def replica(x: Any) -> Any:
        context = tf.distribute.get_replica_context()
        assert context.num_replicas_in_sync == 4 and not tf.distribute.in_cross_replica_context()
        total = tf.reduce_sum(x)
        return {
            "own": total, "sum": context.all_reduce("sum", total), "mean": context.all_reduce("mean", total),
            "number": context.replica_id_in_sync_group, "all": context.all_gather(tf.stack([total]), axis=0),
            "one": tf.constant(1.0),
        }  # fmt: skip

    for given in (part, next(iter(strategy.experimental_distribute_dataset(data.map(lambda x: x[:4]))))):
        found = strategy.run(replica, (given,))
        own = [float(v) for v in strategy.experimental_local_results(found["own"])]
        assert [float(v) for v in found["sum"].values] == [sum(own)] * 4
        assert [float(v) for v in found["mean"].values] == [sum(own) / 4] * 4
        assert [int(v) for v in found["number"].values] == [0, 1, 2, 3]
        assert found["all"].values[2].numpy().tolist() == own
        assert float(strategy.reduce("SUM", found["one"], axis=None)) == 4.0
        assert float(strategy.reduce("MEAN", found["own"], axis=None)) == sum(own) / 4
    assert strategy.gather(part, axis=0).numpy().tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert float(strategy.reduce("MEAN", part, axis=0)) == 2.5
    with pytest.raises(ValueError, match="SUM takes the values of replicas"):
        strategy.reduce("SUM", 2.0, axis=None)


def test_batches_made_for_each_replica() -> None:
    strategy = _mirrored(2)
    made = strategy.distribute_datasets_from_function(
        lambda context: tf.data.Dataset.range(10).batch(context.get_per_replica_batch_size(8)))  # fmt: skip
    assert len(made) == 2
    found = [[value.numpy().tolist() for value in element.values] for element in made]
    assert found == [[[0, 1, 2, 3], [4, 5, 6, 7]], [[8, 9], []]]
    double = [strategy.gather(strategy.run(lambda x: x * 2, (element,)), axis=0).numpy().tolist() for element in made]
    assert double == [[0, 2, 4, 6, 8, 10, 12, 14], [16, 18]]
    own = strategy.experimental_distribute_values_from_function(lambda context: context.replica_id_in_sync_group + 1.0)
    assert float(strategy.reduce("SUM", strategy.run(lambda x: x, (own,)), axis=None)) == 3.0


def test_functions_go_through_distributed_datasets_and_their_iterators() -> None:
    strategy = _mirrored(2)
    x = np.arange(20, dtype=np.float32)
    data = tf.data.Dataset.from_tensor_slices(x).batch(8)
    shared = strategy.experimental_distribute_dataset(data)
    each = strategy.distribute_datasets_from_function(lambda context: data)

    def total(part: Any) -> Any:
        return strategy.reduce("SUM", strategy.run(lambda v: tf.reduce_sum(v * v), (part,)), axis=None)

    @tf.function
    def of_all(batches: Any) -> Any:
        found = tf.constant(0.0)
        for part in batches:
            found += total(part)
        return found

    @tf.function
    def of_next(iterator: Any) -> Any:
        return total(next(iterator))

    @tf.function(input_signature=[shared.element_spec])
    def of_one(part: Any) -> Any:
        return total(part)

    wanted = [float((x[i : i + 8] ** 2).sum()) for i in (0, 8, 16)]
    assert float(of_all(shared)) == float(of_all(each)) == sum(wanted)
    iterator = iter(shared)
    assert [float(of_next(iterator)) for _ in range(3)] == wanted
    with pytest.raises(tf.errors.OutOfRangeError):
        of_next(iterator)
    assert [float(of_one(part)) for part in shared] == wanted
    assert [float(of_next(iter(each)))] == [wanted[0] + wanted[1]]
    assert [part.shape.as_list() for part in shared.element_spec._value_specs] == [[None], [None]]
    found = iter(shared).get_next_as_optional()
    assert bool(found.has_value()) and float(total(found.get_value())) == wanted[0]
    end = iter(shared)
    for _ in range(3):
        end.get_next()
    assert not bool(end.get_next_as_optional().has_value())


def test_variables_take_what_replicas_give_them_as_they_say() -> None:
    strategy = _mirrored(4)
    with strategy.scope():
        total = tf.Variable(10.0, aggregation=tf.VariableAggregation.SUM,
                            synchronization=tf.VariableSynchronization.ON_READ)  # fmt: skip
        mean = tf.Variable(10.0, aggregation=tf.VariableAggregation.MEAN)
        first = tf.Variable(10.0, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)
        plain = tf.Variable(10.0)

    def update(x: Any) -> None:
        total.assign(total + x)
        mean.assign_add(x)
        first.assign_add(x + 5.0)
        plain.assign_add(1.0)

    numbers = strategy.experimental_distribute_values_from_function(lambda c: float(c.replica_id_in_sync_group))
    strategy.run(update, (numbers,))
    assert [float(v.numpy()) for v in (total, mean, first, plain)] == [46.0, 11.5, 15.0, 11.0]  # as in TensorFlow
    with pytest.raises(ValueError, match="must specify an aggregation method"):
        strategy.run(lambda x: plain.assign(x), (numbers,))
    strategy.run(lambda x: tf.cond(x >= 0.0, lambda: plain.assign(0.0), lambda: plain.assign(1.0)), (0.0,))
    assert float(plain.numpy()) == 0.0
    outside = tf.Variable(1.0)  # of which there is one for all replicas, and TensorFlow adds four times, too
    strategy.run(lambda: outside.assign_add(1.0))
    assert float(outside.numpy()) == 5.0


def test_replicas_draw_numbers_of_their_own_as_one_device_draws_them_in_turns() -> None:
    strategy = _mirrored(3)
    shared, alone = tf.random.Generator.from_seed(1), tf.random.Generator.from_seed(1)
    found = strategy.run(lambda: shared.normal([2]))
    np.testing.assert_array_equal([v.numpy() for v in found.values], [alone.normal([2]).numpy() for _ in range(3)])
    np.testing.assert_array_equal(shared.state.numpy(), alone.state.numpy())
    tf.random.set_seed(1)
    (rows,) = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensors(tf.ones([7, 40])))  # 3, 3, 1 rows
    masks = [v.numpy() for v in strategy.run(lambda x: tf.nn.dropout(x[:1], 0.5), (rows,)).values]
    assert len({mask.tobytes() for mask in masks}) == 3
    v = tf.Variable(0.0)
    with pytest.raises(ValueError, match="must specify an aggregation method"):
        strategy.run(lambda: v.assign(tf.random.normal([])))


def _number() -> Any:
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def _sums_alone() -> Any:
    if _number() == 0:
        return tf.distribute.get_replica_context().all_reduce("sum", 10.0)
    return 0.0


def test_replicas_do_not_write_or_wait_apart() -> None:
    strategy = _mirrored(3)
    v = tf.Variable(0.0, aggregation=tf.VariableAggregation.SUM)

    def writes_alone() -> None:
        if _number() == 0:
            v.assign_add(1.0)

    def turns_apart() -> None:
        turn = tf.constant(0)
        while turn < _number():
            v.assign_add(1.0)
            turn += 1

    for wrong in (_sums_alone, writes_alone, turns_apart):
        with pytest.raises(ValueError, match="all together"):
            strategy.run(wrong)
    assert float(v.numpy()) == 0.0

    def together() -> Any:
        total, own = tf.constant(0.0), tf.cast(_number(), tf.float32)
        for turn in tf.range(3):
            total += tf.distribute.get_replica_context().all_reduce("sum", own * tf.cast(turn, tf.float32))
            if turn > 1:
                v.assign_add(1.0 if own > 0.0 else 5.0)
        return total

    assert [float(found) for found in strategy.run(together).values] == [9.0] * 3
    assert float(v.numpy()) == 7.0


def test_run_outside_of_functions_follows_what_python_values_are() -> None:
    strategy, seen, setting = _mirrored(2), [], {"rate": 0.5}
    with strategy.scope():
        v = tf.Variable(1.0)

    def step() -> Any:
        seen.append(setting["rate"])
        context = tf.distribute.get_replica_context()
        v.assign_add(context.all_reduce("SUM", tf.constant(setting["rate"])))
        return v * setting["rate"]

    found = []
    for setting["rate"] in (0.5, 2.0, 0.5):
        found.append([float(value) for value in strategy.experimental_local_results(strategy.run(step))])
    assert found == [[1.0, 1.0], [12.0, 12.0], [3.5, 3.5]] and seen == [0.5, 2.0, 0.5]
    assert len(strategy._graphs) == 2  # the third is the first again


def test_infinities_of_one_replica_stay_its_own() -> None:
    strategy = _mirrored(3)
    first = tf.Variable(1.0, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)

    def replica() -> Any:
        own = tf.cast(_number(), tf.float32)
        first.assign(1.0 / (1.0 - own))
        context = tf.distribute.get_replica_context()
        return context.all_gather(tf.stack([1.0 / own]), axis=0), context.all_reduce("mean", _number() + 2)

    gathered, mean = strategy.run(replica)
    assert gathered.values[1].numpy().tolist() == [np.inf, 1.0, 0.5] and float(first.numpy()) == 1.0
    assert [int(value) for value in mean.values] == [3, 3, 3]


def test_what_replicas_do_wrong_is_said_in_words() -> None:
    strategy = _mirrored(2)
    v = tf.Variable(1.0)

    def replica(x: Any) -> Any:
        v.assign_add(1.0)
        return tf.gather(x, [7])

    (part,) = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensors(_X[:6, 0]))
    with pytest.raises(ValueError, match="out of range"):
        strategy.run(replica, (part,))
    assert float(v.numpy()) == 1.0


def test_all_devices_are_taken_where_none_are_named() -> None:
    assert tf.distribute.MirroredStrategy().num_replicas_in_sync == len(jax.devices())
    assert tf.distribute.OneDeviceStrategy("/cpu:0").num_replicas_in_sync == 1
    assert tf.distribute.experimental.CentralStorageStrategy(["/cpu:0", "/cpu:1"]).num_replicas_in_sync == 2
    assert tf.distribute.MirroredStrategy(["/gpu:0", "/cpu:1"]).num_replicas_in_sync == 1


def test_a_parameter_server_strategy_cuts_variables() -> None:
    found = []
    partitioner = tf.distribute.experimental.partitioners.FixedShardsPartitioner(8)
    for strategy in (tf.distribute.get_strategy(), tf.distribute.ParameterServerStrategy(None, partitioner)):
        keras.utils.set_random_seed(1)
        with strategy.scope():
            model = keras.Sequential([keras.Input((10,)), layers.Dense(16, activation="relu"), layers.Dense(4)])
            model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        found.append(model.fit(_X, _Y, batch_size=16, epochs=2, verbose=0).history["loss"])
    np.testing.assert_allclose(found[1], found[0], atol=1e-5)
    kernel = model.layers[1].kernel._cell.peek().array
    assert kernel.addressable_shards[0].data.shape == (2, 4)
    assert strategy.num_replicas_in_sync == 1 and float(strategy.run(tf.function(lambda: tf.constant(1.0)))) == 1.0

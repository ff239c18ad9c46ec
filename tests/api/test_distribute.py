"""Strategies with one replica: what programs for several devices do on one machine."""

import json

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.runtime import dispatch


@pytest.mark.parametrize("make", [tf.distribute.MirroredStrategy, lambda: tf.distribute.OneDeviceStrategy("/cpu:0"),
                                  tf.distribute.MultiWorkerMirroredStrategy, tf.distribute.get_strategy,
                                  tf.distribute.experimental.CentralStorageStrategy])  # fmt: skip
def test_a_custom_loop_under_a_strategy_trains(make):
    strategy = make()
    x = np.linspace(-1, 1, 64, dtype="float32")[:, None]
    with strategy.scope():
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        optimizer = keras.optimizers.SGD(0.1)
    data = tf.data.Dataset.from_tensor_slices((x, 3 * x)).batch(16)

    def step(inputs):
        features, labels = inputs
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(model(features, training=True) - labels)) / 16.0
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss

    @tf.function
    def distributed(inputs):
        return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(step, args=(inputs,)), axis=None)

    losses = [float(distributed(batch)) for _ in range(10) for batch in strategy.experimental_distribute_dataset(data)]
    assert losses[-1] < 0.1 * losses[0]


def test_fit_under_a_strategy():
    strategy = tf.distribute.MirroredStrategy(devices=["/gpu:0", "/gpu:1"],
                                              cross_device_ops=tf.distribute.HierarchicalCopyAllReduce())  # fmt: skip
    assert strategy.num_replicas_in_sync == 1
    with strategy.scope():
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
    assert "loss" in model.fit(np.ones((8, 1)), np.ones((8, 1)), verbose=0).history


def test_where_code_runs():
    strategy = tf.distribute.MirroredStrategy()
    assert not tf.distribute.has_strategy() and not tf.distribute.in_cross_replica_context()
    with strategy.scope():
        assert tf.distribute.get_strategy() is strategy and tf.distribute.in_cross_replica_context()

        def replica():
            context = tf.distribute.get_replica_context()
            merged = context.merge_call(lambda s, x: (s is strategy, tf.distribute.in_cross_replica_context(), x), (1,))
            return context.replica_id_in_sync_group, float(context.all_reduce("sum", 2.0)), merged

        assert strategy.run(replica) == (0, 2.0, (True, True, 1))
    assert not tf.distribute.has_strategy()


def test_values():
    strategy = tf.distribute.MirroredStrategy()
    assert strategy.reduce("MEAN", tf.constant([1.0, 2.0]), axis=0).numpy() == 1.5
    assert strategy.reduce("sum", {"a": tf.constant([1, 2])}, axis=None)["a"].numpy().tolist() == [1, 2]
    assert strategy.experimental_local_results(3) == (3,)
    with pytest.raises(ValueError, match="summed or averaged"):
        strategy.reduce("max", 1.0, axis=None)
    made = strategy.distribute_datasets_from_function(
        lambda c: tf.data.Dataset.range(8).batch(c.get_per_replica_batch_size(4)).shard(c.num_input_pipelines, 0))
    assert len(list(made)) == 2
    with pytest.raises(ValueError, match="evenly"):
        tf.distribute.InputContext(num_replicas_in_sync=3).get_per_replica_batch_size(4)


def test_what_needs_other_machines_says_so(monkeypatch):
    with pytest.raises(ValueError, match="no TPU"):
        tf.distribute.cluster_resolver.TPUClusterResolver(tpu="")
    with pytest.raises(ValueError, match="no TPU"):
        tf.distribute.TPUStrategy(None)
    servers = tf.distribute.cluster_resolver.SimpleClusterResolver({"chief": ["a:1"], "ps": ["b:1", "c:1"]})
    with pytest.raises(NotImplementedError, match="1 chief, 2 ps"):
        tf.distribute.ParameterServerStrategy(servers)
    cluster = {"worker": ["a:1", "b:1"]}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 1}}))
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    assert (resolver.task_type, resolver.task_id) == ("worker", 1)
    assert resolver.cluster_spec().as_dict() == cluster and resolver.master("worker", 0) == "a:1"
    dispatch.use_engine("native")
    try:
        with pytest.raises(tf.errors.UnavailableError, match="WEFT_ENGINE=xla"):
            tf.distribute.MultiWorkerMirroredStrategy()
    finally:
        dispatch.use_engine(None)
    monkeypatch.delenv("TF_CONFIG")
    assert tf.distribute.MultiWorkerMirroredStrategy().num_replicas_in_sync == 1


def test_the_older_name_of_run() -> None:
    assert float(tf.distribute.get_strategy().experimental_run_v2(lambda x: x + 1, args=(tf.constant(1.0),))) == 2


def test_steps_that_are_scheduled_run():
    strategy = tf.distribute.experimental.ParameterServerStrategy()
    with strategy.scope():
        v = tf.Variable(0.0)
    coordinator = tf.distribute.experimental.coordinator.ClusterCoordinator(strategy)
    data = iter(coordinator.create_per_worker_dataset(lambda: tf.data.Dataset.range(4)))

    @tf.function
    def step(iterator):
        return strategy.run(lambda x: v.assign_add(tf.cast(x, tf.float32)), args=(next(iterator),))

    results = [coordinator.schedule(step, args=(data,)) for _ in range(4)]
    coordinator.join()
    assert coordinator.done() and coordinator.fetch(results) == [0.0, 1.0, 3.0, 6.0]
    assert results[2].get().numpy() == 3.0 and float(v) == 6.0


def test_partitioners_count_parts_along_the_first_axis():
    made, shape = tf.distribute.experimental.partitioners, tf.TensorShape([100, 64])
    assert made.FixedShardsPartitioner(3)(shape, tf.float32) == [3, 1]
    assert made.FixedShardsPartitioner(3)(tf.TensorShape([2]), tf.float32) == [2]
    assert made.MinSizePartitioner(4096, 10)(shape, tf.float32) == [6, 1]
    assert made.MaxSizePartitioner(4096)(shape, tf.float32) == [7, 1]
    assert made.MaxSizePartitioner(4096, 4)(shape, tf.float32) == [4, 1]
    with pytest.raises(ValueError, match="positive"):
        made.FixedShardsPartitioner(0)


def test_a_coordinator_makes_a_dataset_of_a_traced_function():
    strategy = tf.distribute.ParameterServerStrategy()
    coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)

    @tf.function
    def per_worker():
        return strategy.distribute_datasets_from_function(lambda context: tf.data.Dataset.range(6).batch(2))

    @tf.function
    def step(iterator):
        return strategy.reduce("SUM", strategy.run(tf.reduce_sum, (next(iterator),)), axis=None)

    iterator = iter(coordinator.create_per_worker_dataset(per_worker))
    found = [coordinator.schedule(step, args=(iterator,)) for _ in range(3)]
    coordinator.join()
    assert coordinator.done() and coordinator.fetch(found) == [1, 5, 9]

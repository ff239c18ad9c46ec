"""What workers do together, each of them running this; the first one writes down what has come out.

Usage: together.py FOLDER, under `weft launch`.
"""

import json
import os
import sys
import time

import numpy as np

import weft as tf
from weft import keras
from weft.engines.xla import processes

folder = sys.argv[1]
strategy = tf.distribute.MultiWorkerMirroredStrategy()
number, count = strategy.cluster_resolver.task_id, len(strategy.cluster_resolver.cluster_spec().as_dict()["worker"])
rng = np.random.default_rng(0)
X, Y = rng.random((60, 10), dtype=np.float32), rng.integers(0, 4, 60)
found = {"replicas": strategy.num_replicas_in_sync}


def network():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([
        keras.Input((10,)), keras.layers.Dense(16, use_bias=False), keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.1), keras.layers.Dense(4),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def every_worker_fits_arrays_and_files():
    with strategy.scope():
        model = network()
    # the last of five batches is a short one: 50 steps
    found["fit"] = model.fit(X, Y, batch_size=13, epochs=10, verbose=0).history["loss"]
    found["evaluate"] = model.evaluate(X, Y, verbose=0)
    found["predict"] = model.predict(X[:7], verbose=0).tolist()
    # a row less in each file, and more files than workers: some have less data than others
    names = [os.path.join(folder, f"{i}.csv") for i in range(5)]
    data = tf.data.TextLineDataset(names).map(lambda line: tf.strings.to_number(tf.strings.split(line, ",")))
    data = data.map(lambda row: (row[:10], tf.cast(row[10], tf.int32))).batch(6)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.FILE
    shared = strategy.experimental_distribute_dataset(data.with_options(options))
    rows = [strategy.gather(x, axis=0).numpy() for x, _ in shared]
    found["rows"] = np.concatenate(rows).sum(1).tolist()
    found["sizes"] = [len(part) for part in rows]


def every_remainder_has_the_gradient_of_one_device():
    w = tf.Variable(np.arange(40.0).reshape(10, 4) / 40)

    def gradient(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.tanh(x @ w) ** 2)
        return tape.gradient(loss, w)

    @tf.function
    def step(part):
        return strategy.reduce("SUM", strategy.run(gradient, (part,)), axis=None)

    worst = 0.0
    x = X.astype(np.float64)
    for rows in range(1, 2 * strategy.num_replicas_in_sync):
        (part,) = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensors(x[:rows]))
        worst = max(worst, float(np.abs(step(part) - gradient(tf.constant(x[:rows]))).max()))

    def own_rows(context):  # each worker has fewer than the one before, and the last ones none
        mine = max(0, 8 - 5 * context.input_pipeline_id)
        return tf.data.Dataset.from_tensor_slices(x[10 * context.input_pipeline_id :][:mine]).batch(3)

    total, wanted = np.zeros((10, 4)), np.zeros((10, 4))
    for part in strategy.distribute_datasets_from_function(own_rows):
        total += step(part).numpy()
    for worker in range(count):
        wanted += gradient(tf.constant(x[10 * worker :][: max(0, 8 - 5 * worker)])).numpy()
    found["remainders"], found["from_function"] = worst, float(np.abs(total - wanted).max())


def workers_with_other_data_are_told_so():
    with strategy.scope():
        model = network()

    def batches(count):
        for _ in range(count):
            yield X[:6], Y[:6]

    def failing(call):
        try:
            call()
        except ValueError as error:
            return str(error)
        return "nothing was wrong"

    found["differ"] = [
        failing(lambda: model.fit(X + number, Y, verbose=0)),
        failing(lambda: model.fit(X[: 60 - number], Y[: 60 - number], verbose=0)),
        failing(lambda: model.fit(batches(2 + number), verbose=0)),
        failing(lambda: model.train_on_batch(X[:5] + number, Y[:5])),
        failing(lambda: model.fit(batches(2), verbose=0)),
    ]


def what_nobody_has_seeded_is_the_same_everywhere():
    drawn = np.array([np.random.random(), keras.random.uniform((1,)).numpy()[0], tf.random.uniform([1]).numpy()[0]])
    found["agreed"] = bool((processes._of_all(drawn) == drawn).all())


def a_late_worker_is_named():
    total = strategy.reduce("SUM", strategy.run(lambda: tf.constant(1.0)), axis=None)
    found["total"] = float(total)
    processes._group.watch.timeout = 5.0
    written = os.path.join(folder, "found.json")
    while number == 1 and not os.path.exists(written):
        time.sleep(0.05)
    # the first whose patience ends says so to the others, which then need not wait themselves
    try:
        strategy.run(lambda: tf.constant(2.0) * tf.distribute.get_replica_context().all_reduce("SUM", 1.0))
    except (tf.errors.DeadlineExceededError, tf.errors.UnavailableError) as error:
        found["late"] = str(error)


every_worker_fits_arrays_and_files()
every_remainder_has_the_gradient_of_one_device()
workers_with_other_data_are_told_so()
what_nobody_has_seeded_is_the_same_everywhere()
a_late_worker_is_named()
if number == 0:
    written = os.path.join(folder, "found.json")
    with open(written + ".part", "w") as file:
        json.dump(found, file)
    os.replace(written + ".part", written)

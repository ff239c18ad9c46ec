"""A model whose weights lie cut over all workers is saved in a data file of each, and goes on from there.

Usage: sharded.py FOLDER, under `weft launch`. Where FOLDER holds a checkpoint, it is restored before training.
"""

import json
import os
import sys

import numpy as np

import weft as tf
from weft import extend, keras

folder = sys.argv[1]
keras.distribution.initialize()
number, count = extend.worker()
rng = np.random.default_rng(0)
X, Y = rng.random((24, 6), dtype=np.float32), rng.random((24, 1), dtype=np.float32)
devices = keras.distribution.list_devices()
mesh = keras.distribution.DeviceMesh((1, len(devices)), ["batch", "model"], devices)
layouts = keras.distribution.LayoutMap(mesh)
layouts[".*up/kernel"] = (None, "model")
layouts[".*down/kernel"] = ("model", None)
with keras.distribution.ModelParallel(layout_map=layouts, batch_dim_name="batch").scope():
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(12, "relu", name="up"),
                              keras.layers.Dense(1, name="down")])  # fmt: skip
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    checkpoint = tf.train.Checkpoint(model=model)
    latest = tf.train.latest_checkpoint(folder)
    if latest:
        checkpoint.restore(latest).assert_existing_objects_matched()
    begin = model.get_weights()
    model.fit(X, Y, batch_size=8, epochs=1, shuffle=False, verbose=0)
    # a second save under one prefix must not touch the data files of the first before its index is there
    checkpoint.write(os.path.join(folder, "twice"))
    path = checkpoint.write(os.path.join(folder, "twice"))
    path = checkpoint.save(os.path.join(folder, "ckpt"))
    end = model.get_weights()
if number == 0:
    found = {"begin": begin, "end": end, "path": path, "count": count}
    with open(os.path.join(folder, f"found{count}.json"), "w") as file:
        json.dump(found, file, default=lambda array: array.tolist())

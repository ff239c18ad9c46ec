"""Fifty steps taken by several workers, shared in every way; the first one writes down what has come out.

Usage: fifty_steps_together.py FOLDER, under `weft launch`.
"""

import json
import os
import sys

import weft as tf
from tests.engines.xla import fifty_steps
from weft import keras

strategy = tf.distribute.MultiWorkerMirroredStrategy()
devices = keras.distribution.list_devices()
found = {}


def note(name, trained):
    found[name] = {**trained._asdict(), "weights": [weight.tolist() for weight in trained.weights]}


for way in fifty_steps.WAYS:
    if way == "loop":
        note(f"workers, {way}", fifty_steps.looped(strategy))
    else:
        with strategy.scope():
            note(f"workers, {way}", fifty_steps.fitted(way))
with strategy.scope():
    note("workers, arrays, five steps in a call", fifty_steps.fitted("arrays", 5))
    note("workers, tf.data, five steps in a call", fifty_steps.fitted("tf.data", 5))
for rows in (1, 2, len(devices)):
    with fifty_steps.grid(devices, rows).scope():
        note(f"a grid of {rows} x {len(devices) // rows}, arrays", fifty_steps.fitted("arrays"))
with keras.distribution.DataParallel().scope():
    note("data parallel, tf.data", fifty_steps.fitted("tf.data"))
if strategy.cluster_resolver.task_id == 0:
    with open(os.path.join(sys.argv[1], "found.json"), "w") as file:
        json.dump(found, file)

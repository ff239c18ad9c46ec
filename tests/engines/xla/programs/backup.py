"""Training with a backup; the last worker is killed in the middle when this runs for the first time.

Usage: backup.py FOLDER, under `weft launch --restarts 1`.
"""

import os
import signal
import sys

import numpy as np

import weft as tf
from weft import keras

folder = sys.argv[1]
strategy = tf.distribute.get_strategy()
place = strategy.cluster_resolver
last = place.task_id == len(place.cluster_spec().as_dict()["worker"]) - 1
marker = os.path.join(folder, "killed")
rng = np.random.default_rng(0)
X, Y = rng.random((24, 6), dtype=np.float32), rng.random((24, 1), dtype=np.float32)


class Kill(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if last and self.model.optimizer.iterations.numpy() == 8 and not os.path.exists(marker):
            open(marker, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)


def trained(*callbacks):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.2),
                              keras.layers.Dense(1)])  # fmt: skip
    model.compile("adam", "mse")
    model.fit(X, Y, batch_size=8, epochs=4, verbose=0, callbacks=list(callbacks))
    return model.get_weights()


disturbed = trained(keras.callbacks.BackupAndRestore(os.path.join(folder, f"backup{place.task_id}")), Kill())
whole = trained()
print("the same", all(np.array_equal(a, b) for a, b in zip(disturbed, whole, strict=True)))

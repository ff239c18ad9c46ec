"""Training of weights that lie cut over all workers, with a backup; the last worker is killed when this runs first.

Usage: backup_in_parts.py FOLDER, under `weft launch --restarts 1`.
"""

import os
import signal
import sys

import numpy as np

from weft import extend, keras

folder = sys.argv[1]
keras.distribution.initialize()
number, count = extend.worker()
marker, backup = os.path.join(folder, "killed"), os.path.join(folder, "backup")
rng = np.random.default_rng(0)
X, Y = rng.random((24, 6), dtype=np.float32), rng.random((24, 1), dtype=np.float32)
devices = keras.distribution.list_devices()
mesh = keras.distribution.DeviceMesh((1, len(devices)), ["batch", "model"], devices)
layouts = keras.distribution.LayoutMap(mesh)
layouts[".*up/kernel"] = (None, "model")
layouts[".*down/kernel"] = ("model", None)
keras.distribution.set_distribution(keras.distribution.ModelParallel(layout_map=layouts, batch_dim_name="batch"))


class Kill(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if number == count - 1 and self.model.optimizer.iterations.numpy() == 8 and not os.path.exists(marker):
            open(marker, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)


def trained(*callbacks):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(12, "relu", name="up"),
                              keras.layers.Dropout(0.2), keras.layers.Dense(1, name="down")])  # fmt: skip
    model.compile("adam", "mse")
    model.fit(X, Y, batch_size=8, epochs=4, verbose=0, callbacks=list(callbacks))
    return model.get_weights()


class Look(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        names = os.listdir(backup) if epoch == 3 else []
        if names and number == 0:
            print("data files", sum(".data-" in name for name in names), flush=True)


disturbed = trained(keras.callbacks.BackupAndRestore(backup), Kill(), Look())
whole = trained()
print("nothing left", not os.path.exists(backup))
print("the same", all(np.array_equal(a, b) for a, b in zip(disturbed, whole, strict=True)))

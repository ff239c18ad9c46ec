"""Checkpoint and resume: training is broken off, everything is made anew, and goes on where the last checkpoint was.

Weights, the optimizer's state, the step and the place in the dataset are kept, so that the losses after resuming are
those of a training that was never broken off.

Short mode: the error falls from 0.41 to 0.014.
"""

import os
import sys
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

SHORT = "--short" in sys.argv
STEPS = 200 if SHORT else 3000

x = np.random.default_rng(0).uniform(-2, 2, [2000, 1]).astype(np.float32)
y = np.sin(2 * x)


class Training:
    """All that a training is made of; what its checkpoint names is restored where there is one."""

    def __init__(self, folder):
        tf.keras.utils.set_random_seed(0)
        self.model = tf.keras.Sequential([
            layers.Input([1]),
            layers.Dense(32, activation="tanh"),
            layers.Dense(32, activation="tanh"),
            layers.Dense(1),
        ])  # fmt: skip
        self.optimizer = tf.keras.optimizers.Adam(5e-3)
        self.batches = iter(tf.data.Dataset.from_tensor_slices((x, y)).batch(50).repeat())
        self.step = tf.Variable(0, dtype=tf.int64)
        checkpoint = tf.train.Checkpoint(
            step=self.step, model=self.model, optimizer=self.optimizer, batches=self.batches
        )
        self.manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=2)
        self.optimizer.build(self.model.trainable_variables)
        self.status = checkpoint.restore(self.manager.latest_checkpoint)
        print(f"begins at step {int(self.step)}" + (" (restored)" if self.manager.latest_checkpoint else ""))

    @tf.function
    def train(self, rows, targets):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.model(rows, training=True) - targets))
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables))
        self.step.assign_add(1)
        return loss

    def run(self, until):
        losses = []
        while self.step < until:
            losses.append(float(self.train(*next(self.batches))))
            if int(self.step) % (STEPS // 4) == 0:
                print("saved", os.path.basename(self.manager.save(checkpoint_number=self.step)))
        return losses

    def error(self):
        return float(tf.reduce_mean(tf.square(self.model(x) - y)))


with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
    first = Training(folder)
    before = first.error()
    first.run(STEPS // 2 + 7)  # broken off seven steps after a checkpoint
    resumed = Training(folder)
    resumed.status.assert_existing_objects_matched()
    assert int(resumed.step) == STEPS // 2
    losses = resumed.run(STEPS)
    print("kept", sorted(name for name in os.listdir(folder) if name.endswith(".index")))
    names = [name for name, _ in tf.train.list_variables(resumed.manager.latest_checkpoint)]
    print(f"{len(names)} entries in the last one, among them {names[-1]}")
    unbroken = Training(other).run(STEPS)
print(f"losses after resuming {np.round(losses[:3], 5)}, unbroken {np.round(unbroken[STEPS // 2 :][:3], 5)}")
np.testing.assert_allclose(losses, unbroken[STEPS // 2 :], rtol=1e-4)
print(f"error {before:.4f} {resumed.error():.4f}")
assert resumed.error() < 0.05 < before

"""Ctrl-C: what runs ends, what was learned and noted down so far stays, models, variables and graphs work on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.robustness import models
from weft import keras

ROOT = Path(__file__).parents[2]
TIMEOUT = 120

PROGRAM = """
import json, sys
from tests.robustness import models
from weft import keras

class Report(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations.numpy() == 5:
            print("training", flush=True)

model = models.compiled("convolutional")
try:
    model.fit(models.X, models.Y, batch_size=32, epochs=1_000_000, verbose=int(sys.argv[1]), callbacks=[Report()])
except KeyboardInterrupt:
    print()
else:
    sys.exit("fit came to its end")
history, epochs = model.history.history, model.history.epoch
steps = int(model.optimizer.iterations)
predicted = models.predict(model)
again = model.fit(models.X, models.Y, batch_size=32, epochs=2, verbose=0)
print(json.dumps({
    "losses": len(history["loss"]), "accuracies": len(history["accuracy"]), "epochs": epochs,
    "steps": steps, "after": int(model.optimizer.iterations), "again": again.history["loss"],
    "shape": predicted.shape, "finite": bool((predicted == predicted).all()), "first": history["loss"][:1],
}))
"""


OTHER_PROGRAM = """
import sys, time
import numpy as np
import weft as tf
from tests.robustness import models
from weft import keras

WHAT = sys.argv[1]
model = models.fitted("convolutional")
before = models.weights(model)
samples = models.predict(model)
evaluated = model.evaluate(models.X, models.Y, verbose=0)
many = np.tile(models.X, (50_000, 1))  # minutes of work, if nobody interrupts it
labels = np.tile(models.Y, 50_000)

def told():
    print("running", flush=True)

class Report(keras.callbacks.Callback):
    def on_predict_batch_end(self, batch, logs=None):
        if batch == 5:
            told()

    def on_test_batch_end(self, batch, logs=None):
        if batch == 5:
            told()

v = tf.Variable(0)

def step(i):
    tf.py_function(lambda now: told() if now == 5 else None, [i], [])
    v.assign_add(1)
    return i + 1

@tf.function
def loop():
    return tf.while_loop(lambda i: i < 2_000_000_000, step, [tf.constant(0)])

def train():
    rows, count = tf.constant(models.X), tf.Variable(0.0)
    while True:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(rows, training=True) * count)
        tape.gradient(loss, model.trainable_variables)
        if count.assign_add(1.0) == 5.0:
            told()

def session():
    with tf.Graph().as_default(), tf.compat.v1.Session() as run:
        x = tf.compat.v1.placeholder(tf.float32, [None])
        y = tf.reduce_sum(tf.nn.relu(x) * 2.0)
        while True:
            run.run(y, {x: [1.0, 2.0]})
            if not session.told:
                session.told = True
                told()
session.told = False

RUN = {
    "evaluate": lambda: model.evaluate(many, labels, verbose=1, callbacks=[Report()]),
    "predict": lambda: model.predict(many, verbose=1, callbacks=[Report()]),
    "function": loop, "tape": train, "session": session,
}
try:
    RUN[WHAT]()
except KeyboardInterrupt:
    print()
else:
    sys.exit("it came to its end")
models.assert_same_bits(before, models.weights(model))
models.assert_same_bits([samples], [models.predict(model)])
assert model.evaluate(models.X, models.Y, verbose=0) == evaluated
assert tf.executing_eagerly() and float(tf.constant(2.0) * 3.0) == 6.0
v.assign(7)
assert int(tf.function(lambda x: x + v)(tf.constant(1))) == 8
assert models.train_on(model, epochs=1)[0]["loss"][0] > 0
print("usable")
"""


def interrupted(program: str, argument: str, sign: str) -> str:
    """What a program prints that gets Ctrl-C as soon as it has printed the sign."""
    with subprocess.Popen(
        [sys.executable, "-c", program, argument], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            while sign not in (line := process.stdout.readline()):
                assert line, process.communicate()[1]
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    return output


signals = pytest.mark.skipif(os.name != "posix", reason="signals are sent in another way here")


@pytest.mark.subprocess
@signals
@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_ctrl_c_ends_fit_and_leaves_the_model_usable(verbose):
    found = json.loads(interrupted(PROGRAM, str(verbose), "training").splitlines()[-1])
    assert found["losses"] == found["accuracies"] == len(found["epochs"]) > 0
    assert found["epochs"] == list(range(found["losses"]))
    # whole steps only, at most one epoch more than the history has
    assert 3 * found["losses"] <= found["steps"] <= 3 * found["losses"] + 3
    assert found["after"] == found["steps"] + 6
    assert found["shape"] == [96, 3] and found["finite"]
    alone = models.compiled("convolutional").fit(models.X, models.Y, batch_size=32, epochs=1, verbose=0).history
    assert found["first"] == alone["loss"]


@pytest.mark.subprocess
@signals
@pytest.mark.parametrize("what", ["evaluate", "predict", "function", "tape", "session"])
def test_ctrl_c_ends_everything_else_and_leaves_all_usable(what):
    assert interrupted(OTHER_PROGRAM, what, "running").splitlines()[-1] == "usable"


class Interrupt(keras.callbacks.Callback):
    """Raises what Ctrl-C raises, in the middle of the third epoch."""

    def on_train_batch_begin(self, batch, logs=None):
        if self.model.optimizer.iterations.numpy() == 7:
            raise KeyboardInterrupt


def test_history_weights_and_optimizer_are_those_of_the_steps_taken():
    model = models.compiled("functional")
    with pytest.raises(KeyboardInterrupt):
        model.fit(models.X, models.Y, batch_size=32, epochs=9, verbose=0, callbacks=[Interrupt()])
    assert len(model.history.history["loss"]) == 2
    assert int(model.optimizer.iterations) == 7
    whole = models.compiled("functional")
    history = whole.fit(models.X, models.Y, batch_size=32, epochs=2, verbose=0).history
    assert model.history.history == history
    before = models.weights(model)
    models.predict(model)
    model.evaluate(models.X, models.Y, verbose=0)
    count = len(model.trainable_variables)
    models.assert_same_bits(before[:count], models.weights(model)[:count])
    assert model.fit(models.X, models.Y, epochs=1, verbose=0).history["loss"][0] > 0


def test_an_error_in_a_callback_leaves_the_model_usable():
    class Fail(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("the disk is full")

    model = models.compiled("sequential")
    with pytest.raises(RuntimeError, match="the disk is full"):
        model.fit(models.X, models.Y, epochs=3, verbose=0, callbacks=[Fail()])
    assert models.train_on(model, epochs=1)[0]["loss"][0] > 0


def test_the_state_after_a_step_is_written_whole_or_not_at_all():
    from weft.ops import interpreter

    written = []

    class Cell:
        def write(self, value):
            written.append(value)
            if len(written) == 2:
                raise KeyboardInterrupt

    transaction = interpreter.Transaction([Cell() for _ in range(4)], range(4), [])
    for number, each in enumerate(transaction.arguments):
        each.write(number)
    with pytest.raises(KeyboardInterrupt):
        transaction.commit()
    assert written == [0, 1, 1, 2, 3]

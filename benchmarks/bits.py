"""Whether training jobs give the same bits however they are run, and how near their gradients are to exact ones.

`python -m benchmarks.bits` trains each job some steps in processes of their own: with an empty cache of compiled code
and with a full one, and with 1, 2, 3 and 8 threads; after each run all numbers of the model and of its optimizer must
be the same to the last bit. `--gradients` compares each gradient, at the start and after some steps, with that of the
same weights and rows in float64 by the reference engine: the greatest difference over the greatest element.

    python -m benchmarks.bits                        # every job, 200 steps: an hour or so
    python -m benchmarks.bits mlp-32 gru-32 --steps 50
    python -m benchmarks.bits lstm-32 --gradients
    python -m benchmarks.bits --drawn 2              # jobs with drawn sizes

A gradient that is not within the bound need not be a fault: where two elements tie in a maximum, or a sum is nearly 0
before a rectifier, the last bit decides which way a gradient takes. Such a gradient is told.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks.jobs import Job, all_jobs, draw, select
from benchmarks.peers import Task, single

#: threads of the runs, the first with an empty cache
_THREADS = (2, 2, 1, 3, 8)
#: how far a gradient may be from the exact one, and the numbers of steps before they are compared
_BOUND, _MOMENTS = 2e-6, (0, 3, 10)


def _model(job: Job, threads: int) -> tuple[Any, Any, Any]:
    """The job's model, and the rows of all its batches."""
    from weft import keras

    task = Task(**job.task(threads, ""))
    keras.utils.set_random_seed(1)
    inputs, targets = task.first(task.rows)
    return task.description.compiled(keras, task.sizes), single(inputs), single(targets)


def _train(model: Any, x: Any, y: Any, batch: int, steps: int) -> None:
    rows = len(x if isinstance(x, np.ndarray) else x[0])
    while steps > 0:
        here = min(steps, rows // batch)

        def first(of: Any, count: int = here * batch) -> Any:
            return of[:count] if isinstance(of, np.ndarray) else [array[:count] for array in of]

        model.fit(first(x), first(y), batch_size=batch, verbose=0)
        steps -= here


def fingerprint(job: Job, steps: int, threads: int) -> str:
    """What a model and its optimizer hold after some steps, in short."""
    model, x, y = _model(job, threads)
    _train(model, x, y, job.batch, steps)
    values = [*model.get_weights(), *(np.asarray(variable) for variable in model.optimizer.variables)]
    if not all(np.isfinite(value).all() for value in values):
        raise SystemExit(f"{job.name}: not all numbers are finite after {steps} steps")
    return hashlib.sha256(b"".join(value.tobytes() for value in values)).hexdigest()


def _gradients(model: Any, x: Any, y: Any) -> list[np.ndarray]:
    """The loss's gradients with one batch."""
    import weft as tf

    @tf.function
    def made(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True))
        return [tf.convert_to_tensor(g) for g in tape.gradient(loss, model.trainable_variables)]

    def tensors(of: Any) -> Any:
        return tf.constant(of) if isinstance(of, np.ndarray) else [tf.constant(array) for array in of]

    return [gradient.numpy() for gradient in made(tensors(x), tensors(y))]


def _wide(of: Any) -> Any:
    if isinstance(of, list):
        return [_wide(array) for array in of]
    return of.astype(np.float64) if of.dtype == np.float32 else of


def differences(job: Job, threads: int) -> list[dict[str, Any]]:
    """For each moment, how far each gradient is from the one in float64, relative to its greatest element."""
    from weft import keras
    from weft.runtime import dispatch

    model, x, y = _model(job, threads)
    keras.config.set_floatx("float64")
    exact = _model(job, threads)[0]
    keras.config.set_floatx("float32")

    def first(of: Any) -> Any:
        return of[: job.batch] if isinstance(of, np.ndarray) else [array[: job.batch] for array in of]

    found, done = [], 0
    for moment in _MOMENTS:
        _train(model, x, y, job.batch, moment - done)
        done = moment
        exact.set_weights(model.get_weights())
        ours = _gradients(model, first(x), first(y))
        dispatch.use_engine("reference")
        try:
            wanted = _gradients(exact, _wide(first(x)), _wide(first(y)))
        finally:
            dispatch.use_engine(None)
        for variable, own, other in zip(model.trainable_variables, ours, wanted, strict=True):
            apart = float(np.max(np.abs(own - other)) / max(float(np.max(np.abs(other))), 1e-30))
            found.append({"step": moment, "variable": variable.path, "apart": apart})
    return found


def _in_process(job: Job, what: str, steps: int, threads: int, cache: str) -> Any:
    """Has a new process do it."""
    environment = {**os.environ, "WEFT_CACHE": cache, "WEFT_NUM_THREADS": str(threads), "PYTHONHASHSEED": "random"}
    order = json.dumps({"what": what, "steps": steps, "threads": threads, "job": vars(job)})
    done = subprocess.run([sys.executable, "-m", "benchmarks.bits", "--order", order], env=environment, check=True,
                          stdout=subprocess.PIPE, text=True)  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def _obey(order: dict[str, Any]) -> None:
    job = Job(**order["job"])
    if order["what"] == "gradients":
        print(json.dumps(differences(job, order["threads"])))
    else:
        print(json.dumps(fingerprint(job, order["steps"], order["threads"])))


def same_bits(job: Job, steps: int, threads: Sequence[int]) -> bool:
    """Runs a job in all ways and says on a line whether they ended alike."""
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as cache:
        for number, count in enumerate(threads):
            way = f"{count} threads, cache {'full' if number else 'empty'}"
            found.setdefault(_in_process(job, "bits", steps, count, cache), []).append(way)
    if len(found) == 1:
        print(f"{job.name}: the same bits after {steps} steps in {len(threads)} runs", flush=True)
    else:
        print(f"{job.name}: DIFFERS: " + " | ".join("; ".join(ways) for ways in found.values()), flush=True)
    return len(found) == 1


def near(job: Job) -> bool:
    """Compares a job's gradients with exact ones and says on a line how far they are apart."""
    found = _in_process(job, "gradients", 0, 2, os.environ.get("WEFT_CACHE", ""))
    worst = max(found, key=lambda one: one["apart"])
    beyond = [one for one in found if one["apart"] > _BOUND]
    print(f"{job.name}: {len(found)} gradients, the worst {worst['apart']:.1e} ({worst['variable']}, step "
          f"{worst['step']}); {len(beyond)} beyond {_BOUND:g}", flush=True)  # fmt: skip
    return not beyond


def main(arguments: Iterable[str] | None = None) -> int:
    """Prints a line for each job."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bits", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("jobs", nargs="*", help="names, patterns or models; all training jobs where there is none")
    parser.add_argument("--steps", type=int, default=200, help="of each run (200)")
    parser.add_argument("--threads", default=",".join(map(str, _THREADS)), help="of the runs, one after the other")
    parser.add_argument("--gradients", action="store_true", help="compare gradients instead")
    parser.add_argument("--drawn", type=int, default=0, help="so many jobs of each model with drawn sizes instead")
    parser.add_argument("--seed", type=int, default=0, help="which sizes are drawn")
    parser.add_argument("--order", help=argparse.SUPPRESS)
    options = parser.parse_args(None if arguments is None else list(arguments))
    if options.order:
        _obey(json.loads(options.order))
        return 0
    known = draw(options.drawn, options.seed) if options.drawn else all_jobs()
    jobs = [job for job in select(known, options.jobs) if job.kind == "train"]
    threads = [int(count) for count in options.threads.split(",")]
    results = [near(job) if options.gradients else same_bits(job, options.steps, threads) for job in jobs]
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())

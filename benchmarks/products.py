"""Products of matrices against the BLAS that numpy brings, and against the machine's peak.

Both run in this process, in turns, and the best of many short repeats counts: CPU time with one thread, the clock with
more. Ours begins its turns when the other's threads have gone to sleep, since those of a BLAS spin for a while, on
processors that ours would run on. Compiled code is run many times by one call, so that the way from Python is left out
on our side; numpy writes into an array that is there. Run it as `python -m benchmarks.products`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.machine import Machine

#: seconds after which a BLAS's threads, which wait for more work by spinning, sleep; ours do after a moment
_ASLEEP = 0.2


@dataclass(frozen=True)
class Case:
    """One product: rows x inner times inner x columns, perhaps many, perhaps with operands that lie transposed."""

    rows: int
    inner: int
    columns: int
    flip_a: bool = False
    flip_b: bool = False
    batch: int = 1
    unknown_rows: bool = False

    def __str__(self) -> str:
        many = f"{self.batch} of " if self.batch > 1 else ""
        flips = "NT"[self.flip_a] + "NT"[self.flip_b]
        return f"{many}{self.rows} x {self.inner} x {self.columns} {flips}{', rows unknown' * self.unknown_rows}"

    @property
    def flops(self) -> int:
        """Floating-point operations."""
        return 2 * self.batch * self.rows * self.inner * self.columns


def cases() -> Iterator[Case]:
    """Squares and odd sizes, all orders in memory, the passes of dense layers, attention."""
    for size in (64, 128, 256, 512, 1024, 2048):
        yield Case(size, size, size)
    for size in (64, 256, 1024):
        for flips in ((True, False), (False, True), (True, True)):
            yield Case(size, size, size, *flips)
    for rows, inner, columns in ((65, 65, 65), (100, 100, 100), (127, 129, 131), (777, 555, 333), (1000, 1000, 1000)):
        yield Case(rows, inner, columns)
    for batch in (32, 128):
        for inner, columns in ((1600, 128), (128, 10), (784, 512)):
            yield Case(batch, inner, columns, unknown_rows=True)
            yield Case(batch, columns, inner, flip_b=True)
            yield Case(inner, batch, columns, flip_a=True)
    for inner, columns in ((256, 1024), (1024, 256)):
        yield Case(4096, inner, columns, unknown_rows=True)
        yield Case(4096, columns, inner, flip_b=True)
        yield Case(inner, 4096, columns, flip_a=True)
    yield Case(128, 32, 128, flip_b=True, batch=64)
    yield Case(128, 128, 32, batch=64)
    yield Case(1, 1600, 128, unknown_rows=True)


def compiled(case: Case, a: Any, b: Any) -> tuple[Callable[[int], object], Any]:
    """What runs our code so many times, and the result of a run."""
    import weft as tf
    from weft.engines.native import calls

    shape = list(a.shape)
    if case.unknown_rows:
        shape[-2] = None
    made: list[tuple[Any, Any]] = []
    plain = calls.Call.run

    def run(call: Any, *rest: Any) -> Any:
        made.append((call, plain(call, *rest)))
        return made[-1][1]

    function = tf.function(
        lambda x, y: tf.matmul(x, y, transpose_a=case.flip_a, transpose_b=case.flip_b),
        input_signature=[tf.TensorSpec(shape, a.dtype), tf.TensorSpec(b.shape, b.dtype)],
    )
    held = tf.constant(a), tf.constant(b)
    calls.Call.run = run  # type: ignore[method-assign, assignment]
    try:
        result = function(*held)
    finally:
        calls.Call.run = plain  # type: ignore[method-assign]
    call, arrays = made[-1]
    binding = call.binding

    def repeat(count: int, _held: Any = (held, arrays, result)) -> object:
        return call.program.steps(binding, binding.schedule_address, binding.phases, count)

    return repeat, result.numpy()


def measure(
    case: Case, kind: str, clock: Callable[[], float], rounds: int, repeats: int
) -> tuple[float, float]:
    """Seconds of one product: ours and numpy's (in float32, whatever ours is)."""
    import ml_dtypes
    import numpy as np

    rng = np.random.default_rng(0)
    sizes = [(case.rows, case.inner), (case.inner, case.columns)]
    many = [case.batch] if case.batch > 1 else []
    plain = [rng.standard_normal((*many, *size)).astype("float32") for size in sizes]
    lying = [np.ascontiguousarray(x.swapaxes(-1, -2)) if flip else x
             for x, flip in zip(plain, (case.flip_a, case.flip_b), strict=True)]  # fmt: skip
    own = [x.astype(ml_dtypes.bfloat16) for x in lying] if kind == "bfloat16" else lying
    ours, made = compiled(case, *own)
    theirs = [x.swapaxes(-1, -2) if flip else x for x, flip in zip(lying, (case.flip_a, case.flip_b), strict=True)]
    out = np.matmul(theirs[0], theirs[1])
    scale = np.matmul(np.abs(plain[0]), np.abs(plain[1]))
    error = np.max(np.abs(made.astype("float32") - out) / scale)
    if error > (2e-2 if kind == "bfloat16" else 1e-5):
        raise SystemExit(f"{case}: wrong by {error}")
    count = max(1, int(2e-3 * 5e10 / case.flops))
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for number, work in enumerate((ours, lambda n: [np.matmul(theirs[0], theirs[1], out=out) for _ in range(n)])):
            if clock is time.perf_counter and work is ours:
                time.sleep(_ASLEEP)
            for _ in range(repeats):
                begin = clock()
                work(count)
                best[number] = min(best[number], (clock() - begin) / count)
    return best[0], best[1]


def main() -> None:
    """Prints a table of GFLOPS, ratios, and shares of the peak."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.products", description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="of both (1)")
    parser.add_argument("--rounds", type=int, default=4, help="in which they take turns (4)")
    parser.add_argument("--repeats", type=int, default=6, help="of each in a round, of which the best counts (6)")
    parser.add_argument("--only", default="", help="cases whose line has this in it")
    parser.add_argument("--kind", default="float32", choices=("float32", "bfloat16"), help="of our operands")
    options = parser.parse_args()
    wanted = str(options.threads)
    if os.environ.get("OPENBLAS_NUM_THREADS") != wanted:  # read when numpy is loaded: begin anew
        os.environ.update(OPENBLAS_NUM_THREADS=wanted, WEFT_NUM_THREADS=wanted)
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks.products", *sys.argv[1:]])
    clock = time.thread_time if options.threads == 1 else time.perf_counter
    machine = Machine(options.threads)
    print(machine.describe())
    ratios = []
    for case in (case for case in cases() if options.only in str(case)):
        ours, theirs = measure(case, options.kind, clock, options.rounds, options.repeats)
        ratios.append(theirs / ours)
        print(f"{case!s:36} {case.flops / ours / 1e9:7.1f} GFLOPS  numpy {case.flops / theirs / 1e9:7.1f}  "
              f"ratio {ratios[-1]:.2f}  {case.flops / ours / machine.flops:4.0%} of peak", flush=True)  # fmt: skip
    print(f"worst {min(ratios):.2f}, median {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()

"""`weft launch`: run a program as several workers that train one model, here or on several machines."""

from __future__ import annotations

import argparse
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from weft.base import accelerators, cluster
from weft.cli import CommandError

#: seconds that workers get to end by themselves after one of them has failed
GRACE = 30.0
#: seconds that they get when this command is told to end
PARTING = 5.0
#: how lines begin that a library prints for itself
_CHATTER = "[Gloo] Rank "


class _Ended(Exception):
    """Somebody has told this command to end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `weft launch`."""
    parser.usage = "weft launch [--nproc N] [options] SCRIPT [arguments]"
    parser.description = (
        "Run a program as several workers that train one model, its batches shared out among them. With --nproc they "
        "are started here; without it this process is one of those that SLURM, MPI, Kubernetes or TF_CONFIG have "
        "started. Options come before the program."
    )
    parser.add_argument("--nproc", type=int, help="how many workers to start on this machine")
    parser.add_argument("--nnodes", type=int, default=1, help="how many machines run this command (default: 1)")
    parser.add_argument("--node-rank", type=int, default=0, help="which of them this is, from 0 on")
    parser.add_argument("--address", help="HOST:PORT of the first machine, the same on all of them")
    parser.add_argument("--timeout", type=int, help="seconds that a worker waits for the others (default: 600)")
    parser.add_argument("--restarts", type=int, default=0, help="how often all are started again after one has failed")
    parser.add_argument("--all-output", action="store_true", help="show what every worker prints, not the first alone")
    parser.add_argument("-m", dest="module", action="store_true", help="the program is a module, as for python -m")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("program", nargs=argparse.REMAINDER, help="the script and its arguments")


def main(args: argparse.Namespace) -> int:
    """Start the workers, or be one."""
    del args.program[: args.program[:1] == ["--"]]
    if not args.program:
        raise CommandError("there is nothing to launch. Name a script: weft launch --nproc 2 train.py")
    if args.timeout is not None:
        os.environ["WEFT_TIMEOUT"] = str(args.timeout)
    if args.worker or args.nproc is None:
        return _be_worker(args)
    if args.nproc < 1 or not 0 <= args.node_rank < args.nnodes:
        raise CommandError("--nproc is at least 1, and --node-rank lies between 0 and --nnodes - 1")
    if args.nnodes > 1 and not args.address:
        raise CommandError("several machines need --address HOST:PORT of the first one")
    script = args.program[0]
    if not args.module and not os.path.exists(script):
        raise CommandError(f"can't open file {script!r}: there is none")
    name = cluster.hidden_name() if args.nnodes > 1 else None
    if name is not None:
        problem, hint = cluster.unreachable(name)
        print(f"weft launch: {problem} GPUs do without; else {hint}.", file=sys.stderr)
    signal.signal(signal.SIGTERM, _end)
    try:
        status = _run_all(args)
        for turn in range(args.restarts):
            if status == 0:
                break
            print(f"weft launch: starting all workers again ({turn + 1} of {args.restarts})", file=sys.stderr)
            status = _run_all(args)
    except KeyboardInterrupt:
        status = -signal.SIGINT
    except _Ended:
        status = -signal.SIGTERM
    return 128 - status if status < 0 else status


def _be_worker(args: argparse.Namespace) -> int:
    """Join the others and run the program, its work shared out with them unless it says otherwise itself."""
    from weft.cli import run

    place = cluster.find()
    if place is None and not args.worker:
        raise CommandError(cluster.hint() or "nothing here says which worker this is (TF_CONFIG, SLURM, MPI, "
                           "Kubernetes). To start workers on this machine: weft launch --nproc 2 SCRIPT")  # fmt: skip
    if place is not None:
        import weft as tf

        tf.distribute.experimental_set_strategy(tf.distribute.MultiWorkerMirroredStrategy())
    options = argparse.Namespace(program=args.program, module=args.module, engine=None, dialect="auto")
    return run.main(options)


# --- starting --------------------------------------------------------------------------------------------------------


def _run_all(args: argparse.Namespace) -> int:
    """Run this machine's workers to their end; the status of the first one that failed, 0 where none did."""
    held, addresses = _addresses(args)
    first = args.node_rank * args.nproc
    workers: list[subprocess.Popen[str]] = []
    threads: list[threading.Thread] = []
    try:
        for number in range(first, first + args.nproc):
            worker = _start(args, addresses, number, number - first)
            workers.append(worker)
            threads += _show(worker, number, args.all_output)
        return _wait(workers, first)
    except (KeyboardInterrupt, _Ended) as told:
        _stop(workers, signal.SIGTERM if isinstance(told, _Ended) else signal.SIGINT)
        raise
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
        for thread in threads:
            thread.join(5.0)
        for one in held:
            one.close()


def _end(number: int, frame: object) -> None:
    raise _Ended


def _addresses(args: argparse.Namespace) -> tuple[list[socket.socket], list[str]]:
    """An address for each worker, and sockets that keep the ports from other programs until the end."""
    count = args.nproc * args.nnodes
    if args.address:
        host, _, port = args.address.rpartition(":")
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise CommandError(f"--address is HOST:PORT, received {args.address!r}")
        return _held(args, int(port)), [f"{host}:{int(port) + number}" for number in range(count)]
    held = [found for _ in range(count) if (found := cluster.held_port("127.0.0.1"))]
    return held, [f"127.0.0.1:{one.getsockname()[1]}" for one in held]


def _held(args: argparse.Namespace, port: int) -> list[socket.socket]:
    """On the first machine a socket that keeps the port of the first worker from other launches."""
    if args.node_rank:
        return []
    try:
        held = cluster.held_port("", port)
    except OSError as error:
        # Windows says that access is refused where another program has it for itself
        if error.errno != errno.EADDRINUSE and not (os.name == "nt" and error.errno == errno.EACCES):
            return []  # the first worker will tell
        problem, hint = cluster.taken(port)
        raise CommandError(f"{problem} To go on, {hint}.") from None
    return [] if held is None else [held]


def _start(args: argparse.Namespace, addresses: Sequence[str], number: int, local: int) -> subprocess.Popen[str]:
    task = {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": number}}
    environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
    mine = _gpus_of(local, args.nproc)
    if mine:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(mine)
    command = [sys.executable, "-m", "weft", "launch", "--worker", *(["-m"] if args.module else []), *args.program]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            errors="replace", bufsize=1)  # fmt: skip


def _gpus_of(local: int, count: int) -> list[str]:
    """The GPUs of one of this machine's workers, where there are enough for all; else nothing is said."""
    said = os.environ.get("CUDA_VISIBLE_DEVICES")
    if said is None:
        there = [path.name.removeprefix("nvidia") for path in sorted(Path("/dev").glob("nvidia[0-9]*"))]
    else:
        there = [] if accelerators.hides_all(os.environ) else [name for name in said.split(",") if name.strip()]
    share = len(there) // count
    return there[local * share : (local + 1) * share]


def _show(worker: subprocess.Popen[str], number: int, everything: bool) -> list[threading.Thread]:
    """Pass on what a worker prints: of the first one as it is, of others errors, or all, with their number."""
    assert worker.stdout is not None and worker.stderr is not None
    mark = f"[{number}] " if number else ""
    shown = sys.stdout if everything or number == 0 else None
    streams = ((worker.stdout, shown), (worker.stderr, sys.stderr))
    threads = [threading.Thread(target=_pass_on, args=(*stream, mark), daemon=True) for stream in streams]
    for thread in threads:
        thread.start()
    return threads


def _pass_on(source: IO[str], target: IO[str] | None, mark: str) -> None:
    for line in source:
        if target is not None and not line.startswith(_CHATTER):
            target.write(mark + line)
            target.flush()


def _wait(workers: Sequence[subprocess.Popen[str]], first: int) -> int:
    """Wait for all; after one has failed the others get time to say what they wait for."""
    failed: int | None = None
    left = GRACE
    while any(worker.poll() is None for worker in workers):
        time.sleep(0.05)
        if failed is None:
            failed = _failure(workers, first)
        else:
            left -= 0.05
            if left < 0:
                break
    return failed or _failure(workers, first) or 0


def _stop(workers: Sequence[subprocess.Popen[str]], number: signal.Signals) -> None:
    """Hand a signal on to the workers, which have a while to end."""
    for worker in workers:
        worker.send_signal(number)
    end = time.monotonic() + PARTING
    while any(worker.poll() is None for worker in workers) and time.monotonic() < end:
        time.sleep(0.05)


def _failure(workers: Sequence[subprocess.Popen[str]], first: int) -> int | None:
    for number, worker in enumerate(workers, first):
        status = worker.poll()
        if status:
            how = f"was ended by signal {-status}" if status < 0 else f"has ended with status {status}"
            print(f"weft launch: worker {number} (process {worker.pid}) {how}", file=sys.stderr)
            return status
    return None

"""Which of several processes this one is, as its surroundings say: TF_CONFIG, Keras' variables, a launcher's, SLURM's,
MPI's, Kubernetes'."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weft.base.errors import explain

#: where a first process listens whose surroundings name no port
PORT = 29400

_TRAINING = ("chief", "master", "worker")  # in the order in which their tasks are numbered
_OTHERS = ("ps", "evaluator")


@dataclass(frozen=True)
class Place:
    """Which process this is.

    Attributes:
        address: Of the first process, host and port.
        count: How many processes there are.
        number: Which of them this is, from 0 on.
        source: What said so.
    """

    address: str
    count: int
    number: int
    source: str = field(compare=False)


def find(environment: Mapping[str, str] | None = None) -> Place | None:
    """The place that the surroundings give this process; None where it is alone.

    Raises:
        ValueError: Where they say something that cannot be.
    """
    env = os.environ if environment is None else environment
    # MPI's launchers start their processes beside SLURM's own numbers, which are then those of the launcher's helpers
    for reader in (_tf_config, _keras, _torchrun, _kubeflow, _mpi, _slurm, _indexed_job):
        found = reader(env)
        if found is not None and found.count > 1:
            if not 0 <= found.number < found.count:
                raise ValueError(explain(f"{found.source} says that this is process {found.number} of {found.count}.",
                                         expected=f"0 to {found.count - 1}"))  # fmt: skip
            return found
    return None


def hidden_name(first: str | None = None) -> str | None:
    """This machine's name, where it stands for an address that only this machine can reach; else None.

    Args:
        first: The host of another process; where that is on this machine, too, the name does not matter.
    """
    name = socket.gethostname()
    try:
        if first is not None:
            with socket.socket(type=socket.SOCK_DGRAM) as probe:
                probe.connect((first, PORT))
                if probe.getsockname()[0] == probe.getpeername()[0]:
                    return None
        found = {str(place[4][0]) for place in socket.getaddrinfo(name, None)}
    except OSError:
        return None  # who does connect will say what is wrong
    return name if all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in found) else None


def unreachable(name: str) -> tuple[str, str]:
    """What is wrong on a machine with a `hidden_name`, and what to do."""
    address = socket.gethostbyname(name)
    return (f"Other machines cannot reach this one: its name, {name}, stands for {address} here.",
            f"give {name} the address of this machine in /etc/hosts")  # fmt: skip


def held_port(host: str, port: int = 0) -> socket.socket | None:
    """A socket that keeps a port of this machine from other programs: bound, and not listening.

    Who binds it by SO_REUSEPORT, as the first process of several does, may have it beside this one.

    Args:
        host: An address of this machine; "" for all of them.
        port: Which one; one that is free where 0.

    Returns:
        The socket; None where the port is free and cannot be held, since connections on it were closed not long ago.

    Raises:
        OSError: Where another program has it.
    """
    if port:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR), 1)
            probe.bind((host, port))
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_REUSEPORT", socket.SO_REUSEADDR), 1)
    try:
        held.bind((host, port))
    except OSError:
        held.close()
        if not port:
            raise
        return None
    return held


def listens(port: int) -> bool:
    """Whether a program listens on a port of this machine already."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


def taken(port: int) -> tuple[str, str]:
    """What is wrong where another program has the port at which the first process is to listen, and what to do."""
    return (f"Port {port}, at which the first of the workers is to listen, is in use on this machine.",
            "end the program that has it, perhaps an earlier launch, or choose another port")  # fmt: skip


def jobs_of(config: Any, source: str = "The cluster") -> dict[str, dict[int, str]]:
    """The addresses of a cluster's tasks, by job and number.

    Raises:
        ValueError: For what is no jobs with addresses.
    """
    expected = '{"worker": ["HOST:PORT", "HOST:PORT"]}: jobs by name, each with the addresses of its tasks'
    found: dict[str, dict[int, str]] = {}
    try:
        for name, tasks in dict(config or {}).items():
            listed = enumerate([tasks] if isinstance(tasks, str) else tasks)
            pairs = list(tasks.items() if isinstance(tasks, Mapping) else listed)
            found[str(name)] = {int(number): address for number, address in pairs}
            if not all(isinstance(address, str) for _, address in pairs):
                raise TypeError
    except (TypeError, ValueError):
        raise ValueError(explain(f"{source} is not described as a cluster.", expected=expected,
                                 received=repr(config)[:200])) from None  # fmt: skip
    return found


def place_in(jobs: Mapping[str, Mapping[int, str]], kind: str | None, number: int | None, source: str) -> Place | None:
    """The place of a task among those that train: the chief comes first, then the workers.

    Raises:
        ValueError: For a task that is not in the cluster.
    """
    unknown = [job for job in jobs if job not in (*_TRAINING, *_OTHERS)]
    if unknown and sum(map(len, jobs.values())) > 1:
        raise ValueError(explain(f"{source}: nobody knows what a {unknown[0]!r} does.", received=", ".join(jobs),
                                 expected="jobs named " + ", ".join((*_TRAINING, *_OTHERS))))  # fmt: skip
    tasks = [(job, i) for job in _TRAINING for i in sorted(jobs.get(job, {}))]
    if len(tasks) < 2:
        return None
    task = (kind or "worker", int(number or 0))
    if task not in tasks:
        if task[0] in jobs and task[1] in jobs[task[0]]:
            return None  # an evaluator or a server of parameters: it trains nothing
        raise ValueError(explain(f"{source}: there is no task {task[0]}:{task[1]} in the cluster.",
                                 expected="one of " + ", ".join(f"{job}:{i}" for job, i in tasks)))  # fmt: skip
    job, first = tasks[0]
    return Place(jobs[job][first], len(tasks), tasks.index(task), source)


def tf_config(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What TF_CONFIG says; {} where it is not there.

    Raises:
        ValueError: Where it is no JSON object.
    """
    text = (os.environ if environment is None else environment).get("TF_CONFIG") or "{}"
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(explain(f"TF_CONFIG is no JSON: {error}", received=text)) from None
    if not isinstance(found, dict):
        raise ValueError(explain("TF_CONFIG must be a JSON object.", received=text[:200]))
    return found


def _tf_config(env: Mapping[str, str]) -> Place | None:
    said = tf_config(env)
    jobs, task = jobs_of(said.get("cluster"), "TF_CONFIG"), said.get("task") or {}
    if not isinstance(task, Mapping) or not str(task.get("index", 0)).isdecimal():
        raise ValueError(explain("TF_CONFIG: the task is not described.", received=repr(task),
                                 expected='{"type": "worker", "index": 0}'))  # fmt: skip
    if not task and sum(len(jobs.get(job, {})) for job in _TRAINING) > 1:
        raise ValueError(explain("TF_CONFIG names a cluster, and not which of its tasks this process is.",
                                 expected='"task": {"type": "worker", "index": 0}', received=", ".join(said)))
    return place_in(jobs, task.get("type"), task.get("index"), "TF_CONFIG")


def _keras(env: Mapping[str, str]) -> Place | None:
    count, number = env.get("KERAS_DISTRIBUTION_NUM_PROCESSES"), env.get("KERAS_DISTRIBUTION_PROCESS_ID")
    addresses = env.get("KERAS_DISTRIBUTION_JOB_ADDRESSES", "").split(",")
    if not addresses[0] or number is None:
        return None
    return Place(_with_port(addresses[0], env), int(count or len(addresses)), int(number), "KERAS_DISTRIBUTION_*")


def _torchrun(env: Mapping[str, str]) -> Place | None:
    if not all(name in env for name in ("MASTER_ADDR", "WORLD_SIZE", "RANK")):
        return None
    return Place(_with_port(env["MASTER_ADDR"], env), int(env["WORLD_SIZE"]), int(env["RANK"]), "MASTER_ADDR")


def _kubeflow(env: Mapping[str, str]) -> Place | None:
    if not all(name in env for name in ("COORDINATOR_ADDRESS", "NUM_PROCESSES", "PROCESS_ID")):
        return None
    address = env["COORDINATOR_ADDRESS"]
    if ":" not in address:
        address = f"{address}:{env.get('COORDINATOR_PORT', PORT)}"
    return Place(address, int(env["NUM_PROCESSES"]), int(env["PROCESS_ID"]), "COORDINATOR_ADDRESS")


def _slurm(env: Mapping[str, str]) -> Place | None:
    count, nodes = env.get("SLURM_STEP_NUM_TASKS") or env.get("SLURM_NTASKS"), _nodes_of_slurm(env)
    if count is None or nodes is None or "SLURM_PROCID" not in env or not _in_step(env):
        return None
    return Place(f"{hosts_of(nodes)[0]}:{_port_of_slurm(env)}", int(count), int(env["SLURM_PROCID"]), "SLURM")


def _in_step(env: Mapping[str, str]) -> bool:
    """Whether srun has started this process: the script that sbatch runs is one process, whatever its job has."""
    return any(name in env for name in ("SLURM_STEP_ID", "SLURM_STEPID", "SLURM_STEP_NODELIST"))


def _nodes_of_slurm(env: Mapping[str, str]) -> str | None:
    return env.get("SLURM_STEP_NODELIST") or env.get("SLURM_JOB_NODELIST") or env.get("SLURM_NODELIST")


def tasks_of_slurm(env: Mapping[str, str], port: int, each: int | Sequence[int] | None = None) -> list[str]:
    """The addresses of a step's tasks in the order of their numbers; none outside of a step.

    Args:
        env: The environment.
        port: The port of the first task of a machine; the next ones have the next ports.
        each: How many tasks a machine has, or each of them; as SLURM says where None, or evenly many where it does not.
    """
    nodes, count = _nodes_of_slurm(env), env.get("SLURM_STEP_NUM_TASKS") or env.get("SLURM_NTASKS")
    if nodes is None or count is None:
        return []
    hosts, said = hosts_of(nodes), env.get("SLURM_STEP_TASKS_PER_NODE") or env.get("SLURM_TASKS_PER_NODE")
    if each is not None:
        shares = [each] * len(hosts) if isinstance(each, int) else [*each]
    elif said:  # such as 2(x3),1
        parts = [re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part) for part in said.split(",")]
        shares = [int(part[1]) for part in parts if part for _ in range(int(part[2] or 1))]
    else:
        shares = [int(count) // len(hosts) + (place < int(count) % len(hosts)) for place in range(len(hosts))]
    found = zip(hosts, shares, strict=False)
    return [f"{host}:{port + place}" for host, share in found for place in range(share)][: int(count)]


def _port_of_slurm(env: Mapping[str, str]) -> str:
    return env.get("MASTER_PORT") or _port_of_job(int(env.get("SLURM_JOB_ID") or env.get("SLURM_JOBID") or 0))


def _port_of_job(number: int) -> str:
    """A port of the job's own, so that two jobs on one machine do not meet."""
    return str(61440 + number % 4096)


def hosts_of(nodes: str) -> list[str]:
    """The machines of SLURM's short form, such as `a[01-03,7],b`."""
    found = []
    for prefix, ranges, suffix in re.findall(r"([^,\[\]]+)(?:\[([^\]]*)\])?([^,\[\]]*)", nodes):
        if not ranges:
            found.append(prefix + suffix)
            continue
        for part in ranges.split(","):
            first, _, last = part.partition("-")
            found += [f"{prefix}{i:0{len(first)}d}{suffix}" for i in range(int(first), int(last or first) + 1)]
    return found


def _mpi(env: Mapping[str, str]) -> Place | None:
    for count, number in (("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"), ("PMI_SIZE", "PMI_RANK")):
        if count in env and number in env:
            break
    else:
        return None
    if int(env[count]) < 2:
        return None
    nodes = _nodes_of_slurm(env)
    first = _first_of_open_mpi(env)
    if env.get("MASTER_ADDR"):
        address = _with_port(env["MASTER_ADDR"], env)
    elif first is not None:
        job = re.match(r"\d+", env.get("OMPI_MCA_orte_hnp_uri", ""))  # a multiple of 4096
        address = _with_port(first, env, _port_of_job(int(job.group()) // 4096) if job else str(PORT))
    elif nodes is not None:
        address = f"{hosts_of(nodes)[0]}:{_port_of_slurm(env)}"
    else:
        raise ValueError(explain(
            f"MPI says that this is process {env[number]} of {env[count]}, and not where the first one is.",
            hint="set MASTER_ADDR to the first process's host, e.g. mpirun -x MASTER_ADDR=$(hostname)",
        ))  # fmt: skip
    return Place(address, int(env[count]), int(env[number]), "MPI")


def _first_of_open_mpi(env: Mapping[str, str]) -> str | None:
    if env.get("OMPI_COMM_WORLD_LOCAL_SIZE", "") == env.get("OMPI_COMM_WORLD_SIZE"):
        return "127.0.0.1"  # all on this machine
    found = re.search(r"tcp://([^:,]+)|tcp6://(\[[^\],]+)", env.get("OMPI_MCA_orte_hnp_uri", ""))
    if found is None:
        return None
    return found.group(1) or f"{found.group(2)}]"


def _indexed_job(env: Mapping[str, str]) -> Place | None:
    """A job of Kubernetes with completion indexes: its pods are called after them."""
    number, count = env.get("JOB_COMPLETION_INDEX"), env.get("NUM_PROCESSES") or env.get("WORLD_SIZE")
    if number is None or count is None or "KUBERNETES_SERVICE_HOST" not in env:
        return None
    name = env.get("HOSTNAME") or socket.gethostname()
    pod, _, domain = socket.getfqdn(name).partition(".")
    first = re.sub(rf"-{number}$", "-0", pod) + (f".{domain}" if domain else "")
    return Place(_with_port(env.get("MASTER_ADDR", first), env), int(count), int(number), "JOB_COMPLETION_INDEX")


def _with_port(address: str, env: Mapping[str, str], port: str = str(PORT)) -> str:
    """An address with a port: its own, MASTER_PORT's, or one that is given."""
    has_one = re.search(r":\d+$", address) and (address.count(":") == 1 or "]" in address)
    return address if has_one else f"{address}:{env.get('MASTER_PORT', port)}"


def hint(environment: Mapping[str, str] | None = None) -> str | None:
    """What is missing where `find` finds nothing and the surroundings look as if there were more; else None."""
    env = os.environ if environment is None else environment
    if "SLURM_JOB_ID" in env and not _in_step(env):
        return "this is SLURM's batch script, which runs once; say srun before the command: srun weft launch SCRIPT"
    if "JOB_COMPLETION_INDEX" in env and "KUBERNETES_SERVICE_HOST" in env:
        return ("this is a pod of an indexed job, and nothing says how many there are: set NUM_PROCESSES in the pod's "
                "environment to the job's completions, and subdomain to its headless service")  # fmt: skip
    if "KUBERNETES_SERVICE_HOST" in env:
        return ('this is a pod of Kubernetes without a number: give its job completionMode: "Indexed", or set '
                "COORDINATOR_ADDRESS, NUM_PROCESSES and PROCESS_ID")  # fmt: skip
    return None

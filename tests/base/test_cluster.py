"""Which of several processes one is, as TF_CONFIG, Keras, SLURM, MPI and Kubernetes say it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from typing import Any

import pytest

from weft.base.cluster import Place, find, held_port, hidden_name, hint, hosts_of, place_in


def _config(cluster: Any, kind: str, index: int) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


_CLUSTER = {"chief": ["a:1"], "worker": ["b:1", "c:1"], "ps": ["d:1"], "evaluator": ["e:1"]}


@pytest.mark.parametrize(("environment", "wanted"), [
    ({}, None),
    (_config(_CLUSTER, "chief", 0), ("a:1", 3, 0)),
    (_config(_CLUSTER, "worker", 1), ("a:1", 3, 2)),
    (_config(_CLUSTER, "evaluator", 0), None),
    (_config({"worker": ["a:1"]}, "worker", 0), None),
    ({"KERAS_DISTRIBUTION_JOB_ADDRESSES": "h:5,i:5", "KERAS_DISTRIBUTION_PROCESS_ID": "1"}, ("h:5", 2, 1)),
    ({"MASTER_ADDR": "h", "MASTER_PORT": "9", "WORLD_SIZE": "4", "RANK": "3"}, ("h:9", 4, 3)),
    ({"COORDINATOR_ADDRESS": "h", "COORDINATOR_PORT": "8", "NUM_PROCESSES": "2", "PROCESS_ID": "0"}, ("h:8", 2, 0)),
    ({"SLURM_NTASKS": "8", "SLURM_PROCID": "5", "SLURM_JOB_NODELIST": "n[07-08,11],m", "SLURM_JOB_ID": "3",
      "SLURM_STEP_ID": "0"}, ("n07:61443", 8, 5)),
    ({"SLURM_NTASKS": "1", "SLURM_PROCID": "0", "SLURM_JOB_NODELIST": "n1", "SLURM_STEP_ID": "0"}, None),
    # a step of a part of the job
    ({"SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1", "SLURM_STEP_NODELIST": "n8",
      "SLURM_JOB_NODELIST": "n[7-8]", "SLURM_JOB_ID": "4099", "SLURM_STEPID": "1"}, ("n8:61443", 2, 1)),
    # the script of sbatch: one process
    ({"SLURM_NTASKS": "8", "SLURM_PROCID": "0", "SLURM_JOB_NODELIST": "n[1-8]", "SLURM_JOB_ID": "3"}, None),
    # MPI's launchers within a job of SLURM: its numbers are those of their helpers, one on each machine
    ({"SLURM_NTASKS": "4", "SLURM_PROCID": "1", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_JOB_ID": "3",
      "SLURM_STEP_ID": "0", "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "2",
      "OMPI_COMM_WORLD_LOCAL_SIZE": "2", "OMPI_MCA_orte_hnp_uri": "12288.0;tcp://10.0.0.4:3"},
     ("10.0.0.4:61443", 4, 2)),
    ({"SLURM_NTASKS": "4", "SLURM_PROCID": "1", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_JOB_ID": "3",
      "SLURM_STEP_ID": "0", "PMI_SIZE": "4", "PMI_RANK": "3"}, ("n1:61443", 4, 3)),
    # srun --mpi=pmi2
    ({"SLURM_NTASKS": "4", "SLURM_PROCID": "3", "SLURM_STEP_NODELIST": "n[1-2]", "SLURM_JOB_ID": "3",
      "SLURM_STEP_ID": "0", "PMI_SIZE": "4", "PMI_RANK": "3"}, ("n1:61443", 4, 3)),
    ({"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_LOCAL_SIZE": "2"},
     ("127.0.0.1:29400", 2, 1)),
    ({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "1",
      "OMPI_MCA_orte_hnp_uri": "1531576320.0;tcp://10.0.0.4,10.1.0.4:3"}, ("10.0.0.4:62624", 4, 1)),
    ({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "1", "OMPI_MCA_orte_hnp_uri":
      "1314521088.0;tcp6://[fe80::b9b:ac5d:9cf0:b858,2620:10d:c083:150e::3000:2]:43370"},
     ("[fe80::b9b:ac5d:9cf0:b858]:62880", 4, 1)),
    ({"PMI_SIZE": "2", "PMI_RANK": "0", "MASTER_ADDR": "h"}, ("h:29400", 2, 0)),
    ({"KUBERNETES_SERVICE_HOST": "x", "JOB_COMPLETION_INDEX": "1", "NUM_PROCESSES": "2", "MASTER_ADDR": "job-0.svc"},
     ("job-0.svc:29400", 2, 1)),
])  # fmt: skip
def test_places(environment: dict[str, str], wanted: Any) -> None:
    assert find(environment) == (None if wanted is None else Place(*wanted, "whoever"))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="MASTER_ADDR"):
        find({"PMI_SIZE": "2", "PMI_RANK": "0"})
    with pytest.raises(ValueError, match="process 4 of 2"):
        find({"MASTER_ADDR": "h", "WORLD_SIZE": "2", "RANK": "4"})
    with pytest.raises(ValueError, match="no task worker:7"):
        find(_config(_CLUSTER, "worker", 7))
    with pytest.raises(ValueError, match="no JSON"):
        find({"TF_CONFIG": "{"})
    with pytest.raises(ValueError, match="not which of its tasks"):
        find({"TF_CONFIG": json.dumps({"cluster": _CLUSTER})})
    with pytest.raises(ValueError, match="nobody knows what a 'workers' does"):
        find(_config({"workers": ["a:1", "b:1"]}, "workers", 0))
    for wrong in (["a:1", "b:1"], {"worker": 3}, {"worker": [1, 2]}):
        with pytest.raises(ValueError, match="not described as a cluster"):
            find(_config(wrong, "worker", 0))
    with pytest.raises(ValueError, match="the task is not described"):
        find({"TF_CONFIG": json.dumps({"cluster": _CLUSTER, "task": "worker 0"})})
    assert find({"TF_CONFIG": json.dumps({"task": {"type": "master", "index": 0}})}) is None  # one machine in a cloud
    assert place_in({"worker": {0: "a:1"}}, "worker", 0, "one") is None


def test_what_is_missing_is_said() -> None:
    assert hint({}) is None
    assert "srun weft launch" in str(hint({"SLURM_JOB_ID": "3", "SLURM_NTASKS": "8", "SLURM_PROCID": "0"}))
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert "NUM_PROCESSES" in str(hint({**pod, "JOB_COMPLETION_INDEX": "0"}))
    assert "completionMode" in str(hint(pod))


def test_slurm_writes_machines_shortly() -> None:
    assert hosts_of("a[1-3,7],b,c[01-02]-x") == ["a1", "a2", "a3", "a7", "b", "c01-x", "c02-x"]


def _answers(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "loom")
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, port: [(0, 0, 0, "", (a, 0)) for a in addresses])


def test_a_machine_whose_name_stands_for_itself_only_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, "127.0.1.1", "::1")
    assert hidden_name() == "loom"
    assert hidden_name("127.0.0.1") is None  # the first process is on this machine
    _answers(monkeypatch, "127.0.1.1", "10.1.2.3", "fe80::1%eth0")
    assert hidden_name() is None
    monkeypatch.setattr(socket, "getaddrinfo", _unknown)
    assert hidden_name() is None


def _unknown(*given: object) -> None:
    raise socket.gaierror


@pytest.mark.skipif(os.name == "nt", reason="Windows shares ports by other rules")
def test_a_port_whose_connections_were_closed_not_long_ago_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            ours, _ = server.accept()
            ours.close()  # who closes first keeps the connection's place for a while
            client.recv(1)
    held = held_port("127.0.0.1", port)
    with held or contextlib.nullcontext():
        pass
    with held_port("127.0.0.1") as other:  # type: ignore[union-attr]
        with pytest.raises(OSError):
            held_port("127.0.0.1", other.getsockname()[1])

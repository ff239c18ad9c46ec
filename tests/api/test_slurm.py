"""The resolver of SLURM's steps, by what their environment says."""

import pytest

import weft as tf

Resolver = tf.distribute.cluster_resolver.SlurmClusterResolver


@pytest.fixture
def step(monkeypatch):
    def begin(**said):
        for name, value in {"PROCID": 0, "STEP_NUM_TASKS": 3, "STEP_NODELIST": "n[1-2]", **said}.items():
            monkeypatch.setenv(f"SLURM_{name}", str(value))

    return begin


def test_all_are_workers(step):
    step(STEP_TASKS_PER_NODE="2,1", PROCID=2)
    found = Resolver(auto_set_gpu=False)
    assert found.cluster_spec().as_dict() == {"worker": ["n1:8888", "n1:8889", "n2:8888"]}
    assert found.get_task_info() == ("worker", 2)
    assert found.master() == "grpc://n2:8888"


def test_jobs_by_name(step):
    step(STEP_NUM_TASKS=4, STEP_TASKS_PER_NODE="2(x2)", PROCID=3)
    found = Resolver({"ps": 1, "worker": 3}, port_base=9000)
    assert found.cluster_spec().as_dict() == {"ps": ["n1:9000"], "worker": ["n1:9001", "n2:9000", "n2:9001"]}
    assert (found.task_type, found.task_id) == ("worker", 2)
    with pytest.raises(RuntimeError, match="4 tasks"):
        Resolver({"worker": 3})


def test_tasks_of_machines_as_given(step):
    step()
    assert Resolver(tasks_per_node=[1, 2]).cluster_spec().as_dict()["worker"] == ["n1:8888", "n2:8888", "n2:8889"]
    assert len(Resolver().cluster_spec().as_dict()["worker"]) == 3

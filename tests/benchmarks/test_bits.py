"""The command that compares bits and gradients, on a job that takes a moment."""

from __future__ import annotations

import pytest

from benchmarks import bits
from benchmarks.jobs import Job
from weft.runtime import dispatch

JOB = Job("small", "train", "mlp", {"features": 20, "units": (16, 9), "classes": 4}, 8, 3)


@pytest.fixture(autouse=True)
def _native():
    dispatch.use_engine("native")
    yield
    dispatch.use_engine(None)


def test_equal_runs_have_equal_fingerprints():
    first = bits.fingerprint(JOB, 7, 1)
    assert bits.fingerprint(JOB, 7, 2) == first
    assert bits.fingerprint(JOB, 8, 2) != first


def test_gradients_are_near_those_in_float64():
    found = bits.differences(JOB, 2)
    assert {one["step"] for one in found} == {0, 3, 10}
    assert len(found) == 3 * 6
    assert 0 < max(one["apart"] for one in found) < 2e-6


def test_what_differs_is_told(monkeypatch, capsys):
    def run(job, what, steps, threads, cache):
        return "one" if threads < 3 else "other"

    monkeypatch.setattr(bits, "_in_process", run)
    assert bits.same_bits(JOB, 5, (2, 1))
    assert not bits.same_bits(JOB, 5, (2, 1, 3))
    assert "DIFFERS: 2 threads, cache empty; 1 threads, cache full | 3 threads" in capsys.readouterr().out

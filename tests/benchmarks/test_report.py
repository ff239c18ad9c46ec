"""Tables from made-up results, and who is out."""

from benchmarks import report
from benchmarks.jobs import Job
from benchmarks.machine import Machine, _text
from benchmarks.race import Result, compare
from benchmarks.record import Record

JOB = Job("tiny", "train", "mlp", batch=4, bar=1.5)


def machine() -> Machine:
    found = Machine(2)
    vars(found).update(flops=1e9, bandwidth=1e9, _changed={1 << 20: 4e9, 12 << 20: 2e9})  # as if measured
    return found


def result() -> Result:
    return Result(
        JOB,
        times={"weft": [0.01, 0.02, 0.01], "torch": [0.02, 0.02, 0.03], "tensorflow": [0.1, 0.1, 0.1]},
        facts={
            "weft": {"version": "weft 1", "flops": 5e6, "parameters": 1000.0, "peak": 100 << 20},
            "tensorflow": {"version": "tensorflow 2", "peak": 400 << 20},
        },
        errors={"jax-fit": "Traceback\nRuntimeError: no"},
    )


def test_ratios_are_round_by_round_against_the_fastest() -> None:
    assert result().rivals == ["torch", "tensorflow"]
    assert result().ratios("torch") == [2.0, 1.0, 3.0]


def test_a_line() -> None:
    assert report.columns(result(), machine()) == [
        "tiny", "10 ms", "2.00 (1.00–3.00) torch", "1.5 yes", "50%", "100 MiB (0.25)",
        "torch 2.00, tensorflow 10.00, jax-fit failed",
    ]  # fmt: skip


def test_a_page_has_tables_versions_and_failures() -> None:
    page = report.page([result()], machine(), {"date": "today"})
    assert "| tiny | 10 ms | 2.00 (1.00–3.00) torch |" in page
    assert "- date: today" in page and "tensorflow 2; weft 1" in page
    assert "- tiny, jax-fit: RuntimeError: no" in page


def test_a_job_that_does_not_run_has_a_line_too() -> None:
    broken = Result(JOB, times={"torch": [0.1]}, errors={"weft": "ValueError: x"})
    assert report.columns(broken, machine())[1:3] == ["does not run", "–"]
    assert report.worst([broken, result()]) is broken


def test_fresh_processes_have_a_line_of_their_own() -> None:
    job = Job("fresh:mnist", "fresh", "mnist", bar=(1.3, 0.5))
    found = Result(job, times={"weft cold": [1.0], "weft warm": [0.25], "tensorflow": [4.0]})
    assert report.fresh_columns(found) == ["fresh:mnist", "1 s / 250 ms", "1.3 / 0.5 s", "4 s"]


def test_what_an_optimizer_goes_through_counts_at_the_speed_of_arrays_of_that_size() -> None:
    big = result()
    big.facts["weft"].update(parameters=1e6, flops=1.0)
    assert report.bound(big, machine()) == 2 * 4 * 3e6 / 2e9
    big.facts["weft"]["flops"] = 1e9
    assert report.bound(big, machine()) == 1.0


def test_arrays_are_changed_for_each_size_once() -> None:
    found = Machine(1)
    assert found.changing(1000) == found.changing(1 << 20) > 1e8


def test_who_computes_something_else_is_out() -> None:
    checks = {"weft": [2.3, 2.2], "tensorflow": [2.3001, 2.2001], "torch": [2.3, 2.2], "jax-jit": [1.0, 0.9]}
    assert list(compare(checks, JOB)) == ["jax-jit"]
    assert list(compare({**checks, "weft": [2.3, 2.3]}, JOB)) == ["weft", "jax-jit"]  # its steps gain nothing
    assert list(compare({"weft": [9.0, 9.0], "tensorflow": [1.0, 1.0], "torch": [1.0, 1.0]}, JOB)) == ["weft"]


def test_a_record_outlives_the_run(tmp_path) -> None:
    record = Record.open(tmp_path / "kept.json")
    fresh = Result(Job("fresh:mnist", "fresh", "mnist", bar=(1.3, 0.5)), times={"weft cold": [1.0]})
    record.add(result())
    record.add(fresh)
    record.add(Result(JOB, times={"weft": [1.0]}))
    again = Record.open(tmp_path / "kept.json")
    assert again.results == {"tiny": Result(JOB, times={"weft": [1.0]}), "fresh:mnist": fresh}


def test_the_peak_is_measured_with_code_that_llvm_accepts() -> None:
    from llvmlite import binding as llvm

    for lanes in (4, 8, 16):
        llvm.parse_assembly(_text(lanes)).verify()

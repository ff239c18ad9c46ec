"""The table of jobs: names, selection, drawn sizes, and data that fit the models."""

import numpy as np
import pytest

from benchmarks.jobs import RIVALS, all_jobs, draw, select
from benchmarks.models import DESCRIPTIONS
from benchmarks.peers import ENVIRONMENTS, Task


def test_names_are_unique_and_kinds_have_rivals() -> None:
    jobs = all_jobs()
    assert len({job.name for job in jobs}) == len(jobs)
    assert all(rival in ENVIRONMENTS for job in jobs for rival in RIVALS[job.kind])


def test_select_by_name_pattern_model_and_kind() -> None:
    jobs = all_jobs()
    assert [job.name for job in select(jobs, ["mnist-32"])] == ["mnist-32"]
    assert {job.kind for job in select(jobs, ["train"])} == {"train"}
    assert all(job.name.startswith("infer:") for job in select(jobs, ["infer:*"]))
    assert {job.model for job in select(jobs, ["unet"])} == {"unet"}
    assert select(jobs, []) == jobs


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no job is called 'minst'"):
        select(all_jobs(), ["minst"])


def test_drawn_jobs_depend_on_the_seed_alone() -> None:
    assert draw(2, 5) == draw(2, 5)
    assert draw(2, 5) != draw(2, 6)
    assert {job.model for job in draw(1, 0)} == set(DESCRIPTIONS)


@pytest.mark.parametrize("job", [*draw(2, 11), *select(all_jobs(), ["train"])], ids=lambda job: job.name)
def test_data_fit_the_model(job) -> None:
    from weft import keras

    task = Task(**job.task(1, "") | {"rows": 2})
    model = task.description.build(keras, **task.sizes)
    inputs, targets = task.data
    assert [tuple(array.shape[1:]) for array in inputs] == [tuple(place.shape[1:]) for place in model.inputs]
    assert {len(array) for array in inputs + targets} == {2}
    assert len(targets) == len(model.outputs)
    again = Task(**job.task(1, "") | {"rows": 2}).data
    assert all(np.array_equal(one, other) for one, other in zip(inputs + targets, again[0] + again[1]))


def test_shuffled_rows_are_whole_batches_and_go_round() -> None:
    task = Task("train", "mlp", {}, batch=3, rows=7, threads=1, exchange="")
    rows = task.shuffled(np.random.default_rng(0), 5)
    assert [len(batch) for batch in rows] == [3] * 5
    assert len(set(np.concatenate(rows[:2]))) == 6

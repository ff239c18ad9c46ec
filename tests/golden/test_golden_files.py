"""The golden files are whole: loadable without pickle, traceable to their script, and small."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
FILES = sorted(HERE.glob("*.npz"))
SIZE_LIMIT = 6 * 1024 * 1024


def load_recipes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden_recipes", HERE / "recipes.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


recipes = load_recipes()


def test_there_are_golden_files() -> None:
    assert FILES


def test_they_stay_small_together() -> None:
    assert sum(path.stat().st_size for path in HERE.iterdir() if path.is_file()) < SIZE_LIMIT


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_array_loads_without_pickle(path: Path) -> None:
    with np.load(path, allow_pickle=False) as archive:
        for key in archive.files:
            assert archive[key].dtype != object


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_script_that_made_it_is_here(path: Path) -> None:
    golden = recipes.Golden(path.stem)
    assert golden.meta["script"] == f"tools/goldens/make_{path.stem}.py"
    assert (REPOSITORY / golden.meta["script"]).is_file()
    assert golden.meta["numpy"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_array_belongs_to_a_case(path: Path) -> None:
    golden = recipes.Golden(path.stem)
    if golden.cases:
        # "values" holds what many cases of one file share.
        assert {key.split("/")[0] for key in golden.arrays} <= {*golden.cases, "values"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_readme_describes_it(path: Path) -> None:
    assert f"## {path.stem}" in (HERE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(HERE.glob("*.json")), ids=lambda path: path.stem)
def test_json_files_name_their_script(path: Path) -> None:
    meta = json.loads(path.read_text(encoding="utf-8"))["meta"]
    assert (REPOSITORY / meta["script"]).is_file()


def test_the_mnist_recipes_still_draw_what_the_numbers_were_made_from() -> None:
    golden = recipes.Golden("mnist_network")
    for seed in recipes.MNIST_PARAMETER_SEEDS:
        assert str(golden[f"checksum/parameters/{seed}"]) == recipes.checksum(*recipes.mnist_parameters(seed))
    batches = [recipes.mnist_batch(step) for step in range(recipes.MNIST_STEPS)]
    assert str(golden["checksum/images"]) == recipes.checksum(*[images for images, _ in batches])
    assert str(golden["checksum/labels"]) == recipes.checksum(*[labels for _, labels in batches])
    masks = [recipes.mnist_mask(step) for step in range(recipes.MNIST_STEPS)]
    assert str(golden["checksum/masks"]) == recipes.checksum(*masks)


def test_the_optimizer_recipes_still_draw_what_the_numbers_were_made_from() -> None:
    golden = recipes.Golden("keras_optimizers")
    steps = range(recipes.OPTIMIZER_STEPS)
    dense = [array for step in steps for array in recipes.optimizer_gradients(step)]
    assert str(golden["recipes/dense"]) == recipes.checksum(*recipes.optimizer_start(), *dense)
    sparse = [array for step in steps for array in recipes.sparse_gradient(step)]
    assert str(golden["recipes/sparse"]) == recipes.checksum(recipes.sparse_start(), *sparse)

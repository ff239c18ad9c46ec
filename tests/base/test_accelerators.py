"""What keeps an accelerator that a machine shows from being used: told from files, versions and the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from weft.base import accelerators
from weft.runtime import engine_loader


def _machine(root: Path, driver: str | None = "550.54", files: bool = True) -> Path:
    """A machine with a GPU of NVIDIA's."""
    (root / "proc/driver/nvidia").mkdir(parents=True)
    (root / "dev").mkdir()
    if driver is not None:
        line = f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {driver}.15  Mon Jan  1 00:00:00 UTC 2024\n"
        (root / "proc/driver/nvidia/version").write_text(line)
    if files:
        (root / "dev/nvidia0").touch()
    return root


@pytest.fixture
def _plugin(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Says which plugin is installed, and which versions."""

    def say(module: str | None, **versions: str) -> None:
        monkeypatch.setattr(accelerators.importlib.util, "find_spec", lambda name: name if name == module else None)
        monkeypatch.setattr(accelerators, "_version", lambda name: versions.get(name.replace("-", "_")))

    return say


def test_machines_without_any_have_none(tmp_path: Path) -> None:
    assert accelerators.shown(tmp_path) == [] and accelerators.usable(tmp_path, {}) == []


def test_a_gpu_with_all_that_it_needs_is_used(tmp_path: Path, _plugin: Any) -> None:
    _plugin("jax_cuda12_plugin", jaxlib="0.10.2", jax_cuda12_plugin="0.10.2")
    root = _machine(tmp_path)
    assert accelerators.usable(root, {}) == ["NVIDIA GPU"]
    for chosen in ({"CUDA_VISIBLE_DEVICES": "1"}, {"JAX_PLATFORMS": "cuda,cpu"}, {"JAX_PLATFORMS": ""}):
        assert accelerators.usable(root, chosen) == ["NVIDIA GPU"]


@pytest.mark.parametrize(("environment", "words"), [
    ({"CUDA_VISIBLE_DEVICES": ""}, "hidden by CUDA_VISIBLE_DEVICES=''"),
    ({"CUDA_VISIBLE_DEVICES": "-1"}, "hidden by CUDA_VISIBLE_DEVICES='-1'"),
    ({"CUDA_VISIBLE_DEVICES": "-1,0"}, "hidden by"),  # CUDA's list ends at the first bad entry
    ({"JAX_PLATFORMS": "cpu"}, "left out by JAX_PLATFORMS=cpu"),
])  # fmt: skip
def test_who_hides_a_gpu_is_told_so(
    environment: dict[str, str], words: str, tmp_path: Path, _plugin: Any
) -> None:
    _plugin("jax_cuda12_plugin", jaxlib="0.10.2", jax_cuda12_plugin="0.10.2")
    root = _machine(tmp_path)
    assert words in str(accelerators.problem("NVIDIA GPU", root, environment))
    assert accelerators.usable(root, environment) == []


def test_what_is_missing_is_named_with_its_version(tmp_path: Path, _plugin: Any) -> None:
    root = _machine(tmp_path, driver="470.57")
    _plugin(None)
    problem = str(accelerators.problem("NVIDIA GPU", root, {}))
    assert "jax-cuda12-plugin or jax-cuda13-plugin, not installed; pip install -U 'weft[cuda]'" in problem
    _plugin("jax_cuda12_plugin", jaxlib="0.10.2", jax_cuda12_plugin="0.9.1")
    problem = str(accelerators.problem("NVIDIA GPU", root, {}))
    assert "jax-cuda12-plugin 0.9.1 does not go with jaxlib 0.10.2, 0.10.2 is wanted; pip install -U" in problem
    _plugin("jax_cuda12_plugin", jaxlib="0.10.2", jax_cuda12_plugin="0.10.2")
    assert "its driver is 470.57, jax-cuda12-plugin wants 525.60 or later" in str(
        accelerators.problem("NVIDIA GPU", root, {}))  # fmt: skip


def test_a_container_without_the_device_is_told_so(tmp_path: Path, _plugin: Any) -> None:
    _plugin("jax_cuda13_plugin", jaxlib="0.10.2", jax_cuda13_plugin="0.10.2")
    assert "--gpus all" in str(accelerators.problem("NVIDIA GPU", _machine(tmp_path, "580.65", files=False), {}))


@pytest.mark.parametrize(("usable", "wanted"), [(["NVIDIA GPU"], "xla"), ([], "native")])
def test_the_engine_follows_the_accelerator(
    usable: list[str], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accelerators, "usable", lambda: usable)
    monkeypatch.setattr(engine_loader, "_status", lambda name: engine_loader.EngineStatus(name, True, ""))
    assert engine_loader.best() == wanted


def test_without_jax_the_command_is_that_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    find = engine_loader.importlib.util.find_spec
    monkeypatch.setattr(engine_loader.importlib.util, "find_spec", lambda name: None if name == "jax" else find(name))
    for shown, extra in (([], "xla"), (["NVIDIA GPU"], "cuda"), (["TPU"], "tpu")):
        monkeypatch.setattr(accelerators, "shown", lambda found=shown: found)
        status = engine_loader._status("xla")
        assert not status.available and status.reason == f"jax is not installed; pip install 'weft[{extra}]'"

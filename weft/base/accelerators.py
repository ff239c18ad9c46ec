"""Which accelerators a machine shows, and what keeps jax from using one: told by files and versions alone."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

#: kind of device -> what jax calls it, modules that drive it (the oldest first), and the extra that brings them
DRIVERS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "NVIDIA GPU": (("cuda", "gpu"), ("jax_cuda12_plugin", "jax_cuda13_plugin"), "cuda"),
    "TPU": (("tpu",), ("libtpu",), "tpu"),
    "AMD GPU": (("rocm", "gpu"), ("jax_rocm60_plugin", "jax_rocm7_plugin"), ""),
}
#: the least driver of NVIDIA's for a module
_LEAST_DRIVER = {"jax_cuda12_plugin": "525.60", "jax_cuda13_plugin": "580.0"}


def shown(root: Path = Path("/")) -> list[str]:
    """The kinds of accelerators whose device files are there.

    Args:
        root: The root of the file system; another folder in tests.
    """
    found = []
    if (root / "proc/driver/nvidia").exists() or _nvidia_files(root) or (root / "dev/dxg").exists():
        found.append("NVIDIA GPU")
    if (root / "dev/accel0").exists():
        found.append("TPU")
    if (root / "dev/kfd").exists():
        found.append("AMD GPU")
    return found


def _nvidia_files(root: Path) -> list[Path]:
    return sorted((root / "dev").glob("nvidia[0-9]*"))


def module_of(kind: str) -> str | None:
    """The module that drives a kind of device; None where none is installed."""
    return next((name for name in DRIVERS[kind][1] if importlib.util.find_spec(name) is not None), None)


def usable(root: Path = Path("/"), environment: Mapping[str, str] | None = None) -> list[str]:
    """The kinds of accelerators that jax should be able to use."""
    return [kind for kind in shown(root) if problem(kind, root, environment) is None]


def problem(kind: str, root: Path = Path("/"), environment: Mapping[str, str] | None = None) -> str | None:
    """What keeps a kind of accelerator that is shown from being used, and what to do; None where nothing is seen.

    Args:
        kind: One of `DRIVERS`.
        root: The root of the file system; another folder in tests.
        environment: The environment; this process's where None.
    """
    env = os.environ if environment is None else environment
    names, _, extra = DRIVERS[kind]
    install = f"pip install -U 'weft[{extra}]'" if extra else "see jax's installation page for its plugin"
    chosen = [name for name in env.get("JAX_PLATFORMS", "").split(",") if name.strip()]
    if chosen and not set(names) & {name.strip() for name in chosen}:
        return f"the {kind} here is left out by JAX_PLATFORMS={env['JAX_PLATFORMS']}"
    if kind == "NVIDIA GPU" and hides_all(env):
        return f"the {kind} here is hidden by CUDA_VISIBLE_DEVICES={env['CUDA_VISIBLE_DEVICES']!r}"
    module = module_of(kind)
    if module is None:
        return f"the {kind} here needs {' or '.join(map(_distribution, DRIVERS[kind][1]))}, not installed; {install}"
    if module.startswith("jax_"):
        library, plugin = _version("jaxlib"), _version(_distribution(module))
        if library is not None and plugin is not None and _release(plugin) != _release(library):
            return (f"the {kind} here is unused: {_distribution(module)} {plugin} does not go with jaxlib {library}, "
                    f"{'.'.join(map(str, _release(library)))} is wanted; {install}")  # fmt: skip
    return _driver_problem(module, root) if kind == "NVIDIA GPU" else None


def _driver_problem(module: str, root: Path) -> str | None:
    """What is wrong below jax's module for NVIDIA's devices."""
    try:
        text = (root / "proc/driver/nvidia/version").read_text(errors="replace")
    except OSError:
        return None  # another way to the device, which only trying it can tell
    found = re.search(r"Kernel Module\D*?\s(\d+\.\d+)", text)
    least = _LEAST_DRIVER.get(module)
    if found and least and _release(found.group(1)) < _release(least):
        return (f"the NVIDIA GPU here is unused: its driver is {found.group(1)}, {_distribution(module)} wants {least} "
                "or later; install a newer driver")  # fmt: skip
    if not _nvidia_files(root):
        return ("the NVIDIA GPU here has no /dev/nvidia0 in this container; start it with --gpus all, or as the "
                "scheduler asks for GPUs")  # fmt: skip
    return None


def hides_all(environment: Mapping[str, str]) -> bool:
    """Whether CUDA_VISIBLE_DEVICES leaves no device: as CUDA reads it, the list ends at the first bad entry."""
    said = environment.get("CUDA_VISIBLE_DEVICES")
    return said is not None and said.split(",")[0].strip() in ("", "-1", "NoDevFiles")


def _distribution(module: str) -> str:
    return module.replace("_", "-")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])

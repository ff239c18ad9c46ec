"""`weft doctor`: what this machine and this installation are, and what is wrong with them.

It has to work where Weft itself does not, so it asks every part for itself and reports a failure as a finding.
"""

import argparse
import importlib
import importlib.metadata
import json
import math
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from weft.base import flags
from weft.version import __version__

# Distribution name and the module that must load.
REQUIRED = (("numpy", "numpy"), ("llvmlite", "llvmlite.binding"), ("h5py", "h5py"), ("ml_dtypes", "ml_dtypes"))
# Distribution name and what it is for; its version is enough.
OPTIONAL = (
    ("jax", "the XLA engine: pip install 'weft[xla]'"),
    ("Pillow", "reading pictures: pip install 'weft[image]'"),
    ("simplejpeg", "reading JPEG files faster: pip install 'weft[image]'"),
    ("scikit-learn", "the demo without network: pip install 'weft[demo]'"),
    ("matplotlib", "plots: pip install 'weft[demo]'"),
)

# The processor features that decide which code is generated, in the order of their age. The rest is in --json.
TELLING_FEATURES = re.compile(r"(sse4_2|avx\w*|fma|f16c|amx\w*|asimd\w*|neon|sve\w*|bf16|i8mm|fp16\w*|rvv|v)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `weft doctor`."""
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")


def main(args: argparse.Namespace) -> int:
    """Print the report; the status is 1 where something that Weft needs is broken."""
    report = examine()
    if args.json:
        print(json.dumps(report, indent=2))
    else:
        text = render(report)
        encoding = sys.stdout.encoding or "utf-8"
        print(text.encode(encoding, "replace").decode(encoding))
    return 1 if report["problems"] else 0


def examine() -> dict[str, Any]:
    """Collect the report as plain data, which is what --json prints."""
    report: dict[str, Any] = {
        "weft": __version__,
        "python": {
            "implementation": platform.python_implementation(),
            "version": platform.python_version(),
            "executable": sys.executable,
        },
        "platform": platform.platform(),
        "required": [examine_required(name, module) for name, module in REQUIRED],
        "optional": [{"name": name, "version": installed_version(name), "for": use} for name, use in OPTIONAL],
        "processor": examine_processor(),
        "threads": examine_threads(),
        "engines": examine_engines(),
        "engine": chosen_engine(),
        "folders": examine_folders(),
        "flags": {name: os.environ[name] for name in sorted(os.environ) if name.startswith("WEFT_")},
    }
    report["problems"] = list(find_problems(report))
    return report


# --- libraries -------------------------------------------------------------------------------------------------------


def installed_version(name: str) -> str | None:
    """Give the version of an installed distribution, without importing it."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def examine_required(name: str, module: str) -> dict[str, Any]:
    """Say which version of a required library there is, and whether it loads."""
    try:
        importlib.import_module(module)
        problem = None
    except Exception as error:  # a broken library can raise anything, and that is what the user came to see
        problem = f"{type(error).__name__}: {error}"
    return {"name": name, "version": installed_version(name), "problem": problem}


# --- processor and threads -------------------------------------------------------------------------------------------


def examine_processor() -> dict[str, Any]:
    """Name the processor and its features; None and an empty list where the system does not tell."""
    model, features = read_cpuinfo(Path("/proc/cpuinfo"))
    if model is None and sys.platform == "darwin":
        model = ask_sysctl("machdep.cpu.brand_string")
    if not features:
        features = host_features()
    return {"architecture": platform.machine(), "model": model or platform.processor() or None, "features": features}


def read_cpuinfo(path: Path) -> tuple[str | None, list[str]]:
    """Read model and features of the first processor from Linux's table; ARM kernels give no model."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None, []
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip().lower(), value.strip())
    model = fields.get("model name") or fields.get("cpu model")
    return model, sorted((fields.get("flags") or fields.get("features") or "").split())


def ask_sysctl(name: str) -> str | None:
    """Ask macOS for one value."""
    try:
        done = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None


def host_features() -> list[str]:
    """Ask LLVM for the processor's features, in LLVM's spelling."""
    try:
        import llvmlite.binding as llvm

        return sorted(name for name, present in llvm.get_host_cpu_features().items() if present)
    except Exception:  # no llvmlite, or a processor that this LLVM does not know; the required libraries say which
        return []


def examine_threads() -> dict[str, Any]:
    """Count the processors there are, those this process may run on, and the share a container leaves it."""
    try:
        used, problem = flags.num_threads(), None
    except ValueError as error:  # WEFT_NUM_THREADS=many
        used, problem = None, str(error)
    return {
        "processors": os.cpu_count(),
        "affinity": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "quota": cgroup_quota(Path("/")),
        "used": used,
        "problem": problem,
    }


def cgroup_quota(root: Path) -> float | None:
    """Give the processors' worth of time that Linux control groups grant, the tightest on the way up.

    Args:
        root: The root of the file system; another folder in tests.

    Returns:
        For example 2.5, or None where nothing limits the process.
    """
    found = []
    for folder in _cgroup_folders(root):
        try:  # version 2: "200000 100000" or "max 100000"
            quota, period = (folder / "cpu.max").read_text().split()[:2]
        except (OSError, ValueError):
            try:  # version 1: -1 is no limit
                quota = (folder / "cpu.cfs_quota_us").read_text().strip()
                period = (folder / "cpu.cfs_period_us").read_text().strip()
            except OSError:
                continue
        if quota.isdigit() and period.isdigit() and int(period) > 0:
            found.append(int(quota) / int(period))
    return min(found, default=None)


def _cgroup_folders(root: Path) -> Iterator[Path]:
    """Yield this process's control group folders and those above them."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            base = root / "sys/fs/cgroup"
        elif "cpu" in controllers.split(","):
            base = root / "sys/fs/cgroup" / controllers
        else:
            continue
        folder = base / group.lstrip("/")
        while folder != base:
            yield folder
            folder = folder.parent
        yield base


# --- engines and folders ---------------------------------------------------------------------------------------------


def examine_engines() -> list[dict[str, Any]]:
    """Ask the engine loader for every engine, and for what keeps one from running."""
    try:
        loader = importlib.import_module("weft.runtime.engine_loader")
        found = [(engine.name, engine.available, engine.reason) for engine in loader.describe_engines()]
    except Exception as error:  # a broken installation is a finding, not the end of the report
        return [{"name": "engine loader", "available": False, "reason": f"{type(error).__name__}: {error}"}]
    return [{"name": name, "available": available, "reason": reason or None} for name, available, reason in found]


def chosen_engine() -> str | None:
    """Name the engine that programs run on: the one that WEFT_ENGINE asks for, else the best that is here."""
    if asked := os.environ.get("WEFT_ENGINE"):
        return asked
    try:
        return str(importlib.import_module("weft.runtime.engine_loader").best())
    except Exception:  # which the list of engines explains
        return None


def examine_folders() -> dict[str, Any]:
    """Say where Weft keeps things, and how much of them there is."""
    home, cache = flags.home(), flags.cache()
    return {
        "home": examine_folder(home),
        "cache": None if cache is None else examine_folder(cache),
        "data": [examine_folder(folder) for folder in flags.data_dirs()],
    }


def examine_folder(folder: Path) -> dict[str, Any]:
    """Size up a folder."""
    files, size = 0, 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(parent, name)).st_size
            except OSError:  # removed in the meantime by a process that shares the folder
                continue
            files += 1
    return {"path": str(folder), "exists": folder.is_dir(), "files": files, "bytes": size}


def find_problems(report: dict[str, Any]) -> Iterator[str]:
    """Yield what keeps Weft from working here, each with what to do about it."""
    for library in report["required"]:
        if library["problem"]:
            yield f"{library['name']} does not load ({library['problem']}). Install it: pip install {library['name']}"
    if not any(engine["available"] for engine in report["engines"]):
        yield "No engine is available, so nothing can be computed. Install anew: pip install --force-reinstall weft"
    wanted = report["flags"].get("WEFT_ENGINE")
    if wanted and wanted not in {engine["name"] for engine in report["engines"] if engine["available"]}:
        yield f"WEFT_ENGINE asks for {wanted!r}, which is not available. Unset it, or see the engines above."
    if report["threads"]["problem"]:
        yield report["threads"]["problem"]
    for folder in report["folders"]["data"]:
        if not folder["exists"]:
            yield f"WEFT_DATA_DIR names {folder['path']}, which is not a folder."


# --- the page --------------------------------------------------------------------------------------------------------


def render(report: dict[str, Any]) -> str:
    """Lay the report out for people; plain ASCII, so that any terminal shows it."""
    python = report["python"]
    lines = [
        f"Weft {report['weft']}",
        _row("Python", f"{python['implementation']} {python['version']} ({python['executable']})"),
        _row("platform", report["platform"]),
        "",
        "Libraries",
        *(_row(each["name"], _required_text(each)) for each in report["required"]),
        *(_row(each["name"], each["version"] or f"not installed, for {each['for']}") for each in report["optional"]),
        "",
        "Processor",
        *_processor_rows(report["processor"], report["threads"]),
        "",
        "Engines",
        *(_row(each["name"], _engine_text(each, report["engine"])) for each in report["engines"]),
        "",
        "Folders",
        *_folder_rows(report["folders"]),
    ]
    if report["flags"]:
        lines += ["", "Settings", *(_row(name, value) for name, value in report["flags"].items())]
    problems = [f"  - {problem}" for problem in report["problems"]]
    lines += ["", "Problems", *problems] if problems else ["", "No problems found."]
    return "\n".join(lines)


def _row(label: str, text: str) -> str:
    """Lay out one labelled line, wrapped under itself at 100 columns."""
    indent, width = 18, 82
    rows: list[str] = []
    for word in text.split(" "):
        if rows and len(rows[-1]) + 1 + len(word) <= width:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return f"  {label:<{indent - 2}}" + ("\n" + " " * indent).join(rows)


def _required_text(library: dict[str, Any]) -> str:
    version = library["version"] or "not installed"
    return f"{version}, BROKEN: {library['problem']}" if library["problem"] else version


def _engine_text(engine: dict[str, Any], chosen: str | None) -> str:
    reason = f": {engine['reason']}" if engine["reason"] else ""
    used = ", programs run on it" if engine["name"] == chosen else ""
    return f"available{used}{reason}" if engine["available"] else f"not available{reason or ', no reason given'}"


def _processor_rows(processor: dict[str, Any], threads: dict[str, Any]) -> Iterator[str]:
    yield _row("model", f"{processor['model'] or 'unknown'} ({processor['architecture'] or 'unknown architecture'})")
    features = [name for name in processor["features"] if TELLING_FEATURES.fullmatch(name.replace(".", "_"))]
    yield _row("features", " ".join(features) or "unknown")
    parts = [f"{threads['used'] or 'unknown'} used", f"{threads['processors'] or 'unknown'} processors"]
    if threads["affinity"] is not None and threads["affinity"] != threads["processors"]:
        parts.append(f"{threads['affinity']} allowed to this process")
    if threads["quota"] is not None:
        parts.append(f"a quota of {threads['quota']:g} from the container")
    yield _row("threads", ", ".join(parts))


def _folder_rows(folders: dict[str, Any]) -> Iterator[str]:
    yield _row("home", _folder_text(folders["home"]))
    yield _row("compiled code", "off (WEFT_CACHE)" if folders["cache"] is None else _folder_text(folders["cache"]))
    for folder in folders["data"]:
        yield _row("data", _folder_text(folder))
    if not folders["data"]:
        yield _row("data", "none; WEFT_DATA_DIR names folders to look in before any download")


def _folder_text(folder: dict[str, Any]) -> str:
    if not folder["exists"]:
        return f"{folder['path']} (not there yet)"
    files = folder["files"]
    return f"{folder['path']} ({files} file{'' if files == 1 else 's'}, {readable_size(folder['bytes'])})"


def readable_size(size: int) -> str:
    """Write a number of bytes for people, e.g. 1536 → "1.5 kB"; a kB is 1024 bytes."""
    power = min(int(math.log(size, 1024)), 4) if size else 0
    return f"{size} bytes" if power == 0 else f"{size / 1024**power:.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"

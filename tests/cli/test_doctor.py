"""`weft doctor`: the report on this machine, and on machines that tests make up."""

import importlib.util
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from weft.base import accelerators
from weft.cli import doctor
from weft.cli.main import main
from weft.version import __version__

X86 = """\
processor\t: 0
model name\t: Example CPU(R) 9000
flags\t\t: fpu sse4_2 avx avx2 fma

processor\t: 1
model name\t: Another CPU
"""
ARM = """\
processor\t: 0
BogoMIPS\t: 50.00
Features\t: fp asimd sve
"""


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch):
    """Put an engine loader in place that describes the given engines."""

    def install(*described: tuple[str, bool, str]):
        found = [SimpleNamespace(name=name, available=there, reason=reason) for name, there, reason in described]
        loader = SimpleNamespace(describe_engines=lambda: found)
        monkeypatch.setitem(sys.modules, "weft.runtime.engine_loader", loader)

    install(("reference", True, ""), ("xla", False, "jax is not installed: pip install 'weft[xla]'"))
    return install


@pytest.fixture(autouse=True)
def plain_settings(monkeypatch: pytest.MonkeyPatch):
    for name in ("WEFT_ENGINE", "WEFT_DATA_DIR", "WEFT_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


def test_this_machine_is_well(capsys):
    """The one test here that asks the true engine loader."""
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "No problems found." in out
    assert out.startswith(f"Weft {__version__}\n")
    assert "reference" in out
    assert max(map(len, out.splitlines())) <= 140


def test_a_gpu_that_cannot_be_used_is_named_with_what_it_wants(monkeypatch, capsys):
    pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(accelerators, "shown", lambda: ["NVIDIA GPU"])
    find, plugins, versions = importlib.util.find_spec, [], {"jaxlib": "0.10.2", "jax-cuda12-plugin": "0.9.1"}
    monkeypatch.setattr(accelerators.importlib.util, "find_spec", lambda name: name if name in plugins else (
        None if name.startswith("jax_cuda") else find(name)))  # fmt: skip
    monkeypatch.setattr(accelerators, "_version", versions.get)

    def report():
        main(["doctor"])
        return " ".join(capsys.readouterr().out.split())

    assert "jax-cuda12-plugin or jax-cuda13-plugin, not installed; pip install -U 'weft[cuda]'" in report()
    plugins.append("jax_cuda12_plugin")
    assert "jax-cuda12-plugin 0.9.1 does not go with jaxlib 0.10.2, 0.10.2 is wanted" in report()


def test_the_report_names_everything(engines, weft_home: Path, capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for word in ("Python", "numpy", "llvmlite", "h5py", "ml_dtypes", "jax", "Pillow", "scikit-learn", "matplotlib"):
        assert f"\n  {word} " in out
    assert str(weft_home) in out
    assert "not available: jax is not installed: pip install 'weft[xla]'" in out.replace("\n" + " " * 18, " ")


def test_json_holds_the_same(engines, capsys):
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["weft"] == __version__
    assert report["engines"][0] == {"name": "reference", "available": True, "reason": None}
    assert report["problems"] == []
    assert report["threads"]["used"] >= 1
    assert {each["name"] for each in report["required"]} == {"numpy", "llvmlite", "h5py", "ml_dtypes"}


def test_no_engine_is_a_problem(engines, capsys):
    engines(("reference", False, "numpy is broken"))
    assert main(["doctor"]) == 1
    assert "No engine is available" in capsys.readouterr().out


def test_a_broken_engine_loader_is_a_finding(monkeypatch, capsys):
    def fail():
        raise RuntimeError("the table is gone")

    monkeypatch.setitem(sys.modules, "weft.runtime.engine_loader", SimpleNamespace(describe_engines=fail))
    assert main(["doctor"]) == 1
    assert "RuntimeError: the table is gone" in capsys.readouterr().out


def test_an_engine_asked_for_but_missing_is_a_problem(engines, monkeypatch, capsys):
    monkeypatch.setenv("WEFT_ENGINE", "xla")
    assert main(["doctor"]) == 1
    assert "WEFT_ENGINE asks for 'xla'" in capsys.readouterr().out


def test_a_library_that_does_not_load_is_a_problem(engines, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "BROKEN" in out
    assert "pip install h5py" in out


def test_a_wrong_number_of_threads_is_a_problem(engines, monkeypatch, capsys):
    monkeypatch.setenv("WEFT_NUM_THREADS", "many")
    assert main(["doctor"]) == 1
    assert "WEFT_NUM_THREADS must be an integer" in capsys.readouterr().out


def test_data_folders(engines, monkeypatch, tmp_path: Path, capsys):
    (tmp_path / "mnist.npz").write_bytes(b"x" * 3000)
    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path))
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out.replace("\n" + " " * 18, " ")
    assert f"{tmp_path} (1 file, 2.9 kB)" in out

    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path / "absent"))
    assert main(["doctor"]) == 1
    assert "which is not a folder" in capsys.readouterr().out


def test_the_cache_can_be_off(engines, monkeypatch, capsys):
    monkeypatch.setenv("WEFT_CACHE", "off")
    assert main(["doctor"]) == 0
    assert "off (WEFT_CACHE)" in capsys.readouterr().out


def test_a_narrow_encoding_is_survived(engines, monkeypatch):
    monkeypatch.setattr(doctor, "read_cpuinfo", lambda path: ("Prozessor Größe™", []))
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stdout)
    assert main(["doctor"]) == 0
    stdout.flush()
    assert b"Prozessor Gr??e?" in stdout.buffer.getvalue()


def test_cpuinfo(tmp_path: Path):
    table = tmp_path / "cpuinfo"
    table.write_text(X86)
    assert doctor.read_cpuinfo(table) == ("Example CPU(R) 9000", ["avx", "avx2", "fma", "fpu", "sse4_2"])
    table.write_text(ARM)
    assert doctor.read_cpuinfo(table) == (None, ["asimd", "fp", "sve"])
    assert doctor.read_cpuinfo(tmp_path / "absent") == (None, [])


def test_processor_without_cpuinfo(monkeypatch):
    """As on macOS and Windows: LLVM tells the features."""
    monkeypatch.setattr(doctor, "read_cpuinfo", lambda path: (None, []))
    assert doctor.examine_processor()["features"]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_quota_of_version_2_is_the_tightest_on_the_way_up(tmp_path: Path):
    write(tmp_path / "proc/self/cgroup", "0::/outer/inner\n")
    write(tmp_path / "sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n")
    assert doctor.cgroup_quota(tmp_path) is None
    write(tmp_path / "sys/fs/cgroup/outer/cpu.max", "250000 100000\n")
    assert doctor.cgroup_quota(tmp_path) == 2.5
    write(tmp_path / "sys/fs/cgroup/cpu.max", "400000 100000\n")
    assert doctor.cgroup_quota(tmp_path) == 2.5


def test_quota_of_version_1(tmp_path: Path):
    write(tmp_path / "proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/c\n")
    write(tmp_path / "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us", "-1\n")
    write(tmp_path / "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n")
    assert doctor.cgroup_quota(tmp_path) is None
    write(tmp_path / "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us", "150000\n")
    assert doctor.cgroup_quota(tmp_path) == 1.5


def test_no_control_groups_no_quota(tmp_path: Path):
    assert doctor.cgroup_quota(tmp_path) is None


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 kB"), (5 * 1024**3, "5.0 GB")]
)
def test_readable_size(size: int, text: str):
    assert doctor.readable_size(size) == text


def test_the_engine_that_programs_run_on_is_named(monkeypatch, capsys):
    monkeypatch.setenv("WEFT_ENGINE", "reference")
    assert main(["doctor"]) == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  reference ")]
    assert "available, programs run on it" in row

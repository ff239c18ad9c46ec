"""`weft launch` and signals; training by several workers is tested with the XLA engine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from weft.base import cluster
from weft.base.errors import UnavailableError
from weft.runtime import processes


@pytest.mark.subprocess
@pytest.mark.skipif(os.name == "nt", reason="there is no such signal on Windows")
def test_a_launcher_that_is_told_to_end_takes_its_workers_along(tmp_path: Path) -> None:
    script = tmp_path / "waits.py"
    script.write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n")
    command = [sys.executable, "-m", "weft", "launch", "--nproc", "1", str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        worker = int(launcher.stdout.readline())
        launcher.send_signal(signal.SIGTERM)
        assert launcher.wait(30) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def _launched(port: int, script: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "weft", "launch", "--nproc", "1", "--address", f"127.0.0.1:{port}", str(script)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.subprocess
@pytest.mark.skipif(os.name == "nt", reason="Windows shares ports by other rules")
def test_a_port_that_is_in_use_is_said_to_be(tmp_path: Path) -> None:
    script = tmp_path / "reads.py"
    script.write_text("import sys\nprint('begun', flush=True)\nsys.stdin.read()\n")
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    with _launched(port, script) as first:
        assert first.stdin is not None and first.stdout is not None and first.stdout.readline() == "begun\n"
        with _launched(port, script) as second:
            out, error = second.communicate(timeout=60)
        assert second.returncode != 0 and out == "" and f"Port {port}" in error and "choose another port" in error
        first.stdin.close()
        assert first.wait(30) == 0
    with socket.create_server(("", port)):
        assert cluster.listens(port)
        with _launched(port, script) as third:
            assert f"Port {port}" in third.communicate(timeout=60)[1]
        with pytest.raises(UnavailableError, match=f"(?s)Port {port}.*is in use.*choose another port"):
            processes.join(cluster.Place(f"127.0.0.1:{port}", 2, 0, "a test"))
    assert not cluster.listens(port)


@pytest.mark.subprocess
def test_options_may_end_with_two_dashes_and_a_script_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    script = tmp_path / "says.py"
    script.write_text("import sys\nprint(sys.argv[1:])\n")
    for command in ("run", "launch"):
        options = ["--nproc", "1"] if command == "launch" else []
        found = subprocess.run([sys.executable, "-m", "weft", command, *options, "--", str(script), "--", "--a"],
                               capture_output=True, text=True, timeout=60)  # fmt: skip
        assert found.stdout.splitlines() == ["['--', '--a']"], found.stderr
    missing = subprocess.run([sys.executable, "-m", "weft", "launch", "--nproc", "2", str(tmp_path / "no.py")],
                             capture_output=True, text=True, timeout=60)  # fmt: skip
    assert missing.returncode == 2 and "can't open file" in missing.stderr and "worker" not in missing.stderr

"""Two workers on two hosts: network namespaces, each with an address and a table of hosts of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

import weft as tf
from tests.engines.xla import fifty_steps
from tests.examples import ROOT

_PROGRAM = Path(__file__).parent / "programs" / "fifty_steps_together.py"
_TOOLS = all(map(shutil.which, ("ip", "unshare", "mount")))

pytestmark = [
    pytest.mark.subprocess,
    pytest.mark.skipif(not os.environ.get("WEFT_EVERY_STRATEGY"), reason="set WEFT_EVERY_STRATEGY=1"),
    pytest.mark.skipif(not _TOOLS or not hasattr(os, "geteuid") or os.geteuid() != 0,
                       reason="network namespaces take Linux, iproute2 and root"),
]  # fmt: skip


@pytest.fixture
def _hosts() -> Iterator[list[str]]:
    """Two namespaces with a cable between them."""
    names = [f"weft{os.getpid()}-{number}" for number in range(2)]
    ends = [f"w{os.getpid() % 100000}-{number}" for number in range(2)]

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)

    try:
        for name in names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", ends[0], "netns", names[0], "type", "veth", "peer", "name", ends[1], "netns", names[1])
        for number, (name, end) in enumerate(zip(names, ends, strict=True)):
            ip("-n", name, "addr", "add", f"10.77.3.{number + 1}/24", "dev", end)
            ip("-n", name, "link", "set", end, "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False)


def test_fifty_steps_over_two_hosts_are_those_of_one_device(_hosts: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT),
                   "XLA_FLAGS": "--xla_force_host_platform_device_count=2 --xla_backend_optimization_level=0"}
    workers = []
    for number, host in enumerate(_hosts):
        table = tmp_path / f"hosts{number}"
        table.write_text(f"127.0.0.1 localhost\n10.77.3.{number + 1} {socket.gethostname()}\n")
        launch = [sys.executable, "-m", "weft", "launch", "--nproc", "1", "--nnodes", "2", "--node-rank", str(number),
                  "--address", "10.77.3.1:29611", str(_PROGRAM), str(tmp_path)]  # fmt: skip
        workers.append(subprocess.Popen(
            ["ip", "netns", "exec", host, "unshare", "-m", "sh", "-c",
             'mount --bind "$0" /etc/hosts && exec "$@"', str(table), *launch],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))  # fmt: skip
    said = [worker.communicate(timeout=900)[0] for worker in workers]
    path = tmp_path / "found.json"
    assert path.exists(), "\n".join(text[-3000:] for text in said)
    alone = {way: fifty_steps.fitted(way) for way in ("arrays", "tf.data")}
    alone["loop"] = fifty_steps.looped(tf.distribute.get_strategy())
    for name, found in json.loads(path.read_text()).items():
        assert found["devices"] == 4
        fifty_steps.assert_same(fifty_steps.Trained(**found), alone[name.split(", ")[1]])

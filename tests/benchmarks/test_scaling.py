"""What `benchmarks/scaling.py` reads in compiled texts, and that the page has what it writes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmarks import scaling

_TEXT = """
  %a = f32[128,4]{1,0} all-reduce(f32[128,4]{1,0} %x), channel_id=1, replica_groups={{0,1,2,3},{4,5,6,7}}, to_apply=%add
  %b = (f32[8]{0}, bf16[2,2]{1,0}) all-reduce-start(%x, %y), replica_groups=[1,8]<=[8], to_apply=%add
  %c = f32[64]{0} all-gather(f32[8]{0} %x), channel_id=2, replica_groups=[2,4]<=[8], dimensions={0}
  %d = f32[16]{0} collective-permute(f32[16]{0} %x), source_target_pairs={{0,1},{1,2},{2,3},{3,0}}
  %e = f32[2]{0} add(f32[2]{0} %x, f32[2]{0} %y)
"""


def test_collectives_of_a_text_have_sizes_groups_and_bytes_sent() -> None:
    found = scaling.collectives(_TEXT)
    assert found == [
        scaling.Collective("all-reduce", 2048, 4), scaling.Collective("all-reduce", 40, 8),
        scaling.Collective("all-gather", 256, 4), scaling.Collective("collective-permute", 64, 4),
    ]  # fmt: skip
    assert [one.sent for one in found] == [3072.0, 70.0, 192.0, 64.0]


@pytest.mark.subprocess
@pytest.mark.skipif(not os.environ.get("WEFT_EVERY_STRATEGY"), reason="set WEFT_EVERY_STRATEGY=1")
def test_the_page_is_current() -> None:
    pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""}
    printed = subprocess.run([sys.executable, "-m", "benchmarks.scaling"], cwd=scaling.ROOT, env=environment,
                             capture_output=True, text=True, check=True).stdout  # fmt: skip
    assert printed.strip() in scaling.PAGE.read_text(encoding="utf-8"), "run: python -m benchmarks.scaling --write"

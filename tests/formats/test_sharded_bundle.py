"""Checkpoints in several data files: written in parts, read whole; an older one stays until the index changes."""

from __future__ import annotations

import glob
from pathlib import Path

import numpy as np
import pytest

from weft.base.errors import InvalidArgumentError, NotFoundError
from weft.formats import bundle, sharded_bundle

_WHOLE = np.arange(24.0, dtype=np.float32).reshape(4, 6)


def _write(prefix: Path, scale: float = 1.0, parts: int = 2) -> tuple[list[bytes], int]:
    """The data files of a checkpoint of `cut`, whose columns are shared out, and `whole-n` of each part."""
    begin, shards = sharded_bundle.count_shards(prefix, parts)
    found = []
    for number in range(parts):
        with sharded_bundle.Part(prefix, begin + number, shards) as part:
            width = 6 // parts
            piece = _WHOLE[:, number * width : (number + 1) * width] * scale
            part.add_slice("cut", piece, shape=(4, 6), start=(0, number * width))
            part.add(f"whole-{number}", np.int64(number + scale))
        found.append(part.entries())
    return found, shards


def _files(prefix: Path) -> list[str]:
    return sorted(Path(name).name for name in glob.glob(f"{prefix}*"))


def test_parts_are_one_checkpoint(tmp_path: Path) -> None:
    prefix = tmp_path / "ckpt"
    for parts in (2, 3):
        sharded_bundle.write_index_of(prefix, *_write(prefix, parts, parts))
        with bundle.BundleReader(prefix) as reader:
            np.testing.assert_array_equal(reader.read("cut"), _WHOLE * parts)
            assert reader.names() == ["cut", *(f"whole-{n}" for n in range(parts))]
            assert reader.read("whole-1") == 1 + parts
    assert _files(prefix) == [*(f"ckpt.data-0000{n}-of-00003" for n in range(3)), "ckpt.index"]


def test_an_older_checkpoint_stays_until_the_index_is_there(tmp_path: Path) -> None:
    prefix = tmp_path / "ckpt"
    for turn in range(3):  # the second one is counted as the upper half of four
        parts = _write(prefix, turn + 1.0)
        if turn:
            with bundle.BundleReader(prefix) as reader:
                np.testing.assert_array_equal(reader.read("cut"), _WHOLE * turn)
        sharded_bundle.write_index_of(prefix, *parts)
        with bundle.BundleReader(prefix) as reader:
            np.testing.assert_array_equal(reader.read("cut"), _WHOLE * (turn + 1))
        assert len(_files(prefix)) == 3
    with bundle.BundleWriter(prefix) as writer:
        writer.add("alone", _WHOLE)
    with bundle.BundleReader(prefix) as reader:
        assert reader.names() == ["alone"]


def test_what_is_missing_is_refused(tmp_path: Path) -> None:
    prefix = tmp_path / "ckpt"
    sharded_bundle.write_index_of(prefix, *_write(prefix))
    parts, shards = _write(prefix, 2.0)
    with pytest.raises(InvalidArgumentError, match="'cut' hold 12 elements"):
        sharded_bundle.write_index_of(prefix, parts[:1], shards)
    with pytest.raises(InvalidArgumentError, match="Two processes have written"):
        sharded_bundle.write_index_of(prefix, [parts[0], parts[1], parts[1]], shards)
    Path(bundle.data_path(prefix, 3, 4)).unlink()
    with pytest.raises(NotFoundError, match=r"data-00003-of-00004 does not exist here.*folder that all of them see"):
        sharded_bundle.write_index_of(prefix, parts, shards)
    with bundle.BundleReader(prefix) as reader:
        np.testing.assert_array_equal(reader.read("cut"), _WHOLE)


def test_a_part_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), sharded_bundle.Part(tmp_path / "ckpt", 0, 2) as part:
        part.add("w", _WHOLE)
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())

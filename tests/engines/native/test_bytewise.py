"""Strings by native code: the same as by the ops' references, whatever the strings are."""

from __future__ import annotations

import numpy as np
import pytest

from weft.engines.native.bytewise import strings, words
from weft.engines.native.bytewise.language import I32, I64, U8, Library, array
from weft.ops import opdef

pytestmark = pytest.mark.skipif(not strings.knows_objects(), reason="Python keeps bytes in another way here")

_LETTERS = list(b"aB ,.\t\n\r\v\f\xc3\xa9\x00\xff!z")


def _texts(seed, shape):
    rng = np.random.default_rng(seed)
    made = np.empty(int(np.prod(shape)), object)
    made[:] = [bytes(rng.choice(_LETTERS, rng.integers(0, 40)).tolist()) for _ in made]
    return made.reshape(shape)


def _both(name, *operands, **attrs):
    record = opdef.get(name)
    attrs = {**record.attrs, **attrs}
    found = strings.kernel_for(record, operands, attrs)
    assert found is not None
    return [strings.plain(f) for f in found], opdef.apply_reference(record, [strings.plain(o) for o in operands], attrs)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (50,), (3, 0), (5, 20)])
@pytest.mark.parametrize(
    ("name", "attrs"),
    [("string_lower", {}), ("string_upper", {}), ("string_split", {}), ("string_split", {"separator": ","}),
     ("string_split_rows", {}), ("string_split_rows", {"width": 3}),
     ("string_split_rows", {"separator": ",", "width": 2}),
     ("string_split_rows", {"separator": ","}), ("string_split_rows", {"width": 0})],
)  # fmt: skip
def test_one_operand(name, attrs, shape):
    ours, theirs = _both(name, _texts(len(shape), shape), **attrs)
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine.dtype, mine.shape, mine.tolist()) == (other.dtype, other.shape, other.tolist())


def test_letters_are_left_out():
    ours, theirs = _both("regex_replace", _texts(3, (40,)), np.array(b"[,.!\\]]", object), np.array(b"", object))
    assert ours[0].tolist() == theirs[0].tolist()


def test_what_native_code_has_no_form_for():
    texts = _texts(4, (5,))
    rewrite = np.array(b"", object)
    assert strings.kernel_for(opdef.get("regex_replace"), [texts, np.array(b"a+", object), rewrite],
                              {"replace_global": True}) is None  # fmt: skip
    assert strings.kernel_for(opdef.get("string_split"), [texts], {"separator": "", "maxsplit": 1}) is None
    assert strings.kernel_for(opdef.get("string_lower"), [np.array(["text"], object)], {"encoding": ""}) is None


@pytest.mark.parametrize("count", [1, 3, 5000])
def test_positions(count):
    rng = np.random.default_rng(count)
    keys = np.empty(count, object)
    keys[:] = [bytes(rng.integers(97, 100, rng.integers(0, 14)).tolist()) for _ in keys]  # with some that recur
    values = np.concatenate([keys[:2000], _texts(5, (300,)), np.array([b"", b"aaaaaaaa", b"aaaaaaaaa"], object)])
    for _ in range(2):
        ours, theirs = _both("positions_of", values, keys)
        assert ours[0].tolist() == theirs[0].tolist()
    before = len(strings._tables)
    assert id(keys) in strings._tables
    del keys
    assert len(strings._tables) == before - 1


def test_comparing():
    texts = _texts(6, (4, 1))
    for other in (np.array(b"", object), texts.reshape(1, 4), texts.copy()):
        for name in ("equal", "not_equal"):
            ours, theirs = _both(name, texts, other)
            assert ours[0].tolist() == theirs[0].tolist()


def test_strings_that_are_no_objects_go_through_what_moves_them():
    (rows,) = strings.kernel_for(opdef.get("string_split_rows"), [_texts(7, (6,))], {"separator": "", "maxsplit": -1,
                                                                                   "width": 4})  # fmt: skip
    for name, attrs in (("reshape", {"shape": (4, 6)}), ("transpose", {"perm": (1, 0)}), ("expand_dims", {"axis": 0}),
                        ("strided_slice", {"index": (("slice", 1, 4, None), ("int", 2))})):  # fmt: skip
        ours, theirs = _both(name, rows, **attrs)
        assert ours[0].tolist() == theirs[0].tolist()
    ours, theirs = _both("concat", rows, np.array([[b"x", b"", b"yy", b"z"]], object), axis=0)
    assert ours[0].tolist() == theirs[0].tolist()


# The language --------------------------------------------------------------------------------------------------------

_small = Library("test")
_PRIMES = (2, 3, 5, 7)


@_small.kernel
def _mixed(values: I32, count: int, goal: I64) -> int:
    best = -1
    kept = array("I64", 4)
    for i in range(count):
        value = values[i]
        if value < 0 and not (value % 2 == 0 or i == 3):
            continue
        if value > 1000:
            break
        kept[i & 3] = value if value > 2 else _PRIMES[i & 3]
        goal[i] = (kept[i & 3] << 2) - (value >> 1) + (value // 4) * 3 ^ 5
        goal[i] += max(i, 2) | ~value & 7
        best = max(best, goal[i])
    at = 10
    while at > 0 and best > 0:
        at -= 3
        best -= at
    for down in range(3, 0, -1):
        best += down * (1 < down <= 3)
    return best


def test_a_kernel_means_what_it_means_in_python():
    values = np.array([5, -3, -4, -7, 88, 0, -9, 12, 4000, 1], np.int32)
    here, there = np.zeros(10, np.int64), np.zeros(10, np.int64)
    expected = _mixed(values.astype(int).tolist(), 10, here)
    assert _small.native(_mixed)(values.ctypes.data, 10, there.ctypes.data) == expected
    assert here.tolist() == there.tolist()


def test_what_no_kernel_says_is_refused():
    library = Library("wrong")

    @library.kernel
    def divided(a: U8, n: int) -> int:
        return a[0] // n

    with pytest.raises(TypeError, match="divided, line .*power of two"):
        library.text()


def test_all_kernels_are_python(monkeypatch):
    assert "define i64 @look_up" in words.library.text()

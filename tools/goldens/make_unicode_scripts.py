"""Writes weft/base/unicode_scripts.py: the script of every code point, as TensorFlow's `unicode_script` has it."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

TARGET = Path(__file__).resolve().parents[2] / "weft" / "base" / "unicode_scripts.py"
UNKNOWN = 103
HEAD = '''"""The script of every code point (Unicode's property Script, by the numbers that ICU gives the scripts).

Made by `tools/goldens/make_unicode_scripts.py`; do not edit it by hand.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache

UNKNOWN = 103

#: the names that patterns know, in the order of their numbers
NAMES = """
Common Inherited Arabic Armenian Bengali Bopomofo Cherokee Coptic Cyrillic Deseret Devanagari Ethiopic Georgian Gothic
Greek Gujarati Gurmukhi Han Hangul Hebrew Hiragana Kannada Katakana Khmer Lao Latin Malayalam Mongolian Myanmar Ogham
Old_Italic Oriya Runic Sinhala Syriac Tamil Telugu Thaana Thai Tibetan Canadian_Aboriginal Yi Tagalog Hanunoo Buhid
Tagbanwa
""".split()


@cache
def ranges() -> list[tuple[int, int, int]]:
    """(first, past the last, number of the script), ascending; what lies between has no script."""
    found = []
    at = 0
    for entry in _RANGES.split():
        gap, size, script = (int(part or "0", 36) for part in entry.split("."))
        at += gap
        found.append((at, at + size, script))
        at += size
    return found


def script_of(point: int) -> int:
    """The number of a code point's script; -1 for what is no code point."""
    if not 0 <= point < 0x110000:
        return -1
    place = bisect_right(ranges(), (point, 0x110000, 0)) - 1
    first, end, script = ranges()[place]
    return script if first <= point < end else UNKNOWN


#: gap before the range, its size, its script, in base 36; an empty part is 0
_RANGES = """
'''


def text(number: int) -> str:
    digits = np.base_repr(number, 36).lower()
    return "" if digits == "0" else digits


def main() -> None:
    scripts = tf.strings.unicode_script(tf.range(0x110000)).numpy()
    starts = np.flatnonzero(np.diff(scripts, prepend=-1)).tolist()
    entries, at = [], 0
    for first, end in zip(starts, [*starts[1:], len(scripts)]):
        if scripts[first] != UNKNOWN:
            entries.append(f"{text(first - at)}.{text(end - first)}.{text(int(scripts[first]))}")
            at = end
    lines, line = [], ""
    for entry in entries:
        if len(line) + len(entry) > 118:
            lines.append(line)
            line = ""
        line += (" " if line else "") + entry
    TARGET.write_text(HEAD + "\n".join([*lines, line]) + '\n"""\n', encoding="utf-8")
    print(f"{TARGET.name}: {len(entries)} ranges, {TARGET.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()

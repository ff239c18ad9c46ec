"""Regular expressions in RE2's syntax, as TensorFlow takes them, run by Python's `re`.

A pattern is parsed by RE2's rules and written anew for `re`: what RE2 refuses (look-around, back-references, `a++`) is
refused, and what means something else there gets RE2's meaning (`$` is the very end, `\\d` and `\\w` are ASCII, `\\pL`
and `[[:alpha:]]` exist, flags may stand anywhere). Text is UTF-8; a byte that is none matches nothing.

Three differences stay: `re` may need exponential time where RE2 is linear, `\\C` (one byte) is not supported, and a
group that repeats something which can be empty, such as `(a*)+`, may capture the empty last round.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache, lru_cache

from weft.base import unicode_scripts

Ranges = list[tuple[int, int]]

_LAST = 0x10FFFF
#: bytes that are no UTF-8 stand in the text as these (surrogateescape); no class matches them
_SURROGATES = (0xD800, 0xDFFF)
_GREATEST_REPEAT = 1000

_DIGIT: Ranges = [(48, 57)]
_UPPER: Ranges = [(65, 90)]
_LOWER: Ranges = [(97, 122)]
_WORD: Ranges = [*_DIGIT, *_UPPER, (95, 95), *_LOWER]
_PERL: dict[str, Ranges] = {"d": _DIGIT, "w": _WORD, "s": [(9, 10), (12, 13), (32, 32)]}
_POSIX: dict[str, Ranges] = {
    "alnum": [*_DIGIT, *_UPPER, *_LOWER],
    "alpha": [*_UPPER, *_LOWER],
    "ascii": [(0, 127)],
    "blank": [(9, 9), (32, 32)],
    "cntrl": [(0, 31), (127, 127)],
    "digit": _DIGIT,
    "graph": [(33, 126)],
    "lower": _LOWER,
    "print": [(32, 126)],
    "punct": [(33, 47), (58, 64), (91, 96), (123, 126)],
    "space": [(9, 13), (32, 32)],
    "upper": _UPPER,
    "word": _WORD,
    "xdigit": [*_DIGIT, (65, 70), (97, 102)],
}
_CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


class PatternError(ValueError):
    """A pattern that RE2 does not take."""


def decode(text: bytes) -> str:
    """Bytes as text for `compile`d patterns; every byte that is no UTF-8 becomes a lone surrogate."""
    return text.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes that a text was decoded from."""
    return text.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=256)
def compile(pattern: bytes) -> re.Pattern[str]:
    """A pattern in RE2's syntax, compiled.

    Args:
        pattern: UTF-8.

    Raises:
        PatternError: Where RE2 would refuse it, with RE2's reason.
    """
    try:
        text = pattern.decode("utf-8")
    except UnicodeDecodeError:
        raise PatternError("invalid UTF-8") from None
    try:
        return re.compile(_Translator(text).translate())
    except re.error as error:
        raise PatternError(str(error)) from None
    except RecursionError:
        raise PatternError("expression nests too deeply") from None


def replace(pattern: re.Pattern[str], rewrite: str, text: str, everywhere: bool = True) -> str:
    """The text with matches rewritten.

    Args:
        pattern: From `compile`.
        rewrite: What to put in their place; `\\0` is the match, `\\1` to `\\9` its groups, `\\\\` a backslash.
        text: From `decode`.
        everywhere: Whether all matches are rewritten, or the first alone.

    Raises:
        PatternError: For a rewrite with other escapes, or for a group that the pattern does not have.
    """
    pieces = _rewrite_pieces(rewrite, pattern.groups)
    out: list[str] = []
    at, last_end = 0, -1
    while at <= len(text):
        match = pattern.search(text, at)
        if match is None:
            break
        out.append(text[at : match.start()])
        if match.end() == match.start() == last_end:  # an empty match right after another one does not count
            out.append(text[last_end : last_end + 1])
            at = last_end + 1
            continue
        out.extend(piece if isinstance(piece, str) else match.group(piece) or "" for piece in pieces)
        at = last_end = match.end()
        if not everywhere:
            break
    out.append(text[at:])
    return "".join(out)


@lru_cache(maxsize=256)
def _rewrite_pieces(rewrite: str, groups: int) -> tuple[str | int, ...]:
    pieces: list[str | int] = []
    for literal, escape in re.findall(r"([^\\]+)|\\(.?)", rewrite, re.DOTALL):
        if literal:
            pieces.append(literal)
        elif escape == "\\":
            pieces.append("\\")
        elif escape in set("0123456789"):
            if int(escape) > groups:
                raise PatternError(f"the rewrite names group \\{escape}, the pattern has {groups}")
            pieces.append(int(escape))
        else:
            raise PatternError(f"the rewrite has a backslash before {escape!r}; a digit or a backslash may follow")
    return tuple(pieces)


# Sets of code points -------------------------------------------------------------------------------------------------


def _complement(ranges: Ranges) -> Ranges:
    found: Ranges = []
    at = 0
    for low, high in sorted([*ranges, _SURROGATES]):
        if low > at:
            found.append((at, low - 1))
        at = max(at, high + 1)
    if at <= _LAST:
        found.append((at, _LAST))
    return found


def _point(point: int) -> str:
    return f"\\U{point:08x}"


def _bracket(ranges: Ranges, negated: bool = False) -> str:
    if negated:
        ranges = [*ranges, _SURROGATES]
    if not ranges:
        return "(?!)"
    inner = "".join(_point(low) if low == high else f"{_point(low)}-{_point(high)}" for low, high in ranges)
    return f"[{'^' if negated else ''}{inner}]"


@cache
def _categories() -> dict[str, Ranges]:
    """The ranges of Unicode's general categories, by their names of one and of two letters."""
    found: dict[str, Ranges] = {}
    for point in range(sys.maxunicode + 1):
        full = unicodedata.category(chr(point))
        if full in ("Cn", "Cs"):
            continue
        for name in (full, full[0]):
            ranges = found.setdefault(name, [])
            if ranges and ranges[-1][1] == point - 1:
                ranges[-1] = (ranges[-1][0], point)
            else:
                ranges.append((point, point))
    return found


@cache
def _property(name: str) -> Ranges | None:
    """The code points of a script or a general category."""
    if name == "Any":
        return _complement([])
    if name in unicode_scripts.NAMES:
        number = unicode_scripts.NAMES.index(name)
        return [(low, end - 1) for low, end, script in unicode_scripts.ranges() if script == number]
    return _categories().get(name)


# The parser ----------------------------------------------------------------------------------------------------------

_REPEAT = re.compile(r"\{([0-9]+)(,?)([0-9]*)\}")  # `{,2}` is text
_FLAGS = re.compile(r"\(\?([imsU]*)(-[imsU]+)?([:)])")
_NAMED = re.compile(r"\(\?P<(\w+)>", re.ASCII)
_HEX = re.compile(r"\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))")
_OCTAL = re.compile(r"\\(0[0-7]{0,2}|[1-7][0-7]{1,2})")
_PROPERTY = re.compile(r"\\([pP])(?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))")
_CLASS_NAME = re.compile(r"\[:(\^?)(\w+):\]")


class _Translator:
    """Reads a pattern from left to right and writes it down for `re`."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.flags: frozenset[str] = frozenset()
        self.outer: list[frozenset[str]] = []
        self.repeatable = False
        self.repeated = self.began = -1

    def translate(self) -> str:
        """The whole pattern."""
        while self.at < len(self.pattern):
            self._next()
        if self.outer:
            raise PatternError(f"missing ): {self.pattern}")
        return "".join(self.out)

    def _next(self) -> None:
        symbol = self.pattern[self.at]
        if symbol == "(":
            self._open()
        elif symbol == ")":
            if not self.outer:
                raise PatternError(f"unexpected ): {self.pattern}")
            self.flags = self.outer.pop()
            self._atom(")", 1)
        elif symbol == "|":
            self.out.append("|")
            self.at += 1
            self.repeatable = False
        elif symbol in "*+?" or (symbol == "{" and _REPEAT.match(self.pattern, self.at)):
            self._repeat()
        elif symbol == "[":
            self._class()
        elif symbol == "\\":
            self._escape()
        elif symbol == ".":
            self._atom(_bracket([] if "s" in self.flags else [(10, 10)], negated=True), 1)
        elif symbol == "^":
            self._atom("(?m:^)" if "m" in self.flags else r"(?:\A)", 1)
        elif symbol == "$":
            self._atom("(?m:$)" if "m" in self.flags else r"(?:\Z)", 1)
        else:
            self._literal(ord(symbol), 1)

    def _atom(self, text: str, length: int) -> None:
        """Something that a repetition may follow, read from so many characters."""
        self.out.append(text)
        self.at += length
        self.repeatable = True

    def _set(self, ranges: Ranges, length: int, negated: bool = False) -> None:
        text = _bracket(ranges, negated)
        self._atom(f"(?i:{text})" if "i" in self.flags else text, length)

    def _literal(self, point: int, length: int) -> None:
        text = re.escape(chr(point))
        folds = "i" in self.flags and (chr(point).lower() != chr(point) or chr(point).upper() != chr(point))
        self._atom(f"(?i:{text})" if folds else text, length)

    def _repeat(self) -> None:
        start = self.at
        symbol = self.pattern[start]
        if symbol == "{":
            match = _REPEAT.match(self.pattern, start)
            assert match is not None
            low, comma, high = match.groups()
            if not int(low) <= int(high or low) <= _GREATEST_REPEAT:
                raise PatternError(f"invalid repetition size: {match[0]}")
            text, end = f"{{{low}{comma}{high}}}", match.end()
        else:
            text, end = symbol, start + 1
        lazy = self.pattern[end : end + 1] == "?"
        end += lazy
        if self.repeated == start:
            raise PatternError(f"bad repetition operator: {self.pattern[self.began : end]}")
        if not self.repeatable:
            raise PatternError(f"no argument for repetition operator: {self.pattern[start:end]}")
        self.began = start
        self.out.append(text + ("?" if lazy != ("U" in self.flags) else ""))
        self.at = self.repeated = end

    def _open(self) -> None:
        if not self.pattern.startswith("(?", self.at):
            self.outer.append(self.flags)
            self.out.append("(")
            self.at += 1
        elif named := _NAMED.match(self.pattern, self.at):
            self.outer.append(self.flags)
            self.out.append("(")
            self.at = named.end()
        elif flags := _FLAGS.match(self.pattern, self.at):
            changed = (self.flags | set(flags[1])) - set(flags[2] or "")
            if flags[3] == ":":
                self.outer.append(self.flags)
                self.out.append("(?:")
            self.flags = frozenset(changed)
            self.at = flags.end()
            if flags[3] == ")":
                return  # flags alone are nothing: what stands before them can still be repeated
        else:
            raise PatternError(f"invalid perl operator: {self.pattern[self.at : self.at + 3]}")
        self.repeatable = False

    def _escape(self) -> None:
        letter = self.pattern[self.at + 1 : self.at + 2]
        if letter == "":
            raise PatternError("trailing \\")
        if letter == "Q":
            end = self.pattern.find("\\E", self.at)
            quoted = self.pattern[self.at + 2 : len(self.pattern) if end < 0 else end]
            for symbol in quoted:
                self._literal(ord(symbol), 0)
            self.at += len(quoted) + (2 if end < 0 else 4)
        elif letter in "bB":
            self._atom(f"(?a:\\{letter})", 2)
        elif letter in "Az":
            self._atom(r"(?:\A)" if letter == "A" else r"(?:\Z)", 2)
        elif letter == "C":
            raise PatternError("\\C, one byte whatever it belongs to, is not supported; match whole characters")
        elif (found := self._set_at(self.at)) is not None:
            ranges, end = found
            self._set(ranges, end - self.at)
        else:
            point, end = self._point_at(self.at)
            self._literal(point, end - self.at)

    def _set_at(self, at: int) -> tuple[Ranges, int] | None:
        """The set that an escape such as `\\d` or `\\pL` stands for, and where it ends."""
        letter = self.pattern[at + 1 : at + 2]
        if letter and letter.lower() in _PERL:
            ranges = _PERL[letter.lower()]
            return (ranges if letter.islower() else _complement(ranges)), at + 2
        if not letter or letter not in "pP":
            return None
        match = _PROPERTY.match(self.pattern, at)
        name = "" if match is None else match[3] or match[4]
        members = _property(name) if name else None
        if match is None or members is None:
            raise PatternError(f"invalid character class range: {self.pattern[at : match.end() if match else at + 3]}")
        return (members if (match[1] == "p") != bool(match[2]) else _complement(members)), match.end()

    def _point_at(self, at: int) -> tuple[int, int]:
        """The one character that an escape stands for, and where it ends."""
        letter = self.pattern[at + 1 : at + 2]
        if letter in _CONTROLS:
            return _CONTROLS[letter], at + 2
        if match := _HEX.match(self.pattern, at):
            point = int(match[1] or match[2], 16)
            if point <= _LAST:
                return point, match.end()
        elif match := _OCTAL.match(self.pattern, at):
            return int(match[1], 8), match.end()
        elif letter and letter.isascii() and not letter.isalnum():
            return ord(letter), at + 2
        raise PatternError(f"invalid escape sequence: {self.pattern[at : at + 2]}")

    def _class(self) -> None:
        start = self.at
        at = start + 1
        negated = self.pattern.startswith("^", at)
        at += negated
        first = True
        ranges: Ranges = []
        while first or not self.pattern.startswith("]", at):
            if at >= len(self.pattern):
                raise PatternError(f"missing ]: {self.pattern[start:]}")
            if named := _CLASS_NAME.match(self.pattern, at):
                members = _POSIX.get(named[2])
                if members is None:
                    raise PatternError(f"invalid character class range: {named[0]}")
                ranges += _complement(members) if named[1] else members
                at = named.end()
            elif self.pattern[at] == "\\" and (found := self._set_at(at)) is not None:
                ranges += found[0]
                at = found[1]
            else:
                low, at = self._class_point(at, start)
                high = low
                if self.pattern.startswith("-", at) and self.pattern[at + 1 : at + 2] not in ("]", ""):
                    begin = at
                    high, at = self._class_point(at + 1, start)
                    if high < low:
                        raise PatternError(f"invalid character class range: {self.pattern[begin - 1 : at]}")
                ranges.append((low, high))
            first = False
        self._set(ranges, at + 1 - start, negated)

    def _class_point(self, at: int, start: int) -> tuple[int, int]:
        if at >= len(self.pattern):
            raise PatternError(f"missing ]: {self.pattern[start:]}")
        return self._point_at(at) if self.pattern[at] == "\\" else (ord(self.pattern[at]), at + 1)


__all__ = ["PatternError", "compile", "decode", "encode", "replace"]

"""Patterns in RE2's syntax; TensorFlow's own results are checked through `tf.strings.regex_replace`."""

import pytest

from weft.base import re2


def found(pattern, text):
    return [match.group() for match in re2.compile(pattern.encode()).finditer(text)]


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"\d+", "12 \u0663", ["12"]),
        (r"[\s]", "\v ", [" "]),
        (r"(?i)straße", "STRAßE", ["STRAßE"]),
        (r"\p{Han}+", "漢字kana", ["漢字"]),
        (r"[^\pL]+", "a1-b", ["1-"]),
        (r"(?U)<.+>", "<a><b>", ["<a>", "<b>"]),
        (r"a$", "a\n", []),
        (r"(?m)^b", "a\nb", ["b"]),
        (r"\Q.*\E", "x.*y", [".*"]),
        (r"[a&&b]+", "a&b", ["a&b"]),
        (r"x{,2}", "x{,2}", ["x{,2}"]),
    ],
)
def test_matches(pattern, text, matches):
    assert found(pattern, text) == matches


@pytest.mark.parametrize(
    "pattern", ["(?=a)", r"(a)\1", "a++", "a**", "*", "(", ")", "[a", r"\Z", r"\pX", "a{1001}", "\\", r"\C"]
)
def test_refuses(pattern):
    with pytest.raises(re2.PatternError):
        re2.compile(pattern.encode())


def test_bytes_that_are_no_text_match_nothing_and_stay():
    pattern = re2.compile(b"[^a]|.")
    assert re2.encode(re2.replace(pattern, "_", re2.decode(b"a\xffb"))) == b"_\xff_"


def test_an_empty_match_right_after_a_match_does_not_count():
    assert re2.replace(re2.compile(b"a*"), "X", "baaac") == "XbXcX"

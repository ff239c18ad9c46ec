"""Signatures of functions whose annotations mention names that do not exist at run time."""

import sys

import pytest

from weft.base.signatures import signature


def test_the_parameters_of_a_function():
    def function(a, b=2, *, c: int = 3, **rest):
        return a

    assert list(signature(function).parameters) == ["a", "b", "c", "rest"]
    assert signature(function).parameters["c"].default == 3


def test_annotations_as_text_are_left_alone():
    def function(a: "Missing") -> "Missing":  # noqa: F821
        return a

    assert list(signature(function).parameters) == ["a"]


@pytest.mark.skipif(sys.version_info < (3, 14), reason="before, such a function cannot be defined")
def test_annotations_that_cannot_be_evaluated_do_no_harm():
    space: dict[str, object] = {}
    exec("def function(a: Missing, b: Missing.inner = 1) -> Missing: return a", space)
    assert list(signature(space["function"]).parameters) == ["a", "b"]  # type: ignore[arg-type]

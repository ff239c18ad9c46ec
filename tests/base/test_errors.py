"""How errors are worded, and which classes they are."""

import pickle

import pytest

from weft.base import errors, flags
from weft.base.errors import InvalidArgumentError, explain, nearest, user_facing
from weft.base.sources import SourceLine, trim_traceback, user_line


def test_explain_puts_one_item_a_line():
    text = explain("conv: no channels.", received=["x: float32(2, 3)", "strides=1"], expected="rank 4",
                   hint="add an axis", where=SourceLine("/home/me/train.py", 3, "main"))  # fmt: skip
    assert text.splitlines() == [
        "conv: no channels.",
        "  at train.py:3",
        "  expected: rank 4",
        "  received: x: float32(2, 3)",
        "            strides=1",
        "  next: add an axis",
    ]


def test_explain_finds_the_users_line():
    text = explain("something.")  # the innermost line outside the package is this one
    assert 'test_errors.py' in text and 'explain("something.")' in text


def test_user_line_names_the_function():
    found = user_line()
    assert found is not None and found.function == "test_user_line_names_the_function"
    assert found.text == "found = user_line()"


@pytest.mark.parametrize(("word", "known", "expected"), [
    ("Adma", ["adam", "sgd"], "Did you mean `adam`?"),
    ("zzz", ["adam", "sgd"], "Known: adam, sgd."),
])  # fmt: skip
def test_nearest(word, known, expected):
    assert nearest(word, known) == expected


def test_classes_are_also_pythons():
    assert issubclass(errors.InvalidArgumentError, ValueError)
    assert issubclass(errors.DTypeError, (TypeError, ValueError)) and issubclass(errors.DTypeError, TypeError)
    assert issubclass(errors.ResourceExhaustedError, MemoryError)
    assert issubclass(errors.UnimplementedError, NotImplementedError)


def test_codes_and_both_ways_to_make_one():
    error = InvalidArgumentError(None, "an op", "the message")
    assert error.message == str(error) == "the message" and error.op == "an op"
    assert error.error_code == error.code == errors.INVALID_ARGUMENT == 3
    assert InvalidArgumentError("short").message == "short"
    codes = [c.code for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.OpError)]
    assert set(range(1, 17)) <= set(codes)


def test_errors_survive_pickling():
    error = pickle.loads(pickle.dumps(errors.NotFoundError("no file")))
    assert isinstance(error, errors.NotFoundError) and str(error) == "no file"


def test_own_frames_are_dropped_unless_debugging():
    def fails():
        raise InvalidArgumentError("no")

    with pytest.raises(InvalidArgumentError) as caught:
        user_facing(fails)()
    files = [entry.path.name for entry in caught.traceback]
    assert "errors.py" not in files and "test_errors.py" in files
    with flags.override(WEFT_DEBUG=1), pytest.raises(InvalidArgumentError) as caught:
        user_facing(fails)()
    assert "errors.py" in [entry.path.name for entry in caught.traceback]


def test_a_traceback_without_user_frames_stays():
    assert trim_traceback(None) is None

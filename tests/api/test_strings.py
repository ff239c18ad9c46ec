"""`tf.strings` and its like against TensorFlow: results bit by bit, and refusals where it refuses."""

import json
import subprocess
import sys
from collections import defaultdict

import numpy as np
import pytest

import weft as tf
from tests.golden.recipes import GOLDEN_DIR
from weft.runtime import dispatch

#: what stands for TensorFlow 1's functions, whose results are sparse tensors
SPARSE = {
    "compat.v1.strings.split": lambda x, sep="", maxsplit=-1: dispatch.call(
        "string_split", x, separator=sep, maxsplit=maxsplit),
    "compat.v1.string_split": lambda x, sep=" ", skip_empty=True: dispatch.call(
        "string_split_at_any", x, delimiters=sep, skip_empty=skip_empty),
}  # fmt: skip


def cases():
    groups = defaultdict(list)
    for case in json.loads((GOLDEN_DIR / "strings.json").read_text(encoding="utf-8"))["cases"]:
        groups[case["function"]].append(case)
    return dict(groups)


CASES = cases()


def array(encoded):
    name, shape, flat = encoded
    if name == "string":
        made = np.empty(len(flat), object)
        made[:] = [text.encode("latin-1") for text in flat]
    elif name.startswith("complex"):
        made = np.array([complex(float(re), float(im)) for re, im in flat], tf.as_dtype(name).as_numpy_dtype)
    elif "float" in name:
        made = np.array([float(v) for v in flat], np.float64).astype(tf.as_dtype(name).as_numpy_dtype)
    else:
        made = np.array(flat, tf.as_dtype(name).as_numpy_dtype)
    return made.reshape(shape)


def call(case):
    function = SPARSE.get(case["function"])
    if function is None:
        function = tf
        for part in case["function"].split("."):
            function = getattr(function, part)
    inputs = [tf.constant(array(given)) for given in case["inputs"]]
    attrs = case.get("attrs", {})
    found = function(inputs, **attrs) if case.get("packed") else function(*inputs, **attrs)
    return list(found) if isinstance(found, (list, tuple)) else [found]


def problem(case):
    """What differs from TensorFlow, or None."""
    try:
        found = call(case)
    except (ValueError, TypeError) as error:
        return None if case.get("refused") else f"refuses: {str(error).splitlines()[0]}"
    if case.get("refused"):
        return f"gives {[output.numpy() for output in found]}, should refuse"
    for actual, encoded in zip(found, case["outputs"], strict=True):
        expected = array(encoded)
        value = np.asarray(actual.numpy(), actual.dtype.as_numpy_dtype)
        if actual.dtype.name != encoded[0] or value.shape != expected.shape:
            return f"gives {actual.dtype.name}{value.shape}, expected {encoded[0]}{expected.shape}"
        numbers = value.dtype.kind in "fc"
        same = np.array_equal(value, expected, equal_nan=numbers)
        if not same or (value.dtype.kind == "f" and np.any((np.signbit(value) != np.signbit(expected)) & (value == 0))):
            return f"gives {value.tolist()}, expected {expected.tolist()}"
    return None


@pytest.mark.parametrize("function", sorted(CASES))
def test_it_is_tensorflows(function):
    problems = [f"{case['inputs']} {case.get('attrs', {})}: {what}" for case in CASES[function]
                if (what := problem(case)) is not None]  # fmt: skip
    assert not problems, f"{len(problems)} of {len(CASES[function])}\n" + "\n".join(problems[:20])


def test_graphs_run_them():
    @tf.function
    def clean(lines):
        words = tf.strings.split(tf.strings.reduce_join(tf.strings.lower(lines), separator=" "))
        return tf.strings.regex_replace(words, "[aeiou]", "_"), tf.strings.length(words)

    words, lengths = clean(tf.constant(["Hello there", "World"]))
    assert words.numpy().tolist() == [b"h_ll_", b"th_r_", b"w_rld"]
    assert lengths.numpy().tolist() == [5, 5, 5]


def test_they_take_unknown_ranks():
    @tf.function(input_signature=[tf.TensorSpec(None, tf.string)])
    def every(x):
        join, bucket = tf.strings.reduce_join, tf.strings.to_hash_bucket_fast(x, 10)
        kept = join(x, separator=",", keepdims=True)
        return tf.strings.upper(x), join(x, separator=","), tf.strings.substr(x, 0, 1), kept, bucket

    upper, joined, first, kept, bucket = every(tf.constant([["ab", "cd"]]))
    assert upper.numpy().tolist() == [[b"AB", b"CD"]] and joined.numpy() == b"ab,cd"
    assert first.numpy().tolist() == [[b"a", b"c"]] and kept.numpy().tolist() == [[b"ab,cd"]]
    assert bucket.shape == (1, 2) and every(tf.constant("xy"))[0].numpy() == b"XY"


def test_variables_and_numpy_text_are_taken():
    assert tf.as_string(tf.Variable(1.5), precision=1).numpy() == b"1.5"
    assert tf.strings.upper(np.array(["a", "b"])).numpy().tolist() == [b"A", b"B"]
    assert tf.equal(tf.constant(["a", "b"]), "a").numpy().tolist() == [True, False]
    assert tf.not_equal("a", ["a", "b"]).numpy().tolist() == [False, True]


def test_zero_bytes_at_the_end_stay():
    assert tf.constant([b"a\0", "b\0"]).numpy().tolist() == [b"a\0", b"b\0"]
    assert tf.strings.length(b"\0\0").numpy() == 2


REFUSED = {
    "position": (
        lambda: tf.strings.substr(["hello", "x"], 3, 1),
        ValueError,
        r"pos 3 .*b'x' at position \[1\].*-1 to 1",
    ),
    "number": (lambda: tf.strings.to_number(["1", "two"]), ValueError, r"b'two' at position \[1\].*float32"),
    "pattern": (lambda: tf.strings.regex_replace("a", "(?=a)", ""), ValueError, r"pattern b'\(\?=a\)' is not valid"),
    "group": (lambda: tf.strings.regex_replace("a", "a", r"\1"), ValueError, r"group \\1, the pattern has 0"),
    "rewrite": (lambda: tf.strings.regex_replace("a", "a", r"\g"), ValueError, "backslash before 'g'"),
    "byte": (lambda: tf.strings.regex_replace("a", r"\C", ""), ValueError, "not supported"),
    "list": (lambda: tf.strings.join("abc"), TypeError, "(?s)must be a list.*reduce_join"),
    "dtype": (lambda: tf.strings.lower(3), TypeError, r"(?s)`input` has dtype int32.*as_string"),
    "strings": (lambda: tf.sqrt("a"), TypeError, r"(?s)dtype string.*to_number"),
    "shapes": (lambda: tf.strings.join([["a", "b"], ["c"]]), ValueError, r"`inputs\[1\]` has shape \(1,\)"),
    "lengths": (lambda: tf.io.decode_raw(["ab", "abc"], tf.uint8), ValueError, "3 bytes at position .1.*fixed_length"),
    "encoding": (lambda: tf.strings.unicode_transcode("a", "zip", "UTF-8"), ValueError, "'zip', which is no known"),
}


@pytest.mark.parametrize("title", sorted(REFUSED))
def test_what_is_refused_is_explained(title):
    function, error, message = REFUSED[title]
    with pytest.raises(error, match=message):
        function()


def test_plus_puts_strings_together():
    words = tf.constant(["a", "b"])
    assert (words + "x").numpy().tolist() == [b"ax", b"bx"]
    assert ("x" + words[:, None] + words).numpy().tolist() == [[b"xaa", b"xab"], [b"xba", b"xbb"]]
    assert tf.math.add("a", b"\xff").numpy() == b"a\xff"
    assert (tf.Variable("a") + "b").numpy() == b"ab"
    assert (tf.zeros([0], tf.string) + "x").shape == [0]
    exclaim = tf.function(lambda x: x + "!", input_signature=[tf.TensorSpec(None, tf.string)])
    assert exclaim(words).numpy().tolist() == [b"a!", b"b!"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="do not broadcast"):
        words + ["a", "b", "c"]
    with pytest.raises(TypeError, match="as_string"):
        words + 1


def test_many_texts_at_once_are_what_each_is_alone():
    rng = np.random.RandomState(0)
    texts = [bytes(rng.randint(0, 256, rng.randint(0, 40)).astype(np.uint8)) for _ in range(2000)]
    for function in (tf.strings.to_hash_bucket, tf.strings.to_hash_bucket_fast):
        alone = [int(function([text], 1000)[0]) for text in texts[:200]]
        assert function(texts, 1000)[:200].numpy().tolist() == alone
    numbers = ["1", "-5", "+3", "2147483647"]
    assert tf.strings.to_number(numbers, tf.int32).numpy().tolist() == [1, -5, 3, 2**31 - 1]
    assert tf.strings.to_number(["9223372036854775807"], tf.int64).numpy().tolist() == [2**63 - 1]
    for wrong in (["1-2", ""], ["1", ""], ["", ""], ["--1"], ["2147483648"], ["1,2"], ["1.5"]):
        with pytest.raises(tf.errors.InvalidArgumentError, match="does not spell"):
            tf.strings.to_number(wrong, tf.int32)


def test_a_tensor_can_be_indexed_by_a_program_that_has_used_nothing_else():
    program = "import weft as tf; print(int(tf.strings.length(['abc'])[0]))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "3\n"

"""Version 1's names for strings: their signatures, and what sessions return for them. Values are TensorFlow 1.15's."""

import numpy as np
import pytest

import weft.compat.v1 as tf

WORDS = ["a,b", "aa c"]


def _words():
    return tf.constant(WORDS)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: tf.decode_raw("abcd", tf.uint8), [97, 98, 99, 100]),
        (lambda: tf.decode_raw(bytes="abcd", out_type=tf.int16), [25185, 25699]),
        (lambda: tf.io.decode_raw("ab", tf.uint8, True, "name"), [97, 98]),
        (lambda: tf.substr("abcd", 1, 2), b"bc"),
        (lambda: tf.substr("äbc", 1, 2, "name", "UTF8_CHAR"), b"bc"),
        (lambda: tf.strings.substr(_words(), [0, 1], [1, 1]), [b"a", b"a"]),
        (lambda: tf.string_join([_words(), "x"], "-"), [b"a,b-x", b"aa c-x"]),
        (lambda: tf.string_to_number(["1", "2"], tf.int32), [1, 2]),
        (lambda: tf.string_to_number(input=["1.5"]), [1.5]),
        (lambda: tf.as_string([1.5], precision=2), [b"1.50"]),
        (lambda: tf.string_to_hash_bucket(_words(), 10), [7, 0]),
        (lambda: tf.strings.to_hash_bucket(input=WORDS, num_buckets=10), [7, 0]),
        (lambda: tf.string_to_hash_bucket_fast(_words(), 10), [6, 5]),
        (lambda: tf.string_to_hash_bucket_strong(_words(), 10, [1, 2]), [1, 8]),
        (lambda: tf.regex_replace(_words(), "a+", "b"), [b"b,b", b"b c"]),
        (lambda: tf.regex_replace(_words(), tf.constant("a"), "b", replace_global=False), [b"b,b", b"ba c"]),
        (lambda: tf.strings.regex_full_match(_words(), "a,."), [True, False]),
        (lambda: tf.reduce_join(_words()), b"a,baa c"),
        (lambda: tf.reduce_join([["a", "b"], ["c", "d"]], [0, 1], separator="+"), b"a+c+b+d"),
        (lambda: tf.reduce_join([["a", "b"]], reduction_indices=1, keep_dims=True), [[b"ab"]]),
        (lambda: tf.encode_base64(_words(), pad=True), [b"YSxi", b"YWEgYw=="]),
        (lambda: tf.decode_base64(["d2VmdA"]), [b"weft"]),
        (lambda: tf.string_strip([" a "]), [b"a"]),
        (lambda: tf.strings.length(["ä"], "name", "UTF8_CHAR"), [1]),
        (lambda: _words() + "x", [b"a,bx", b"aa cx"]),
        (lambda: "x" + tf.constant([["a"], ["b"]]) + _words(), [[b"xaa,b", b"xaaa c"], [b"xba,b", b"xbaa c"]]),
        (lambda: tf.strings.split("a,b", ",", result_type="RaggedTensor"), [b"a", b"b"]),
    ],
)
@pytest.mark.parametrize("eager", [False, True])
def test_values(make, expected, eager):
    if eager:
        tf.enable_v2_behavior()
        found = make().numpy()
    else:
        with tf.Session() as session:
            found = session.run(make())
    assert (found.tolist() if isinstance(found, np.ndarray) else found) == expected


def test_strings_are_split_into_sparse_or_ragged_rows():
    with tf.Session() as session:
        found = session.run(tf.string_split(["a,b;c", "c", ""], ",;"))
        assert found.indices.tolist() == [[0, 0], [0, 1], [0, 2], [1, 0]]
        assert found.values.tolist() == [b"a", b"b", b"c", b"c"] and found.dense_shape.tolist() == [3, 3]
        kept = session.run(tf.string_split(["a  b"], " ", skip_empty=False))
        assert kept.values.tolist() == [b"a", b"", b"b"]
        assert session.run(tf.strings.split(["a  b", "c"])).values.tolist() == [b"a", b"b", b"c"]
        rows = session.run(tf.strings.split(["a,b", "c"], ",", result_type="RaggedTensor"))
        assert rows.to_list() == [[b"a", b"b"], [b"c"]]
    with pytest.raises(ValueError, match="rank 1 but is rank 0"):
        tf.strings.split("a b")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: tf.string_to_number(), "needs `string_tensor`"),
        (lambda: tf.string_to_number("1", input="1"), "both"),
        (lambda: tf.decode_raw("a"), "needs `input_bytes` and `out_type`"),
        (lambda: tf.strings.split("a", result_type="Tensor"), "must be 'RaggedTensor' or 'SparseTensor'"),
        (lambda: tf.string_split("a", sep=" ", delimiter=" "), "both"),
        (lambda: tf.constant("a") + 1, "as_string"),
    ],
)
def test_refusals(make, words):
    with pytest.raises((TypeError, ValueError), match=words):
        make()

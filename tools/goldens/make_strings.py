"""TensorFlow's string functions: every call with its arguments and what came of it."""

from __future__ import annotations

import json
from typing import Any

import _store as store
import numpy as np
import tensorflow as tf

S, IO = "strings.", "io."
cases: list[dict[str, Any]] = []


def encode(value: Any) -> Any:
    """A tensor as [dtype, shape, elements]: bytes as latin-1 text, floats by repr, which gives all bits back."""
    array = np.asarray(value, object if isinstance(value, bytes) else None)  # numpy's text drops zero bytes at the end
    if array.dtype == object:
        flat = [text.decode("latin-1") for text in array.ravel()]
        return ["string", list(array.shape), flat]
    flat = array.ravel()
    if array.dtype.kind == "c":
        flat = [[repr(float(v.real)), repr(float(v.imag))] for v in flat]
    elif array.dtype.kind not in "biu":
        flat = [repr(float(v)) for v in flat]
    else:
        flat = flat.tolist()
    return [tf.as_dtype(array.dtype).name, list(array.shape), flat]


def call(function: str, *tensors: Any, packed: bool = False, **attrs: Any) -> None:
    """Records function(*tensors, **attrs), or with the tensors as one list if `packed`."""
    target: Any = tf
    for part in function.split("."):
        target = getattr(target, part)
    given = [tf.constant(value) if not isinstance(value, tf.Tensor) else value for value in tensors]
    record = {"function": function, "inputs": [encode(t.numpy()) for t in given]}
    record |= ({"attrs": attrs} if attrs else {}) | ({"packed": True} if packed else {})
    try:
        found = target(given, **attrs) if packed else target(*given, **attrs)
    except (tf.errors.OpError, ValueError, TypeError):
        record["refused"] = True
    else:
        if isinstance(found, tf.sparse.SparseTensor):
            found = (found.indices, found.values, found.dense_shape)
        outputs = found if isinstance(found, (list, tuple)) else [found]
        record["outputs"] = [encode(output.numpy()) for output in outputs]
    cases.append(record)


SPACES = "  \t\n\v\f\r x \u00a0"
TEXTS = ["abc", "é", "", b"\xff\xfe", b"\xe2\x82", "日本", b"a\x80b", "Straße İI ſ", "ΑΣ aς", "ŉ ǅ", SPACES]


def parts() -> None:
    texts = tf.constant(TEXTS)
    for unit in ("BYTE", "UTF8_CHAR"):
        call(S + "length", texts, unit=unit)
    for name in ("lower", "upper"):
        for encoding in ("", "utf-8", "utf-16"):
            call(S + name, texts, encoding=encoding)
    call(S + "strip", texts)
    for unit in ("BYTE", "UTF8_CHAR"):
        for pos, length in ((0, 2), (1, 10), (-2, 1), (-2, 5), (5, 1), (6, 1), (-6, 1), (-5, 1), (0, 0), (0, -1),
                            (1, -2)):  # fmt: skip
            call(S + "substr", "héllo" if unit == "UTF8_CHAR" else "hello", pos, length, unit=unit)
        call(S + "substr", b"a\xff\xfeb", 1, 1, unit=unit)
    two = ["hello", "world"]
    call(S + "substr", two, [[0, 1], [1, 2], [2, 3]], [[1, 1], [1, 1], [2, 2]])
    call(S + "substr", "hello", [0, 1], [1, 2])
    call(S + "substr", two, [0], [1])
    call(S + "substr", two, [0, 1, 2], [1, 1, 1])
    call(S + "substr", two, 0, [1, 2])
    call(S + "substr", [["hello"], ["world"]], [0, 1, 2], [1, 1, 1])


def joins() -> None:
    call(S + "join", ["a", "b"], "-", ["c", "d"], packed=True)
    call(S + "join", ["a", "b"], "x", packed=True, separator="__")
    call(S + "join", ["a", "b"], [["c", "d"]], packed=True)
    call(S + "join", ["a", "b"], ["c"], packed=True)
    call(S + "join", packed=True)
    square = [["a", "b"], ["c", "d"]]
    for axis in (None, 0, 1, -1, -2, [0, 1], [1, 0], [], [0, -2], 2, [-1, -2]):
        for keepdims in (False, True):
            call(S + "reduce_join", square, axis=axis, keepdims=keepdims, separator=".")
    call(S + "reduce_join", tf.zeros([0, 2], tf.string), axis=0, separator=".")
    call(S + "reduce_join", "a")
    cube = [[["a", "b"], ["c", "d"]], [["e", "f"], ["g", "h"]]]
    for axis in ([0, 2], [2, 0], [2, 1, 0], None, [0, 1, 2], [1]):
        call(S + "reduce_join", cube, axis=axis, separator=".")
    letters = ["a", "b", "c", "d"]
    for ids in ([1, 0, 1, 3], [1, -1, 1, 3], [1, 7, 1, 3]):
        call(S + "unsorted_segment_join", letters, ids, num_segments=5, separator="-")
    call(S + "unsorted_segment_join", square, [1, 1], num_segments=2, separator="-")
    call(S + "unsorted_segment_join", square, [[0, 1], [1, 0]], num_segments=2, separator="-")


def splits() -> None:
    for text in ("a b  c ", " a,b,,c,", "", "  ", ",", "xabyab", "aababb", "\va\u00a0b\x1cc"):
        for sep in (None, "", " ", ",", "ab"):
            for most in (-1, 0, 1, 2):
                call(S + "split", text, sep=sep, maxsplit=most)
    for text in ("aé", ""):
        call(S + "bytes_split", text)
    old = "compat.v1.strings.split"
    call(old, ["a b", "c", "", " d "])
    call(old, ["a,b;c,,", ""], sep=",")
    call(old, ["a,b,c"], sep=",", maxsplit=1)
    call(old, [["a b", "c"], ["d", "e f g"]])
    older = "compat.v1.string_split"
    call(older, ["a b", "c", "", " d "])
    call(older, ["a,b;c,,"], sep=",;")
    call(older, ["a,b;c,,"], sep=",;", skip_empty=False)
    call(older, ["abc", ""], sep="")
    call(older, ["hello  world"], skip_empty=False)
    call(older, [",", ""], sep=",", skip_empty=False)
    three = [["a", "b", "c"], ["d", "e", "f"]]
    call(S + "ngrams", ["a", "b", "c"], ngram_width=2)
    call(S + "ngrams", three, ngram_width=[2, 3], pad_values=["<", ">"])
    call(S + "ngrams", ["a"], ngram_width=3)
    call(S + "ngrams", [["a"], ["b"]], ngram_width=3)
    call(S + "ngrams", [["a", "b"]], ngram_width=3, preserve_short_sequences=True)
    call(S + "ngrams", [three], ngram_width=2)
    call(S + "ngrams", "a", ngram_width=2)
    for padding in (0, 1, 2, 5):
        call(S + "ngrams", three, ngram_width=3, pad_values="_", padding_width=padding)
    call(S + "ngrams", three, ngram_width=0)
    call(S + "ngrams", three, ngram_width=[])
    call(S + "ngrams", three, ngram_width=[3, 1], separator="")
    call(S + "ngrams", [["a", "b"]], ngram_width=[3, 5], pad_values=["<", ">"], padding_width=1,
         preserve_short_sequences=True)  # fmt: skip
    call(S + "ngrams", [["a", "b"]], ngram_width=[7], pad_values=["<", ">"], padding_width=1,
         preserve_short_sequences=True)  # fmt: skip
    call(S + "ngrams", tf.zeros([2, 0], tf.string), ngram_width=2, preserve_short_sequences=True)
    call(S + "ngrams", tf.zeros([2, 0], tf.string), ngram_width=2, pad_values="_")


PATTERNS = (
    ("a*", "X", "baaac"), ("", "-", "abc"), ("(a)(b)", r"\2\1", "abab"), ("a", r"\0\0", "aba"), ("a", r"\\", "a"),
    ("(", "x", "a"), (".", "x", "é\n"), (".", "x", b"\xff"), (r"\s", "_", " \v\t"), (r"\w+", "_", "aé"),
    (r"[\W]", "_", "aé-"), (r"\d", "_", "1\u0661"), ("(?i)ab", "_", "ABab"), ("[[:alpha:]]", "_", "a1é"),
    ("[[:^alpha:][:digit:]]", "_", "a1é"), (r"\pL", "_", "aé1"), (r"\p{Greek}", "_", "αa"), (r"\P{Lu}", "_", "aÉ"),
    (r"[^\p{Han}]", "_", "a日"), (r"\p{^L}", "_", "a1"), (r"\pQ", "_", "a"), ("a$", "_", "a\n"),
    ("a(?m)$", "_", "a\na"), ("^", ">", "a\nb"), ("(?m)^", ">", "a\nb"), ("x*", "-", "éé"), ("a{,2}", "_", "a{,2}"),
    ("a{2}", "_", "aaa"), ("a{1,}", "_", "aab"), ("a{1,2}?", "_", "aaa"), ("a{2,1}", "_", "a"), ("a++", "_", "aa"),
    ("a**", "_", "aa"), ("*a", "_", "a"), ("a|*", "_", "a"), ("(?i)*", "_", "a"), (r"\Qa.b\E", "_", "a.b"),
    (r"\Qa+", "_", "aa+"), (r"\z", "!", "a"), (r"\Z", "!", "a"), (r"\A", "!", "a"), (r"\1", "!", "a"),
    (r"(a)\1", "!", "aa"), ("(?=a)", "!", "aa"), ("(?P<n>a)", r"\1\1", "a"), ("(?P<n>a)(?P<n>b)", "x", "ab"),
    ("(?<n>a)", r"\1", "a"), ("(?U)a+", "_", "aaa"), ("(?U)a+?", "_", "aaa"), ("(?-i)a", "_", "aA"),
    ("[^a]", "_", b"a\xffb"), (r"\b", "|", "ab cd"), (r"\B", "|", "ab"), (r"\bé", "_", "é"), ("(|a)+", r"<\1>", "aab"),
    ("(a|b)*", r"<\1>", "ab"), ("x{1001}", "_", "x"), ("[a", "_", "a"), ("]", "_", "]"), ("}", "_", "}"),
    ("{", "_", "{"), ("a)", "_", "a"), ("a{2}{3}", "_", "aaaaaa"), (r"\x{e9}", "_", "é"), (r"\xe9", "_", "é"),
    (r"\x{110000}", "_", "é"), (r"\07", "_", "\a"), (r"\101", "_", "A"), (r"\8", "_", "8"), (r"[\d\-x]", "_", "1-x"),
    (r"[a-\d]", "_", "a"), ("[]a]", "_", "]a"), ("[^]a]", "_", "]ab"), ("[a-]", "_", "a-b"), ("[-a]", "_", "a-b"),
    ("[z-a]", "_", "a"), ("[a-c-e]", "_", "a-e"), ("[[a]", "_", "[a"), ("[a&&b]", "_", "a&b"), ("[[:foo:]]", "_", "a"),
    ("(?i)ſ", "_", "Ssſ"), ("(?i)[k]", "_", "Kk\u212a"), ("(?i)[^k]", "_", "Kka"), ("(?i)É", "_", "éÉ"),
    ("a|b|", "_", "abc"), ("(?i:a)b", "_", "Ab AB"), ("(a(?i)b)c", "_", "aBc aBC"), ("(?s).", "_", "\n"),
    ("(?s-i:.)", "_", "\n"), ("(?x) a", "_", "a"), ("a?", "_", "aa"), (r"\_", "x", "_"), (r"\é", "x", "é"),
    (r"\q", "x", "q"), ("\\", "x", "\\"), ("ab|cd|ef", "", "abcdefg"), (r"<[^>]+>", " ", "<b>x</b>"),
    (r"[!\"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~]", "", "a.b,c!"), (r"(\w+)\s(\w+)", r"\2 \1", "one two three"),
)  # fmt: skip


def patterns() -> None:
    for pattern, rewrite, text in PATTERNS:
        call(S + "regex_replace", text, pattern=pattern, rewrite=rewrite)
    for pattern in ("a", "x*"):
        call(S + "regex_replace", ["aaa", "baa"], pattern=pattern, rewrite="b", replace_global=False)
    for pattern, text in (("a|ab", "ab"), ("a*?", "aaa"), (".*", "a\nb"), ("(?s).*", "a\nb"), ("a$", "a\n"), ("", ""),
                          ("(", "x"), ("^a$", "a"), ("b", "ab")):  # fmt: skip
        call(S + "regex_full_match", [text, "zz"], pattern=pattern)


FLOATS = [0.0, -0.0, 1.0, -1.5, 3.25, 0.1, 1e-10, 1e-5, 1e20, 123456789.0, np.nan, np.inf, -np.inf, 2.5, 0.5]
FORMS: tuple[dict[str, Any], ...] = (
    {}, {"precision": 2}, {"precision": 0}, {"scientific": True}, {"scientific": True, "precision": 0},
    {"shortest": True}, {"shortest": True, "precision": 3}, {"width": 12}, {"width": 0}, {"width": 12, "fill": "0"},
    {"width": 12, "fill": "-"}, {"width": 3, "fill": "0"}, {"fill": "+"}, {"fill": " "},
    {"fill": "#", "shortest": True}, {"fill": "#", "precision": 0}, {"fill": "x"}, {"fill": "00"},
    {"scientific": True, "shortest": True}, {"precision": -5}, {"width": -7},
    {"width": 14, "fill": "+", "scientific": True},
)  # fmt: skip


def numbers() -> None:
    for form in FORMS:
        for dtype in ("float16", "bfloat16", "float32", "float64"):
            few = FLOATS if dtype in ("float32", "float64") else [0.0, 1.0, -3.25, 0.1]
            call(S + "as_string", tf.constant(few, dtype), **form)
        for dtype in ("complex64", "complex128"):
            call(S + "as_string", tf.constant([1.5 - 2j, complex(0, float("inf"))], dtype), **form)
        for dtype in ("int8", "int64", "uint8", "uint64"):
            least = -5 if dtype[0] == "i" else 0
            call(S + "as_string", tf.constant([least, 7, 100], dtype), **form)
        call(S + "as_string", [True, False], **form)
        call(S + "as_string", ["a", "bcd"], **form)
    call(S + "as_string", tf.constant([0.1, 1e300, 1 / 3, 2**-1074], tf.float64), precision=20)
    for text in SPELLED:
        for dtype in ("float32", "float64", "int32", "int64", "uint32", "uint64"):
            call(S + "to_number", text, out_type=dtype)
    call(S + "to_number", ["1"], out_type="int8")


SPELLED = (
    "1", "-1", "+1", " 12 ", "1.5", "1e3", "", "inf", "-inf", "Infinity", "nan", "NaN", "-nan", "nan(1)", "0x1A",
    "-0x1A", "0x1p3", "0x1.8", "1_000", "1.", ".5", ".", "1e", "1e400", "1e39", "1e-50", "-1e-50", "99999999999",
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "2147483647",
    "2147483648", "-2147483648", "-2147483649", "-9223372036854775808", "1.5f", "abc", "1 2", "\t5\n", "\v5", "1d",
    "--1", "+-1", "0x", "1e+5", "1E5", "+inf", "INF", "infi", "00012", "-0", "4294967295", "4294967296", "- 1", "٣",
    "1\0", "16777217", "0.1", "1e-45", "7e-46", "8e-46", "3.4028235677973366e38", "3.4028235677973365e38",
    "3.4028235677973367e38", "1.00000017881393432617187499", "1.00000017881393432617187501",
    "1.000000178813934326171875", "-1.00000017881393432617187501",
)  # fmt: skip


def formats() -> None:
    call(S + "format", [1, 2], template="x {} y")
    for value in (tf.range(10), tf.constant(["a", 'b"c\n\\']), tf.constant("é"), tf.constant(FLOATS),
                  tf.constant(FLOATS, tf.float64), tf.constant([True, False]), tf.zeros([0, 3]),
                  tf.constant([1.5, 0.1], tf.float16), tf.constant(b"\x01'\xff"),
                  tf.reshape(tf.range(100), [10, 10]), tf.reshape(tf.range(16), [2, 2, 2, 2]),
                  tf.constant(200, tf.uint8), tf.constant([[1.0], [2.0]])):  # fmt: skip
        for summarize in (-1, 1, 3):
            call(S + "format", value, packed=True, template="{}", summarize=summarize)
    call(S + "format", [1], "a", packed=True, template="% %", placeholder="%")
    call(S + "format", [1], packed=True, template="{} {}")
    call(S + "format", packed=True, template="abc")


def hashes() -> None:
    rng = np.random.Generator(np.random.PCG64(7))
    texts = [rng.integers(0, 256, size, dtype=np.uint8).tobytes() for size in (*range(70), 96, 127, 128, 129, 192, 300)]
    for name in ("to_hash_bucket", "to_hash_bucket_fast"):
        call(S + name, texts, num_buckets=2**62)
        call(S + name, ["a"], num_buckets=0)
    call(S + "to_hash_bucket_strong", texts, num_buckets=2**62, key=[1, 2])
    call(S + "to_hash_bucket_strong", texts[:9], num_buckets=1000, key=[-1, 2])
    call(S + "to_hash_bucket_strong", ["a"], num_buckets=10, key=[1, 2, 3])


ENCODED = (b"ab\xc3\xa9", b"a\xff\xfeb", b"\xe2\x82", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\0a", b"a\0b",
           b"\xd8\0\0a", b"\0\0\0a", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\x81@", b"\xd8\x3d\xde\0", b"\xff\xfea\0",
           b"\xfe\xff\0a", b"\xef\xbb\xbfa", b"")  # fmt: skip


def codes() -> None:
    sixteen = bytes(range(16))
    for dtype in ("uint8", "int8", "uint16", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64",
                  "bool", "complex64", "complex128"):  # fmt: skip
        for little in (True, False):
            call(IO + "decode_raw", [sixteen, sixteen[::-1]], out_type=dtype, little_endian=little)
    for texts in (["abc"], ["ab", "abcd"], "ab", ["", ""]):
        call(IO + "decode_raw", texts, out_type="int16")
    for length in (4, 2, 6, 3, 0):
        for little in (True, False):
            call(IO + "decode_raw", ["ab", "abcde", ""], out_type="uint16", little_endian=little, fixed_length=length)
    for pad in (False, True):
        call(IO + "encode_base64", ["", "a", "ab", "abc", b"\xff\xfe\xfd\xfb"], pad=pad)
    for text in ("", "YQ", "YQ==", "YQ=", "Y", "YWI", "YWI=", "YR", "__79-w", "//79", "+-", "YQ\n", "Y Q", "YWJj",
                 "YWJj====", "Y===", "Y=Q="):  # fmt: skip
        call(IO + "decode_base64", text)
    call(S + "unicode_script", [97, 0x3B1, 0x4E00, 48, 32, -1, 0x10FFFF, 0x110000, 0xD800, 0x378, 0x1F600, 0x300])
    for text in ENCODED:
        for encoding in ("UTF-8", "UTF-16-BE", "UTF-16-LE", "UTF-16", "UTF-32-BE", "US-ASCII", "ISO-8859-1", "bogus"):
            call(S + "unicode_transcode", text, input_encoding=encoding, output_encoding="UTF-8")
        for encoding in ("UTF-8", "UTF-16-BE", "UTF-32-BE", "ISO-8859-1"):
            call(S + "unicode_decode_with_offsets", text, input_encoding=encoding)
        for encoding in ("UTF-8", "UTF-16-BE", "UTF-32-BE"):
            call(S + "unicode_split_with_offsets", text, input_encoding=encoding)
            call(S + "unicode_transcode", text, input_encoding="UTF-8", output_encoding=encoding)
    for errors in ("strict", "replace", "ignore", "x"):
        for controls in (False, True):
            for text in (b"a\xffb\x01\t\n\x7f\xc2\x85", b"ab\t", b"ab"):
                attrs = {"errors": errors, "replacement_char": 63, "replace_control_characters": controls}
                call(S + "unicode_transcode", text, input_encoding="UTF-8", output_encoding="UTF-16-BE", **attrs)
                call(S + "unicode_decode", text, input_encoding="UTF-8", **attrs)
        call(S + "unicode_encode", [97, 0x110000, 0xD800, -1, 0xFFFF], output_encoding="UTF-8", errors=errors)
    for encoding in ("UTF-8", "UTF-16-BE", "UTF-32-BE", "latin1"):
        call(S + "unicode_encode", [[97, 0x1F600], [98, 99]], output_encoding=encoding)
    call(S + "unicode_encode", [0x110000], output_encoding="UTF-8", replacement_char=63)
    call(S + "unicode_encode", [[[97], [98]]], output_encoding="UTF-8")
    call(S + "unicode_encode", 97, output_encoding="UTF-8")


def main() -> None:
    for group in (parts, joins, splits, patterns, numbers, formats, hashes, codes):
        group()
    path = store.GOLDEN_DIR / "strings.json"
    meta = {"script": "tools/goldens/make_strings.py", "tensorflow": tf.__version__, "numpy": np.__version__}
    body = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    path.write_text(f'{{"meta": {json.dumps(meta)}, "cases": [\n{body}\n]}}\n', encoding="utf-8")
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()

"""`tf.strings`: text and bytes.

Splitting several strings gives rows of different lengths, as a ragged tensor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from weft.api import ragged_map
from weft.api.common import apply, axes_of, cast_to, in_a_row, integer, reduced
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor, sizes
from weft.runtime.ragged import RaggedTensor, RaggedTensorSpec
from weft.runtime.tensor import EagerTensor


def _text(value: Any, what: str) -> str:
    """A string that must be known when the op is applied."""
    if isinstance(value, str):
        return value
    if isinstance(value, EagerTensor) and value.dtype == dtypes.string and value.shape.rank == 0:
        value = value.numpy()
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    raise TypeError(f"`{what}` must be a string that is known now, received {value!r}.")


# Length, case, parts -------------------------------------------------------------------------------------------------


def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """The length of each string, as int32.

    Args:
        input: Strings of any shape.
        unit: `"BYTE"`, or `"UTF8_CHAR"` for characters.
        name: The node's name.

    Example:
        >>> import weft as tf
        >>> tf.strings.length(["weft", "é"]).numpy().tolist()
        [4, 2]
    """
    return apply("string_length", input, unit=unit, name=name)


def lower(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Strings in lower case: ASCII letters alone, or all letters under the encoding `"utf-8"`."""
    return apply("string_lower", input, encoding=encoding, name=name)


def upper(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Strings in upper case: ASCII letters alone, or all letters under the encoding `"utf-8"`."""
    return apply("string_upper", input, encoding=encoding, name=name)


def strip(input: Any, name: str | None = None) -> Any:
    """Strings without the ASCII white space around them."""
    return apply("string_strip", input, name=name)


def substr(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """Parts of strings.

    Args:
        input: Strings; they broadcast with `pos`.
        pos: Where the parts begin, int32 or int64; negative counts from the end.
        len: How long they are at most; the shape of `pos`.
        unit: `"BYTE"`, or `"UTF8_CHAR"` for characters.
        name: The node's name.

    Raises:
        InvalidArgumentError: Where a position lies outside of its string.

    Example:
        >>> import weft as tf
        >>> tf.strings.substr("hello", -3, 2).numpy()
        b'll'
    """
    begin, count = frontdoor.together(pos, len, "substr")
    return apply("substr", input, begin, count, unit=unit, name=name)


# Joining and splitting -----------------------------------------------------------------------------------------------


def join(inputs: Sequence[Any], separator: str = "", name: str | None = None) -> Any:
    """Strings put together, element by element.

    Args:
        inputs: A list of string tensors of one shape; scalars go with every element.
        separator: What stands between them.
        name: The node's name.

    Example:
        >>> import weft as tf
        >>> tf.strings.join([["a", "b"], "x"], separator="-").numpy().tolist()
        [b'a-x', b'b-x']
    """
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(
            explain(
                "strings.join: `inputs` must be a list of tensors.",
                received=repr(inputs)[:200],
                hint="to join the elements of one tensor use tf.strings.reduce_join",
            )  # fmt: skip
        )
    parts = [frontdoor.operand_of(value, dtypes.string) for value in inputs]
    return apply("string_join", *parts, separator=_text(separator, "separator"), name=name)


def reduce_join(inputs: Any, axis: Any = None, keepdims: bool = False, separator: str = "",
                name: str | None = None) -> Any:  # fmt: skip
    """The strings along axes put together.

    Args:
        inputs: Strings of any shape.
        axis: One axis, or several, of which the first is joined first; all, in the order of memory, for None.
        keepdims: Whether the joined axes stay, with size 1.
        separator: What stands between them.
        name: The node's name.

    Example:
        >>> import weft as tf
        >>> tf.strings.reduce_join([["a", "b"], ["c", "d"]], axis=-1, separator=" ").numpy().tolist()
        [b'a b', b'c d']
    """
    between = _text(separator, "separator")
    if isinstance(inputs, RaggedTensor):
        return _join_rows(inputs, axis, keepdims, between)
    x = frontdoor.convert(inputs)
    if axis is None and x.shape.rank is None:
        return reduced("string_reduce_join", x, None, keepdims, name, separator=between)
    axes = axes_of(x, axis)
    return apply("string_reduce_join", x, axis=axes[::-1] if axis is None else axes, keepdims=bool(keepdims),
                 separator=between, name=name)  # fmt: skip


def _join_rows(rows: RaggedTensor, axis: Any, keepdims: bool, separator: str) -> Any:
    """The strings of each innermost row put together, or those at each place of rows; all where there is no axis."""
    if axis is None:
        return reduce_join(rows.flat_values, None, False, separator)
    place = int(axis) + (rows.shape.rank or 0) if int(axis) < 0 else int(axis)
    if isinstance(rows.values, RaggedTensor) and place > 1:
        return rows.with_values(_join_rows(rows.values, place - 1, keepdims, separator))
    if place not in (0, 1) or isinstance(rows.values, RaggedTensor) or rows.values.shape.rank != 1:
        raise NotImplementedError(explain(f"reduce_join: axis {axis} of a ragged tensor cannot be joined.",
                                          received=repr(rows)[:100], hint="join the innermost: axis=-1"))  # fmt: skip
    marked = rows.with_values(join([separator, rows.values])) if separator else rows
    joined = reduce_join(marked.to_tensor(default_value=""), place, keepdims)
    return regex_replace(joined, "^" + re.escape(separator), "", replace_global=False) if separator else joined


def unsorted_segment_join(inputs: Any, segment_ids: Any, num_segments: Any, separator: str = "",
                          name: str | None = None) -> Any:  # fmt: skip
    """The strings of each segment put together, in their order; an empty string where a segment has none."""
    return apply("unsorted_segment_join", inputs, segment_ids, num_segments=integer(num_segments, "num_segments"),
                 separator=_text(separator, "separator"), name=name)  # fmt: skip


def split(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> Any:
    """The parts of one string between separators.

    Args:
        input: One string. (Several would give a ragged tensor.)
        sep: The separator; runs of white space where it is None or empty.
        maxsplit: How often to split at most; -1 for as often as there is a separator.
        name: The node's name.

    Returns:
        `[parts]`, strings.

    Example:
        >>> import weft as tf
        >>> tf.strings.split("a b  c").numpy().tolist()
        [b'a', b'b', b'c']
        >>> tf.strings.split(["a b", "c"])
        <tf.RaggedTensor [[b'a', b'b'], [b'c']]>
    """
    separator = "" if sep is None else _text(sep, "sep")
    return _rows("string_split", input, {"separator": separator, "maxsplit": integer(maxsplit, "maxsplit")}, name)


def bytes_split(input: Any, name: str | None = None) -> Any:
    """The bytes of strings, each a string of its own: `[bytes]` for one string, a ragged tensor for several."""
    return _rows("string_split_at_any", input, {"delimiters": ""}, name)


def _rows(op: str, input: Any, attrs: dict[str, Any], name: str | None) -> Any:
    """The parts that an op splits strings into: a vector for a scalar, rows for several strings."""
    if isinstance(input, RaggedTensor):
        return input.with_flat_values(_rows(op, input.flat_values, attrs, name))
    text = frontdoor.convert(input, None if frontdoor.is_tensor_like(input) else dtypes.string)
    if text.shape.rank == 0:
        return apply(op, text, name=name, **attrs)[1]
    if text.shape.rank is None:
        raise ValueError(explain(f"{op}: the rank of the strings is not known.", hint="use set_shape"))
    if text.shape.rank > 1:
        return RaggedTensor.from_tensor(text, ragged_rank=text.shape.rank - 1).with_flat_values(
            _rows(op, in_a_row(text), attrs, name))  # fmt: skip
    places, parts, whole = apply(op, text, name=name, **attrs)
    numbers = cast_to(places[:, 0], dtypes.int64)
    return RaggedTensor.from_value_rowids(parts, numbers, cast_to(whole[0], dtypes.int64), validate=False)


def _in_rows(data: RaggedTensor, function: Callable[[Any], Any], signature: Any) -> Any:
    """What a function makes of every innermost row: strings, or rows of them where the signature is a ragged one."""
    if isinstance(data.values, RaggedTensor):
        return data.with_values(_in_rows(data.values, function, signature))
    if data.values.shape.rank != 1:
        return data.with_values(function(data.values))
    if sizes.known(data.nrows()) == 0:
        nothing = frontdoor.convert([], dtypes.string)
        return data.with_values(nothing) if isinstance(signature, RaggedTensorSpec) else nothing
    return ragged_map.map_rows(function, data, signature)


def ngrams(data: Any, ngram_width: Any, separator: str = " ", pad_values: Any = None, padding_width: int | None = None,
           preserve_short_sequences: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """The n-grams along the last axis.

    Args:
        data: `[..., n]`, strings.
        ngram_width: How many strings make an n-gram; several widths follow one another.
        separator: What stands between the strings of an n-gram.
        pad_values: What to put before and after each row: one string, or a pair.
        padding_width: How often at most; one less than the width where None.
        preserve_short_sequences: Whether a row too short for any n-gram is one as a whole.
        name: The node's name.

    Returns:
        `[..., ngrams]`, strings.

    Example:
        >>> import weft as tf
        >>> tf.strings.ngrams(["a", "b", "c"], 2).numpy().tolist()
        [b'a b', b'b c']
    """
    widths = tuple(ngram_width) if isinstance(ngram_width, (list, tuple)) else (ngram_width,)
    pair = (pad_values, pad_values) if isinstance(pad_values, (str, bytes)) else pad_values
    attrs: dict[str, Any] = {
        "widths": tuple(integer(width, "ngram_width") for width in widths), "separator": _text(separator, "separator"),
        "pad_values": None if pair is None else tuple(_text(value, "pad_values") for value in pair),
        "padding_width": padding_width, "preserve_short": bool(preserve_short_sequences),
    }  # fmt: skip
    if isinstance(data, RaggedTensor):  # in which rows without strings have n-grams of their padding
        return _in_rows(data, lambda row: apply("string_ngrams", row, **attrs, padding_alone=True),
                        RaggedTensorSpec([None], dtypes.string))  # fmt: skip
    return apply("string_ngrams", data, **attrs, padding_alone=False, name=name)


# Regular expressions -------------------------------------------------------------------------------------------------


def regex_replace(input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None) -> Any:
    """Strings with the matches of a pattern rewritten.

    Args:
        input: Strings of any shape.
        pattern: A regular expression in RE2's syntax.
        rewrite: What to put in place of a match; `\\1` is its first group.
        replace_global: Whether all matches are rewritten, or the first of each string.
        name: The node's name.

    Raises:
        InvalidArgumentError: Where the pattern is not valid, or the rewrite names a group that is not there.

    Example:
        >>> import weft as tf
        >>> tf.strings.regex_replace("2026-11-21", r"(\\d+)-(\\d+)", r"\\2/\\1").numpy()
        b'11/2026-21'
    """
    return apply("regex_replace", input, pattern, rewrite, replace_global=bool(replace_global), name=name)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Any:
    """Whether a pattern in RE2's syntax matches the whole of each string."""
    return apply("regex_full_match", input, pattern, name=name)


# Numbers -------------------------------------------------------------------------------------------------------------


def as_string(input: Any, precision: int = -1, scientific: bool = False, shortest: bool = False, width: int = -1,
              fill: str = "", name: str | None = None) -> Any:  # fmt: skip
    """Numbers, bools or strings as text.

    Args:
        input: A tensor of any dtype.
        precision: How many digits follow the point (significant ones under `shortest`); 6 where negative.
        scientific: Whether floats are written with an exponent.
        shortest: Whether floats are written in the shorter of both ways, without closing zeros.
        width: The least length; shorter texts are filled up on the left.
        fill: With what: `"0"`, `" "`; `"-"` fills on the right, `"+"` shows signs.
        name: The node's name.

    Example:
        >>> import weft as tf
        >>> tf.strings.as_string([3.14159, 2.0], precision=2).numpy().tolist()
        [b'3.14', b'2.00']
    """
    return apply("as_string", input, precision=integer(precision, "precision"), scientific=bool(scientific),
                 shortest=bool(shortest), width=integer(width, "width"), fill=_text(fill, "fill"),
                 name=name)  # fmt: skip


def to_number(input: Any, out_type: Any = dtypes.float32, name: str | None = None) -> Any:
    """The numbers that strings spell.

    Args:
        input: Strings of any shape.
        out_type: float32, float64, int32, int64, uint32 or uint64.
        name: The node's name.

    Raises:
        InvalidArgumentError: For a string that is no such number.

    Example:
        >>> import weft as tf
        >>> tf.strings.to_number(["1.5", "-2e3"]).numpy().tolist()
        [1.5, -2000.0]
    """
    return apply("string_to_number", input, dtype=dtypes.as_dtype(out_type), name=name)


def format(template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None) -> Any:
    """A template with tensors in the places of its placeholders.

    Args:
        template: Text.
        inputs: A tensor or a list of them, as many as there are placeholders.
        placeholder: What stands for a tensor.
        summarize: How many elements to show at each end of an axis; -1 for all.
        name: The node's name.

    Example:
        >>> import weft as tf
        >>> tf.strings.format("x is {}", tf.constant([1, 2])).numpy()
        b'x is [1 2]'
    """
    tensors = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    return apply("string_format", *tensors, template=_text(template, "template"),
                 placeholder=_text(placeholder, "placeholder"), summarize=integer(summarize, "summarize"),
                 name=name)  # fmt: skip


# Buckets -------------------------------------------------------------------------------------------------------------


def to_hash_bucket(input: Any, num_buckets: Any, name: str | None = None) -> Any:
    """The bucket of each string, 0 to `num_buckets` - 1, as int64. New code takes `to_hash_bucket_fast`."""
    return apply("string_to_hash_bucket", input, num_buckets=integer(num_buckets, "num_buckets"), name=name)


def to_hash_bucket_fast(input: Any, num_buckets: Any, name: str | None = None) -> Any:
    """The bucket of each string by FarmHash's fingerprint, the same everywhere and for good.

    Args:
        input: Strings of any shape.
        num_buckets: How many buckets there are.
        name: The node's name.

    Returns:
        int64, 0 to `num_buckets` - 1.

    Example:
        >>> import weft as tf
        >>> tf.strings.to_hash_bucket_fast(["Hello", "TensorFlow", "2.x"], 3).numpy().tolist()
        [0, 2, 2]
    """
    return apply("string_to_hash_bucket_fast", input, num_buckets=integer(num_buckets, "num_buckets"), name=name)


def to_hash_bucket_strong(input: Any, num_buckets: Any, key: Any, name: str | None = None) -> Any:
    """The bucket of each string by SipHash under a key of two integers, for input that may be hostile."""
    return apply("string_to_hash_bucket_strong", input, num_buckets=integer(num_buckets, "num_buckets"),
                 key=tuple(integer(k, "key") for k in key), name=name)  # fmt: skip


# Unicode -------------------------------------------------------------------------------------------------------------


def unicode_transcode(input: Any, input_encoding: str, output_encoding: str, errors: str = "replace",
                      replacement_char: int = 65533, replace_control_characters: bool = False,
                      name: str | None = None) -> Any:  # fmt: skip
    """Strings from one encoding in another.

    Args:
        input: Strings of any shape.
        input_encoding: Theirs, such as `"UTF-8"` or `"ISO-8859-1"`.
        output_encoding: `"UTF-8"`, `"UTF-16-BE"` or `"UTF-32-BE"`.
        errors: What to do about what is not valid: `"replace"`, `"ignore"` or `"strict"`, which raises.
        replacement_char: The code point to put in its place.
        replace_control_characters: Whether control characters below 32 are not valid.
        name: The node's name.

    Example:
        >>> import weft as tf
        >>> tf.strings.unicode_transcode("é", "UTF-8", "UTF-16-BE").numpy()
        b'\\x00\\xe9'
    """
    return apply("unicode_transcode", input, input_encoding=input_encoding, output_encoding=output_encoding,
                 errors=errors, replacement_char=integer(replacement_char, "replacement_char"),
                 replace_control_characters=bool(replace_control_characters), name=name)  # fmt: skip


def unicode_decode_with_offsets(input: Any, input_encoding: str, errors: str = "replace",
                                replacement_char: int = 65533, replace_control_characters: bool = False,
                                name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The code points of strings, as int32, and the bytes at which they begin, as int64; see `unicode_decode`."""
    if isinstance(input, RaggedTensor):
        found = unicode_decode_with_offsets(input.flat_values, input_encoding, errors, replacement_char,
                                            replace_control_characters, name)  # fmt: skip
        return input.with_flat_values(found[0]), input.with_flat_values(found[1])
    text = frontdoor.convert(input, None if frontdoor.is_tensor_like(input) else dtypes.string)
    if text.shape.rank is None:
        raise ValueError(explain("unicode_decode: the rank of the strings is not known.", hint="use set_shape"))
    if text.shape.rank > 1:
        rows = RaggedTensor.from_tensor(text, ragged_rank=text.shape.rank - 1)
        return unicode_decode_with_offsets(rows, input_encoding, errors, replacement_char, replace_control_characters,
                                           name)  # fmt: skip
    points, starts, splits = apply("unicode_decode", in_a_row(text), input_encoding=input_encoding, errors=errors,
                                   replacement_char=integer(replacement_char, "replacement_char"),
                                   replace_control_characters=bool(replace_control_characters), name=name)  # fmt: skip
    if text.shape.rank == 0:
        return points, starts
    ends = cast_to(splits, dtypes.int64)
    return tuple(RaggedTensor.from_row_splits(part, ends, validate=False) for part in (points, starts))  # type: ignore[return-value]


def unicode_decode(input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
                   replace_control_characters: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """The code points of strings.

    Args:
        input: One string, or several.
        input_encoding: Its encoding, such as `"UTF-8"`.
        errors: What to do about what is not valid: `"replace"`, `"ignore"` or `"strict"`, which raises.
        replacement_char: The code point to put in its place.
        replace_control_characters: Whether control characters below 32 are not valid.
        name: The node's name.

    Returns:
        `[characters]`, int32; a ragged tensor for several strings.

    Example:
        >>> import weft as tf
        >>> tf.strings.unicode_decode("aé", "UTF-8").numpy().tolist()
        [97, 233]
    """
    return unicode_decode_with_offsets(input, input_encoding, errors, replacement_char, replace_control_characters,
                                       name)[0]  # fmt: skip


def unicode_split_with_offsets(input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
                               name: str | None = None) -> tuple[Any, Any]:  # fmt: skip
    """The characters of strings, each a string of its own, and the bytes at which they begin, as int64."""
    points, starts = unicode_decode_with_offsets(input, input_encoding, errors, replacement_char)
    flat = points.flat_values if isinstance(points, RaggedTensor) else points
    found = unicode_encode(apply("expand_dims", flat, axis=-1), input_encoding, "strict", name=name)
    return points.with_flat_values(found) if isinstance(points, RaggedTensor) else found, starts


def unicode_split(input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
                  name: str | None = None) -> Any:  # fmt: skip
    """The characters of strings, each a string of its own: `[characters]`; a ragged tensor for several strings."""
    return unicode_split_with_offsets(input, input_encoding, errors, replacement_char, name)[0]


def unicode_encode(input: Any, output_encoding: str, errors: str = "replace", replacement_char: int = 65533,
                   name: str | None = None) -> Any:  # fmt: skip
    """The strings that rows of code points spell.

    Args:
        input: `[..., characters]`, int32.
        output_encoding: `"UTF-8"`, `"UTF-16-BE"` or `"UTF-32-BE"`.
        errors: What to do about what is no code point: `"replace"`, `"ignore"` or `"strict"`, which raises.
        replacement_char: The code point to put in its place.
        name: The node's name.

    Returns:
        `[...]`, strings.

    Example:
        >>> import weft as tf
        >>> tf.strings.unicode_encode([[97, 233], [98, 99]], "UTF-8").numpy().tolist()
        [b'a\\xc3\\xa9', b'bc']
    """
    attrs: dict[str, Any] = {"output_encoding": output_encoding, "errors": errors,
             "replacement_char": integer(replacement_char, "replacement_char")}  # fmt: skip
    if isinstance(input, RaggedTensor):
        return _in_rows(input, lambda row: apply("unicode_encode", row, **attrs), dtypes.string)
    return apply("unicode_encode", input, **attrs, name=name)


def unicode_script(input: Any, name: str | None = None) -> Any:
    """The script of each code point, as ICU numbers scripts (Latin is 25); -1 for what is no code point."""
    return apply("unicode_script", input, name=name)

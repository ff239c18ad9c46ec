"""`tf.strings` of version 1: where names, order or meanings of arguments differ."""

from __future__ import annotations

from typing import Any

import weft
from weft.api import strings as _strings
from weft.api.common import apply as _apply
from weft.base.errors import explain
from weft.compat.v1.naming import composite, in_graph
from weft.compat.v1.naming import namespace_of as _namespace_of
from weft.compat.v1.ops import _old_name
from weft.runtime import frontdoor, graph_ops
from weft.runtime.ragged import RaggedTensor
from weft.runtime.scopes import Unit
from weft.runtime.sparse import SparseTensor

__getattr__ = _namespace_of(_strings)


def __dir__() -> list[str]:
    return sorted({*globals(), *(name for name in dir(_strings) if not name.startswith("_"))})


def _needed(value: Any, function: str, argument: str) -> Any:
    if value is None:
        raise TypeError(f"{function} needs `{argument}`.")
    return value


def length(input: Any, name: str | None = None, unit: str = "BYTE") -> Any:
    """The length of each string, in bytes or characters; version 1 takes the name second."""
    return _strings.length(input, unit, name)


def substr(input: Any, pos: Any, len: Any, name: str | None = None, unit: str = "BYTE") -> Any:
    """Parts of strings; version 1 takes the name before the unit."""
    return _strings.substr(input, pos, len, unit, name)


def to_number(string_tensor: Any = None, out_type: Any = weft.float32, name: str | None = None,
              input: Any = None) -> Any:  # fmt: skip
    """The numbers that strings spell."""
    found = _old_name(input, string_tensor, "input", "string_tensor")
    return _strings.to_number(_needed(found, "string_to_number", "string_tensor"), out_type, name)


def to_hash_bucket(string_tensor: Any = None, num_buckets: Any = None, name: str | None = None,
                   input: Any = None) -> Any:  # fmt: skip
    """The bucket of each string, 0 to `num_buckets` - 1, as int64."""
    found = _old_name(input, string_tensor, "input", "string_tensor")
    return _strings.to_hash_bucket(_needed(found, "string_to_hash_bucket", "string_tensor"),
                                   _needed(num_buckets, "string_to_hash_bucket", "num_buckets"), name)  # fmt: skip


def reduce_join(inputs: Any, axis: Any = None, keep_dims: Any = None, separator: str = "", name: str | None = None,
                reduction_indices: Any = None, keepdims: Any = None) -> Any:  # fmt: skip
    """The strings along axes put together, with version 1's `reduction_indices` and `keep_dims` too."""
    axis = _old_name(axis, reduction_indices, "axis", "reduction_indices")
    keep = bool(_old_name(keepdims, keep_dims, "keepdims", "keep_dims"))
    if not in_graph():
        return _strings.reduce_join(inputs, axis, keep, separator, name)
    with Unit("ReduceJoin"):  # whatever the name: that is the node's inside
        if axis is not None:
            return _strings.reduce_join(inputs, axis, keep, separator, name)
        with graph_ops.constants_outside():
            return _strings.reduce_join(inputs, None, keep, separator, name)


_static_replace = composite("strings.regex_replace", _strings.regex_replace)
_static_match = composite("strings.regex_full_match", _strings.regex_full_match)


def regex_replace(input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None) -> Any:
    """Strings with the matches of a pattern rewritten."""
    known = isinstance(pattern, (str, bytes)) and isinstance(rewrite, (str, bytes))
    function = _static_replace if known else _strings.regex_replace
    return function(input, pattern, rewrite, replace_global, name)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Any:
    """Whether a pattern matches the whole of each string."""
    function = _static_match if isinstance(pattern, (str, bytes)) else _strings.regex_full_match
    return function(input, pattern, name)


# Splitting -----------------------------------------------------------------------------------------------------------


def split(input: Any = None, sep: Any = None, maxsplit: int = -1, result_type: str = "SparseTensor",
          source: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """The parts of strings between separators.

    Args:
        input: `[strings]`; any shape for a ragged result.
        sep: The separator; runs of white space where it is None or empty.
        maxsplit: How often to split at most; -1 for as often as there is a separator.
        result_type: `"SparseTensor"` or `"RaggedTensor"`.
        source: Another name of `input`.
        name: The node's name.

    Example:
        >>> import weft.compat.v1 as tf
        >>> tf.strings.split(["a b", "c"], result_type="RaggedTensor").to_list()
        [[b'a', b'b'], [b'c']]
    """
    text = _needed(_old_name(input, source, "input", "source"), "strings.split", "input")
    _check_result("strings.split", text, result_type)
    return (_sparse_parts if result_type == "SparseTensor" else _ragged_parts)(text, sep, maxsplit, name)


def _parts(text: Any, sep: Any, maxsplit: int, name: str | None) -> Any:
    return _strings.split(text, sep, maxsplit, name).to_sparse()


_sparse_parts = composite("strings.split", _parts)
_ragged_parts = composite("strings.split_ragged", _strings.split)


def string_split(source: Any, sep: Any = None, skip_empty: bool = True, delimiter: Any = None,
                 result_type: str = "SparseTensor", name: str | None = None) -> Any:  # fmt: skip
    """The parts of strings between any of several characters.

    Args:
        source: `[strings]`.
        sep: The characters that separate; a blank where None. An empty one separates every byte.
        skip_empty: Whether empty parts are left out.
        delimiter: Another name of `sep`.
        result_type: `"SparseTensor"` or `"RaggedTensor"`.
        name: The node's name.

    Example:
        >>> import weft.compat.v1 as tf
        >>> tf.string_split(["a b", "c"], result_type="RaggedTensor").to_list()
        [[b'a', b'b'], [b'c']]
    """
    found = _old_name(sep, delimiter, "sep", "delimiter")
    characters = " " if found is None else found
    text = frontdoor.convert(source, weft.string)
    _check_result("string_split", text, result_type)
    known = characters if isinstance(characters, str) else bytes(characters).decode("latin-1")
    places, parts, whole = _apply("string_split_at_any", text, delimiters=known, skip_empty=bool(skip_empty), name=name)
    result = SparseTensor(places, parts, whole)
    return result if result_type == "SparseTensor" else RaggedTensor.from_sparse(result)


string_split = composite("string_split", string_split)


def _check_result(function: str, input: Any, result_type: str) -> None:
    tensor = frontdoor.convert(input, weft.string)
    if result_type not in ("RaggedTensor", "SparseTensor"):
        raise ValueError(f"{function}: `result_type` must be 'RaggedTensor' or 'SparseTensor', not {result_type!r}.")
    if tensor.shape.rank not in (1, None) and (result_type == "SparseTensor" or function == "string_split"):
        raise ValueError(explain(f"tf.{function}: Shape must be rank 1 but is rank {tensor.shape.rank}.",
                                 received=str(tensor.type), hint="put one string into a list"))  # fmt: skip

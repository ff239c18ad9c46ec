"""What TensorFlow's operations on strings, tables and sparse tensors are made of here."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft
from weft.api.lookup_tables import LookupTable
from weft.compat.v1 import io as v1_io
from weft.compat.v1 import strings as v1_strings
from weft.compat.v1.graph_import import Importer, NotKnown, Source, handles
from weft.compat.v1.graph_import_media import calls
from weft.runtime.host_call import host_call
from weft.runtime.sparse import SparseTensor

# Strings ------------------------------------------------------------------------------------------------------------

handles("StringLower")(calls(weft.strings.lower, encoding="encoding"))
handles("StringUpper")(calls(weft.strings.upper, encoding="encoding"))
handles("StringStrip")(calls(weft.strings.strip))
handles("Substr")(calls(weft.strings.substr, unit="unit"))
handles("StringToHashBucket")(calls(weft.strings.to_hash_bucket, num_buckets="num_buckets"))
handles("StringToHashBucketFast")(calls(weft.strings.to_hash_bucket_fast, num_buckets="num_buckets"))
handles("StringToHashBucketStrong")(calls(weft.strings.to_hash_bucket_strong, num_buckets="num_buckets", key="key"))
handles("EncodeBase64")(calls(weft.io.encode_base64, pad="pad"))
handles("DecodeBase64")(calls(weft.io.decode_base64))
handles("StaticRegexFullMatch")(calls(weft.strings.regex_full_match, pattern="pattern"))
handles("StaticRegexReplace")(calls(weft.strings.regex_replace, pattern="pattern", rewrite="rewrite",
                                    replace_global="replace_global"))  # fmt: skip
handles("UnicodeTranscode")(calls(
    weft.strings.unicode_transcode, input_encoding="input_encoding", output_encoding="output_encoding",
    errors="errors", replacement_char="replacement_char"))  # fmt: skip
handles("UnicodeScript")(calls(weft.strings.unicode_script))
handles("DecodeCompressed")(calls(weft.io.decode_compressed, compression_type="compression_type"))
handles("ParseTensor")(calls(weft.io.parse_tensor, out_type="out_type"))
handles("SerializeTensor")(calls(weft.io.serialize_tensor))
handles("WriteFile")(calls(v1_io.write_file))
handles("MatchingFiles")(calls(weft.io.matching_files))


@handles("RegexReplace")
def _replace(x: Importer, source: Source) -> Any:
    return weft.strings.regex_replace(x.value(source.inputs[0]), _word(x, source, 1), _word(x, source, 2),
                                      source.attrs.get("replace_global", True))  # fmt: skip


@handles("RegexFullMatch")
def _matches(x: Importer, source: Source) -> Any:
    return weft.strings.regex_full_match(x.value(source.inputs[0]), _word(x, source, 1))


def _word(x: Importer, source: Source, position: int) -> str:
    found = np.asarray(x.static(source, position)).ravel()[0]
    return found.decode() if isinstance(found, bytes) else str(found)


@handles("ReduceJoin")
def _join(x: Importer, source: Source) -> Any:
    axes = np.ravel(x.static(source, 1)).tolist()
    separator = source.attrs.get("separator") or b""
    return weft.strings.reduce_join(x.value(source.inputs[0]), axes, bool(source.attrs.get("keep_dims")),
                                    separator.decode())  # fmt: skip


@handles("StringSplit")
def _split(x: Importer, source: Source) -> Any:
    return _parts(v1_strings.string_split(x.value(source.inputs[0]), _word(x, source, 1),
                                          source.attrs.get("skip_empty", True)))  # fmt: skip


@handles("StringSplitV2")
def _split_at(x: Importer, source: Source) -> Any:
    return _parts(v1_strings.split(x.value(source.inputs[0]), _word(x, source, 1), source.attrs.get("maxsplit", -1)))


@handles("DecodeCSV")
def _csv(x: Importer, source: Source) -> Any:
    records, *defaults = x.values(source)
    held = {name: source.attrs[name] for name in ("field_delim", "na_value") if source.attrs.get(name) is not None}
    chosen = source.attrs.get("select_cols") or None
    return list(v1_io.decode_csv(records, defaults, use_quote_delim=bool(source.attrs.get("use_quote_delim", True)),
                                 select_cols=chosen, **{k: v.decode() for k, v in held.items()}))  # fmt: skip


@handles("StringNGrams")
def _ngrams(x: Importer, source: Source) -> Any:
    raise NotKnown("runs of words of ragged rows")


# Tables -------------------------------------------------------------------------------------------------------------


class _Table(LookupTable):
    """A table of a graph, which one of its operations fills."""

    def __init__(self, key_dtype: Any, value_dtype: Any, name: str) -> None:
        super().__init__(key_dtype, value_dtype, name)
        self._entries = None

    def filled(self, keys: Any, values: Any, replaced: bool = True) -> Any:
        """An operation that fills it, or adds to it."""

        def run(keys: Any, values: Any) -> list[Any]:
            from weft.api.lookup_tables import plain

            found = {} if replaced else dict(self._entries or {})
            found.update(zip(plain(keys), list(values), strict=True))
            self._entries = found
            return []

        return host_call(run, [keys, values], (), "LookupTableImportV2", "fill")[0]

    def found(self, keys: Any, default: Any) -> Any:
        """The values of keys; a default where there is none."""
        return self._looked_up(keys, default, None)


@handles("HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2")
def _table(x: Importer, source: Source) -> Any:
    made = _Table(source.attrs["key_dtype"], source.attrs["value_dtype"], source.name)
    if source.op.startswith("Mutable"):
        made._entries = {}
    return [made]


@handles("InitializeTable", "InitializeTableV2", "LookupTableImport", "LookupTableImportV2")
def _fill_table(x: Importer, source: Source) -> Any:
    table, keys, values = x.values(source)
    return [table.filled(keys, values)]


@handles("LookupTableInsert", "LookupTableInsertV2")
def _insert(x: Importer, source: Source) -> Any:
    table, keys, values = x.values(source)
    return [table.filled(keys, values, False)]


@handles("InitializeTableFromTextFile", "InitializeTableFromTextFileV2")
def _fill_from_file(x: Importer, source: Source) -> Any:
    table, path = x.values(source)
    key_index, value_index = source.attrs["key_index"], source.attrs["value_index"]
    size, delimiter = source.attrs.get("vocab_size", -1), source.attrs.get("delimiter") or b"\t"

    def run(path: Any) -> list[Any]:
        name = np.asarray(path).ravel()[0]
        initializer = weft.lookup.TextFileInitializer(
            name.decode(), table.key_dtype, key_index, table.value_dtype, value_index,
            vocab_size=None if size in (-1, None) else size, delimiter=delimiter.decode())  # fmt: skip
        from weft.api.lookup_tables import plain
        from weft.runtime import context

        with context.outside_graphs():
            keys, values = (tensor.numpy() for tensor in initializer._tensors())
        table._entries = dict(zip(plain(keys), list(values), strict=True))
        return []

    return [host_call(run, [path], (), source.op, "fill")[0]]


@handles("LookupTableFind", "LookupTableFindV2")
def _find(x: Importer, source: Source) -> Any:
    table, keys, default = x.values(source)
    return table.found(keys, default)


@handles("LookupTableSize", "LookupTableSizeV2")
def _count(x: Importer, source: Source) -> Any:
    return x.value(source.inputs[0]).size()


@handles("LookupTableExport", "LookupTableExportV2")
def _export(x: Importer, source: Source) -> Any:
    return list(x.value(source.inputs[0]).export())


# Sparse tensors -----------------------------------------------------------------------------------------------------


def _parts(sparse: Any) -> list[Any]:
    return [sparse.indices, sparse.values, sparse.dense_shape]


@handles("SparseToDense")
def _to_dense(x: Importer, source: Source) -> Any:
    from weft.compat.v1.sparse import to_tensor

    indices, shape, values, default = x.values(source)
    return to_tensor(indices, shape, values, default)


@handles("SparseTensorDenseMatMul")
def _matmul(x: Importer, source: Source) -> Any:
    indices, values, shape, other = x.values(source)
    return weft.sparse.sparse_dense_matmul(SparseTensor(indices, values, shape), other,
                                           bool(source.attrs.get("adjoint_a")),
                                           bool(source.attrs.get("adjoint_b")))  # fmt: skip


@handles("SparseTensorDenseAdd")
def _add_dense(x: Importer, source: Source) -> Any:
    indices, values, shape, other = x.values(source)
    return weft.sparse.add(SparseTensor(indices, values, shape), other)


@handles("SparseDenseCwiseMul", "SparseDenseCwiseDiv")
def _by_dense(x: Importer, source: Source) -> Any:
    indices, values, shape, other = x.values(source)
    sparse = SparseTensor(indices, values, shape)
    return (sparse * other if source.op.endswith("Mul") else sparse / other).values


@handles("SparseReshape")
def _reshape(x: Importer, source: Source) -> Any:
    indices, shape, wanted = x.values(source)
    found = weft.sparse.reshape(SparseTensor(indices, weft.zeros_like(indices[:, 0]), shape), wanted)
    return [found.indices, found.dense_shape]


@handles("SparseReorder")
def _reorder(x: Importer, source: Source) -> Any:
    return _parts(weft.sparse.reorder(SparseTensor(*x.values(source))))[:2]


@handles("SparseFillEmptyRows")
def _fill_rows(x: Importer, source: Source) -> Any:
    if x._used.get(source.name, 0) > 2:
        raise NotKnown("the places of rows within it")
    *parts, default = x.values(source)
    found, empty = weft.sparse.fill_empty_rows(SparseTensor(*parts), default)
    return [found.indices, found.values, empty]


@handles("SparseConcat")
def _concat(x: Importer, source: Source) -> Any:
    values = x.values(source)
    count = len(values) // 3
    sparse = [SparseTensor(*parts) for parts in zip(values[:count], values[count : 2 * count], values[2 * count :],
                                                   strict=True)]  # fmt: skip
    return _parts(weft.sparse.concat(source.attrs["concat_dim"], sparse))


@handles("SparseSlice")
def _slice(x: Importer, source: Source) -> Any:
    *parts, start, size = x.values(source)
    return _parts(weft.sparse.slice(SparseTensor(*parts), start, size))


@handles("SparseSoftmax")
def _softmax(x: Importer, source: Source) -> Any:
    return weft.sparse.softmax(SparseTensor(*x.values(source))).values


@handles("SparseReduceSum", "SparseReduceMax")
def _reduce(x: Importer, source: Source) -> Any:
    function = weft.sparse.reduce_sum if source.op.endswith("Sum") else weft.sparse.reduce_max
    return function(SparseTensor(*x.values(source)[:3]), np.ravel(x.static(source, 3)).tolist(),
                    bool(source.attrs.get("keep_dims")))  # fmt: skip


for _kind in ("sum", "mean", "sqrt_n"):
    _name = "SparseSegment" + {"sum": "Sum", "mean": "Mean", "sqrt_n": "SqrtN"}[_kind]
    handles(_name, f"{_name}WithNumSegments")(calls(getattr(weft.sparse, f"segment_{_kind}")))


@handles("CTCGreedyDecoder")
def _greedy(x: Importer, source: Source) -> Any:
    from weft.compat.v1.ctc import ctc_greedy_decoder

    inputs, lengths = x.values(source)
    (found,), total = ctc_greedy_decoder(inputs, lengths, bool(source.attrs.get("merge_repeated")))
    return [*_parts(found), total]


@handles("CTCBeamSearchDecoder")
def _beam(x: Importer, source: Source) -> Any:
    from weft.compat.v1.ctc import ctc_beam_search_decoder

    inputs, lengths = x.values(source)
    paths, total = ctc_beam_search_decoder(inputs, lengths, source.attrs["beam_width"], source.attrs["top_paths"],
                                           bool(source.attrs.get("merge_repeated", True)))  # fmt: skip
    columns = zip(*(_parts(path) for path in paths), strict=True)
    return [*(part for column in columns for part in column), total]


@handles("DenseToDenseSetOperation")
def _sets(x: Importer, source: Source) -> Any:
    kind = source.attrs["set_operation"].decode()
    named = {"a-b": "difference", "b-a": "difference", "intersection": "intersection", "union": "union"}
    operands = x.values(source)
    if kind == "b-a":
        operands.reverse()
    return _parts(getattr(weft.sets, named[kind])(*operands))


@handles("EditDistance")
def _distance(x: Importer, source: Source) -> Any:
    values = x.values(source)
    return weft.edit_distance(SparseTensor(*values[:3]), SparseTensor(*values[3:]),
                              bool(source.attrs.get("normalize", True)))  # fmt: skip



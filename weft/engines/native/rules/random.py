"""Random numbers: words of Philox streams, any of which can be computed by itself."""

from __future__ import annotations

from collections.abc import Sequence

from weft.base import dtypes
from weft.engines.native.index import Index
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, Unsupported, rule
from weft.engines.native.rules.pointwise import cast, compare, op, pick
from weft.engines.native.sources import Computed, Indices, Source, flat_index
from weft.ir.graph import Node

_FACTORS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10

_u32, _u64 = dtypes.uint32, dtypes.uint64


def _high(product: Expr) -> Expr:
    return cast(op("shift_right", product, Const(32, _u64)), _u32)


def block(key: Sequence[Expr], counter: Sequence[Expr], number: Expr) -> list[Expr]:
    """The four words of a block: `key` two words, `counter` two or four, `number` uint64."""
    words = list(counter)
    low = Op("or", (cast(words[0], _u64), op("shift_left", cast(words[1], _u64), Const(32, _u64))), _u64)
    first = op("add", low, number)
    x: list[Expr] = [cast(first, _u32), _high(first)]
    if len(words) == 4:
        high = Op("or", (cast(words[2], _u64), op("shift_left", cast(words[3], _u64), Const(32, _u64))), _u64)
    else:
        high = Const(0, _u64)
    carried = op("add", high, cast(compare("less", first, low), _u64))
    x += [cast(carried, _u32), _high(carried)]
    k0, k1 = key
    for turn in range(_ROUNDS):
        p0 = op("multiply", cast(x[0], _u64), Const(_FACTORS[0], _u64))
        p1 = op("multiply", cast(x[2], _u64), Const(_FACTORS[1], _u64))
        x = [
            op("xor", op("xor", _high(p1), x[1]), k0), cast(p1, _u32),
            op("xor", op("xor", _high(p0), x[3]), k1), cast(p0, _u32),
        ]  # fmt: skip
        if turn + 1 < _ROUNDS:
            k0, k1 = op("add", k0, Const(_WEYL[0], _u32)), op("add", k1, Const(_WEYL[1], _u32))
    return x


def word(key: Source, counter: Source, position: Index) -> Expr:
    """One word of a stream."""
    number = cast(At(position // 4), _u64)
    words = block(
        [key.at((Index.of(i),)) for i in range(2)],
        [counter.at((Index.of(i),)) for i in range(counter.shape[0])],  # type: ignore[arg-type]
        number,
    )
    part = At(position % 4)
    chosen = words[3]
    for place in (2, 1, 0):
        chosen = pick(compare("equal", part, At(Index.of(place))), words[place], chosen)
    return chosen


@rule("random_stream")
def _stream(low: Lowering, node: Node) -> Sequence[Source]:
    seed = low.memory(low.source(node.inputs[0]), "seed")
    numbers = [cast(cast(seed.at((Index.of(i),)), dtypes.int64), _u64) for i in range(2)]
    counter: list[Expr] = []
    for n in numbers:
        counter += [cast(n, _u32), _high(n)]
    mixed = block([Const(0x3EC8F720, _u32), Const(0x02461E29, _u32)], counter, Const(0, _u64))
    zero = Const(0, _u32)
    return [low.memory(_listed(mixed[:2])), low.memory(_listed([zero, zero, *mixed[2:]]))]


def _listed(values: Sequence[Expr]) -> Computed:
    def element(indices: Indices) -> Expr:
        chosen = values[-1]
        for place in range(len(values) - 2, -1, -1):
            chosen = pick(compare("equal", At(indices[0]), At(Index.of(place))), values[place], chosen)
        return chosen

    return Computed((len(values),), _u32, element, 100)


@rule("random_uniform")
def _uniform(low: Lowering, node: Node) -> Sequence[Source]:
    key, counter = (low.memory(low.source(v)) for v in node.inputs)
    shape, dtype = tuple(node.attrs["shape"]), node.attrs["dtype"]
    low.known(*key.shape, *counter.shape)
    if dtype is not dtypes.float32:
        raise Unsupported("native uniform numbers are float32")

    def element(indices: Indices) -> Expr:
        bits = op("and", word(key, counter, flat_index(shape, indices)), Const(0x7FFFFF, _u32))
        return op("multiply", cast(cast(bits, dtypes.int32), dtypes.float32), Const(2.0**-23, dtypes.float32))

    return [Computed(shape, dtype, element, 100)]

"""Random numbers: words of Philox streams, any of which can be computed by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes, shapes
from weft.base.dims import ceil_divide, product
from weft.engines.native.draws import Block, Kept, Words, portions
from weft.engines.native.index import ZERO, Index
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, Nest, aligned, rule
from weft.engines.native.rules.division import remainder
from weft.engines.native.rules.index import settled
from weft.engines.native.rules.reduction import reduce_over
from weft.engines.native.rules.running import accumulated
from weft.engines.native.rules.sort import ordered
from weft.engines.native.shorthand import cast, compare, op, pick
from weft.engines.native.sources import Computed, Indices, Source, flat_index
from weft.ir.graph import Node

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.base.dtypes import DType

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
        high: Expr = Op("or", (cast(words[2], _u64), op("shift_left", cast(words[3], _u64), Const(32, _u64))), _u64)
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


def block_of(key: Source, counter: Source) -> Block:
    """From the number of a block of a stream to its words."""
    keys = [key.at((Index.of(i),)) for i in range(2)]
    counts = [counter.at((Index.of(i),)) for i in range(counter.shape[0])]  # type: ignore[arg-type]
    return lambda number: block(keys, counts, cast(At(number), _u64))


def words(low: Lowering, node: Node, count: Dimension) -> Callable[[Index], Expr]:
    """The first words of a node's stream, by their number."""
    made = low.temporary((portions(count),), _u32, "words")
    template = Words(made, block_of(*_stream_of(low, node)))
    low.nests.append(Nest(made.shape, lambda place, _: made.at(place), made, name="words", template=template))
    return lambda number: made.at((number,))


def _stream_of(low: Lowering, node: Node) -> tuple[Source, Source]:
    key, counter = (low.memory(low.source(v)) for v in node.inputs[:2])
    low.known(*key.shape, *counter.shape)
    return key, counter


def _pair(word: Callable[[Index], Expr], number: Index) -> Expr:
    """Two neighbouring words as one number of 64 bits, the low one first."""
    return joined(word(number * 2), word(number * 2 + 1))


def joined(low: Expr, high: Expr) -> Expr:
    """A number of 64 bits from its halves."""
    return Op("or", (cast(low, _u64), op("shift_left", cast(high, _u64), Const(32, _u64))), _u64)


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


# -- bits and uniform numbers -----------------------------------------------------------------------------------------


def _raw(low: Lowering, node: Node, shape: Shape, dtype: DType) -> Callable[[Indices], Expr]:
    """Unsigned numbers of the type's width (32 bits at least), each equally likely."""
    count = product(tuple(shape))
    if dtype.size == 8:
        word = words(low, node, count * 2)
        return lambda place: _pair(word, flat_index(shape, place))
    single = words(low, node, count)
    return lambda place: single(flat_index(shape, place))


@rule("random_bits")
def _bits(low: Lowering, node: Node) -> Sequence[Source]:
    shape, dtype = tuple(node.attrs["shape"]), node.attrs["dtype"]
    raw = _raw(low, node, shape, dtype)
    return [Computed(shape, dtype, lambda place: cast(raw(place), dtype), 2)]


def unit(word: Expr, digits: int, dtype: DType) -> Expr:
    """A fraction with so many binary digits, the low ones of a word."""
    bits = op("and", word, Const((1 << digits) - 1, _u32))
    return op("multiply", cast(cast(bits, dtypes.int32), dtype), Const(2.0**-digits, dtype))


def unit_float64(first: Expr, second: Expr) -> Expr:
    """A fraction of 52 binary digits, the high 20 from the first word."""
    wide = dtypes.float64
    high = op("multiply", cast(op("and", first, Const(0xFFFFF, _u32)), wide), Const(2.0**32, wide))
    return op("multiply", op("add", high, cast(second, wide)), Const(2.0**-52, wide))


_DIGITS = {"float32": 23, "float16": 10, "bfloat16": 7}


@rule("random_uniform")
def _uniform(low: Lowering, node: Node) -> Sequence[Source]:
    shape, dtype = tuple(node.attrs["shape"]), node.attrs["dtype"]
    count = product(shape)
    if dtype is dtypes.float64:
        word = words(low, node, count * 2)

        def element(place: Indices) -> Expr:
            number = flat_index(shape, place) * 2
            return unit_float64(word(number), word(number + 1))
    else:
        word = words(low, node, count)

        def element(place: Indices) -> Expr:
            return cast(unit(word(flat_index(shape, place)), _DIGITS[dtype.name], dtypes.float32), dtype)

    return [Computed(shape, dtype, element, 4)]


@rule("random_integers")
def _integers(low: Lowering, node: Node) -> Sequence[Source]:
    minval, maxval = (settled(low, low.source(value)) for value in node.inputs[2:])
    shape, dtype = tuple(node.attrs["shape"]), minval.dtype
    raw = _raw(low, node, shape, dtype)
    unsigned = {1: dtypes.uint8, 2: dtypes.uint16, 4: _u32, 8: _u64}[dtype.size]
    wide = _u64 if dtype.size == 8 else _u32
    to_min, to_max = aligned(minval, shape), aligned(maxval, shape)
    reach: Shape = shapes.broadcast(minval.shape, maxval.shape) or ()
    of_min, of_max = aligned(minval, reach), aligned(maxval, reach)
    low.check(reach, lambda p: compare("greater_equal", minval.at(of_min(p)), maxval.at(of_max(p))))

    def element(place: Indices) -> Expr:
        least = cast(minval.at(to_min(place)), unsigned)
        width = cast(op("subtract", cast(maxval.at(to_max(place)), unsigned), least), wide)
        return cast(op("add", least, cast(remainder(raw(place), width), unsigned)), dtype)

    return [Computed(shape, dtype, element, 14)]


# -- normal numbers ---------------------------------------------------------------------------------------------------


def normal(first: Expr, second: Expr, cosine: Expr | bool) -> Expr:
    """A normal number from two uniform ones, by Box and Muller; functions are computed in float64 and rounded once."""
    dtype, wide = first.dtype, dtypes.float64
    logarithm = cast(op("log", cast(op("maximum", Const(1e-7, dtype), first), wide)), dtype)
    radius = op("sqrt", op("multiply", Const(-2, dtype), logarithm))
    angle = cast(cast(op("multiply", cast(second, wide), Const(2 * math.pi, wide)), dtype), wide)
    if isinstance(cosine, bool):
        turned: Expr = op("cos" if cosine else "sin", angle)
    else:
        turned = pick(cosine, op("cos", angle), op("sin", angle))
    return op("multiply", cast(turned, dtype), radius)


@rule("random_normal")
def _normal(low: Lowering, node: Node) -> Sequence[Source]:
    shape, dtype = tuple(node.attrs["shape"]), node.attrs["dtype"]
    count = product(shape)
    double = dtype is dtypes.float64
    word = words(low, node, ceil_divide(count, 2) * (4 if double else 2))

    def element(place: Indices) -> Expr:
        number = flat_index(shape, place)
        cosine = compare("equal", At(number % 2), At(Index.of(1)))
        if double:
            first = number // 2 * 4
            one, other = (unit_float64(word(first + i), word(first + i + 1)) for i in (0, 2))
            return normal(one, other, cosine)
        first = number // 2 * 2
        one, other = (unit(word(first + i), 23, dtypes.float32) for i in range(2))
        return cast(normal(one, other, cosine), dtype)

    return [Computed(shape, dtype, element, 150)]


@rule("random_truncated_normal")
def _truncated_normal(low: Lowering, node: Node) -> Sequence[Source]:
    shape, dtype = tuple(node.attrs["shape"]), node.attrs["dtype"]
    double = dtype is dtypes.float64
    wide, group = (dtypes.float64, 2) if double else (dtypes.float32, 4)
    of_block = block_of(*_stream_of(low, node))

    def numbers(number: Index) -> list[Expr]:
        word = of_block(number)
        if double:
            first, second = (unit_float64(*word[i : i + 2]) for i in (0, 2))
            return [normal(first, second, cosine) for cosine in (False, True)]
        drawn = [unit(w, 23, wide) for w in word]
        return [normal(drawn[i], drawn[i + 1], cosine) for i in (0, 2) for cosine in (False, True)]

    def near(value: Expr) -> Expr:
        return compare("less", op("abs", value), Const(2, wide))

    made = low.temporary((portions(product(shape)),), wide, "truncated")
    template = Kept(made, group, 64 * group, numbers, near)
    low.nests.append(Nest(made.shape, lambda place, _: made.at(place), made, name="truncated", template=template))
    return [Computed(shape, dtype, lambda place: cast(made.at((flat_index(shape, place),)), dtype), 1)]


# -- choices ----------------------------------------------------------------------------------------------------------


@rule("random_permutation")
def _permutation(low: Lowering, node: Node) -> Sequence[Source]:
    size = node.attrs["size"]
    low.known(size)
    word = words(low, node, size * 2)
    keys = low.memory(Computed((size,), _u64, lambda place: _pair(word, place[0]), 4), "keys")
    return [ordered(low, keys, 0, size, False, node.attrs["dtype"], "permutation")]


@rule("random_categorical")
def _categorical(low: Lowering, node: Node) -> Sequence[Source]:
    """The class at which the running sum of a row's weights passes a uniform share of their total."""
    logits, wide = settled(low, low.source(node.inputs[2])), dtypes.float64
    rows, classes = logits.shape
    samples, dtype = node.attrs["num_samples"], node.attrs["dtype"]
    low.known(classes)
    word = words(low, node, rows * samples * 2)

    def sound(x: Expr) -> Expr:
        return compare("less", op("abs", x), Const(math.inf, wide))

    def finite(element: Expr, _: Indices) -> Expr:
        x = cast(element, wide)
        return pick(sound(x), x, Const(-math.inf, wide))

    top = reduce_over(low, logits, (1,), "maximum", "top", wide, finite)

    def weight(place: Indices) -> Expr:
        x, most = cast(logits.at(place), wide), top.at(place[:1])
        share = op("exp", op("subtract", x, pick(sound(most), most, Const(0, wide))))
        return pick(sound(x), share, Const(0, wide))

    weights = low.memory(Computed((rows, classes), wide, weight, 20), "weights")
    reached = accumulated(low, weights, 1, "add")
    end = Index.of(classes) - 1

    def no_choice(place: Indices) -> Expr:
        return Op("not", (compare("greater", reached.at((place[0], end)), Const(0, wide)),), dtypes.bool_)

    low.check((rows,), no_choice)
    none = Const(-1, dtypes.int64)
    last = reduce_over(low, weights, (1,), "maximum", "last", dtypes.int64,
                       lambda x, place: pick(compare("greater", x, Const(0, wide)), At(place[1]), none))  # fmt: skip
    shape = (rows, samples)

    def passed(place: Indices, within: Indices) -> Expr:
        number = flat_index(shape, place) * 2
        goal = op("multiply", unit_float64(word(number), word(number + 1)), reached.at((place[0], end)))
        return cast(compare("less_equal", reached.at((place[0], within[0])), goal), dtypes.int64)

    found = low.reduce(shape, (classes,), dtypes.int64, "add", passed, "categorical")
    return [Computed(shape, dtype, lambda p: cast(op("minimum", found.at(p), last.at(p[:1])), dtype), 2)]


# -- generators with a state ------------------------------------------------------------------------------------------


@rule("advance_random_state")
def _advance(low: Lowering, node: Node) -> Sequence[Source]:
    """The state is a counter (two 64-bit words, the low one first) and a key; the counter moves on by some blocks."""
    state, blocks = low.variable(node.inputs[0]), node.attrs["blocks"]
    old = low.copy(state, "state")

    def half(place: Indices, first: int) -> Expr:
        whole = old.at((place[0] // 2 + first,))
        upper = compare("equal", At(place[0] % 2), At(Index.of(1)))
        return cast(pick(upper, op("shift_right", whole, Const(32, _u64)), whole), _u32)

    key = low.memory(Computed((2,), _u32, lambda place: half(place, 2), 4), "key")
    counter = low.memory(Computed((4,), _u32, lambda place: half(place, 0), 4), "counter")

    def new(place: Indices) -> Expr:
        lower, upper, key_word = (old.at((Index.of(i),)) for i in range(3))
        moved = op("add", lower, cast(At(Index.of(blocks)), _u64))
        carried = op("add", upper, cast(compare("less", moved, lower), _u64))
        rest = pick(compare("equal", At(place[0]), At(Index.of(1))), carried, key_word)
        return pick(compare("equal", At(place[0]), At(ZERO)), moved, rest)

    low.assign(node.inputs[0], Computed((3,), _u64, new, 6), node)
    return [key, counter]

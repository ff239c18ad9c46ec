"""What a graph compiles to, as plain data: machine code, buffers, phases. It can be kept, and used by several programs.

Sizes in it are polynomials over symbols of its own, numbered as those of the graph it was made from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from weft.base import dims, dtypes

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Symbol
    from weft.base.dtypes import DType
    from weft.engines.native.fusion import Group

#: words of the table in front of the others: the address of the error flag, the bytes between two threads' own memory
HEADER = 2
#: what the error flag is where an access is outside of its buffer: this, and the number of the buffer's word
OUTSIDE = 1 << 32
NEVER = (-1, -1)


@dataclass(frozen=True)
class Place:
    """A buffer: its word in the table, its size, and if temporary the first and the last phase that touch it (twice,
    where it is made twice)."""

    slot: int
    size: Dimension  # in bytes
    name: str = ""
    life: tuple[int, ...] = NEVER
    threads: bool = False  # whether each thread has its own


@dataclass(frozen=True)
class Outside:
    """An input or output of the graph."""

    slot: int
    shape: tuple[Dimension, ...]
    dtype: DType


class Call(NamedTuple):
    """A kernel that is run.

    Attributes:
        name: Its own name.
        chunks: How many chunks it has.
        effort: About how many cycles it takes one thread; None where that is not known to be little.
        function: Its function.
        operands: Where its operands begin in the table.
        strand: Which of the loops that turn together it belongs to.
    """

    name: str
    chunks: Dimension
    effort: Dimension | None
    function: str
    operands: int
    strand: int = 0

    def last(self, turn: int) -> int:
        """The last argument of its function."""
        return turn << 32 | self.operands


@dataclass(frozen=True)
class Phase:
    """Kernels that need nothing of one another; phases of one loop follow each other and are run for each turn."""

    kernels: tuple[Call, ...]
    writes_state: bool
    loop: int = -1
    turns: Dimension = 1


@dataclass(frozen=True)
class Image:
    """A compiled graph.

    Attributes:
        code: An object file.
        symbols: What sizes mention, by number.
        words: How many words the table has.
        operands: The last of these words: which words each kernel works on.
        sizes: The words that hold sizes.
        constants: The words that hold the addresses of arrays.
        written: Which inputs are state that it writes.
        steady: How many phases, the first ones, compute what depends on nothing but constants and variables.
    """

    code: bytes
    symbols: tuple[Symbol, ...]
    words: int
    operands: tuple[int, ...]
    places: tuple[Place, ...]
    sizes: tuple[tuple[int, Dimension], ...]
    constants: tuple[tuple[int, np.ndarray[Any, Any]], ...]
    phases: tuple[Phase, ...]
    inputs: tuple[Outside, ...]
    outputs: tuple[Outside, ...]
    written: tuple[int, ...]
    steady: int = 0
    #: of one made in this process: what its kernels are made of, and LLVM's text
    groups: Mapping[str, Group] = field(default_factory=dict, compare=False)
    text: str = field(default="", compare=False)

    @property
    def functions(self) -> list[str]:
        """The names of the functions in the code."""
        return list(dict.fromkeys(call.function for phase in self.phases for call in phase.kernels))


# To bytes and back ---------------------------------------------------------------------------------------------------


def to_plain(image: Image) -> tuple[dict[str, Any], list[bytes]]:
    """The image as what JSON can hold, and its long parts: the code and the constants."""
    numbers = {symbol: number for number, symbol in enumerate(image.symbols)}

    def size(dimension: Dimension) -> Any:
        return dims.to_plain(dimension, numbers)

    def outside(each: Outside) -> list[Any]:
        return [each.slot, [size(d) for d in each.shape], each.dtype.name]

    plain = {
        "symbols": len(image.symbols),
        "words": image.words,
        "places": [[p.slot, size(p.size), p.name, list(p.life), p.threads] for p in image.places],
        "sizes": [[slot, size(dimension)] for slot, dimension in image.sizes],
        "constants": [[slot, list(array.shape), array.dtype.name] for slot, array in image.constants],
        "operands": list(image.operands),
        "phases": [[[call._replace(chunks=size(call.chunks), effort=None if call.effort is None else size(call.effort))
                     for call in p.kernels], p.writes_state, p.loop, size(p.turns)] for p in image.phases],
        "inputs": [outside(each) for each in image.inputs],
        "outputs": [outside(each) for each in image.outputs],
        "written": list(image.written),
        "steady": image.steady,
    }  # fmt: skip
    return plain, [image.code, *(array.tobytes() for _, array in image.constants)]


def from_plain(plain: Mapping[str, Any], parts: Sequence[bytes]) -> Image:
    """The image that `to_plain` took apart.

    Raises:
        ValueError, KeyError, TypeError, IndexError: For anything else.
    """
    symbols = tuple(dims.Symbol() for _ in range(plain["symbols"]))

    def size(dimension: Any) -> Dimension:
        return dims.from_plain(dimension, symbols)

    def outside(slot: int, shape: Sequence[Any], dtype: str) -> Outside:
        return Outside(slot, tuple(size(d) for d in shape), dtypes.as_dtype(dtype))

    constants = []
    for (slot, shape, dtype), data in zip(plain["constants"], parts[1:], strict=True):
        array = np.frombuffer(data, dtypes.as_dtype(dtype).numpy).reshape(shape)
        constants.append((slot, np.require(array, requirements=["A", "C"])))
    return Image(
        code=parts[0],
        symbols=symbols,
        words=plain["words"],
        places=tuple(Place(slot, size(room), name, tuple(life), threads)
                     for slot, room, name, life, threads in plain["places"]),
        sizes=tuple((slot, size(dimension)) for slot, dimension in plain["sizes"]),
        constants=tuple(constants),
        operands=tuple(plain["operands"]),
        phases=tuple(Phase(tuple(Call(name, size(chunks), None if effort is None else size(effort), *where)
                                 for name, chunks, effort, *where in kernels), writes, loop, size(turns))
                     for kernels, writes, loop, turns in plain["phases"]),
        inputs=tuple(outside(*each) for each in plain["inputs"]),
        outputs=tuple(outside(*each) for each in plain["outputs"]),
        written=tuple(plain["written"]),
        steady=plain["steady"],
    )  # fmt: skip

"""What a caller holds of a compiled graph: arrays in, arrays out, state updated in place."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims, flags, garbage
from weft.base.errors import InternalError
from weft.base.locks import Lock, Together
from weft.engines.base import Hook, Room, Rows
from weft.engines.native import cache, profile, report
from weft.engines.native.cache import Named
from weft.engines.native.calls import Call
from weft.engines.native.problems import Refused, Specialise
from weft.engines.native.program import Arena, Program, Stamps
from weft.engines.native.target import Target
from weft.ir.fingerprint import Fingerprint
from weft.ir.graph import Graph
from weft.ops import interpreter
from weft.passes.specialise import specialise

if TYPE_CHECKING:
    from weft.base.dims import Symbol
    from weft.engines.native.tuning import Choice
    from weft.engines.native.work import Work

_REMEMBERED = 64  # combinations of sizes whose calls stay prepared
_PROGRAMS = 16  # combinations of sizes that have code of their own


class Executable:
    """A graph whose nodes all have native forms.

    Args:
        original: The graph as it came: its ops check the sizes.
        graph: Makes what is compiled: the same with larger ops written out. Not called where the code is kept.
        target: The machine.
        print_: What its code is known by; None where it has no such thing.
        fixed: The numbers of the symbols whose sizes the code must know, as far as that is known.
        reference: Makes what the reference runs, which also words the errors, where that is not the original.

    Raises:
        Refused: Where a node has no native form after all.
    """

    copies = True  # neither results nor state share memory with inputs
    takes_room = True

    def __init__(
        self, original: Graph, graph: Callable[[], Graph], target: Target, print_: Fingerprint | Named | None,
        fixed: Sequence[int] = (), reference: Callable[[], Graph] | None = None,
    ) -> None:  # fmt: skip
        self.original = original
        self._reference = reference or (lambda: original)
        self.target = target
        self._graph = graph
        self._print = print_
        self._symbols: list[Symbol] = list(print_.symbols) if print_ is not None else _symbols_of(original)
        self._numbers = {symbol: number for number, symbol in enumerate(self._symbols)}
        self._fixed = list(fixed)
        self._programs: dict[tuple[int, ...], Program] = {}
        self._calls: dict[Any, Call] = {}
        self._latest: Call | None = None
        self._foreign: set[tuple[int, ...]] = set()  # sizes for which it has no native form
        self._steady = False  # whether a program of it has steady phases
        self._lock = Lock()  # held while it runs: its programs share the arena
        self._arena = Arena()
        self._handles = [i for i, v in enumerate(original.inputs) if v.type.is_resource]
        self._writes = bool(interpreter.program(original).written)
        self._dtypes = [None if v.type.is_resource else v.dtype.numpy for v in original.inputs]
        if not self._fixed:
            self._program({})  # so that what has no native form is known now

    @property
    def digest(self) -> str | None:
        """What its code is known by."""
        return None if self._print is None else self._print.digest

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The unknown sizes, in the order that its code has them in."""
        return tuple(self._symbols)

    @property
    def fixed(self) -> tuple[int, ...]:
        """The numbers of the symbols whose sizes the code must know."""
        return tuple(self._fixed)

    def run(self, inputs: Sequence[Any], hook: Hook | None = None, room: Room | None = None) -> list[Any]:
        """Runs it; state is written in place where nobody else holds the array. `room` may say where results go."""
        if hook is None and self._writes:
            # all cells, also those that are only read: who has taken an array must not wait for anybody
            with Together([inputs[index].lock for index in self._handles]):
                results = self._run(inputs, room)
        else:
            results = None if hook is not None else self._run(inputs, room)
        if results is not None:
            return results
        own = [array.copy() if isinstance(array, np.ndarray) else array for array in inputs]
        return [np.array(result) for result in interpreter.program(self._reference()).start(own, hook)]

    def _run(self, inputs: Sequence[Any], room: Room | None = None) -> list[Any] | None:
        """The results; None where the reference has to run: it words the error, or does what native code cannot."""
        stamps = self._stamps(inputs)
        arrays = self._read(inputs)
        if arrays is None:
            return None
        with self._lock:
            if profile.active is not None:
                self._tune(profile.active)
            call = self._latest
            results = None if call is None else call.ready(arrays, room)
            if results is None:
                call = self._latest = self._call(arrays)
            return None if call is None else call.run(inputs, arrays, results, stamps)

    def run_rows(self, inputs: Sequence[Any], rows: Rows) -> tuple[int, list[Any] | None]:
        """Runs it on rows of arrays, batch after batch.

        Args:
            inputs: The inputs, those that are cut into batches as a whole.
            rows: Which rows make which batch.

        Returns:
            How many batches were run, and the results of the last. Fewer than asked for under `weft tune`; without
            results where a check failed in the next one, or the reference has to run it.
        """
        if not self._writes:
            return self._run_rows(inputs, rows)
        with Together([inputs[index].lock for index in self._handles]):
            return self._run_rows(inputs, rows)

    def _run_rows(self, inputs: Sequence[Any], rows: Rows) -> tuple[int, list[Any] | None]:
        stamps = self._stamps(inputs)
        arrays = self._read(inputs)
        if arrays is None:
            return 0, None
        for place in rows.places:
            arrays[place] = arrays[place][: rows.size]
        with self._lock:
            if profile.active is not None:
                self._tune(profile.active)
                rows = rows._replace(batches=min(rows.batches, profile.active.most))
            call = self._call(arrays)
            return (0, None) if call is None else call.run_rows(inputs, arrays, rows, stamps)

    def _stamps(self, inputs: Sequence[Any]) -> Stamps:
        """What tells whether variables have changed, read before their values; None where nothing asks."""
        if not self._steady:
            return None
        try:
            return tuple([inputs[index].stamp for index in self._handles])
        except AttributeError:
            return None

    def _read(self, inputs: Sequence[Any]) -> list[Any] | None:
        """The inputs with the values of cells in their place; None where one has none."""
        arrays = list(inputs)
        for index in self._handles:
            array = arrays[index] = inputs[index].read()
            if array is None:
                return None
        return arrays

    def _call(self, arrays: Sequence[Any]) -> Call | None:
        key = tuple([array.shape for array in arrays])
        found = self._calls.get(key)
        if found is None:
            found = self._prepare(arrays)
            if found is not None:
                while len(self._calls) >= _REMEMBERED:
                    self._calls.pop(next(iter(self._calls)))
                self._calls[key] = found
        return found

    def _prepare(self, arrays: Sequence[Any]) -> Call | None:
        known: dict[Symbol, int] = {}
        for value, array in zip(self.original.inputs, arrays, strict=True):
            held = value.type.handle or value.type
            if held.shape is None or dims.bind(held.shape, array.shape, known) or array.dtype != held.dtype.numpy:
                return None
        # what the passes have left out, such as checks of what nobody reads, does not count
        if known and not interpreter.agree(self.original, known) and not interpreter.agree(self._reference(), known):
            return None
        sizes = {self._numbers[symbol]: size for symbol, size in known.items()}
        key = tuple(sizes.values())
        if key in self._foreign:
            return None
        try:
            program = self._program(sizes)
        except Refused:  # only with its sizes did a node behind the one that asked for them come up
            self._foreign.add(key)
            return None
        if program is None:
            return None
        binding = program.binding(sizes)
        return None if binding is None else Call(program, binding, self._dtypes, arrays)

    def _program(self, known: Mapping[int, int]) -> Program | None:
        """The program for some sizes, by the symbols' numbers; None where more of them must be known than are."""
        while True:
            key = tuple(known[number] for number in self._fixed)
            found = self._programs.get(key)
            if found is not None:
                return found
            try:
                made = self._made(key)
                while len(self._programs) >= _PROGRAMS:
                    self._programs.pop(next(iter(self._programs)))
                self._programs[key] = made
                return made
            except Specialise as more:
                new = {self._numbers[symbol] for symbol in more.symbols} - set(self._fixed)
                if not new:
                    raise InternalError(f"{self.original.name}: {more}") from None
                self._fixed = sorted({*self._fixed, *new})
                self._programs.clear()
                self._calls.clear()
                self._latest = None
                if not known:
                    return None

    def _tune(self, opened: profile.Profile) -> None:
        """Under `weft tune` programs take turns with what does the same in another way."""
        for sizes, program in list(self._programs.items()):
            other = opened.next(program, functools.partial(self._made, sizes))
            if other is not None:
                self._programs[sizes] = other
                self._calls.clear()
                self._latest = None

    def _made(self, sizes: tuple[int, ...], choice: Choice | None = None, keep: bool = True) -> Program:
        """The program for some sizes; with a choice it is compiled, else the code may be there already."""
        checked = flags.check()
        name = None
        if self._print is not None and keep:
            name = cache.key(self._print.digest, self.target, checked, tuple(self._fixed), sizes)
        loaded = None if name is None or choice is not None else cache.find(name, self.target)
        if loaded is not None:
            report.kept(self.original.name)
        else:
            from weft.engines.native.compiler import compile_graph  # not needed where the code is kept

            with garbage.Later():
                graph = self._specialised(self._fixed, sizes)
                image = compile_graph(graph, self.target, checked, self._symbols, choice)
            loaded = cache.Loaded(image, self.target) if name is None else cache.keep(name, image, self.target)

        fixed = tuple(self._fixed)

        def describe() -> tuple[Sequence[Symbol], Mapping[str, Work]]:
            from weft.engines.native.compiler import describe_graph

            with garbage.Later():
                graph = self._specialised(fixed, sizes)
                return self._symbols, describe_graph(graph, self.target, checked, self._symbols)

        self._steady = self._steady or loaded.image.steady > 0
        return Program(loaded, self.target, self.original.name, self._arena, describe)

    def _specialised(self, fixed: Sequence[int], sizes: tuple[int, ...]) -> Graph:
        """What is compiled for some sizes, those of the symbols of these numbers."""
        graph = self._graph()
        if not sizes:
            return graph
        return specialise(graph, dict(zip((self._symbols[number] for number in fixed), sizes, strict=True)))


def _symbols_of(graph: Graph) -> list[Symbol]:
    found: dict[Symbol, None] = {}
    for node in graph.nodes:
        for value in node.outputs:
            for held in (value.type, value.type.handle):
                for size in (held.shape or ()) if held is not None else ():
                    found.update(dict.fromkeys(sorted(dims.symbols_of(size), key=lambda symbol: symbol.index)))
        for subgraph in node.subgraphs():
            found.update(dict.fromkeys(_symbols_of(subgraph)))
    return list(found)

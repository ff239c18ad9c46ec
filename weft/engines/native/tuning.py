"""`weft tune`: how products are best cut, measured while a program runs, instead of taken from the cost model.

How a product is cut changes none of its bits (`products.py`). So a program may go on as ever while its graphs are
compiled in several ways, one after the other, and each way's kernels are timed in the place where they run. What was
fastest is compiled at last and kept as the graph's code, which later runs of the program find as they find all code
(`cache.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from weft.engines.native.profile import Profile

if TYPE_CHECKING:
    from weft.base.dims import Symbol
    from weft.engines.native.products import Blocking
    from weft.engines.native.program import Program
    from weft.engines.native.work import Work

#: ways that are tried for each product, the cost model's first choices; how often all of them take their turns, and of
#: how many runs a turn is
_WAYS, _ROUNDS, _RUNS = 6, 2, 6
#: another way than the cost model's is taken where it needs no more than this part of its time
_SHORTER = 0.97


class Choice:
    """Which of its ways each product of a graph is cut in, as the graph is compiled.

    Args:
        way: The number of the way, the cost model's first choice being 0: one for all, or one for each kind of product
            in the order in which they come up. Products of the same sizes are of one kind.

    Attributes:
        kernels: The kinds of the products by the names of their kernels.
        blockings: What each kind is cut in.
    """

    def __init__(self, way: int | Sequence[int] = 0) -> None:
        self._way = way
        self._kinds: dict[Any, int] = {}
        self.kernels: dict[str, int] = {}
        self.blockings: list[Blocking] = []

    def __call__(self, name: str, kind: Any, ways: Sequence[Blocking]) -> Blocking:
        """One of the ways, for a kernel of that name and a product of that kind."""
        number = self.kernels[name] = self._kinds.setdefault(kind, len(self._kinds))
        if number == len(self.blockings):
            way = self._way if isinstance(self._way, int) else self._way[number]
            self.blockings.append(ways[min(way, len(ways) - 1)])
        return self.blockings[number]


#: makes a program with products cut as chosen; the second argument says whether its code is kept for later runs
Make = Callable[[Choice, bool], "Program"]


@dataclass
class _Trial:
    """A graph for some sizes, compiled in several ways in turn."""

    name: str
    make: Make
    programs: list[Program] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    turn: int = 0  # of all rounds
    runs: int = 0  # in this turn
    known: Mapping[Symbol, int] | None = None  # the sizes that are timed: those of the first run
    times: list[dict[int, float]] = field(default_factory=list)  # for each way: the least time of a kind's kernels
    over: bool = False
    changed: int = 0
    before: float = 0.0
    after: float = 0.0


class Tuning(Profile):
    """A context in which programs run as ever, and how their products are cut is tried out.

    Example:
        >>> import weft as tf
        >>> from weft import extend
        >>> product = tf.function(lambda x, y: tf.matmul(x, y))
        >>> with extend.tune() as tuning:
        ...     for _ in range(100):
        ...         _ = product(tf.ones([64, 96]), tf.ones([96, 48]))
        >>> tuning.table().splitlines()[0].startswith("1 graph")
        True
    """

    most = _RUNS

    def __init__(self) -> None:
        super().__init__()
        self._trials: dict[int, _Trial] = {}  # by the number of each of its programs
        self._all: list[_Trial] = []

    def next(self, program: Program, make: Make) -> Program | None:
        """What takes the place of a program from now on; None for nothing."""
        trial = self._trials.get(id(program))
        if trial is None:
            choice = Choice()
            trial = _Trial(program.name, make, [make(choice, False)], [choice], times=[{}])
            self._all.append(trial)
            trial.over = not choice.blockings
            self._trials[id(program)] = trial
            if trial.over:
                return None
            return self._taken(trial, trial.programs[0])
        if trial.over or trial.runs < _RUNS:
            return None
        trial.turn, trial.runs = trial.turn + 1, 0
        if trial.turn == _ROUNDS * _WAYS:
            return self._taken(trial, self._best(trial))
        way = trial.turn % _WAYS
        if way == len(trial.programs):
            choice = Choice(way)
            trial.programs.append(make(choice, False))
            trial.choices.append(choice)
            trial.times.append({})
        return self._taken(trial, trial.programs[way])

    def _taken(self, trial: _Trial, program: Program) -> Program:
        self._trials[id(program)] = trial
        return program

    def _best(self, trial: _Trial) -> Program:
        """What remains: of each product the fastest way."""
        trial.over = True
        ways = []
        for kind in range(len(trial.choices[0].blockings)):
            least = [times.get(kind, float("inf")) for times in trial.times]
            way = min(range(len(least)), key=least.__getitem__)
            ways.append(way if least[way] < _SHORTER * least[0] else 0)
            trial.before += least[0]
            trial.after += least[ways[-1]]
        trial.changed = sum(way > 0 for way in ways)
        trial.programs.clear()
        return trial.make(Choice(ways), True)

    def _known(self, program: Program) -> tuple[Sequence[Symbol], Mapping[str, Work]]:
        self._programs[id(program)] = program
        return program.image.symbols, {}  # what its kernels do nobody asks

    def _note_run(
        self, program: Program, works: Mapping[str, Work], known: Mapping[Symbol, int],
        kernels: Sequence[tuple[str, float, float]],
    ) -> None:  # fmt: skip
        trial = self._trials.get(id(program))
        if trial is None or trial.over:
            return
        sizes = list(known.values())
        if trial.known is None:
            trial.known = known
        if sizes != list(trial.known.values()):
            return
        trial.runs += 1
        if trial.runs == 1:  # its code and its numbers come into the caches
            return
        kinds, times = trial.choices[trial.turn % _WAYS].kernels, trial.times[trial.turn % _WAYS]
        took: dict[int, float] = {}
        for name, _, seconds in kernels:
            if name in kinds:
                took[kinds[name]] = took.get(kinds[name], 0.0) + seconds
        for kind, seconds in took.items():
            times[kind] = min(times.get(kind, float("inf")), seconds)

    def table(self, limit: int = 40) -> str:
        """What was tried and what came of it, as text."""
        done = [trial for trial in self._all if trial.over and trial.choices[0].blockings]
        waiting = [trial for trial in self._all if not trial.over]
        lines = [f"{len(done)} graph{'s' * (len(done) != 1)} with products tried out"]
        if waiting:
            lines[0] += f"; {len(waiting)} more ran too seldom ({_WAYS * _ROUNDS * _RUNS} runs are wanted)"
        for trial in sorted(done, key=lambda trial: trial.after - trial.before)[:limit]:
            count = len(trial.choices[0].blockings)
            lines.append(f"{trial.name}: {trial.changed} of {count} kinds of products are cut otherwise; "
                         f"their time {trial.before * 1e3:.3f} ms before, {trial.after * 1e3:.3f} ms now")
        return "\n".join(lines)

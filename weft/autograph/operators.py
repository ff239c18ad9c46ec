"""What control flow becomes: the graph's where what it depends on is a tensor of the graph, else Python's."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from types import CellType
from typing import Any

from weft.autograph.calls import call  # noqa: F401
from weft.autograph.joining import Branches, NoneBefore, OtherBefore, Turns
from weft.autograph.loop_options import Restart, opened
from weft.autograph.names import Path
from weft.autograph.rows import Rows, staged
from weft.autograph.state import State
from weft.base import dtypes
from weft.base.errors import explain
from weft.ir.types import TensorType
from weft.runtime import context, control, dispatch, frontdoor
from weft.runtime.variable import Variable


def _condition(value: Any, word: str) -> Any:
    """A tensor as the scalar bool that a graph's control flow takes."""
    value = control.one_element(value)
    shape = value.shape
    if shape.rank not in (0, None):
        raise ValueError(explain(
            f"The condition of `{word}` is a tensor of shape {shape}: which of its elements decides is not clear.",
            hint="use tf.reduce_all or tf.reduce_any",
        ))  # fmt: skip
    return value if value.dtype.is_bool else dispatch.call("cast", value, dtype=dtypes.bool_)


# Branches ------------------------------------------------------------------------------------------------------------


def if_(test: Any, then: Callable[[], Any], otherwise: Callable[[], Any], paths: Sequence[Path]) -> None:
    """`if test: ... else: ...`, whose bodies set the names at `paths`."""
    found = staged(test)
    if found is None:
        (then if test else otherwise)()
        return
    state = State(paths, (then, otherwise))
    before = state.get()

    def run(body: Callable[[], Any]) -> Callable[[], list[Any]]:
        def function() -> list[Any]:
            state.set(before)
            body()
            return state.get()

        return function

    try:
        results = _branch(_condition(found, "if"), run(then), run(otherwise), state.names)
    except BaseException:
        state.set(before)
        raise
    state.set(results)


def choose(test: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """`then if test else otherwise`."""
    found = staged(test)
    if found is None:
        return then() if test else otherwise()
    return _branch(_condition(found, "if"), lambda: [then()], lambda: [otherwise()], ["the conditional expression"])[0]


def _branch(
    test: Any, then: Callable[[], list[Any]], otherwise: Callable[[], list[Any]], names: Sequence[str]
) -> list[Any]:
    first = control.Tracing(then, (), "true_branch")
    second = control.Tracing(otherwise, (), "false_branch")
    joined = Branches(names, first.returned, second.returned, (first.within, second.within))
    outputs = control.branch(test, [first.close(joined.first), second.close(joined.second)], "cond")
    return joined.results(outputs)


# Logic ---------------------------------------------------------------------------------------------------------------


def and_(first: Any, *rest: Callable[[], Any]) -> Any:
    """`first and ...`: what follows is run only where all before it holds."""
    if not rest:
        return first
    found = staged(first)
    if found is None:
        return and_(rest[0](), *rest[1:]) if first else first
    test = _condition(found, "and")
    return _branch(test, lambda: [_truth(and_(rest[0](), *rest[1:]))], lambda: [False], ["`and`"])[0]


def or_(first: Any, *rest: Callable[[], Any]) -> Any:
    """`first or ...`: what follows is run only where nothing before it holds."""
    if not rest:
        return first
    found = staged(first)
    if found is None:
        return first if first else or_(rest[0](), *rest[1:])
    test = _condition(found, "or")
    return _branch(test, lambda: [True], lambda: [_truth(or_(rest[0](), *rest[1:]))], ["`or`"])[0]


def _truth(value: Any) -> Any:
    found = staged(value)
    return bool(value) if found is None else _condition(found, "and")


def not_(value: Any) -> Any:
    """`not value`."""
    found = staged(value)
    if found is None:
        return not value
    test = found if found.dtype.is_bool else dispatch.call("cast", found, dtype=dtypes.bool_)
    return dispatch.call("logical_not", test)


def compare(first: Any, *steps: tuple[Callable[[Any, Any], Any], Callable[[], Any]]) -> Any:
    """`first < a < b`: each operand is evaluated once, and only where the comparisons before it hold."""
    (relation, thunk), *rest = steps
    second = thunk()
    found = relation(first, second)
    return and_(found, lambda: compare(second, *rest)) if rest else found


def assert_(test: Any, message: Callable[[], Any]) -> None:
    """`assert test, message`."""
    found = staged(test)
    if found is None:
        if __debug__ and not test:
            said = message()
            raise AssertionError(*([] if said is None else [said]))
        return
    said = message()
    text = str(said) if said is not None and staged(said) is None else "assertion failed"
    dispatch.call("assert", _condition(found, "assert"), message=text)


# Loops ---------------------------------------------------------------------------------------------------------------


def while_(test: Callable[[], Any], body: Callable[[], Any], paths: Sequence[Path]) -> None:
    """`while test: body`."""
    state = State(paths, (test, body))
    if context.scope() is not None:
        before = state.get()
        probe = control.Tracing(test, (), "probe")  # what it makes is dropped; it only tells whose loop this is
        state.set(before)
        if staged(probe.returned) is not None or isinstance(probe.returned, Variable):
            _repeat(test, body, state, None)
            return
    value = test()
    while staged(value) is None:  # a `break` under a tensor's condition makes the condition one
        if not value:
            return
        body()
        value = test()
    _repeat(test, body, state, None)


def for_(items: Any, body: Callable[[Any], Any], more: Callable[[], Any] | None, paths: Sequence[Path]) -> None:
    """`for item in items: body(item)`, as long as `more()` holds."""
    walk = getattr(items, "__weft_walk__", None)
    rows = Rows.of(items) if walk is None else None
    if walk is not None and context.scope() is not None:
        _walk(walk(), body, more, paths)
    elif rows is None:
        _in_python(items, body, more, paths)
    else:
        _over_rows(rows, body, more, paths)


def _in_python(items: Any, body: Callable[[Any], Any], more: Callable[[], Any] | None, paths: Sequence[Path]) -> None:
    supply = iter(items)
    while True:
        go_on = True if more is None else more()
        found = staged(go_on)
        if found is None and not go_on:
            return
        if found is not None and not isinstance(items, Sized):
            raise ValueError(explain(
                "This loop over a Python iterator ends by `break` or `return` where a tensor says so, so every turn "
                "must be in the graph; how many there are is not known.",
                hint="loop over tf.range(...) or over a tensor, or use `while` with a tensor as its condition",
            ))  # fmt: skip
        try:
            item = next(supply)
        except StopIteration:
            return
        if found is None:
            body(item)
        else:
            if_(found, _Turn(body, item), _nothing, paths)


class _Turn:
    """One turn of a loop as a function without arguments, with the body's names."""

    def __init__(self, body: Callable[[Any], Any], item: Any) -> None:
        self._body, self._item = body, item
        self.__code__ = body.__code__
        self.__closure__ = body.__closure__
        self.__globals__ = body.__globals__

    def __call__(self) -> None:
        self._body(self._item)


def _nothing() -> None:
    pass


def _over_rows(rows: Rows, body: Callable[[Any], Any], more: Callable[[], Any] | None, paths: Sequence[Path]) -> None:
    number = CellType(0)
    state = State(paths, (body, *([more] if more is not None else [])), {"the loop's counter": number})
    count = rows.count

    def test() -> Any:
        here = number.cell_contents < count
        return here if more is None else and_(here, more)

    def turn() -> None:
        now = number.cell_contents
        number.cell_contents = now + 1
        body(rows.item(now))

    if isinstance(count, int) and count == 0:
        return
    if not isinstance(count, int):
        number.cell_contents = dispatch.call("cast", frontdoor.convert(0), dtype=count.dtype)
    _repeat(test, turn, state, count if isinstance(count, int) else None)


def _walk(walk: Any, body: Callable[[Any], Any], more: Callable[[], Any] | None, paths: Sequence[Path]) -> None:
    """A loop over what is handed out one by one as the graph runs: `walk.next()` gives (there is one, it)."""
    there = CellType(True)
    item = CellType(None)
    state = State(paths, (body, *([more] if more is not None else [])),
                  {"the loop's end": there, "the loop's item": item})  # fmt: skip
    there.cell_contents, item.cell_contents = walk.next()

    def test() -> Any:
        here = there.cell_contents
        return here if more is None else and_(here, more)

    def turn() -> None:
        now = item.cell_contents
        body(now)
        there.cell_contents, item.cell_contents = walk.next() if more is None else walk.next_if(more())

    _repeat(test, turn, state, None, weaken=True)


def _repeat(test: Callable[[], Any], body: Callable[[], Any], state: State, maximum: int | None,
            weaken: bool = False) -> None:  # fmt: skip
    """The loop in the graph, from the state at hand on; shapes may become less known where it may weaken them."""
    before = state.get()
    asked: Any = None
    while True:
        try:
            with opened(asked, state.get) as options:
                state.set(_loop(test, body, state, before, options.invariants(before), options.bound(maximum),
                                weaken))
            return
        except Restart as restart:
            state.set(before)
            asked = restart.options
        except OtherBefore as other:
            before = other.replaced(before)
            state.set(before)
        except NoneBefore:  # as the first turn goes on from None, it is not like the others: it stands before the loop
            state.set(before)
            _require(test, "a name that is None before a loop, and is set in it, is used after it")
            body()
            before = state.get()
        except BaseException:
            state.set(before)
            raise


def _loop(test: Callable[[], Any], body: Callable[[], Any], state: State, before: list[Any], invariants: Any,
          maximum: int | None, weaken: bool) -> list[Any]:  # fmt: skip
    loose: dict[int, TensorType] = {}
    while True:
        turns = Turns(state.names, before, invariants, loose, weaken)
        outputs = _turns_in_graph(test, body, state, turns, maximum)
        if outputs is not None:
            return turns.rebuilt(outputs)
        loose |= turns.loose


def _require(test: Callable[[], Any], why: str) -> None:
    """Checks, as the graph runs, that a loop makes a turn: else there would be names without values."""
    found = staged(test())
    if found is not None:
        message = explain(f"A loop made no turn: {why}.", hint="give it a value before the loop")
        dispatch.call("assert", _condition(found, "while"), message=message)


def _turns_in_graph(test: Callable[[], Any], body: Callable[[], Any], state: State, turns: Turns,
                    maximum: int | None) -> list[Any] | None:  # fmt: skip
    """The loop's outputs; None where a turn changes sizes that were taken for steady."""
    def turn(*leaves: Any) -> list[Any]:
        state.set(turns.rebuilt(leaves))
        body()
        return state.get()

    def go_on(*leaves: Any) -> Any:
        state.set(turns.rebuilt(leaves))
        value = test()
        found = staged(value)
        return frontdoor.convert(bool(value)) if found is None else _condition(found, "while")

    traced = control.Tracing(turn, turns.types, "body")
    ends = traced.within(lambda: turns.ends(traced.returned))
    if turns.loose:
        return None
    if turns.unset:
        names = " and ".join(f"`{name}`" for name in turns.unset)
        state.set(turns.before)
        _require(test, f"{names} is first set in a loop, and used after it")
    for type in turns.late:
        traced.add_input(type)
    asked = control.Tracing(go_on, [*turns.types, *turns.late], "condition")
    return control.repeat(asked.close(asked.returned), traced.close(ends), turns.start(), maximum, "while")

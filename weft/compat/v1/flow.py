"""Control flow with version 1's arguments, results and names."""

from __future__ import annotations

import functools
from collections import OrderedDict
from typing import Any

import numpy as np

import weft
from weft.api.flow import branches_of, chosen_case, numbered_cases
from weft.base import nest
from weft.base.errors import explain
from weft.compat.v1.naming import in_graph
from weft.runtime import control, frontdoor
from weft.runtime import graph as graphs
from weft.runtime.composite import CompositeTensor
from weft.runtime.operation_counts import further, standing_for, take_in
from weft.runtime.scopes import Unit


def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, strict: bool = False, name: str | None = None,
         fn1: Any = None, fn2: Any = None) -> Any:  # fmt: skip
    """What `true_fn` returns where the predicate holds, else what `false_fn` returns.

    A list of one is unpacked unless `strict`. `fn1` and `fn2` are older names of the functions.

    Raises:
        TypeError: Where a function is missing or none, or the predicate is a Python bool.
    """
    first, second = true_fn or fn1, false_fn or fn2
    if not callable(first) or not callable(second):
        raise TypeError(explain("tf.cond takes two functions, true_fn and false_fn.",
                                hint="write tf.cond(pred, lambda: x, lambda: y)"))  # fmt: skip
    if isinstance(pred, bool):
        raise TypeError(explain("The predicate of tf.cond must be a tensor, not a Python bool.",
                                hint="use Python's own if"))  # fmt: skip
    if in_graph():
        take_in(pred)
        with Unit(name or "cond") as unit, standing_for() as standing:
            first, second = _settled(first, second, strict)
            first = standing.measured(first, 4)  # the switch, its two sides and the predicate
            second = standing.measured(second, lambda: 4 + standing.inside(0))
            found = unit.results(control.cond(pred, first, second, "If"), "Merge", "Merge")
            standing.total = 4 + standing.inside() + len(weft.nest.flatten(found))
    else:
        found = control.cond(pred, first, second, name)
    alone = not strict and isinstance(found, (list, tuple_type)) and len(found) == 1
    return found[0] if alone else found


def _settled(true_fn: Any, false_fn: Any, strict: bool) -> Any:
    """Both functions as branches of version 1: they return tensors, of the same dtypes, and for an operation that has
    run the predicate."""
    returned: list[Any] = []

    def branch(function: Any, label: str, holds: bool) -> Any:
        def leaf(item: Any) -> Any:
            if isinstance(item, graphs.Operation):
                with weft.control_dependencies([item]):
                    return weft.constant(holds)
            return item if isinstance(item, CompositeTensor) else frontdoor.convert(item)

        def call() -> Any:
            found = function()
            if found is None:
                raise ValueError(explain(f"tf.cond: {label} must have a return value.",
                                         hint="return a tensor, or an operation such as tf.no_op()"))  # fmt: skip
            if not strict and isinstance(found, (list, tuple_type)) and len(found) == 1:
                found = found[0]
            found = weft.nest.map_structure(leaf, found)
            returned.append(found)
            if not holds:
                _compare(*returned[-2:])
            return found

        return call

    return branch(true_fn, "true_fn", True), branch(false_fn, "false_fn", False)


def _compare(first: Any, second: Any) -> None:
    """Refuses branches that return other structures, none at all, or other dtypes."""
    sides = weft.nest.flatten(first), weft.nest.flatten(second)
    if not all(sides):
        raise ValueError("tf.cond: true_fn and false_fn must return at least one result.")
    weft.nest.assert_same_structure(first, second)
    for a, b in zip(*sides, strict=True):
        if a.dtype != b.dtype:
            raise ValueError(explain(f"tf.cond: the outputs of true_fn and false_fn must have the same type, not "
                                     f"{a.dtype.name} and {b.dtype.name}.",
                                     hint=f"write tf.cast(x, tf.{a.dtype.name}) in false_fn"))  # fmt: skip


def switch_case(branch_index: Any, branch_fns: Any, default: Any = None, name: str = "switch_case") -> Any:
    """The result of the function whose number is given, else of `default` (the last one where None)."""
    branches = branches_of(branch_fns)
    otherwise = default or branches[-1]
    if not in_graph():
        return chosen_case(numbered_cases(branch_index, branches), otherwise, False, cond)
    with Unit(name) as unit:
        found = chosen_case(numbered_cases(branch_index, branches), otherwise, False, cond)
        return unit.results(found, "indexed_case/Identity", "Identity")


def case(pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, strict: bool = False,
         name: str = "case") -> Any:  # fmt: skip
    """The result of the first function whose predicate holds, else of `default`."""
    branch = functools.partial(cond, strict=strict)
    if not in_graph():
        return chosen_case(pred_fn_pairs, default, exclusive, branch)
    with Unit(name):
        if isinstance(pred_fn_pairs, dict) and not isinstance(pred_fn_pairs, OrderedDict):
            pred_fn_pairs = sorted(pred_fn_pairs.items(), key=_name_of)  # so that the graph is the same each time
        pairs = len(pred_fn_pairs)
        if exclusive:
            further(17 - 2 * pairs)  # the check that one holds at most
        if default is None:
            further(32 + pairs * (pairs - 1) // 2)  # the check that one holds, in the innermost branch
        return chosen_case(pred_fn_pairs, default, exclusive, branch)


def _name_of(pair: Any) -> str:
    return str(getattr(pair[0], "name", ""))


def while_loop(cond: Any, body: Any, loop_vars: Any, shape_invariants: Any = None, parallel_iterations: int = 10,
               back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
               maximum_iterations: Any = None, return_same_structure: bool = False) -> Any:  # fmt: skip
    """Repeats `loop_vars = body(*loop_vars)` while `cond(*loop_vars)` holds.

    Returns:
        The last loop variables, in a list or tuple as the body gives them; one alone comes bare. With
        `return_same_structure` they come as `loop_vars` are.
    """
    if in_graph():
        given = body
        returned: list[Any] = []

        def body(*state: Any) -> Any:
            returned[:] = [given(*state)]
            return returned[0]

        with Unit(name or "while") as unit, standing_for() as standing:
            leaves = weft.nest.flatten(loop_vars)
            numbers = sum(not weft.is_tensor(leaf) for leaf in leaves if not hasattr(leaf, "_as_graph_element"))
            count = len(leaves)
            if maximum_iterations is not None:  # is one more variable, with a condition and a sum
                count, numbers = count + 1, numbers + 2
            bounded = maximum_iterations is not None
            cond = standing.measured(cond, numbers + 2 * count + 2 * bounded)
            body = standing.measured(body, lambda: numbers + 4 * count + 1 + standing.inside(0) + 5 * bounded)
            found = control.while_loop(cond, body, loop_vars, shape_invariants, maximum_iterations, "While")
            found = unit.results(found, "Exit", "Exit")
            if not return_same_structure and isinstance(returned[0], (list, tuple_type)):
                found = nest.rebuild(returned[0], list(found))
            standing.total = numbers + 6 * count + 1 + standing.inside() + 5 * bounded
    else:
        found = control.while_loop(cond, body, loop_vars, shape_invariants, maximum_iterations, name)
    alone = not return_same_structure and isinstance(found, (list, tuple_type)) and len(found) == 1
    return found[0] if alone else found


tuple_type = tuple


def tuple(tensors: Any, name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """The tensors again, none of which has a value before all of them are computed; None stays None."""
    if not in_graph():
        return list(tensors)
    with Unit(name or "tuple"):
        given = [t for t in tensors if t is not None]
        if not given:
            raise ValueError("tuple needs at least one tensor that is not None.")
        gate = graphs.group(*given, *(control_inputs or ()))
        with weft.control_dependencies([gate]):
            return [None if t is None else weft.identity(t, name="control_dependency") for t in tensors]


def Print(input_: Any, data: Any, message: str | None = None, first_n: int | None = None,
          summarize: int | None = None, name: str | None = None) -> Any:  # fmt: skip
    """The input again; each time it is computed, the data are printed to stderr, `first_n` times at most."""
    tensor = frontdoor.convert(input_)
    left = [first_n if first_n is not None and first_n >= 0 else None]

    def write(*arrays: Any) -> None:
        import sys

        if left[0] is None or left[0] > 0:
            shown = "".join(f"[{_brief(a, summarize)}]" for a in arrays)
            print(f"{message or ''}{shown}", file=sys.stderr)
        if left[0] is not None:
            left[0] -= 1

    shown = weft.numpy_function(write, list(data), [])
    if not in_graph():
        return weft.identity(tensor)
    shown.node.metadata["hidden"] = True
    with weft.control_dependencies([shown]):
        result = weft.identity(tensor, name=name or "Print")
    result._value.node.metadata["type"] = "Print"
    return result


def Assert(condition: Any, data: Any, summarize: Any = None, name: str | None = None) -> Any:
    """Raises InvalidArgumentError with the data unless the condition holds; in a graph, an operation to depend on."""
    if not in_graph():
        return weft.Assert(condition, data, summarize, name)
    constants = sum(not weft.is_tensor(item) for item in (condition, *data))
    # one operation for numbers and words; a branch around it for anything else
    kinds = {weft.convert_to_tensor(item).dtype for item in data if weft.is_tensor(item)}
    plain = kinds <= {weft.int32, weft.string} and not any(np.asarray(item).dtype.kind == "f" for item in data
                                                           if not weft.is_tensor(item))  # fmt: skip
    if plain:  # the data become tensors to look at their dtypes, and again for the operation
        constants += sum(not weft.is_tensor(item) for item in data)
    with Unit(name or "Assert"), standing_for((1 if plain else 10 + len(data)) + constants):
        checked = weft.Assert(condition, data, summarize, "Assert")
        checked.node.metadata["hidden"] = True
        done = graphs.group(checked, name="AssertGuard/Merge")
    done.node.metadata["type"] = "Merge"
    return done


def _brief(array: Any, summarize: int | None) -> str:
    flat = np.asarray(array).reshape(-1)
    limit = 3 if summarize is None else summarize
    if np.ndim(array) == 0:
        return str(flat[0])
    parts = [str(item) for item in (flat if limit < 0 else flat[:limit])]
    return " ".join(parts) + ("..." if 0 <= limit < flat.size else "")


def py_func(func: Any, inp: Any, Tout: Any, stateful: bool = True, name: str | None = None) -> Any:
    """Calls a Python function on arrays each time it is computed."""
    return weft.numpy_function(func, inp, Tout, name=name or ("PyFunc" if in_graph() else None))

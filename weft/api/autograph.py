"""`tf.autograph`: Python's control flow as the graph's, by hand and in the details."""

from __future__ import annotations

import ast
import enum
import functools
import logging
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

from weft.autograph import converting, loop_options
from weft.base.errors import explain
from weft.runtime.function import Function


def do_not_convert(func: Any = None) -> Any:
    """Decorator: the function runs as Python while it is traced, and so do those that it calls.

    Example:
        >>> import weft as tf
        >>> @tf.autograph.experimental.do_not_convert
        ... def plain(x):
        ...     return x + 1
        >>> int(tf.function(plain)(tf.constant(1)))
        2
    """
    if func is None:
        return do_not_convert

    @functools.wraps(func)
    def left(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    setattr(left, converting.LEFT, True)
    return left


def to_graph(entity: Any, recursive: bool = True, experimental_optional_features: Any = None) -> Callable[..., Any]:
    """A function with its control flow rewritten: the graph's where it depends on tensors of one.

    Args:
        entity: A Python function or method.
        recursive: Accepted: functions that it calls are rewritten when they are called.
        experimental_optional_features: Accepted.

    Raises:
        ValueError: Where there is no source.
    """
    if converting.is_converted(_plain(entity)):
        return entity  # type: ignore[no-any-return]
    made = converting.converted(_plain(entity))
    if made is _plain(entity):
        _tree(entity)  # says why
    return made  # type: ignore[no-any-return]


def to_code(entity: Any, recursive: bool = True, experimental_optional_features: Any = None) -> str:
    """The source of what `to_graph` makes, to be read: `ag__` holds the operators.

    Example:
        >>> import weft as tf
        >>> def sign(x):
        ...     return 1 if x > 0 else -1
        >>> "ag__.choose" in tf.autograph.to_code(sign)
        True
    """
    return ast.unparse(_tree(entity)) + "\n"


def _plain(entity: Any) -> Any:
    return entity.python_function if isinstance(entity, Function) else entity


def _tree(entity: Any) -> ast.AST:
    function = _plain(entity)
    function = function.__func__ if isinstance(function, MethodType) else function
    if not isinstance(function, FunctionType):
        raise NotImplementedError(explain("autograph takes functions and methods.", received=repr(entity)))
    try:
        return converting.tree(function)
    except (converting.source.NoSource, converting.rewriting.Unsuitable) as problem:
        reason = str(problem) or "it is a generator or a coroutine"
        raise ValueError(explain(f"`{function.__name__}` cannot be rewritten: {reason}.")) from None


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """How much is logged of what is rewritten: 0 nothing, more from 1 on."""
    log = logging.getLogger("weft")
    log.setLevel(logging.INFO if level else logging.WARNING)
    if alsologtostdout and not log.handlers:
        log.addHandler(logging.StreamHandler())


def trace(*args: Any) -> None:
    """Prints its arguments while a function is traced."""
    print(*args)


def set_loop_options(parallel_iterations: Any = None, swap_memory: Any = None, maximum_iterations: Any = None,
                     shape_invariants: Any = None) -> None:  # fmt: skip
    """Said first in a loop's body: what the loop in the graph may take for granted.

    Args:
        parallel_iterations: Accepted.
        swap_memory: Accepted.
        maximum_iterations: A bound on the number of turns.
        shape_invariants: (variable, shape) pairs: None for sizes that change from turn to turn.
    """
    loop_options.tell(shape_invariants, maximum_iterations)


class Feature(enum.Enum):
    """Parts of the rewriting that TensorFlow can switch; here all of them are on."""

    ALL = "ALL"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"


class experimental:
    """`tf.autograph.experimental`."""

    do_not_convert = staticmethod(do_not_convert)
    set_loop_options = staticmethod(set_loop_options)
    Feature = Feature

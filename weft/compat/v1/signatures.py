"""Functions of version 2 under version 1's parameters: programs give those by their place and by their old names."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

#: public name -> version 1's parameters in their order, `old=new` where one was called otherwise; those that ours has
#: not are accepted where they change no number
PARAMETERS: dict[str, str] = {
    "constant": "value dtype shape name verify_shape",
    "ones_like": "tensor=input dtype name optimize",
    "accumulate_n": "inputs shape tensor_dtype name",
    "boolean_mask": "tensor mask name axis",
    "confusion_matrix": "labels predictions num_classes dtype name weights",
    "gather": "params indices validate_indices name axis batch_dims",
    "gather_nd": "params indices name batch_dims",
    "nn.crelu": "features name axis",
    "pad": "tensor paddings mode name constant_values",
    "shape": "input name out_type",
    "size": "input name out_type",
    "transpose": "a perm name conjugate",
}

_ACCEPTED = frozenset({"shape", "tensor_dtype", "optimize", "verify_shape"})


def ordered(public: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of version 2 with version 1's parameters; unchanged where it has no line above.

    Args:
        public: Its name below `tf`.
        function: The function of version 2.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default():
        ...     tf.gather([[5, 6, 7]], [2], None, "rows", 1)
        <tf.Tensor 'rows:0' shape=(1, 1) dtype=int32>
    """
    line = PARAMETERS.get(public)
    if line is None:
        return function
    ours = inspect.signature(function).parameters
    pairs = [(old, new or old) for old, _, new in (item.partition("=") for item in line.split())]
    names = dict(pairs)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > len(pairs):
            raise TypeError(f"{public}() takes at most {len(pairs)} arguments, {len(args)} are given")
        given = {old: value for (old, _), value in zip(pairs, args, strict=False)}
        twice = sorted(given.keys() & kwargs.keys())
        if twice:
            raise TypeError(f"{public}() got multiple values for argument {twice[0]!r}")
        given |= kwargs
        return function(**{names.get(old, old): value for old, value in given.items()
                           if names.get(old, old) in ours or old not in _ACCEPTED})  # fmt: skip

    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(old, inspect.Parameter.POSITIONAL_OR_KEYWORD,
                           default=ours[new].default if new in ours else None)
         for old, new in pairs]  # fmt: skip
    )
    del call.__wrapped__  # type: ignore[attr-defined]
    # where pickle finds it: the function of version 2 lies under the same name elsewhere
    call.__module__, call.__qualname__ = f"weft.compat.v1.{public}".rsplit(".", 1)
    return call


def preferring_top(namespace: ModuleType, first: dict[str, str] | None = None) -> Callable[[str], Any]:
    """The lookup of a namespace in which version 1 has functions that also stand at the top of `tf`, or in `tf.nn`.

    Args:
        namespace: Version 2's namespace, which has the rest.
        first: Names that mean something else than they do at the top: what they are there.

    Returns:
        The module's `__getattr__`.
    """

    def find(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        from weft.compat import v1
        from weft.compat.v1 import nn

        if not hasattr(namespace, name) and name not in (first or {}):
            return getattr(namespace, name)  # which says what to use
        if first and name in first:
            return getattr(v1, first[name])
        for place in (v1, nn):
            if name in dir(place):
                return getattr(place, name)
        return getattr(namespace, name)

    return find

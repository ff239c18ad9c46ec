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
    "autograph.experimental.set_loop_options": "parallel_iterations back_prop swap_memory maximum_iterations",
    "autograph.to_code": "entity recursive arg_values arg_types indentation experimental_optional_features",
    "autograph.to_graph": "entity recursive arg_values arg_types experimental_optional_features",
    "constant": "value dtype shape name verify_shape",
    "ones_like": "tensor=input dtype name optimize",
    "accumulate_n": "inputs shape tensor_dtype name",
    "boolean_mask": "tensor mask name axis",
    "confusion_matrix": "labels predictions num_classes dtype name weights",
    "device": "device_name_or_function=device_name",
    "gather": "params indices validate_indices name axis batch_dims",
    "gather_nd": "params indices name batch_dims",
    "image.adjust_jpeg_quality": "image jpeg_quality name",
    "matmul": "a b transpose_a transpose_b adjoint_a adjoint_b a_is_sparse b_is_sparse name",
    "nn.crelu": "features name axis",
    "numpy_function": "func inp Tout name",
    "pad": "tensor paddings mode name constant_values",
    "shape": "input name out_type",
    "size": "input name out_type",
    "transpose": "a perm name conjugate",
}

_ACCEPTED = frozenset(
    """arg_types arg_values back_prop indentation optimize shape tensor_dtype verify_shape""".split()
)


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

    others: dict[str, Any] = {}

    def find(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        from weft.compat import v1
        from weft.compat.v1 import naming, nn

        if not hasattr(namespace, name) and name not in (first or {}):
            return getattr(namespace, name)  # which says what to use
        if first and name in first:
            return getattr(v1, first[name])
        for place in (v1, nn):
            if name in dir(place):
                return getattr(place, name)
        if name not in others:
            prefix = namespace.__name__.removeprefix("weft.api.")
            others[name] = naming.version_1(f"{prefix}.{name}", getattr(namespace, name))
        return others[name]

    return find

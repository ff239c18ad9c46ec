"""What is at `tf.__internal__`: names that Keras 2 and TensorFlow Probability share with TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from weft.compat.internals import decorating, running, structures, tracking
from weft.compat.internals.composite import CompositeTensor as CompositeTensor
from weft.compat.internals.composite import TypeSpec as TypeSpec
from weft.compat.v1.moving_averages import assign_moving_average

nest = structures
smart_cond = SimpleNamespace(smart_cond=running.smart_cond)
decorator = SimpleNamespace(make_decorator=decorating.make_decorator, unwrap=decorating.unwrap)


def _add_dispatch_support(target: Any = None, iterable_parameters: Any = None) -> Any:
    """The function: Weft's own functions see to symbolic arguments where they apply an op."""
    return target if callable(target) else lambda function: function


class OpDispatcher:
    """What packages would have functions of `tf` ask; see `__weft_operation__` in `weft.extend` for what is asked."""

    NOT_SUPPORTED = object()


dispatch = SimpleNamespace(add_dispatch_support=_add_dispatch_support, OpDispatcher=OpDispatcher)


train = SimpleNamespace(assign_moving_average=assign_moving_average)
_tracking: dict[str, Callable[..., Any]] = {
    name: getattr(tracking, name)
    for name in ("Trackable", "NoDependency", "no_automatic_dependency_tracking",
                 "no_automatic_dependency_tracking_scope")
}  # fmt: skip
tracking = SimpleNamespace(**_tracking, wrap=tracking.wrap_or_unwrap)  # type: ignore[assignment]

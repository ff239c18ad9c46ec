"""`tf.debugging`: checks under version 1's parameters."""

from __future__ import annotations

from typing import Any as _Any

import weft as _weft
from weft.api.asserts import shape_checks as _shape_checks
from weft.compat.v1.naming import in_graph as _in_graph
from weft.compat.v1.signatures import preferring_top as _preferring_top
from weft.runtime import graph as _graphs
from weft.runtime.scopes import NameScope as _NameScope


def assert_shapes(shapes: _Any, data: _Any = None, summarize: _Any = None, message: str | None = None,
                  name: str | None = None) -> _Any:  # fmt: skip
    """As `weft.debugging.assert_shapes`; in a graph, an operation to depend on."""
    if not _in_graph():
        return _weft.debugging.assert_shapes(shapes, data, summarize, message, name)
    with _NameScope(name or "assert_shapes"):
        return _graphs.group(*filter(None, _shape_checks(shapes, message)), name="group_deps")


_find = _preferring_top(_weft.debugging, {"assert_all_finite": "verify_tensor_all_finite"})
#: functions that version 2 keeps elsewhere
_MORE = ("is_finite", "is_inf", "is_nan", "is_non_decreasing", "is_strictly_increasing")


def __getattr__(name: str) -> _Any:
    if name in _MORE:
        from weft.compat import v1

        return getattr(v1, name)
    return _find(name)


def __dir__() -> list[str]:
    return sorted({*_MORE, *(name for name in dir(_weft.debugging) if not name.startswith("_"))})

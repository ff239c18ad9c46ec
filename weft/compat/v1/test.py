"""`tf.test` of version 1: version 2's, `unittest.mock`, and what it had beside."""

from __future__ import annotations

import os
import sys
from typing import Any
from unittest import mock  # noqa: F401

import numpy as np

import weft as _weft
from weft.runtime import graph as graphs
from weft.runtime.session import default_session


class StubOutForTesting:
    """Puts other things in the places of attributes, and the old ones back afterwards; a context manager too.

    Example:
        >>> import os
        >>> import weft.compat.v1 as tf
        >>> with tf.test.StubOutForTesting() as stubs:
        ...     stubs.Set(os.path, "exists", lambda path: True)
        ...     os.path.exists("/nowhere")
        True
        >>> os.path.exists("/nowhere")
        False
    """

    def __init__(self) -> None:
        self._set: list[tuple[Any, str, Any]] = []
        self._smart: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> StubOutForTesting:
        return self

    def __exit__(self, *unused: Any) -> None:
        self.CleanUp()

    def CleanUp(self) -> None:
        """Puts everything back."""
        self.SmartUnsetAll()
        self.UnsetAll()

    def Set(self, parent: Any, child_name: str, new_child: Any) -> None:
        """Puts another thing in an attribute's place."""
        self._set.append((parent, child_name, _as_stored(parent, child_name)))
        setattr(parent, child_name, new_child)

    def UnsetAll(self) -> None:
        """Undoes every `Set`."""
        while self._set:
            setattr(*self._set.pop())

    def SmartSet(self, obj: Any, attr_name: str, new_attr: Any) -> None:
        """As `Set`, where the attribute is found: in the class that defines it, or in the object.

        Raises:
            AttributeError: Where there is no such attribute.
        """
        owners = [obj]
        if not isinstance(obj, type(sys)) and attr_name not in getattr(obj, "__dict__", {}):
            owners = [*(obj if isinstance(obj, type) else type(obj)).__mro__]
        for owner in owners:
            if attr_name in vars(owner):
                self._smart.append((owner, attr_name, _as_stored(owner, attr_name)))
                setattr(owner, attr_name, new_attr)
                return
        raise AttributeError(f"Attribute not found: {attr_name}.")

    def SmartUnsetAll(self) -> None:
        """Undoes every `SmartSet`."""
        while self._smart:
            setattr(*self._smart.pop())


def _as_stored(parent: Any, name: str) -> Any:
    """The attribute as its owner holds it: a static method is one again when it is put back."""
    stored = getattr(parent, "__dict__", {}).get(name)
    return stored if isinstance(stored, (staticmethod, classmethod)) else getattr(parent, name)


def test_src_dir_path(relative_path: Any) -> str:
    """A path below the folder that `TEST_SRCDIR` names."""
    return os.path.join(os.environ.get("TEST_SRCDIR", os.getcwd()), relative_path)


test_src_dir_path.__test__ = False  # type: ignore[attr-defined]  # a test runner is not to call it


def compute_gradient(x: Any, x_shape: Any, y: Any, y_shape: Any, x_init_value: Any = None, delta: float = 0.001,
                     init_targets: Any = None, extra_feed_dict: Any = None) -> Any:  # fmt: skip
    """The Jacobian of y by x in the default session, as `gradients` has it and by differences.

    Args:
        x: A tensor, or several.
        x_shape: Its shape, or their shapes.
        y: A tensor.
        y_shape: Its shape.
        x_init_value: Where: arrays of the shapes; drawn numbers where None.
        delta: How far apart the differences are.
        init_targets: What to run before.
        extra_feed_dict: What else is fed.

    Returns:
        Two arrays `[size of x, size of y]`; a list of such pairs for a list.
    """
    session = default_session(required=True)
    for target in [] if init_targets is None else init_targets if isinstance(init_targets, (list, tuple)) else [
        init_targets
    ]:
        session.run(target)
    many = isinstance(x, (list, tuple))
    sources, shapes = (list(x), list(x_shape)) if many else ([x], [x_shape])
    starts = list(x_init_value) if many and x_init_value is not None else [x_init_value] * len(sources)
    values = [np.random.random_sample(shape).astype(source.dtype.as_numpy_dtype) if start is None
              else np.asarray(start, source.dtype.as_numpy_dtype)
              for source, shape, start in zip(sources, shapes, starts, strict=True)]  # fmt: skip
    feeds = dict(zip(sources, values, strict=True)) | dict(extra_feed_dict or {})
    found = [_jacobians(session, source, value, y, y_shape, feeds, delta)
             for source, value in zip(sources, values, strict=True)]  # fmt: skip
    return found if many else found[0]


def _jacobians(session: Any, x: Any, value: Any, y: Any, y_shape: Any, feeds: dict[Any, Any],
               delta: float) -> tuple[Any, Any]:  # fmt: skip
    from weft.compat.v1.graphs import gradients

    size, count = int(np.prod(value.shape)), int(np.prod(y_shape))
    with x.graph.as_default():
        seed = graphs.placeholder(y.dtype, y_shape)
        gradient = gradients(y, x, seed)[0]
        gradient = _weft.zeros_like(x) if gradient is None else _weft.convert_to_tensor(gradient)
    theory = np.zeros((size, count), value.dtype)
    for place in range(count):
        cotangent = np.zeros(count, y.dtype.as_numpy_dtype)
        cotangent[place] = 1
        theory[:, place] = session.run(gradient, {**feeds, seed: cotangent.reshape(y_shape)}).reshape(-1)
    numeric = np.zeros((size, count), value.dtype)
    for place in range(size):
        sides = []
        for step in (delta, -delta):
            moved = value.copy().reshape(-1)
            moved[place] += step
            sides.append(np.asarray(session.run(y, {**feeds, x: moved.reshape(value.shape)})).reshape(-1))
        numeric[place] = (sides[0] - sides[1]) / (2 * delta)
    return theory, numeric


def compute_gradient_error(x: Any, x_shape: Any, y: Any, y_shape: Any, x_init_value: Any = None, delta: float = 0.001,
                           init_targets: Any = None, extra_feed_dict: Any = None) -> float:  # fmt: skip
    """The greatest difference between the two Jacobians of `compute_gradient`, whose arguments these are."""
    found = compute_gradient(x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict)
    pairs = found if isinstance(found, list) else [found]
    return max((float(np.fabs(a - b).max()) for a, b in pairs if a.size), default=0.0)


def __getattr__(name: str) -> Any:
    return getattr(_weft.test, name)


def __dir__() -> list[str]:
    own = ["StubOutForTesting", "compute_gradient", "compute_gradient_error", "mock", "test_src_dir_path"]
    return sorted({*own, *(name for name in dir(_weft.test) if not name.startswith("_"))})

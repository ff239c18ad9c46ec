"""What is at `keras.__internal__` in Keras 2."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import weft

KerasTensor = weft.keras.KerasTensor


class RaggedKerasTensor:
    """What `isinstance` is asked about: a symbolic ragged tensor is a `KerasTensor`, and no such object."""


class SparseKerasTensor:
    """What `isinstance` is asked about: a symbolic sparse tensor is a `KerasTensor`, and no such object."""


def _register_symbolic_tensor_type(cls: Any) -> None:
    """Accepted: any object that stands for a tensor may be given to a layer."""


utils = SimpleNamespace(register_symbolic_tensor_type=_register_symbolic_tensor_type)

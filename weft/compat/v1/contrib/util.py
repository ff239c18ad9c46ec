"""`tf.contrib.util`: tensors as protocol buffers."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api.protos import make_ndarray as make_ndarray
from weft.api.protos import make_tensor_proto as make_tensor_proto


def constant_value(tensor: Any) -> Any:
    """The content of a tensor where it is known without running; else None."""
    held = getattr(tensor, "_array", None)
    node = getattr(getattr(tensor, "_value", None), "node", None)
    if held is None and node is not None and node.op == "constant":
        held = node.attrs["value"].array
    return None if held is None else np.asarray(held)

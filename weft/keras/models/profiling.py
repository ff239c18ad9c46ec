"""`model.profile(x)`: where the time of a model's computation goes."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft import extend
from weft.extend import explain
from weft.keras.trainer import arrays


def profile(model: Any, x: Any, repeats: int, trace: Any, print_fn: Any) -> Any:
    """Times a model's computation kernel by kernel; see `Model.profile`."""
    if not isinstance(repeats, int):
        raise TypeError(explain("Model.profile: `repeats` is how often the model runs.", expected="an int",
                                received=type(repeats).__name__,
                                hint="the model alone is timed, without its loss: labels are not wanted"))  # fmt: skip
    batch = tf.nest.map_structure(tf.convert_to_tensor, arrays.convert(x, "x"))
    if not model.built:
        model(batch)
    with extend.profile() as found:
        function = extend.function(lambda x: model(x, training=False), name=model.name)
        function(batch)  # compiles
        found.clear()
        for _ in range(repeats):
            function(batch)
    (print if print_fn is None else print_fn)(found.table())
    if trace is not None:
        found.write_trace(trace)
    return found

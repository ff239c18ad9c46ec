"""Finds where the first NaN of a training step comes from: what `keras.config.enable_debug_nans()` turns on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain


class Watch:
    """What is known about the step that is being looked at."""

    def __init__(self, step: int, batch: Any) -> None:
        self.step = step
        self.batch = batch

    def check_inputs(self) -> None:
        """Refuses data that are not finite themselves."""
        for name, value in zip(("x", "y", "sample_weight"), self.batch, strict=True):
            for leaf in tf.nest.flatten(value):
                bad = _bad(leaf)
                if bad:
                    self._refuse(
                        f"the data: `{name}` holds {bad}", "clean the data: numpy.isfinite tells which rows are good"
                    )

    def check_layer(self, layer: Any, outputs: Any) -> None:
        """Refuses a layer's outputs that are not finite."""
        for leaf in tf.nest.flatten(outputs):
            bad = _bad(leaf)
            if bad:
                spoilt = [variable.path for variable in layer.weights if _bad(variable)]
                because = f"; its weights {', '.join(spoilt)} are not finite already" if spoilt else ""
                self._refuse(
                    f"layer `{layer.name}` ({type(layer).__name__}), whose output of shape {leaf.shape} holds "
                    f"{bad}{because}",
                    "a smaller learning rate, clipnorm=1.0 in the optimizer, or inputs scaled to about 1 often help",
                )

    def check_loss(self, loss: Any) -> None:
        """Refuses a loss that is not finite."""
        bad = _bad(loss)
        if bad:
            self._refuse(f"the loss, which is {float(loss)}; all layers gave finite outputs",
                         "check the loss against the range of predictions: log of 0, or from_logits=True "
                         "missing")  # fmt: skip

    def check_gradients(self, gradients: Any, variables: Any) -> None:
        """Refuses gradients that are not finite."""
        for gradient, variable in zip(gradients, variables, strict=True):
            values = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
            bad = _bad(values)
            if bad:
                self._refuse(f"the gradient of `{getattr(variable, 'path', variable.name)}`, which holds {bad}",
                             "clipnorm=1.0 in the optimizer bounds gradients; sqrt and log have none at 0")  # fmt: skip

    def _refuse(self, what: str, hint: str) -> None:
        raise FloatingPointError(explain(
            f"Step {self.step + 1}: the first number that is not finite comes from {what}.",
            hint=hint + ". The weights are still those from before this step",
        ))  # fmt: skip


def _bad(value: Any) -> str:
    """How many NaN and infinite numbers there are, in words; empty where there are none."""
    if value is None:
        return ""
    array = np.asarray(value)
    if array.dtype.kind not in "fc" and array.dtype.name != "bfloat16":
        return ""
    array = array.astype(np.float64) if array.dtype.kind != "c" else array
    nans, infinities = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    parts = [
        f"{nans} NaN" if nans else "",
        f"{infinities} infinite number{'s' if infinities > 1 else ''}" if infinities else "",
    ]
    return " and ".join(part for part in parts if part)


@contextmanager
def watching(model: Any, watch: Watch) -> Iterator[None]:
    """Inside, what the innermost layers of a model return is checked."""
    inner = [layer for layer in model._flatten_layers(include_self=False) if not layer._children()]

    def checked(layer: Any, call: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            outputs = call(*args, **kwargs)
            watch.check_layer(layer, outputs)
            return outputs

        return run

    for layer in inner:
        layer.__dict__["call"] = checked(layer, layer.call)
    try:
        yield
    finally:
        for layer in inner:
            layer.__dict__.pop("call", None)

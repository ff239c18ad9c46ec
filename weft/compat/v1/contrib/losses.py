"""`tf.contrib.losses`: the losses with the predictions first, as they were before `tf.losses`."""

from __future__ import annotations

from typing import Any

from weft.compat.v1 import losses as _losses
from weft.compat.v1.losses import (  # noqa: F401
    add_loss,
    get_losses,
    get_regularization_losses,
    get_total_loss,
)


def _predictions_first(name: str) -> Any:
    function = getattr(_losses, name)

    def call(predictions: Any, labels: Any = None, weights: Any = 1.0, **options: Any) -> Any:
        return function(labels, predictions, weights, **options)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"As `tf.losses.{name}`, with the predictions first."
    return call


absolute_difference = _predictions_first("absolute_difference")
hinge_loss = _predictions_first("hinge_loss")
log_loss = _predictions_first("log_loss")
mean_squared_error = _predictions_first("mean_squared_error")
sigmoid_cross_entropy = _predictions_first("sigmoid_cross_entropy")
softmax_cross_entropy = _predictions_first("softmax_cross_entropy")
sparse_softmax_cross_entropy = _predictions_first("sparse_softmax_cross_entropy")

"""`Loss`: from a loss a row to one number, by weights, masks and a reduction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf
from weft import extend
from weft.extend import explain, nearest, user_facing
from weft.keras import config, dtype_policies
from weft.keras.core.construction import KnownArguments
from weft.keras.core.masking import get_mask
from weft.keras.core.naming import auto_name, to_snake_case
from weft.keras.losses.alignment import align_ranks
from weft.keras.saving import deserialize_keras_object, serialize_keras_object

REDUCTIONS = ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none", None)


class Loss(metaclass=KnownArguments):
    """What training makes small. Subclasses say in `call(y_true, y_pred)` what the loss of each row is.

    Args:
        name: Its name.
        reduction: `"sum_over_batch_size"` (the mean over all entries), `"mean"`, `"sum"`, `"mean_with_sample_weight"`
            (divided by the weights' sum), `"none"` or None.
        dtype: Dtype or policy in which it computes.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> class Fourth(keras.losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return tf.reduce_mean((y_true - y_pred) ** 4, axis=-1)
        >>> float(Fourth()([[0.0], [0.0]], [[1.0], [2.0]]))
        8.5
    """

    #: whether labels stay integers, because they number classes
    _labels_are_classes = False

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        self.name = name or auto_name(to_snake_case(type(self).__name__))
        if reduction == "auto":  # Keras 2's word for the usual one
            reduction = "sum_over_batch_size"
        if reduction not in REDUCTIONS:
            raise ValueError(explain(
                f"{type(self).__name__}: Invalid value for argument `reduction`: there is no {reduction!r}. "
                f"{nearest(str(reduction), [r for r in REDUCTIONS if r])}",
                expected=", ".join(repr(r) for r in REDUCTIONS),
            ))  # fmt: skip
        self.reduction = reduction
        self._dtype_policy = dtype_policies.get(dtype or config.floatx())

    @property
    def dtype(self) -> str:
        """The dtype in which it computes."""
        return str(self._dtype_policy.compute_dtype)

    @user_facing
    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch.

        Args:
            y_true: Labels.
            y_pred: Predictions.
            sample_weight: None, or weights that broadcast to the losses of the rows.

        Returns:
            A scalar; with reduction "none", the losses of the rows.
        """
        mask = get_mask(y_pred)
        y_pred = _convert_all(y_pred, self.dtype, False)
        y_true = _convert_all(y_true, self.dtype, self._labels_are_classes)
        losses = self.call(y_true, y_pred)
        if losses is None:
            raise ValueError(explain(
                f"Loss `{self.name}` returned None.", expected="a tensor with the loss of each row",
                hint="end the function with `return loss`",
            ))  # fmt: skip
        if get_mask(losses) is not None:
            own = get_mask(losses)
            mask = own if mask is None else tf.logical_and(tf.cast(mask, "bool"), own)
        return reduce_weighted(losses, sample_weight, mask, self.reduction, self.dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each row. Subclasses say how."""
        raise NotImplementedError(
            explain(f"{type(self).__name__} has no call() method.", hint="define call(self, y_true, y_pred)")
        )

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        found: dict[str, Any] = {"name": self.name, "reduction": self.reduction}
        if self.dtype != config.floatx():
            found["dtype"] = self.dtype
        return found

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """A loss from what `get_config` gave."""
        return cls(**config)


def _convert_all(structure: Any, dtype: str, keep_integers: bool) -> Any:
    """Tensors of a structure; lists of plain numbers are one tensor."""
    leaves = tf.nest.flatten(structure)
    if isinstance(structure, (list, tuple)) and all(isinstance(leaf, (bool, int, float)) for leaf in leaves):
        return _convert(structure, dtype, keep_integers)
    return tf.nest.map_structure(lambda leaf: _convert(leaf, dtype, keep_integers), structure)


def _convert(value: Any, dtype: str, keep_integers: bool) -> Any:
    tensor = tf.convert_to_tensor(value)
    if tensor.dtype == dtype or tensor.dtype == "string" or (keep_integers and tensor.dtype.is_integer):
        return tensor
    return tf.cast(tensor, dtype)


def reduce_weighted(values: Any, sample_weight: Any, mask: Any, reduction: str | None, dtype: str) -> Any:
    """One number from the losses of the rows.

    Args:
        values: The losses.
        sample_weight: None, or weights that broadcast to them.
        mask: None, or which of them count. A mean is taken over those alone.
        reduction: See `Loss`.
        dtype: The dtype of the result.
    """
    values = tf.cast(tf.convert_to_tensor(values), dtype)
    weights = None if sample_weight is None else tf.cast(tf.convert_to_tensor(sample_weight), dtype)
    weights = _with_mask(weights, mask, reduction, dtype)
    if weights is not None:
        values, weights = align_ranks(values, _for_samples(weights, values))
        _check_weights(values, weights)
        values = values * weights
    if reduction in (None, "none") or values.shape.rank == 0:
        return values
    total = tf.reduce_sum(values)
    if reduction == "sum":
        return total
    # means of replicas add up to the mean over all
    share = 1.0 / extend.replica_count()
    if reduction == "mean_with_sample_weight" and weights is not None:
        mean = tf.math.divide_no_nan(total, tf.reduce_sum(weights))
    else:
        mean = tf.math.divide_no_nan(total, tf.cast(tf.size(values), dtype))
    return mean if share == 1.0 else mean * tf.cast(share, mean.dtype)


def _with_mask(weights: Any, mask: Any, reduction: str | None, dtype: str) -> Any:
    if mask is None:
        return weights
    mask = tf.cast(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        # The mean divides by the number of all entries; this makes it one over those that count.
        valid = tf.reduce_sum(mask)
        mask = mask * (tf.cast(tf.size(mask), dtype) / (valid + config.epsilon()))
    if weights is None:
        return mask
    weights, mask = align_ranks(_for_samples(weights, mask), mask)
    return weights * mask


def _for_samples(weights: Any, values: Any) -> Any:
    """A weight a sample, with axes for the several losses that each sample has."""
    if weights.shape.rank != 1 or values.shape.rank is None or values.shape.rank < 2 or values.shape[-1] == 1:
        return weights
    return tf.reshape(weights, [-1] + [1] * (values.shape.rank - 1))


def _check_weights(values: Any, weights: Any) -> None:
    if values.shape.rank is None or weights.shape.rank is None or weights.shape.rank == 0:
        return
    pairs = zip(reversed(list(values.shape)), reversed(list(weights.shape)), strict=False)
    if any(None not in (a, b) and a != b and 1 not in (a, b) for a, b in pairs):
        raise ValueError(explain(
            "The sample weights do not go with the losses.", expected=f"one weight a loss: shape {values.shape}",
            received=f"sample_weight of shape {weights.shape}",
            hint="give one weight a sample, or one for each of its losses",
        ))  # fmt: skip


class LossFunctionWrapper(Loss):
    """A loss from a function of labels and predictions.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)`, the loss of each row.
        reduction: See `Loss`.
        name: Its name.
        dtype: Its dtype.
        **kwargs: Passed to the function.
    """

    def __init__(
        self, fn: Callable[..., Any], reduction: str | None = "sum_over_batch_size", name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs
        if getattr(fn, "_weft_labels_are_classes", False):
            self._labels_are_classes = True

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each row."""
        function = extend.traceable(self.fn)
        if tf.nest.is_nested(y_true) or tf.nest.is_nested(y_pred):
            return function(y_true, y_pred, **self._fn_kwargs)
        return function(*align_ranks(y_true, y_pred), **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        found = super().get_config()
        if type(self) is LossFunctionWrapper:
            found["fn"] = serialize_keras_object(self.fn)
        found.update({key: serialize_keras_object(value) for key, value in self._fn_kwargs.items()})
        return found

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """A loss from what `get_config` gave."""
        if isinstance(config.get("fn"), (dict, str)):
            config = {**config, "fn": deserialize_keras_object(config["fn"])}
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self.fn}, kwargs={self._fn_kwargs})>"


class Reduction:
    """Names of Keras 2 for how the losses of a batch become one."""

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"

"""Steps that a program has written itself, under a strategy with several replicas: each replica runs its own.

The steps of `Trainer` are computed for the whole batch, which devices share out among them. What a program writes may
ask how many replicas there are, sum over them or count its rows, so it is run as `strategy.run` runs a custom loop.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import weft as tf
from weft import extend
from weft.extend import explain

#: what may be written of each step
_PARTS = {
    "train_step": ("train_step", "compute_loss", "compute_metrics"),
    "test_step": ("test_step", "compute_loss", "compute_metrics"),
    "predict_step": ("predict_step",),
}


def strategy_of(model: Any, method: str, trainer: type) -> Any:
    """The strategy whose replicas each run a step of a model themselves; None where the batch is computed as a whole.

    Args:
        model: The model.
        method: The step's name.
        trainer: The class whose steps are computed as a whole.
    """
    strategy = _of_several(model)
    if strategy is None:
        return None
    return strategy if any(_is_written(model, part, trainer) for part in _PARTS[method]) else None


def _of_several(model: Any) -> Any:
    """The strategy that a model was compiled under, where it has several replicas."""
    strategy = model.__dict__.get("_distribute_strategy")
    return None if strategy is None or strategy.num_replicas_in_sync == 1 else strategy


def shared_out(model: Any, data: Any) -> Any:
    """A batch as a model's own `make_train_function` is given it, whose steps `strategy.run` runs."""
    strategy = _of_several(model)
    if strategy is None:
        return data
    return extend.cut_among_replicas(data, strategy.num_replicas_in_sync)


def _is_written(model: Any, name: str, trainer: type) -> bool:
    """Whether a program has put a method of its own in the place of the trainer's."""
    found = getattr(getattr(model, name), "__func__", None)
    if found is getattr(trainer, name):
        return False
    return getattr(found, "__module__", "").partition(".")[0] != __name__.partition(".")[0]


def run(strategy: Any, step: Callable[[Any], Any], data: Any, method: str, cuts: bool) -> Any:
    """Runs a step as each replica, and makes one result of theirs.

    Args:
        strategy: Whose replicas.
        step: Data of a replica → its result.
        data: A batch; what are values of replicas already stays so.
        method: The step's name.
        cuts: Whether the batch is cut among replicas; else each is given all of it, as `train_on_batch` does.

    Returns:
        The mean of their numbers, or what the first has on TPUs; of predictions the rows of all.
    """
    given = extend.cut_among_replicas(data, strategy.num_replicas_in_sync) if cuts else data
    found = strategy.run(step, args=(given,))
    if method == "predict_step" and cuts:
        return tf.nest.map_structure(lambda leaf: _joined(strategy, leaf), found)
    first = method == "predict_step" or isinstance(strategy, tf.distribute.TPUStrategy)
    return tf.nest.map_structure(lambda leaf: _as_one(leaf, first), found)


def _differs(leaf: Any) -> bool:
    return isinstance(leaf, tf.distribute.DistributedValues)


def _joined(strategy: Any, leaf: Any) -> Any:
    return strategy.gather(leaf, axis=0) if _differs(leaf) else leaf


def _as_one(leaf: Any, first: bool) -> Any:
    if not _differs(leaf):
        return leaf
    values = leaf.values
    return values[0] if first else tf.reduce_mean(tf.stack(values), axis=0)


def as_a_whole(model: Any) -> Any:
    """A block in which a batch is computed as a whole, and so by one replica, whichever scope `fit` is called in."""
    return nullcontext() if _of_several(model) is None else tf.distribute.ReplicaContext(tf.distribute.Strategy())


def of_all(loss: Any) -> Any:
    """The loss that metrics are told, of a replica's share of it: the shares of all add up."""
    count = extend.replica_count()
    return loss if count == 1 else loss * tf.cast(count, loss.dtype)


def share(loss: Any) -> Any:
    """A replica's share of a loss that all have, such as a penalty on weights."""
    count = extend.replica_count()
    return loss if count == 1 else loss / tf.cast(count, loss.dtype)


def require_whole(strategy: Any) -> None:
    """Refuses to search the steps of replicas for NaN.

    Raises:
        NotImplementedError: Where there is a strategy.
    """
    if strategy is not None:
        raise NotImplementedError(explain(
            "keras.config.enable_debug_nans(): a step that each of several replicas runs is not searched.",
            received=repr(strategy), hint="search without the strategy, or leave out the model's own train_step",
        ))  # fmt: skip

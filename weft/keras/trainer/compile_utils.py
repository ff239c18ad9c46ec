"""What `compile` was told about losses and metrics, resolved when the first batch shows what they are about."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain, outermost_graph
from weft.keras import losses as losses_module
from weft.keras import metrics as metrics_module
from weft.keras.core.naming import to_snake_case
from weft.keras.trainer import arguments, replicas, structured_loss
from weft.keras.trainer.outputs import Outputs


def _kind_of_labels(y_true: Any, y_pred: Any) -> str:
    """ "binary", "sparse" or "categorical", by the shapes."""
    pred = tf.convert_to_tensor(y_pred).shape
    true = tf.convert_to_tensor(y_true).shape
    last = pred[-1] if pred.rank else None
    if last == 1:
        return "binary"
    if true.rank is not None and pred.rank is not None and (true.rank < pred.rank or (true.rank and true[-1] == 1)):
        return "sparse"
    return "categorical"


def resolve_metric(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """The metric for what the user said; "accuracy" becomes the one that fits the shapes."""
    if identifier is None:
        raise ValueError(explain("There is a None among the metrics.", hint="leave it out"))
    if isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc"):
        found: Any = {
            "binary": metrics_module.BinaryAccuracy, "sparse": metrics_module.SparseCategoricalAccuracy,
            "categorical": metrics_module.CategoricalAccuracy,
        }[_kind_of_labels(y_true, y_pred)](name="acc" if outermost_graph() is not None else identifier)  # fmt: skip
        return found
    found = metrics_module.get(identifier)
    if not isinstance(found, metrics_module.Metric):
        name = identifier if isinstance(identifier, str) else _name_of(found)
        return metrics_module.MeanMetricWrapper(found, name=name)
    if isinstance(identifier, str) and outermost_graph() is None:  # TensorFlow 1 called them by their full names
        found.name = identifier
    return found


def _name_of(function: Any) -> str:
    name = getattr(function, "name", None) or getattr(function, "__name__", None)
    return name if isinstance(name, str) else to_snake_case(type(function).__name__)


def resolve_loss(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """The loss for what the user said; "crossentropy" becomes the one that fits the shapes."""
    if identifier is None:
        return None
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        identifier = {
            "binary": "binary_crossentropy", "sparse": "sparse_categorical_crossentropy",
            "categorical": "categorical_crossentropy",
        }[_kind_of_labels(y_true, y_pred)]  # fmt: skip
    found = losses_module.get(identifier)
    if isinstance(found, losses_module.Loss):
        return found
    name = identifier if isinstance(identifier, str) else _name_of(found)
    return _NAMED.get(found, losses_module.LossFunctionWrapper)(found, name=name)


class _SparseLoss(losses_module.LossFunctionWrapper):
    """The sparse cross-entropy, whose labels rightly have one axis less."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each row."""
        return self.fn(y_true, y_pred, **self._fn_kwargs)


_NAMED: dict[Any, Any] = {losses_module.sparse_categorical_crossentropy: _SparseLoss}


class CompileMetrics(metrics_module.Metric):
    """The metrics of `compile`, for all outputs.

    Args:
        metrics: What the user said; not weighted.
        weighted_metrics: What the user said; weighted by sample weights.
        model: Whose outputs they are about.
        output_names: What these are called, where no model is given.
    """

    def __init__(
        self, metrics: Any, weighted_metrics: Any, model: Any = None, output_names: list[str] | None = None
    ) -> None:
        super().__init__(name="compile_metrics")
        for argument, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if given and not isinstance(given, (list, tuple, dict)):
                raise ValueError(explain(
                    f"compile(): `{argument}` must be a list, a tuple or a dict.", received=repr(given),
                    hint=f"write {argument}=[{given!r}]",
                ))  # fmt: skip
        self._given = (metrics, weighted_metrics)
        self._model, self._names = _reference(model), output_names
        self._outputs: Outputs | None = None
        self._plain: list[list[Any]] = []
        self._weighted: list[list[Any]] = []

    @property
    def built(self) -> bool:
        """Whether the metrics were made."""
        return self._outputs is not None

    @property
    def metrics(self) -> list[Any]:
        """The metrics, flat."""
        return [metric for group in (*self._plain, *self._weighted) for metric in group]

    @property
    def variables(self) -> list[Any]:
        """Their state."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def reset_state(self) -> None:
        """Lets every metric forget all batches, each in its own way."""
        for metric in self.metrics:
            metric.reset_state()

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Makes the metrics for these labels and predictions."""
        self._outputs = outputs = Outputs(y_pred, _names_of_outputs(self._model(), self._names))
        pairs = list(zip(outputs.values(y_true, "y"), tf.nest.flatten(y_pred), strict=True))
        self._plain = [
            self._make(spec, *pair) for spec, pair in zip(self._spread(self._given[0], "metrics"), pairs, strict=True)
        ]
        self._weighted = [
            self._make(spec, *pair)
            for spec, pair in zip(self._spread(self._given[1], "weighted_metrics"), pairs, strict=True)
        ]

    def _spread(self, given: Any, argument: str) -> list[list[Any]]:
        """What was said, for each output."""
        assert self._outputs is not None
        outputs = self._outputs
        if not given:
            return [[] for _ in range(outputs.count)]
        if isinstance(given, dict):
            if outputs.count == 1:  # by whatever name, as in Keras
                return [_as_list(tf.nest.flatten(list(given.values())))]
            if outputs.is_nested_like(given):
                return [_as_list(entry) for entry in outputs.by_structure(given)]
            return [_as_list(entry) for entry in outputs.by_name(given, argument)]
        if outputs.count == 1:
            return [_as_list(tf.nest.flatten(list(given)))]
        if len(given) == outputs.count:
            return [_as_list(entry) for entry in given]
        if any(isinstance(entry, (list, tuple)) for entry in given):
            raise ValueError(explain(
                f"compile(): `{argument}` has {len(given)} entries for {outputs.count} outputs.", received=repr(given),
                expected=f"one list for each of {outputs.shown()}",
                hint="a dict by the outputs' names may name some of them only",
            ))  # fmt: skip
        if any(isinstance(entry, metrics_module.Metric) for entry in given):
            raise ValueError(explain(
                f"compile(): an object among `{argument}` cannot serve {outputs.count} outputs at once.",
                received=repr(given),
                hint="give a dict: output name → list of metrics",
            ))  # fmt: skip
        return [list(given) for _ in range(outputs.count)]

    def _make(self, spec: list[Any], y_true: Any, y_pred: Any) -> list[Any]:
        if spec and y_true is None:
            raise ValueError(
                explain("There are metrics for an output without labels.", hint="pass y, or leave the metrics out")
            )
        return [resolve_metric(entry, y_true, y_pred) for entry in spec]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in."""
        if not self.built:
            self.build(y_true, y_pred)
        assert self._outputs is not None
        labels, predictions = self._outputs.values(y_true, "y"), tf.nest.flatten(y_pred)
        weights = _weights(self._outputs, sample_weight)
        for place, (label, prediction) in enumerate(zip(labels, predictions, strict=True)):
            for metric in self._plain[place]:
                metric.update_state(label, prediction)
            for metric in self._weighted[place]:
                metric.update_state(label, prediction, sample_weight=weights[place])

    def result(self) -> dict[str, Any]:
        """Name → result, with the output's name in front where there are several."""
        found: dict[str, Any] = {}
        for groups, prefix in ((self._plain, ""), (self._weighted, "weighted_")):
            for place, group in enumerate(groups):
                for metric in group:
                    found[self._free_name(found, place, metric.name, prefix)] = metric.result()
        return found

    def _free_name(self, taken: dict[str, Any], place: int, name: str, prefix: str) -> str:
        assert self._outputs is not None
        front = f"{self._outputs.label(place)}_" if self._outputs.count > 1 and self._outputs.names else ""
        chosen = f"{front}{name}"
        if chosen in taken and prefix:
            chosen = f"{front}{prefix}{name}"
        number, first = 1, chosen
        while chosen in taken:
            chosen = f"{first}_{number}"
            number += 1
        return chosen

    def get_config(self) -> dict[str, Any]:
        """What was said in `compile`."""
        return {"metrics": self._given[0], "weighted_metrics": self._given[1]}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": self._model()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._model = _reference(state["_model"])


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _reference(model: Any) -> Callable[[], Any]:
    """What gives the model, or None where there is none, and does not keep it alive."""
    return _no_model if model is None else weakref.ref(model)


def _no_model() -> None:
    """Stands for the reference to a model where there is none."""


def _names_of_outputs(model: Any, names: list[str] | None) -> list[str] | None:
    if names is not None:
        return list(names)
    try:
        return list(model.output_names)
    except (AttributeError, ValueError):
        return None


def _weights(outputs: Outputs, sample_weight: Any) -> list[Any]:
    """The weights for each output; a single array serves all."""
    if sample_weight is None or tf.nest.is_nested(sample_weight):
        return outputs.values(sample_weight, "sample_weight")
    return [sample_weight] * outputs.count


def _require_labels(outputs: Outputs, wanted: list[bool], labels: list[Any]) -> None:
    for place, (needed, label) in enumerate(zip(wanted, labels, strict=True)):
        if needed and label is None:
            raise ValueError(explain(
                f"There is a loss for {outputs.label(place) if outputs.count > 1 else 'the output'}, but no labels.",
                hint="pass y: model.fit(x, y), model.evaluate(x, y); an iterable of batches must give (x, y)",
            ))  # fmt: skip


class NoMetrics:
    """Stands for the metrics of `compile` where it was given none."""

    metrics: list[Any] = []

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Does nothing."""


class CompileLoss:
    """The losses of `compile`, for all outputs.

    Args:
        loss: What the user said.
        loss_weights: What the user said.
        model: Whose outputs they are about.
        output_names: What these are called, where no model is given.
    """

    def __init__(
        self, loss: Any, loss_weights: Any = None, model: Any = None, output_names: list[str] | None = None
    ) -> None:
        self._given = (loss, loss_weights)
        self._model, self._names = _reference(model), output_names
        self._outputs: Outputs | None = None
        self._terms: list[structured_loss.Term] | None = None
        self._losses: list[Any] = []
        self._scales: list[Any] = []
        #: the means of each output's loss, where there are several: in the order of the outputs, and as they are shown
        self._means: list[Any] = []
        self.metrics: list[Any] = []
        for entry in tf.nest.flatten(loss):
            _check_loss(entry)

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Makes the losses for these labels and predictions."""
        outputs = Outputs(y_pred, _names_of_outputs(self._model(), self._names))
        if structured_loss.is_structured(self._given[0], y_pred):
            labels = structured_loss.aligned(y_true, y_pred)
            names = _names_of_outputs(self._model(), self._names)
            names = names if names is not None and len(names) == outputs.count else None
            self._terms = structured_loss.terms(*self._given, labels, y_pred, names, resolve_loss)
            if len(self._terms) > 1:
                self.metrics = self._means = [metrics_module.Mean(name=f"{term.name}_loss") for term in self._terms]
            self._outputs = outputs
            return
        specs = self._spread(outputs)
        wanted = [spec is not None for spec in specs]
        labels, predictions = outputs.values(y_true, "y", wanted), tf.nest.flatten(y_pred)
        _require_labels(outputs, wanted, labels)
        self._losses = [resolve_loss(*entry) for entry in zip(specs, labels, predictions, strict=True)]
        self._scales = self._spread_scales(outputs)
        active = [place for place, loss in enumerate(self._losses) if loss is not None]
        if len(active) > 1:
            names = [outputs.names[place] if outputs.names else self._losses[place].name for place in active]
            self._means = [metrics_module.Mean(name=f"{name}_loss") for name in names]
            by_key = isinstance(self._given[0], dict) and outputs.keys is not None
            told = list(self._given[0]) if by_key else outputs.written
            order = {name: place for place, name in enumerate(told or ())}
            shown = sorted(zip(names, self._means), key=lambda pair: order.get(pair[0], len(order)))
            self.metrics = [mean for _, mean in shown]
        self._outputs = outputs

    def _spread(self, outputs: Outputs) -> list[Any]:
        loss = self._given[0]
        if isinstance(loss, dict):
            if outputs.count == 1 and len(loss) == 1 and outputs.names is None:
                return list(loss.values())
            return outputs.by_name(loss, "loss")
        if isinstance(loss, (list, tuple)):
            if len(loss) != outputs.count:
                raise ValueError(explain(
                    f"compile() was given {len(loss)} losses for {outputs.count} "
                    f"output{'s' if outputs.count > 1 else ''}.",
                    received=repr(loss), expected=f"one loss for each of {outputs.shown()}, or one for all",
                    hint="None stands for an output without a loss",
                ))  # fmt: skip
            if self._names is not None and outputs.keys is not None and sorted(self._names) == outputs.keys:
                return outputs.by_name(dict(zip(self._names, loss)), "loss")  # a list is in the order of the names
            return list(loss)
        return [loss] * outputs.count

    def _spread_scales(self, outputs: Outputs) -> list[Any]:
        scales = self._given[1]
        if scales is None:
            return [None] * outputs.count
        if isinstance(scales, dict):
            return list(scales.values()) if outputs.count == 1 else outputs.by_name(scales, "loss_weights")
        if not isinstance(scales, (list, tuple)):
            return [scales] * outputs.count
        if len(scales) != outputs.count:
            raise ValueError(explain(
                f"compile() was given {len(scales)} loss_weights for {outputs.count} "
                f"output{'s' if outputs.count > 1 else ''}."
            ))  # fmt: skip
        return list(scales)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The weighted sum of the losses of a batch, or None where there is none."""
        if self._outputs is None:
            self.build(y_true, y_pred)
        assert self._outputs is not None
        if self._terms is not None:
            return self._total_of_terms(self._terms, y_true, y_pred, sample_weight)
        wanted = [loss is not None for loss in self._losses]
        labels = self._outputs.values(y_true, "y", wanted)
        _require_labels(self._outputs, wanted, labels)
        predictions, weights = tf.nest.flatten(y_pred), _weights(self._outputs, sample_weight)
        means = iter(self._means)
        total = None
        for place, loss in enumerate(self._losses):
            if loss is None:
                continue
            value = loss(labels[place], predictions[place], weights[place])
            if self.metrics:  # a shorter last batch counts less, as in the total
                next(means).update_state(replicas.of_all(value), sample_weight=arguments.rows(predictions[place]))
            if self._scales[place] is not None:
                value = value * self._scales[place]
            total = value if total is None else total + value
        return total

    def _total_of_terms(self, terms: list[Any], y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
        labels = structured_loss.aligned(y_true, y_pred)
        means, total = iter(self._means), None
        for term in terms:
            weight = sample_weight
            if sample_weight is not None and tf.nest.is_nested(sample_weight):
                weight = structured_loss.at(term.path, sample_weight)
            part = structured_loss.at(term.path, y_pred)
            value = term.loss(structured_loss.at(term.path, labels), part, weight)
            if self.metrics:
                next(means).update_state(replicas.of_all(value), sample_weight=arguments.rows(part))
            value = value if term.scale is None else value * term.scale
            total = value if total is None else total + value
        return total

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": self._model()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._model = _reference(state["_model"])


def _check_loss(entry: Any) -> None:
    """Refuses an unknown loss at once, and not in the middle of the first batch."""
    if isinstance(entry, str) and entry.lower() in ("crossentropy", "ce"):
        return
    losses_module.get(entry)


def check_scales(scales: Any) -> None:
    """Refuses what is no weight: as in Keras 3, the third argument of `compile` is not `metrics`."""
    bad = [entry for entry in tf.nest.flatten(scales) if isinstance(entry, (str, bytes)) or callable(entry)]
    if bad:
        given = repr(scales) if len(repr(scales)) < 200 else repr(bad[0])
        raise ValueError(explain(
            "compile(): `loss_weights`, its third argument, holds what is no number.",
            received=f"loss_weights={given}", expected="a number, or a list or dict with one for each output",
            hint=f"if these are metrics, name the argument: compile(optimizer, loss, metrics={given})",
        ))  # fmt: skip

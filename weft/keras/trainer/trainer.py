"""`Trainer`: `compile`, `fit`, `evaluate`, `predict` and the steps that they take."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import weft as tf
from weft import extend
from weft.extend import explain, signature_of
from weft.keras import config
from weft.keras import metrics as metrics_module
from weft.keras import optimizers as optimizers_module
from weft.keras.callbacks.callback import CallbackList, History
from weft.keras.core import step_values, tracking
from weft.keras.distribution import distribution
from weft.keras.optimizers.scaling import with_loss_scale
from weft.keras.trainer import arguments, arrays, replicas, sources
from weft.keras.trainer.compile_utils import CompileLoss, CompileMetrics, check_scales
from weft.keras.trainer.compiled_parts import CompiledParts
from weft.keras.trainer.debug_nans import Watch, watching
from weft.keras.trainer.generator_methods import GeneratorMethods
from weft.keras.trainer.groups import groups, joined
from weft.keras.trainer.results import Gathered, as_numbers, numpy_of
from weft.keras.trainer.state import State, Step, as_tensors
from weft.keras.trainer.workers import closing_workers

#: keywords of Keras 2 that say how batches are fetched; today a PyDataset says so itself
_FETCHING = ("workers", "use_multiprocessing", "max_queue_size")
_MAKERS = {f"{kind}_step": f"make_{kind}_function" for kind in ("train", "test", "predict")}


def _on_its_devices(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a model that shares its work among the devices of the strategy that the model was made under."""

    @functools.wraps(method)
    def shared(self: Any, *args: Any, **kwargs: Any) -> Any:
        strategy = self.__dict__.get("_distribute_strategy")
        if strategy is None:
            return method(self, *args, **kwargs)
        with strategy.extended.sharing():
            return method(self, *args, **kwargs)

    return shared


@extend.word_absent_methods("keras.Model")
class Trainer(CompiledParts, GeneratorMethods):
    """What a model is besides a layer: it can be trained."""

    def __init__(self) -> None:
        self._state = State()
        self.compiled = False
        self.optimizer: Any = None
        self.loss: Any = None
        self.loss_weights: Any = None
        self.steps_per_execution = 1
        self.stop_training = False
        self.stop_evaluating = False
        self.stop_predicting = False
        self.history: Any = None

    # Compiling

    @extend.user_facing
    @extend.at_once
    @arguments.showing_keras_arguments
    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: Any = None, metrics: Any = None,
        weighted_metrics: Any = None, run_eagerly: bool | None = False, steps_per_execution: int | None = 1,
        jit_compile: Any = "auto", auto_scale_loss: bool = True, **kwargs: Any,
    ) -> None:  # fmt: skip
        """Says how the model is trained.

        Args:
            optimizer: An optimizer or its name.
            loss: A loss, its name, or a function of (y_true, y_pred); for several outputs a list or a dict.
            loss_weights: What each output's loss is multiplied by.
            metrics: A list of metrics or names; for several outputs a list of lists, or a dict.
            weighted_metrics: Likewise; sample weights count in these.
            run_eagerly: Whether steps run as plain Python, for debugging.
            steps_per_execution: How many batches are run in one call, after which callbacks are called.
            jit_compile: Accepted; steps are always compiled as a whole.
            auto_scale_loss: Whether the loss is scaled where the model computes in float16.

        Raises:
            ValueError: For an unknown optimizer, loss or metric, naming the nearest names.
            TypeError: For an unknown keyword.

        Example:
            >>> from weft import keras
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
            >>> model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
        """
        arguments.refuse_unknown(kwargs, type(self).compile, "compile", ("sample_weight_mode", "target_tensors"))
        check_scales(loss_weights)
        shares = tf.distribute.has_strategy() and tf.distribute.get_strategy().extended.shares_work
        if shares and distribution() is None:  # a Distribution that the program has set says more than what launched it
            self._distribute_strategy = tf.distribute.get_strategy()
        self.optimizer = optimizers_module.get(optimizer)
        if auto_scale_loss and self.dtype_policy.name == "mixed_float16":  # type: ignore[attr-defined]
            self.optimizer = with_loss_scale(self.optimizer)
        self.loss = loss
        self.loss_weights = loss_weights
        self.steps_per_execution = steps_per_execution or 1
        state = State()
        state.run_eagerly = bool(run_eagerly)
        state.jit_compile = jit_compile
        state.loss_tracker = metrics_module.Mean(name="loss")
        state.compile_loss = CompileLoss(loss, loss_weights, self) if loss is not None else None
        if metrics or weighted_metrics:
            arguments.check_metrics(metrics, weighted_metrics)
            state.compile_metrics = CompileMetrics(metrics, weighted_metrics, self)
        state.arguments = {
            "optimizer": self.optimizer, "loss": loss, "loss_weights": loss_weights, "metrics": metrics,
            "weighted_metrics": weighted_metrics, "run_eagerly": bool(run_eagerly),
            "steps_per_execution": self.steps_per_execution, "jit_compile": jit_compile,
        }  # fmt: skip
        self._state = state
        self.stop_training = False
        self.compiled = True

    @property
    def distribute_strategy(self) -> Any:
        """The strategy that it was compiled under.

        In a step of the trainer's own it is one of one replica: a batch is whole there.
        """
        compiled_under = self.__dict__.get("_distribute_strategy")
        runs = tf.distribute.has_strategy() and not tf.distribute.in_cross_replica_context()
        return tf.distribute.get_strategy() if compiled_under is None or runs else compiled_under

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile`; None where it was not called."""
        from weft.keras.saving import serialize_keras_object

        if not self.compiled:
            return None
        return {key: serialize_keras_object(value) for key, value in self._state.arguments.items()}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles by what `get_compile_config` gave."""
        from weft.keras.saving import deserialize_keras_object

        if type(self).compile is not Trainer.compile:
            warnings.warn(
                "`compile()` was not called as part of model loading because the model's `compile()` method is custom. "
                f"Give {type(self).__name__} a compile_from_config(config) that calls it.", stacklevel=2,
            )  # fmt: skip
            return
        found = {
            key: deserialize_keras_object(value) if isinstance(value, (dict, list)) else value
            for key, value in config.items()
        }
        self.compile(**found)
        if self.built and hasattr(self.optimizer, "build"):  # type: ignore[attr-defined]
            self.optimizer.build(self.trainable_variables)  # type: ignore[attr-defined]

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run as plain Python."""
        return self._state.run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._state.run_eagerly = bool(value)
        self._state.forget_steps()

    @property
    def jit_compile(self) -> Any:
        """As given to `compile`."""
        return self._state.jit_compile

    @jit_compile.setter
    def jit_compile(self, value: Any) -> None:
        self._state.jit_compile = value

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(explain(
                f"{method}(): the model `{self.name}` has not been compiled.",  # type: ignore[attr-defined]
                hint='call model.compile(optimizer="adam", loss=...) first',
            ))  # fmt: skip

    # Metrics

    @property
    def metrics(self) -> list[Any]:
        """The metrics: the mean loss, those of `compile`, those of outputs' losses, and those that layers hold."""
        found: list[Any] = []
        state = self._state
        if self.compiled:
            found.append(state.loss_tracker)
            if state.compile_metrics is not None:
                found.append(state.compile_metrics)
            if state.compile_loss is not None:
                found.extend(state.compile_loss.metrics)
        for layer in self._flatten_layers():  # type: ignore[attr-defined]
            found.extend(value for value in layer._tracked_values() if isinstance(value, metrics_module.Metric))
            found.extend(value for value in layer._metrics if isinstance(value, metrics_module.Metric))
        return tracking.unique(found)

    @property
    def metrics_names(self) -> list[str]:
        """The names of the metrics."""
        return [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Sets all metrics back."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """Name → result of every metric."""
        found: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            if isinstance(result, dict):
                found.update(result)
            else:
                found[metric.name] = result
        return found

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Takes a batch into the metrics of `compile` and returns all results. May be overridden.

        Args:
            x: Inputs.
            y: Labels.
            y_pred: Predictions.
            sample_weight: Weights or None.
        """
        if self._state.compile_metrics is not None:
            self._state.compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    # The loss

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of a batch: that of `compile`, and what layers and regularizers add. May be overridden.

        Args:
            x: Inputs.
            y: Labels.
            y_pred: Predictions.
            sample_weight: Weights or None.
            training: Whether the model is being trained.
        """
        parts = []
        if self._state.compile_loss is not None:
            found = self._state.compile_loss(y, y_pred, sample_weight)
            if found is not None:
                parts.append(found)
        parts.extend(replicas.share(tf.reduce_sum(loss)) for loss in self.losses)  # type: ignore[attr-defined]
        if not parts:
            raise ValueError(explain(
                f"Model `{self.name}` has no loss to compute.",  # type: ignore[attr-defined]
                hint="give compile() a loss, or add one with add_loss()",
            ))  # fmt: skip
        total = parts[0]
        for part in parts[1:]:
            total = total + tf.cast(part, total.dtype)
        return total

    def _loss_of(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        step_values.ask()
        names = signature_of(self.compute_loss).parameters
        if "training" in names or any(p.kind is p.VAR_KEYWORD for p in names.values()):
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)
        else:
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        if self._state.loss_tracker is not None:
            counted = arguments.rows(y_pred if y_pred is not None else x)
            self._state.loss_tracker.update_state(replicas.of_all(loss), sample_weight=counted)
        return loss

    # Steps

    @step_values.kept()
    def train_step(self, data: Any) -> dict[str, Any]:
        """A step of training over a batch. May be overridden.

        Args:
            data: (x, y, sample_weight), (x, y) without weights, x alone without labels.

        Returns:
            Name → value of what is shown.
        """
        x, y, sample_weight = sources.unpack(data)
        watch = self._state.watch
        with tf.GradientTape() as tape:
            y_pred = self._call_with(x, True)
            loss = self._loss_of(x, y, y_pred, sample_weight, True)
            if watch is not None:
                watch.check_loss(loss)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_variables  # type: ignore[attr-defined]  # the call may have built some
        if variables:
            gradients = tape.gradient(scaled, variables)
            if watch is not None:
                watch.check_gradients(gradients, variables)
            self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    @step_values.kept()
    def test_step(self, data: Any) -> dict[str, Any]:
        """A step of evaluation over a batch. May be overridden.

        Args:
            data: (x, y, sample_weight), (x, y) without weights, x alone without labels.

        Returns:
            Name → value.
        """
        x, y, sample_weight = sources.unpack(data)
        y_pred = self._call_with(x, False)
        self._loss_of(x, y, y_pred, sample_weight, False)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """A step of prediction over a batch. May be overridden.

        Args:
            data: x, (x,) or (x, y, sample_weight).

        Returns:
            The outputs.
        """
        return self._call_with(sources.unpack(data)[0], False)

    def _call_with(self, x: Any, training: bool) -> Any:
        return self(x, training=training)  # type: ignore[operator]

    def _make(self, method: str, force: bool) -> Callable[[Any], Any]:
        if force:
            self._state.steps.pop(method, None)
        state = self._state

        def run(iterator: Any) -> Any:
            return state.step(self, method)(next(iter(iterator)))

        return run

    def make_train_function(self, force: bool = False) -> Callable[[Any], Any]:
        """A function that takes an iterator and trains on its next batch. May be overridden."""
        return self._make("train_step", force)

    def make_test_function(self, force: bool = False) -> Callable[[Any], Any]:
        """A function that takes an iterator and evaluates its next batch. May be overridden."""
        return self._make("test_step", force)

    def make_predict_function(self, force: bool = False) -> Callable[[Any], Any]:
        """A function that takes an iterator and predicts its next batch. May be overridden."""
        return self._make("predict_step", force)

    def _strategy_of(self, method: str) -> Any:
        """The strategy whose replicas each run a step; None where it is computed for the whole batch."""
        return replicas.strategy_of(self, method, Trainer)

    def _runner(self, method: str, cuts: bool = True) -> Callable[[Any], Any]:
        """What runs a step over a batch, which replicas may share out: traced, or what a subclass makes instead."""
        if self._makes_own(method):
            made = getattr(self, _MAKERS[method])()
            return lambda data: made(iter((replicas.shared_out(self, data),)))
        cuts = cuts or self._strategy_of(method) is None
        return self._state.step(self, method, cuts)

    def _makes_own(self, method: str) -> bool:
        """Whether a subclass makes what runs a step."""
        maker = _MAKERS[method]
        return getattr(type(self), maker) is not getattr(Trainer, maker)

    def _run_watched(self, data: Any, step: int, packed: Any) -> dict[str, Any]:
        """A training step that stops at the first number that is not finite."""
        replicas.require_whole(self._strategy_of("train_step"))
        watch = Watch(step, data)
        watch.check_inputs()
        self._state.watch = watch
        try:
            with watching(self, watch):
                return self.train_step(as_tensors(packed))
        finally:
            self._state.watch = None

    # Loops

    @extend.user_facing
    @extend.at_once
    @closing_workers
    @_on_its_devices
    @arguments.showing_keras_arguments
    def fit(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1, verbose: Any = "auto",
        callbacks: Any = None, validation_split: float = 0.0, validation_data: Any = None, shuffle: Any = True,
        class_weight: dict[Any, float] | None = None, sample_weight: Any = None, initial_epoch: int = 0,
        steps_per_epoch: int | None = None, validation_steps: int | None = None,
        validation_batch_size: int | None = None, validation_freq: Any = 1, **kwargs: Any,
    ) -> History:  # fmt: skip
        """Trains the model.

        Args:
            x: Inputs: arrays, tensors, lists of numbers, dicts or lists of these; or an iterable that gives (x, y) or
                (x, y, sample_weight) batch by batch.
            y: Labels, one row for each of x.
            batch_size: Samples in a batch; 32 where None.
            epochs: The number of the last epoch.
            verbose: 0 shows nothing, 1 a live bar, 2 a line for each epoch, 3 only which epoch it is.
            callbacks: Callbacks.
            validation_split: Share of the samples, from the end, that is not trained on but evaluated.
            validation_data: (x, y) or (x, y, sample_weight), or an iterable of batches.
            shuffle: Whether samples change places in each epoch; "batch": whole batches.
            class_weight: Class → weight of its samples.
            sample_weight: The weight of each sample.
            initial_epoch: The number of epochs that are behind already.
            steps_per_epoch: Batches in an epoch; all where None.
            validation_steps: Batches in a validation; all where None.
            validation_batch_size: Samples in a batch of the validation.
            validation_freq: Every how many epochs there is a validation; or the epochs' numbers.

        Returns:
            A History, whose `history` holds the metrics of each epoch. `model.history` is the same, also after Ctrl-C.

        Raises:
            ValueError: For data that do not go together or are empty, or a model that was not compiled.

        Example:
            >>> from weft import keras
            >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
            >>> model.compile("sgd", "mse")
            >>> sorted(model.fit([1.0, 2.0], [2.0, 4.0], epochs=2, verbose=0).history)
            ['loss']
        """
        if "nb_epoch" in kwargs:
            epochs = kwargs.pop("nb_epoch")
        arguments.refuse_unknown(kwargs, type(self).fit, "fit", _FETCHING)
        self._require_compiled("fit")
        epochs, initial_epoch = arguments.count(epochs, "epochs"), arguments.count(initial_epoch, "initial_epoch")
        limit = config.max_epochs()
        epochs = epochs if limit is None else min(epochs, limit)
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = sources.split(x, y, sample_weight, validation_split)
        source = sources.make_source("fit", x, y, sample_weight, batch_size, shuffle, class_weight)
        loop = sources.Loop(source, arguments.at_most(steps_per_epoch), self._stride("train_step"))
        validation = self._validation(validation_data, validation_steps, validation_batch_size or batch_size)
        verbose = arguments.verbosity(verbose)
        listeners = arguments.listeners(
            callbacks,
            self,
            add_history=True,
            add_progbar=verbose != 0,
            verbose=verbose,
            epochs=epochs,
            steps=loop.steps,
        )
        self.stop_training = False
        loop.restart()
        self._state.loop = loop
        try:
            self._train(loop, validation, listeners, (initial_epoch, epochs), validation_freq)
        finally:
            self._state.loop = None  # with it go the data
        return self.history

    def _train(
        self, loop: sources.Loop, validation: Any, listeners: CallbackList, epochs: tuple[int, int],
        validation_freq: Any,
    ) -> None:  # fmt: skip
        listeners.on_train_begin()
        logs: dict[str, Any] = {}
        for epoch in range(loop.first_epoch(epochs[0]), epochs[1]):
            self.reset_metrics()
            listeners.on_epoch_begin(epoch)
            logs = self._train_epoch(loop, listeners)
            if validation is not None and arguments.is_due(epoch, validation_freq):
                found = as_numbers(self._evaluate_loop(validation, listeners))
                logs = as_numbers(logs | {f"val_{name}": value for name, value in found.items()})
            listeners.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        self.optimizer.finalize_variable_values(self.trainable_variables)  # type: ignore[attr-defined]
        listeners.on_train_end(logs)

    def _train_epoch(self, loop: sources.Loop, listeners: CallbackList) -> dict[str, Any]:
        logs: Any = None
        for number, logs in self._batches("train_step", loop, listeners):
            arguments.check_logs(logs, "train_step")
            listeners.end_batch("train", number, lambda found=logs: as_numbers(found))
            if self.stop_training:
                break
        if logs is None and loop.left_out:  # a resumed epoch whose batches were all done
            logs = self.get_metrics_result()
        if logs is None:
            raise ValueError(
                explain("fit(): the data gave no batch.", hint="the iterable was empty, or used up before")
            )
        return as_numbers(logs)

    def _batches(self, method: str, loop: sources.Loop, listeners: CallbackList) -> Iterator[tuple[int, Any]]:
        """Runs a step over an epoch.

        Yields:
            The number of the latest batch and what the step returned for it; of predictions those of all batches
            since the last time.
        """
        mode = method.removesuffix("_step")
        search = mode == "train" and config.is_debug_nans_enabled()
        every = None if search else self._whole_epoch(method, loop)
        try:
            if every is not None:
                running = every.run(single=listeners.wants_batches, joined=mode == "predict")
                while every.at < len(every):
                    listeners.begin_batch(mode, every.at)
                    yield next(running)
                return
            rest = loop.rest()
            if self._runs_groups(method, search):
                yield from self._groups(method, groups(rest, loop.left_out, self.steps_per_execution), listeners)
                return
            step = self._runner(method)
            if loop.overlaps and isinstance(step, Step) and not listeners.wants_batches and not search:
                yield from self._overlapping(mode, step, enumerate(rest, loop.left_out), listeners)
                return
            for number, data in enumerate(rest, loop.left_out):
                listeners.begin_batch(mode, number)
                packed = sources.pack(data)
                yield number, self._run_watched(data, number, packed) if search else step(packed)
        except tf.errors.InvalidArgumentError as error:
            if every is not None:
                loop.seek(every.at)
            loop.explain_row(error)
            raise

    def _overlapping(
        self, mode: str, step: Step, batches: Iterator[tuple[int, Any]], listeners: CallbackList
    ) -> Iterator[tuple[int, Any]]:
        """Runs a step over batches, and yields as `_batches` does.

        On an engine that works beside Python, the next batch is made and sent to the device meanwhile.
        """
        try:
            for number, data in batches:
                listeners.begin_batch(mode, number)
                yield number, step(sources.pack(data), later=True)
            extend.settle()
        except Exception:
            extend.settle()  # what the step before is wrong about came first
            raise
        finally:
            extend.forget()  # after Ctrl-C; who was given a result can still ask it

    def _runs_groups(self, method: str, search: bool) -> bool:
        """Whether several batches are run in one call; workers whose batches differ could not meet in one."""
        alone = not extend.work_is_shared_by_processes()
        return self.steps_per_execution > 1 and alone and not search and not self._makes_own(method)

    def _stride(self, method: str) -> int:
        """How many batches run in one call."""
        return self.steps_per_execution if self._runs_groups(method, False) else 1

    def _groups(self, method: str, found: Iterator[Any], listeners: CallbackList) -> Iterator[tuple[int, Any]]:
        """Runs a step over groups of batches, and yields as `_batches` does."""
        mode = method.removesuffix("_step")
        step = self._state.step(self, method)
        for first, group in found:
            listeners.begin_batch(mode, first)
            rows = joined(group)
            together = None if rows is None else step.batches(rows[0], None, rows[1])
            if together is None:  # batches unlike each other, or steps that run as Python
                for number, data in enumerate(group, first):
                    yield number, step(sources.pack(data))
                continue
            for place, result in together.run(joined=mode == "predict", at_once=True):
                yield first + place, result

    def _whole_epoch(self, method: str, loop: sources.Loop) -> Any:
        """An epoch of arrays in memory whose batches compiled code cuts; None where Python has to."""
        if self._makes_own(method):
            return None
        whole = loop.whole()
        if whole is None:
            return None
        data, order, size = whole
        every = self._state.step(self, method).batches(sources.pack(data), order, size)
        if every is None:
            loop.put_back()  # one epoch draws one order, whichever way it runs
        return every

    def _validation(self, data: Any, steps: int | None, batch_size: int | None) -> Any:
        if data is None:
            return None
        x, y, sample_weight = (
            (data, None, None) if sources.is_iterable_of_batches(data) else sources.unpack(arguments.as_tuple(data))
        )
        if sources.is_iterable_of_batches(x):
            batch_size = None
        elif y is None and self._state.compile_loss is not None:
            raise ValueError(explain(
                "fit(): `validation_data` holds no labels, and there is a loss.", expected="(x, y) or (x, y, weights)",
                received=f"{type(data).__name__} {getattr(data, 'shape', '')}".rstrip(),
                hint="validation_data=(x_val, y_val)",
            ))  # fmt: skip
        source = sources.make_source("fit(validation_data)", x, y, sample_weight, batch_size)
        return sources.Loop(source, arguments.at_most(steps), self._stride("test_step"))

    def _evaluate_loop(self, loop: sources.Loop, listeners: CallbackList) -> dict[str, Any]:
        loop.restart()
        self.reset_metrics()
        self.stop_evaluating = False
        listeners.on_test_begin()
        logs: Any = None
        for number, logs in self._batches("test_step", loop, listeners):
            arguments.check_logs(logs, "test_step")
            listeners.end_batch("test", number, lambda found=logs: as_numbers(found))
            if self.stop_evaluating:
                break
        if logs is None:
            raise ValueError(
                explain("The data to evaluate gave no batch.", hint="the iterable was empty, or used up before")
            )
        numbers = as_numbers(logs)
        listeners.on_test_end(numbers)
        return numbers

    @extend.user_facing
    @extend.at_once
    @closing_workers
    @_on_its_devices
    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None, callbacks: Any = None, return_dict: bool = False, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """The loss and the metrics for data.

        Args:
            x: Inputs, as in `fit`.
            y: Labels.
            batch_size: Samples in a batch; 32 where None.
            verbose: 0 shows nothing, 1 a live bar, 2 a line.
            sample_weight: The weight of each sample.
            steps: How many batches; all where None.
            callbacks: Callbacks.
            return_dict: Whether names come with the values.

        Returns:
            The loss; a list of loss and metrics where there are any; or a dict.

        Raises:
            ValueError: For data that do not go together or are empty, or a model that was not compiled.
        """
        arguments.refuse_unknown(kwargs, type(self).evaluate, "evaluate", _FETCHING)
        self._require_compiled("evaluate")
        source = sources.make_source("evaluate", x, y, sample_weight, batch_size)
        loop = sources.Loop(source, arguments.at_most(steps), self._stride("test_step"))
        verbose = arguments.verbosity(verbose)
        listeners = arguments.listeners(
            callbacks, self, add_progbar=verbose != 0, verbose=verbose, epochs=1, steps=loop.steps
        )
        logs = self._evaluate_loop(loop, listeners)
        return logs if return_dict else self._in_order(logs)

    def _in_order(self, logs: dict[str, Any]) -> Any:
        if len(logs) == 1:
            return next(iter(logs.values()))
        names: list[str] = []
        for metric in self.metrics:
            names.extend(m.name for m in metric.metrics) if isinstance(metric, CompileMetrics) else names.append(
                metric.name
            )
        found = [logs[name] for name in names if name in logs]
        found.extend(logs[name] for name in sorted(logs) if name not in names)
        return found[0] if len(found) == 1 else found

    @extend.user_facing
    @extend.at_once
    @closing_workers
    @_on_its_devices
    @arguments.showing_keras_arguments
    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None,
        callbacks: Any = None,
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        """The outputs for inputs, as numpy arrays.

        Args:
            x: Inputs, as in `fit`.
            batch_size: Samples in a batch; 32 where None.
            verbose: 0 shows nothing, 1 a live bar, 2 a line.
            steps: How many batches; all where None.
            callbacks: Callbacks.

        Returns:
            An array with a row for each sample, or a structure of them.

        Raises:
            ValueError: For data that do not fit the model.

        Example:
            >>> from weft import keras
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
            >>> model.predict([[1.0, 2.0]], verbose=0).shape
            (1, 3)
        """
        arguments.refuse_unknown(kwargs, type(self).predict, "predict", _FETCHING)
        if verbose == 0 and callbacks is None and steps is None and arguments.is_one_batch(x, batch_size):
            self.stop_predicting = False
            return numpy_of(self._runner("predict_step")(arrays.as_array(x, "x")))
        source = sources.make_source("predict", x, None, None, batch_size)
        loop = sources.Loop(source, arguments.at_most(steps), self._stride("predict_step"))
        verbose = arguments.verbosity(verbose)
        listeners = arguments.listeners(
            callbacks, self, add_progbar=verbose != 0, verbose=verbose, epochs=1, steps=loop.steps
        )
        gathered = Gathered()
        self.stop_predicting = False
        listeners.on_predict_begin()
        for number, outputs in self._batches("predict_step", loop, listeners):
            gathered.add(outputs)
            listeners.end_batch("predict", number, lambda found=outputs: {"outputs": found}, shown=dict)
            if self.stop_predicting:
                break
        listeners.on_predict_end()
        return gathered.result()

    # Single batches

    @extend.user_facing
    @extend.at_once
    @_on_its_devices
    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: dict[Any, float] | None = None,
        return_dict: bool = False, reset_metrics: bool = True,
    ) -> Any:  # fmt: skip
        """One step of training.

        Args:
            x: The batch's inputs.
            y: Its labels.
            sample_weight: Its weights.
            class_weight: Class → weight.
            return_dict: Whether names come with the values.
            reset_metrics: Whether the metrics are this batch's; else they are means since they were last reset.

        Returns:
            The loss; a list of loss and metrics where there are any; or a dict.
        """
        self._require_compiled("train_on_batch")
        if reset_metrics:
            self.reset_metrics()
        data = arguments.whole("train_on_batch", x, y, sample_weight, class_weight)
        watched = config.is_debug_nans_enabled()
        logs = self._run_watched(data, 0, data) if watched else self._runner("train_step", False)(data)
        numbers = as_numbers(logs)
        return numbers if return_dict else self._in_order(numbers)

    @extend.user_facing
    @extend.at_once
    @_on_its_devices
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False, reset_metrics: bool = True
    ) -> Any:
        """The loss and the metrics for one batch.

        Args:
            x: The batch's inputs.
            y: Its labels.
            sample_weight: Its weights.
            return_dict: Whether names come with the values.
            reset_metrics: Whether the metrics are this batch's; else they are means since they were last reset.

        Returns:
            The loss; a list of loss and metrics where there are any; or a dict.
        """
        self._require_compiled("test_on_batch")
        if reset_metrics:
            self.reset_metrics()
        data = arguments.whole("test_on_batch", x, y, sample_weight, None)
        numbers = as_numbers(self._runner("test_step", False)(data))
        return numbers if return_dict else self._in_order(numbers)

    @extend.user_facing
    @extend.at_once
    @_on_its_devices
    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch.

        Args:
            x: The batch's inputs.

        Returns:
            An array, or a structure of them.
        """
        data = arguments.whole("predict_on_batch", x, None, None, None)[:1]
        return numpy_of(self._runner("predict_step", False)(data))

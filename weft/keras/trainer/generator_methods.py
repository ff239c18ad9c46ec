"""What Keras 1 and 2 called `fit`, `evaluate` and `predict` where data come batch by batch."""

from __future__ import annotations

import itertools
import math
from typing import Any

from weft.extend import explain, nearest
from weft.keras.callbacks.callback import History
from weft.keras.trainer.arguments import rows

#: Keras 1's keywords, and Keras 2's of the same meaning
_FETCHING = {"max_q_size": "max_queue_size", "nb_worker": "workers", "pickle_safe": "use_multiprocessing"}


class GeneratorMethods:
    """`fit_generator` and its like. Each hands its generator to the method of today, under that method's rules."""

    def fit_generator(
        self, generator: Any, steps_per_epoch: int | None = None, epochs: int = 1, verbose: Any = 1,
        callbacks: Any = None, validation_data: Any = None, validation_steps: int | None = None,
        validation_freq: Any = 1, class_weight: dict[Any, float] | None = None, max_queue_size: int = 10,
        workers: int = 1, use_multiprocessing: bool = False, shuffle: Any = True, initial_epoch: int = 0,
        **kwargs: Any,
    ) -> History:  # fmt: skip
        """Trains the model on batches, as `fit` does.

        Args:
            generator: Gives (x, y) or (x, y, sample_weight) batch by batch: a generator, a PyDataset, a dataset.
            steps_per_epoch: Batches in an epoch; all where None.
            epochs: The number of the last epoch; `nb_epoch` in Keras 1.
            verbose: As in `fit`.
            callbacks: Callbacks.
            validation_data: Arrays, or something that gives batches.
            validation_steps: Batches in a validation.
            validation_freq: Every how many epochs there is a validation.
            class_weight: Class → weight.
            max_queue_size: As given, like the next two; a PyDataset says them itself.
            workers: As given.
            use_multiprocessing: As given.
            shuffle: Whether a PyDataset's batches change places.
            initial_epoch: The number of epochs that are behind already.
            **kwargs: Keras 1's `samples_per_epoch`, `nb_epoch` and `nb_val_samples`, which count samples: as many
                batches are taken as hold them, judged by the size of the first.

        Returns:
            A History.

        Raises:
            TypeError: For an unknown keyword.

        Example:
            >>> import numpy as np
            >>> from weft import keras
            >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
            >>> model.compile("sgd", "mse")
            >>> def batches():
            ...     while True:
            ...         yield np.ones((4, 1)), np.ones((4, 1))
            >>> len(model.fit_generator(batches(), steps_per_epoch=2, epochs=3, verbose=0).history["loss"])
            3
        """
        given = _today("fit_generator", kwargs, ("samples_per_epoch", "nb_epoch", "nb_val_samples"))
        if (samples := given.get("samples_per_epoch")) is not None:
            generator, steps_per_epoch = _steps(generator, samples)
        if (samples := given.get("nb_val_samples")) is not None and not isinstance(validation_data, (tuple, list)):
            validation_data, validation_steps = _steps(validation_data, samples)
        return self.fit(  # type: ignore[attr-defined,no-any-return]
            generator, epochs=given.get("nb_epoch", epochs), verbose=verbose, callbacks=callbacks,
            validation_data=validation_data, shuffle=shuffle, class_weight=class_weight, initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch, validation_steps=validation_steps, validation_freq=validation_freq,
        )  # fmt: skip

    def evaluate_generator(
        self, generator: Any, steps: int | None = None, callbacks: Any = None, max_queue_size: int = 10,
        workers: int = 1, use_multiprocessing: bool = False, verbose: Any = 0, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """The loss and the metrics for batches, as `evaluate` gives them.

        Args:
            generator: Gives (x, y) or (x, y, sample_weight) batch by batch.
            steps: How many batches; all where None.
            callbacks: Callbacks.
            max_queue_size: As given, like the next two.
            workers: As given.
            use_multiprocessing: As given.
            verbose: As in `evaluate`.
            **kwargs: Keras 1's `val_samples`, which counts samples.

        Returns:
            The loss; a list of loss and metrics where there are any.

        Raises:
            TypeError: For an unknown keyword.
        """
        given = _today("evaluate_generator", kwargs, ("val_samples",))
        if (samples := given.get("val_samples")) is not None:
            generator, steps = _steps(generator, samples)
        return self.evaluate(generator, steps=steps, callbacks=callbacks, verbose=verbose)  # type: ignore[attr-defined]

    def predict_generator(
        self, generator: Any, steps: int | None = None, callbacks: Any = None, max_queue_size: int = 10,
        workers: int = 1, use_multiprocessing: bool = False, verbose: Any = 0, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """The outputs for batches, as `predict` gives them.

        Args:
            generator: Gives x, (x, y) or (x, y, sample_weight) batch by batch.
            steps: How many batches; all where None.
            callbacks: Callbacks.
            max_queue_size: As given, like the next two.
            workers: As given.
            use_multiprocessing: As given.
            verbose: As in `predict`.
            **kwargs: Keras 1's `val_samples`, which counts samples.

        Returns:
            An array with a row for each sample, or a structure of them.

        Raises:
            TypeError: For an unknown keyword.
        """
        given = _today("predict_generator", kwargs, ("val_samples",))
        if (samples := given.get("val_samples")) is not None:
            generator, steps = _steps(generator, samples)
        return self.predict(generator, steps=steps, callbacks=callbacks, verbose=verbose)  # type: ignore[attr-defined]


def _today(method: str, kwargs: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """Keras 1's keywords without those that only say how batches are fetched."""
    for word in kwargs:
        if word not in known and word not in _FETCHING:
            raise TypeError(explain(f"{method}() has no argument `{word}`. {nearest(word, known)}"))
    return {word: value for word, value in kwargs.items() if word in known}


def _steps(batches: Any, samples: int) -> tuple[Any, int]:
    """What gives the same batches, and how many of them hold so many samples."""
    size = getattr(batches, "batch_size", None)
    if isinstance(size, int):
        return batches, math.ceil(samples / size)
    running = iter(batches)
    first = next(running)
    return itertools.chain([first], running), math.ceil(samples / int(rows(first)))

"""Estimators of scikit-learn that train a model when they are fitted."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.utils.metadata_routing import MetadataRequest
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from weft.extend import explain
from weft.keras.models import Model, clone_model


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """What the three have in common."""

    def __init__(
        self, model: Any, warm_start: bool = False, model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.model, self.warm_start, self.model_kwargs, self.fit_kwargs = model, warm_start, model_kwargs, fit_kwargs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags

    def __sklearn_clone__(self) -> Self:
        """A copy that is not fitted; a model is kept as it is, since each `fit` copies it."""
        made = type(self)(**{name: copy.copy(value) for name, value in self.get_params(deep=False).items()
                             if name != "model"}, model=self.model)  # fmt: skip
        if hasattr(self, "_metadata_request"):
            made._metadata_request = copy.deepcopy(self._metadata_request)
        return made

    def set_fit_request(self, **kwargs: Any) -> Self:
        """Says which arguments of `fit` others that call it, such as a search, are to hand on.

        Args:
            **kwargs: Argument → True, False, None or another name for it.
        """
        if not hasattr(self, "_metadata_request"):
            self._metadata_request = MetadataRequest(owner=self)
        for name, alias in kwargs.items():
            self._metadata_request.fit.add_request(param=name, alias=alias)
        return self

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:
        """Makes the model, or takes that of the last `fit` where `warm_start` says so, and trains it.

        Args:
            X: `[examples, features]`.
            y: `[examples]` or `[examples, 1]`.
            **kwargs: For `Model.fit`; they come before `fit_kwargs`.

        Returns:
            The estimator.

        Raises:
            ValueError: For data that is not finite, has no examples or other kinds of targets.
            RuntimeError: For a model that is not compiled.
        """
        X, y = validate_data(self, X, y, y_numeric=isinstance(self, RegressorMixin))
        y = self._learn_targets(y)
        if not (self.warm_start and hasattr(self, "model_")):
            self.model_ = self._make_model(X, y)
        if not getattr(self.model_, "compiled", False):
            raise RuntimeError(explain(
                "Given model needs to be compiled, and have a loss and an optimizer.", hint="model.compile(...)"
            ))  # fmt: skip
        self.history_ = self.model_.fit(X, y, **{**(self.fit_kwargs or {}), **kwargs})
        return self

    def _make_model(self, X: Any, y: Any) -> Any:
        if not isinstance(self.model, Model):
            return self.model(X=X, y=y, **(self.model_kwargs or {}))
        if self.warm_start:
            return self.model
        if not self.model.compiled:
            return self.model  # which is refused
        made = clone_model(self.model)
        if not made.compiled:
            made.compile_from_config(self.model.get_compile_config())
        return made

    def _learn_targets(self, y: Any) -> Any:
        """The targets that the model is trained with, `[examples, columns]`."""
        return y.reshape(len(y), -1)

    def _outputs(self, X: Any) -> Any:
        check_is_fitted(self, "model_")
        return self.model_.predict(validate_data(self, X, reset=False))


class SKLearnClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """A model as a classifier of scikit-learn. The model learns classes as rows of 0 and one 1, in `classes_`' order.

    Args:
        model: A compiled model, of which each `fit` trains a copy; or a function that makes one, called with `X`, `y`
            (as the model gets them) and `model_kwargs`.
        warm_start: Whether `fit` goes on with the model that it trained last, and takes a given one itself.
        model_kwargs: Arguments for that function.
        fit_kwargs: Arguments for `Model.fit`; those of `fit` come before them.

    After `fit`, `model_` is the trained model, `history_` what `Model.fit` returned, `classes_` the labels in order.

    Example:
        >>> import numpy as np
        >>> from weft import keras
        >>> def make(X, y):
        ...     model = keras.Sequential([keras.Input(X.shape[1:]), keras.layers.Dense(y.shape[1], "softmax")])
        ...     model.compile("adam", "categorical_crossentropy")
        ...     return model
        >>> classifier = keras.wrappers.SKLearnClassifier(make, fit_kwargs={"verbose": 0})
        >>> classifier.fit(np.eye(4), np.array(["a", "b", "a", "b"])).classes_
        array(['a', 'b'], dtype='<U1')
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags

    def _learn_targets(self, y: Any) -> Any:
        kind = type_of_target(y, raise_unknown=True)
        if kind not in ("binary", "multiclass"):
            raise ValueError(explain(
                f"Only binary and multiclass target types are supported. Target type: {kind}",
            ))  # fmt: skip
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) == 1:
            raise ValueError("Classifier can't train when only one class is present.")
        return np.eye(len(self.classes_))[numbers]

    def decision_function(self, X: Any) -> Any:
        """What the model gives, `[examples, classes]`."""
        return self._outputs(X)

    def predict(self, X: Any) -> Any:
        """The likeliest class of each example, `[examples]`."""
        outputs = self._outputs(X)
        return self.classes_[np.argmax(outputs, axis=-1)]


class SKLearnRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """A model as a regressor of scikit-learn. The model learns targets as one column.

    Args:
        model: As for `SKLearnClassifier`.
        warm_start: As there.
        model_kwargs: As there.
        fit_kwargs: As there.

    After `fit`, `model_` is the trained model and `history_` what `Model.fit` returned.

    Example:
        >>> import numpy as np
        >>> from weft import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> regressor = keras.wrappers.SKLearnRegressor(model, fit_kwargs={"verbose": 0})
        >>> regressor.fit(np.ones((4, 2)), np.ones(4)).n_features_in_
        2
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags

    def predict(self, X: Any) -> Any:
        """What the model gives for each example, `[examples]`."""
        return np.reshape(self._outputs(X), -1)


class SKLearnTransformer(TransformerMixin, _Estimator):  # type: ignore[misc]
    """A model as a transformer of scikit-learn: `transform` gives its outputs.

    Args:
        model: As for `SKLearnClassifier`.
        warm_start: As there.
        model_kwargs: As there.
        fit_kwargs: As there.

    After `fit`, `model_` is the trained model and `history_` what `Model.fit` returned.

    Example:
        >>> import numpy as np
        >>> from weft import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> transformer = keras.wrappers.SKLearnTransformer(model, fit_kwargs={"verbose": 0})
        >>> transformer.fit(np.ones((4, 2)), np.ones(4)).n_features_in_
        2
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def transform(self, X: Any) -> Any:
        """What the model gives, `[examples, columns]`."""
        return self._outputs(X)

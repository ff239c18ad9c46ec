"""`keras.wrappers`: models as estimators of scikit-learn."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from weft import keras

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

from weft.keras.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

RANDOM = np.random.RandomState(0)
X = RANDOM.rand(30, 3)
Y = np.array(["low", "high"])[(X.sum(1) > 1.5).astype(int)]


def make(X: Any, y: Any, loss: str, activation: str | None = None) -> Any:
    model = keras.Sequential([keras.Input(X.shape[1:]), keras.layers.Dense(y.shape[1], activation)])
    model.compile(keras.optimizers.Adam(0.1), loss)
    return model


def classifier(**options: Any) -> Any:
    fitting = {"epochs": 30, "verbose": 0, **options}
    return SKLearnClassifier(make, model_kwargs={"loss": "categorical_crossentropy", "activation": "softmax"},
                             fit_kwargs=fitting)  # fmt: skip


def test_a_classifier_learns_labels_of_any_kind() -> None:
    keras.utils.set_random_seed(0)
    fitted = classifier().fit(X, Y)
    assert fitted.classes_.tolist() == ["high", "low"] and fitted.n_features_in_ == 3
    assert len(fitted.history_.history["loss"]) == 30
    scores = fitted.decision_function(X)
    assert scores.shape == (30, 2)
    assert np.array_equal(fitted.predict(X), fitted.classes_[scores.argmax(1)])
    assert fitted.score(X, Y) > 0.8


def test_a_regressor_and_a_transformer() -> None:
    keras.utils.set_random_seed(0)
    regressor = SKLearnRegressor(make, model_kwargs={"loss": "mse"})
    assert regressor.fit(X, X.sum(1), epochs=60, verbose=0).score(X, X.sum(1)) > 0.9
    assert regressor.predict(X).shape == (30,)
    transformer = SKLearnTransformer(make, model_kwargs={"loss": "mse"}, fit_kwargs={"verbose": 0})
    assert transformer.fit_transform(X, X[:, 0]).shape == (30, 1)


def test_a_given_model_is_copied_unless_it_goes_on() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    regressor = SKLearnRegressor(model, fit_kwargs={"verbose": 0}).fit(X, X.sum(1))
    assert regressor.model_ is not model and np.array_equal(model.get_weights()[0], before[0])
    assert regressor.fit(X, X.sum(1)).model_ is not model
    going_on = SKLearnRegressor(model, warm_start=True, fit_kwargs={"verbose": 0}).fit(X, X.sum(1))
    assert going_on.model_ is model and going_on.fit(X, X.sum(1)).model_ is model


def test_searches_and_clones() -> None:
    copied = clone(classifier())
    assert copied.fit_kwargs == {"epochs": 30, "verbose": 0} and not hasattr(copied, "model_")
    found = GridSearchCV(classifier(), {"fit_kwargs": [{"epochs": 1, "verbose": 0}, {"epochs": 2, "verbose": 0}]}, cv=2)
    assert found.fit(X, Y).best_params_["fit_kwargs"]["epochs"] in (1, 2)
    assert cross_val_score(classifier(epochs=1), X, Y, cv=2).shape == (2,)


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFittedError):
        classifier().predict(X)
    with pytest.raises(ValueError, match="only one class"):
        classifier().fit(X, ["same"] * 30)
    with pytest.raises(ValueError, match="continuous"):
        classifier().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="2 features"):
        classifier().fit(X, Y).predict(X[:, :2])
    with pytest.raises(RuntimeError, match="compiled"):
        SKLearnRegressor(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])).fit(X, X[:, 0])
    monkeypatch.delitem(vars(keras.wrappers), "SKLearnClassifier")
    monkeypatch.delitem(sys.modules, "weft.keras.wrappers.estimators")
    monkeypatch.delattr(keras.wrappers, "estimators")
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(ImportError, match="scikit-learn"):
        _ = keras.wrappers.SKLearnClassifier

"""Libraries ask which arguments fit takes, and pass on those of their own that it does."""

import inspect

import numpy as np
import pytest

from weft import keras


@pytest.mark.parametrize("method", ["compile", "fit", "predict"])
def test_no_further_keywords_are_shown(method):
    for function in (getattr(keras.Model, method), getattr(keras.Sequential(), method)):
        kinds = {p.kind for p in inspect.signature(function).parameters.values()}
        assert inspect.Parameter.VAR_KEYWORD not in kinds
    assert next(iter(inspect.signature(keras.Model.fit).parameters)) == "self"
    assert next(iter(inspect.signature(keras.Sequential().fit).parameters)) == "x"


def test_arguments_chosen_by_the_signature():
    class Chosen(keras.Sequential):
        def fit(self, *args, **kwargs):
            known = inspect.signature(super().fit).parameters
            return super().fit(*args, **{key: value for key, value in kwargs.items() if key in known})

    model = Chosen([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(np.ones((4, 2)), np.ones(4), epochs=2, verbose=0, adapter="of the library's own")
    assert len(history.history["loss"]) == 2


def test_old_keywords_are_still_taken():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert len(model.fit(np.ones((4, 2)), np.ones(4), nb_epoch=2, verbose=0, workers=2).history["loss"]) == 2
    with pytest.raises(TypeError, match="fit\\(\\) has no argument `epoch`. Did you mean `epochs`"):
        model.fit(np.ones((4, 2)), np.ones(4), epoch=2)

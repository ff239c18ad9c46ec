"""Which way is better for a metric, and what callbacks accept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft import keras

X = np.random.default_rng(0).random((20, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def model(**optimizer: Any) -> Any:
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(0.01, **optimizer), "mse", metrics=[
        keras.metrics.R2Score(), "mae", keras.metrics.CosineSimilarity(), keras.metrics.MeanSquaredError("top_k_error"),
    ])  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("name", "better"),
    [("val_r2_score", 2.0), ("mae", 0.5), ("cosine_similarity", 2.0), ("top_k_error", 0.5), ("val_loss", 0.5)],
)
def test_the_metric_says_which_way_is_better(name: str, better: float) -> None:
    trained = model()
    trained.fit(X, Y, verbose=0)
    callback = keras.callbacks.EarlyStopping(name)
    callback.set_model(trained)
    assert callback.monitor_op(better, 1.0) and not callback.monitor_op(1.0, better)


def test_an_unknown_mode_is_auto() -> None:
    with pytest.warns(UserWarning, match="mode 'most' is unknown"):
        assert keras.callbacks.EarlyStopping(mode="most").mode == "auto"


def test_a_plateau_begins_anew_with_each_fit() -> None:
    callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1)
    callback.best = 0.0
    callback.on_train_begin()
    assert callback.best is None and callback.wait == 0


def test_functions_of_a_lambda_callback() -> None:
    assert callable(keras.callbacks.LambdaCallback(helper=print).helper)
    with pytest.raises(TypeError, match="on_epoch_end"):
        keras.callbacks.LambdaCallback(on_epoch_ends=print)


def test_no_folder_for_backups() -> None:
    with pytest.raises(ValueError, match="`backup_dir` is empty"):
        keras.callbacks.BackupAndRestore(None)


def test_averages_are_what_a_checkpoint_saves_and_what_the_model_ends_with(tmp_path: Path) -> None:
    trained = model(use_ema=True, ema_momentum=0.9)
    saved = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    trained.fit(X, Y, epochs=2, verbose=0, callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=True), saved])
    loaded = keras.saving.load_model(tmp_path / "2.keras")
    for ours, theirs in zip(trained.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)

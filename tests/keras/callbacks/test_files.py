"""Callbacks that write files or send: checkpoints, backups, event files, requests; and the order of the hooks."""

from __future__ import annotations

import http.server
import json
import os
import threading
import urllib.parse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.formats.events import read_events
from weft.keras import callbacks, layers

X = np.random.RandomState(0).uniform(-1, 1, (20, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def regressor(**compiled: Any) -> keras.Model:
    model = keras.Sequential([layers.Dense(4), layers.Dropout(0.3), layers.Dense(1)])
    model.compile(compiled.pop("optimizer", "adam"), "mse", metrics=["mae"], **compiled)
    return model


class Stop(callbacks.Callback):
    """Ends the program, as far as a test can, after a batch of an epoch."""

    def __init__(self, epoch: int, batch: int) -> None:
        super().__init__()
        self.place, self.epoch = (epoch, batch), 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == self.place:
            raise KeyboardInterrupt


class TestModelCheckpoint:
    def test_names_and_epochs(self, tmp_path: Path) -> None:
        model = regressor()
        check = callbacks.ModelCheckpoint(tmp_path / "deep" / "{epoch:02d}-{val_mae:.1f}.keras")
        model.fit(X, Y, epochs=2, validation_data=(X, Y), verbose=0, callbacks=[check])
        names = sorted(os.listdir(tmp_path / "deep"))
        assert [name[:2] for name in names] == ["01", "02"] and len(names) == 2
        again = keras.models.load_model(tmp_path / "deep" / names[1])
        np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))

    def test_only_the_best(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "w.weights.h5"
        check = callbacks.ModelCheckpoint(path, monitor="loss", save_best_only=True, save_weights_only=True, verbose=1)
        check.set_model(regressor())
        check.model.build((None, 3))
        written = []
        for epoch, loss in enumerate([3.0, 4.0, 2.0, 2.0]):
            check.on_epoch_begin(epoch)
            before = path.stat().st_mtime_ns if path.exists() else 0
            check.on_epoch_end(epoch, {"loss": loss})
            written.append(path.stat().st_mtime_ns != before)
        assert written == [True, False, True, False] and check.best == 2.0
        assert "improved from 3.00000 to 2.00000" in capsys.readouterr().out

    def test_a_first_value_to_be_better_than(self, tmp_path: Path) -> None:
        check = callbacks.ModelCheckpoint(
            tmp_path / "m.keras", "acc", save_best_only=True, initial_value_threshold=0.9, mode="max"
        )
        check.set_model(regressor())
        check.on_epoch_end(0, {"acc": 0.8})
        assert not (tmp_path / "m.keras").exists()

    def test_after_batches(self, tmp_path: Path) -> None:
        check = callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch}.keras", save_freq=3)
        regressor().fit(X, Y, batch_size=5, epochs=2, verbose=0, callbacks=[check])
        assert sorted(os.listdir(tmp_path)) == ["1-3.keras", "2-2.keras"]

    def test_bad_arguments(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"must end in `\.keras`"):
            callbacks.ModelCheckpoint("model")
        with pytest.raises(ValueError, match=r"must end in `\.weights\.h5`"):
            callbacks.ModelCheckpoint("model.keras", save_weights_only=True)
        with pytest.raises(ValueError, match="save_freq"):
            callbacks.ModelCheckpoint("model.keras", save_freq="batch")
        with pytest.raises(KeyError, match="val_loss.*which is not there"):
            regressor().fit(X, Y, verbose=0, callbacks=[callbacks.ModelCheckpoint(tmp_path / "{val_loss}.keras")])
        with pytest.warns(UserWarning, match="watches `val_loss`"):
            check = callbacks.ModelCheckpoint(tmp_path / "m.keras", save_best_only=True)
            regressor().fit(X, Y, verbose=0, callbacks=[check])


class TestBackupAndRestore:
    @pytest.mark.parametrize("save_freq, place", [("epoch", (2, 1)), (2, (1, 4)), (3, (2, 0))])
    def test_a_stopped_training_goes_on_to_the_same_bits(
        self, tmp_path: Path, save_freq: Any, place: tuple[int, int]
    ) -> None:
        def run(*more: Any, seed: int | None = 7) -> tuple[keras.Model, Any]:
            if seed is not None:
                keras.utils.set_random_seed(seed)
            model = regressor(optimizer=keras.optimizers.Adam(0.01, use_ema=True))
            watch = [callbacks.ReduceLROnPlateau(monitor="loss", patience=1), callbacks.EarlyStopping(patience=9)]
            history = model.fit(X, Y, batch_size=4, epochs=4, verbose=0, validation_data=(X, Y),
                                callbacks=[*watch, *more])  # fmt: skip
            return model, history

        model, history = run()
        with pytest.raises(KeyboardInterrupt):
            run(callbacks.BackupAndRestore(tmp_path / "b", save_freq=save_freq), Stop(*place))
        assert os.listdir(tmp_path / "b") == ["latest.weights.h5"]
        again, rest = run(callbacks.BackupAndRestore(tmp_path / "b", save_freq=save_freq), seed=None)
        ours, theirs = (m.variables + m.optimizer.variables for m in (model, again))
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
        for name, values in history.history.items():
            assert values[rest.epoch[0] :] == rest.history[name]
        assert not (tmp_path / "b").exists()

    @pytest.mark.parametrize("kind", ["shuffled", "repeated", "generator", "sequence", "steps"])
    @pytest.mark.parametrize("save_freq", ["epoch", 2])
    def test_data_of_every_kind_come_in_the_same_order(self, tmp_path: Path, kind: str, save_freq: Any) -> None:
        class Batches(keras.utils.PyDataset):
            def __len__(self) -> int:
                return 5

            def __getitem__(self, index: int) -> Any:
                return X[4 * index : 4 * index + 4], Y[4 * index : 4 * index + 4]

        def endless() -> Any:
            while True:
                yield from (Batches()[n] for n in range(5))

        def run(*more: Any) -> list[np.ndarray]:
            keras.utils.set_random_seed(7)
            rows = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(20)
            data = {
                "shuffled": {"x": rows.batch(4)}, "repeated": {"x": rows.repeat().batch(4), "steps_per_epoch": 4},
                "generator": {"x": endless(), "steps_per_epoch": 3}, "sequence": {"x": Batches()},
                "steps": {"x": X, "y": Y, "batch_size": 4, "steps_per_epoch": 3},
            }[kind]  # fmt: skip
            model = regressor()
            model.build((None, 3))
            model.fit(epochs=4, verbose=0, callbacks=[*more], **data)
            return model.get_weights()

        wanted = run()
        with pytest.raises(KeyboardInterrupt):
            run(callbacks.BackupAndRestore(tmp_path / "b", save_freq=save_freq), Stop(2, 1))
        for one, other in zip(
            wanted, run(callbacks.BackupAndRestore(tmp_path / "b", save_freq=save_freq)), strict=True
        ):
            np.testing.assert_array_equal(one, other)

    def test_a_killed_process_goes_on(self, tmp_path: Path) -> None:
        def run(*more: Any) -> list[np.ndarray]:
            keras.utils.set_random_seed(3)
            model = regressor()
            model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[*more])
            return model.get_weights()

        class Kill(Stop):
            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                if (self.epoch, batch) == self.place:
                    os._exit(9)

        wanted = run()
        child = os.fork()
        if child == 0:
            try:
                run(callbacks.BackupAndRestore(tmp_path / "b", double_checkpoint=True), Kill(2, 2))
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert sorted(os.listdir(tmp_path / "b")) == ["latest.weights.h5", "previous.weights.h5"]
        found = run(callbacks.BackupAndRestore(tmp_path / "b"))
        for one, other in zip(wanted, found, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_a_backup_of_another_model(self, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt):
            regressor().fit(X, Y, batch_size=4, epochs=3, verbose=0,
                            callbacks=[callbacks.BackupAndRestore(tmp_path), Stop(1, 0)])  # fmt: skip
        other = keras.Sequential([layers.Dense(7), layers.Dense(1)])
        other.compile("adam", "mse")
        with pytest.raises(ValueError, match=r"does not fit the model.*\n?.*"):
            other.fit(X, Y, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path)])
        with pytest.raises(ValueError, match="save_freq"):
            callbacks.BackupAndRestore(tmp_path, save_freq="batch")


class TestTensorBoard:
    def events(self, folder: Path) -> dict[str, list[tuple[int, Any]]]:
        found: dict[str, list[tuple[int, Any]]] = {}
        for name in os.listdir(folder):
            for event in read_events(folder / name):
                if event.graph_def:
                    found.setdefault("graph", []).append((event.step, event.graph_def))
                for value in event.summary.value:
                    found.setdefault(value.tag, []).append((event.step, value))
        return found

    def test_what_is_written(self, tmp_path: Path) -> None:
        model = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="a"), layers.Dense(1, name="b")], name="net")
        model.compile("sgd", "mse", metrics=["mae"])
        board = callbacks.TensorBoard(tmp_path, histogram_freq=2, write_images=True, write_steps_per_second=True)
        history = model.fit(X, Y, batch_size=10, epochs=3, validation_data=(X, Y), verbose=0, callbacks=[board]).history
        train, test = self.events(tmp_path / "train"), self.events(tmp_path / "validation")
        weights = {f"net/{name}/{kind}" for name in ("a/kernel", "a/bias", "b/kernel", "b/bias")
                   for kind in ("histogram", "image")}  # fmt: skip
        assert set(train) == {"epoch_loss", "epoch_mae", "epoch_learning_rate", "epoch_steps_per_second", "graph",
                              "keras"} | weights  # fmt: skip
        losses = [value.tensor.float_val[0] if len(value.tensor.float_val) else
                  np.frombuffer(value.tensor.tensor_content, "<f4")[0] for _, value in train["epoch_loss"]]  # fmt: skip
        np.testing.assert_allclose(losses, history["loss"], rtol=1e-6)
        assert [step for step, _ in test["epoch_loss"]] == [0, 1, 2]
        assert [step for step, _ in test["evaluation_mae_vs_iterations"]] == [2, 4, 6]
        assert [step for step, _ in train["net/a/kernel/histogram"]] == [0, 2]
        assert train["keras"][0][1].metadata.plugin_data.plugin_name == "graph_keras_model"

    def test_after_batches(self, tmp_path: Path) -> None:
        board = callbacks.TensorBoard(tmp_path, update_freq=2)
        regressor().fit(X, Y, batch_size=4, epochs=1, verbose=0, callbacks=[board])
        assert [step for step, _ in self.events(tmp_path / "train")["batch_loss"]] == [2, 4]
        with pytest.raises(ValueError, match="update_freq"):
            callbacks.TensorBoard(tmp_path, update_freq="sometimes")


class TestSwapEMAWeights:
    def test_evaluation_sees_the_averages(self) -> None:
        model = regressor(optimizer=keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9))
        model.fit(X, Y, verbose=0)
        trained = [w.numpy().copy() for w in model.trainable_variables]
        for variable, average in model.optimizer._pairs():
            average.assign(np.zeros(average.shape))
            variable.assign(np.ones(variable.shape))
        swap = callbacks.SwapEMAWeights()
        seen = []
        look = callbacks.LambdaCallback(on_test_batch_begin=lambda *_: seen.append(float(model.get_weights()[0].sum())))
        model.evaluate(X, Y, verbose=0, callbacks=[swap, look])
        assert set(seen) == {0.0} and float(model.get_weights()[0].min()) == 1.0 and trained

    def test_the_model_ends_with_the_averages(self) -> None:
        model = regressor(optimizer=keras.optimizers.SGD(0.1, use_ema=True))
        model.fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.SwapEMAWeights(swap_on_epoch=True)])
        for variable, average in model.optimizer._pairs():
            np.testing.assert_array_equal(variable.numpy(), average.numpy())

    def test_without_averages(self) -> None:
        with pytest.raises(ValueError, match="keeps no moving averages"):
            regressor().fit(X, Y, verbose=0, callbacks=[callbacks.SwapEMAWeights()])


@pytest.mark.parametrize("as_json", [True, False])
def test_remote_monitor(as_json: bool) -> None:
    received: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append(json.loads(body if as_json else urllib.parse.parse_qs(body)["data"][0]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        monitor = callbacks.RemoteMonitor(f"http://127.0.0.1:{server.server_port}", send_as_json=as_json)
        history = regressor().fit(X, Y, epochs=2, verbose=0, callbacks=[monitor]).history
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert [entry["epoch"] for entry in received] == [0, 1]
    assert [entry["loss"] for entry in received] == pytest.approx(history["loss"])
    with pytest.warns(UserWarning, match="could not be reached"):
        monitor.on_epoch_end(2, {"loss": 1.0})


def test_every_hook_in_the_order_of_keras() -> None:
    seen: list[tuple[str, Any]] = []

    class All(callbacks.Callback):
        pass

    def hook(name: str) -> Any:
        return lambda self, *given, **named: seen.append(
            (name, [value for value in given if not isinstance(value, dict)])
        )

    for name in dir(callbacks.Callback):
        if name.startswith("on_"):
            setattr(All, name, hook(name))
    model = regressor()
    model.fit(X[:6], Y[:6], batch_size=4, epochs=1, validation_data=(X[:4], Y[:4]), callbacks=[All()], verbose=0)
    model.evaluate(X[:4], Y[:4], batch_size=4, callbacks=[All()], verbose=0)
    model.predict(X[:4], batch_size=4, callbacks=[All()], verbose=0)

    def batches(kind: str, count: int) -> list[Any]:
        return [(f"on_{kind}_batch_{when}", [n]) for n in range(count) for when in ("begin", "end")]

    test = [("on_test_begin", []), *batches("test", 1), ("on_test_end", [])]
    assert seen == [
        ("on_train_begin", []), ("on_epoch_begin", [0]), *batches("train", 2), *test, ("on_epoch_end", [0]),
        ("on_train_end", []), *test, ("on_predict_begin", []), *batches("predict", 1), ("on_predict_end", []),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "files"),
    [(None, [None, None]), ("rows.tsv", ["rows.tsv"] * 2), ({"second": "rows.tsv"}, [None, "rows.tsv"])],
)
def test_tables_are_written_for_the_projector(tmp_path: Path, metadata: Any, files: list[str | None]) -> None:
    words = keras.Input((3,))
    tables = [keras.layers.Embedding(5, 2, name=name)(words) for name in ("first", "second")]
    model = keras.Model(words, keras.layers.Dense(1)(tables[0] + tables[1]))
    model.compile("sgd", "mse")
    callback = keras.callbacks.TensorBoard(tmp_path, embeddings_freq=2, embeddings_metadata=metadata)
    model.fit(np.ones((4, 3)), np.ones((4, 3, 1)), epochs=3, verbose=0, callbacks=[callback])
    told = [f'  metadata_path: "{file}"\n' if file else "" for file in files]
    assert (tmp_path / "projector_config.pbtxt").read_text() == "".join(
        f'embeddings {{\n  tensor_name: "layer_with_weights-{place}/embeddings/.ATTRIBUTES/VARIABLE_VALUE"\n{line}}}\n'
        for place, line in enumerate(told)
    )
    assert {path.name.partition(".data")[0] for path in (tmp_path / "train").glob("*.data*")} == {
        "keras_embedding.ckpt-0", "keras_embedding.ckpt-2",
    }  # fmt: skip
    stored = tf.train.load_checkpoint(str(tmp_path / "train" / "keras_embedding.ckpt-2"))
    for place, name in enumerate(("first", "second")):
        table = stored.get_tensor(f"layer_with_weights-{place}/embeddings/.ATTRIBUTES/VARIABLE_VALUE")
        assert np.array_equal(table, model.get_layer(name).get_weights()[0])


def test_names_of_no_table_are_refused(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    callback = keras.callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"dense": "rows.tsv"})
    with pytest.raises(ValueError, match="Unrecognized `Embedding` layer names"):
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0, callbacks=[callback])

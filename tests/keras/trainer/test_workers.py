"""Batches that threads make ahead: the same results, no thread left behind."""

import threading
import traceback

import numpy as np
import pytest

from weft import keras


class Lines(keras.utils.PyDataset):
    """Six batches of a line's points."""

    def __init__(self, batches=6, **kwargs):
        super().__init__(**kwargs)
        self.batches, self.slope, self.makers = batches, 1.0, set()

    def __len__(self):
        return self.batches

    def __getitem__(self, index):
        self.makers.add(threading.current_thread().name)
        x = np.random.RandomState(index).rand(4, 2).astype("float32")
        return x, x.sum(1, keepdims=True) * self.slope

    def on_epoch_end(self):
        self.slope += 1.0  # what was made ahead of this would be wrong after it


class Endless(Lines):
    num_batches = None


class Meeting(Lines):
    """A batch is made only while another is."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.barrier = threading.Barrier(2)

    def __getitem__(self, index):
        self.barrier.wait(60)
        return super().__getitem__(index)


class Broken(Lines):
    def __getitem__(self, index):
        if index == 3:
            raise LookupError("no such file")
        return super().__getitem__(index)


def _model():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def _left():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("weft-batches")]


@pytest.mark.parametrize("cls, steps", [(Lines, None), (Lines, 4), (Endless, 4)])
def test_training_is_the_same_to_the_bit(cls, steps):
    found = []
    for workers in (1, 3):
        data, model = cls(workers=workers, max_queue_size=4), _model()
        history = model.fit(
            data, epochs=3, steps_per_epoch=steps, verbose=0, validation_data=Lines(2, workers=workers)
        ).history
        found.append((history, [w.tobytes() for w in model.get_weights()]))
        assert all(name.startswith("weft-batches") for name in data.makers) == (workers > 1)
    assert found[0] == found[1]
    assert not _left()


def test_evaluate_and_predict_are_the_same():
    model = _model()
    assert model.evaluate(Lines(workers=3), verbose=0) == model.evaluate(Lines(), verbose=0)
    np.testing.assert_array_equal(model.predict(Lines(workers=3), verbose=0), model.predict(Lines(), verbose=0))
    assert not _left()


def test_several_are_made_at_once():
    _model().fit(Meeting(workers=2), verbose=0)


def test_threads_stay_from_epoch_to_epoch():
    data = Lines(workers=2)
    _model().fit(data, epochs=5, verbose=0)
    assert len(data.makers) <= 2


def test_an_error_keeps_its_class_and_line_and_the_model_works_on():
    model = _model()
    with pytest.raises(LookupError, match="no such file") as caught:
        model.fit(Broken(workers=2), verbose=0, shuffle=False)
    assert 'raise LookupError("no such file")' in "".join(traceback.format_tb(caught.value.__traceback__))
    assert not _left()
    model.fit(Lines(workers=2), verbose=0)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_nothing_is_left_when_a_callback_raises(error):
    def end(batch, logs):
        raise error

    with pytest.raises(error):
        _model().fit(Lines(workers=3), verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=end)])
    assert not _left()


def test_nothing_is_left_after_an_early_stop():
    model = _model()

    def end(batch, logs):
        model.stop_training = True

    model.fit(Endless(workers=3), verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=end)])
    assert not _left()


def test_not_more_than_the_queue_holds_are_made_ahead():
    asked = []

    class Counted(Lines):
        def __getitem__(self, index):
            asked.append(index)
            return super().__getitem__(index)

    def end(batch, logs):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        _model().fit(
            Counted(50, workers=4, max_queue_size=3), verbose=0, shuffle=False,
            callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=end)],
        )  # fmt: skip
    assert sorted(set(asked)) == list(range(len(asked)))
    assert len(asked) <= 5

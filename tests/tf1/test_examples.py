"""The programs of examples/tf1 as a user runs them, in a short mode, with thresholds that an untrained model fails."""

import re
from pathlib import Path

import pytest

from tests.examples import ROOT, run_example, unlisted
from weft.formats.events import read_events
from weft.formats.messages.graph import GraphDef

PROGRAMS = ROOT / "examples" / "tf1"


def run(program, *arguments, folder):
    return run_example(PROGRAMS / program, *arguments, folder=folder)


def numbers(text, label):
    """The numbers of the line that begins with a label."""
    line = next(line for line in text.splitlines() if line.startswith(label))
    return [float(n) for n in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", line.removeprefix(label))]


def test_every_program_is_tested_and_listed():
    source = Path(__file__).read_text(encoding="utf-8")
    assert not unlisted(PROGRAMS, source, (PROGRAMS / "README.md").read_text(encoding="utf-8"))


def test_linear_regression_finds_the_line(tmp_path):
    result = run("linear_regression.py", 60, folder=tmp_path)
    assert numbers(result.stdout, "line") == pytest.approx([0.7, 1.5], abs=0.25)  # it begins at 0 and 0


@pytest.mark.parametrize(
    ("program", "steps", "least"),
    [("mnist_softmax.py", 100, 0.8), ("deep_mnist.py", 30, 0.5), ("cnn_layers.py", 30, 0.5),
     ("lstm_rows.py", 40, 0.4)],
)  # fmt: skip
def test_digits_are_told_apart(program, steps, least, tmp_path, require_data):
    require_data("mnist.npz")
    assert numbers(run(program, steps, folder=tmp_path).stdout, "accuracy")[0] > least  # guessing gives 0.1


def test_an_autoencoder_learns_to_give_digits_back(tmp_path, require_data):
    require_data("mnist.npz")
    found = run("autoencoder.py", 150, folder=tmp_path).stdout
    assert numbers(found, "after")[0] < 0.09 < 0.2 < numbers(found, "before")[0]


def test_a_variational_autoencoder_learns_what_digits_look_like(tmp_path, require_data):
    require_data("mnist.npz")
    found = run("vae.py", 80, folder=tmp_path).stdout
    assert numbers(found, "after")[0] < 230 < 500 < numbers(found, "before")[0]


def test_made_digits_come_near_to_real_ones(tmp_path, require_data):
    require_data("mnist.npz")
    found = run("gan.py", 200, folder=tmp_path).stdout
    assert numbers(found, "after")[0] < 0.25 < 0.35 < numbers(found, "before")[0]


def test_a_bidirectional_network_compares_two_halves(tmp_path):
    assert numbers(run("bidirectional_rnn.py", 60, folder=tmp_path).stdout, "accuracy")[0] > 0.75  # guessing gives 0.5


def test_words_get_vectors_from_their_neighbours(tmp_path, require_data):
    require_data("tinyshakespeare.txt")
    first, last = numbers(run("word2vec_nce.py", 200, folder=tmp_path).stdout, "loss")
    assert last < first / 2


def test_letters_are_foretold(tmp_path, require_data):
    require_data("tinyshakespeare.txt")
    first, last = numbers(run("char_rnn.py", 30, folder=tmp_path).stdout, "loss")
    assert last < 3.6 < first  # guessing gives 4.17


def test_training_is_taken_up_where_it_stopped(tmp_path):
    found = run("save_and_resume.py", 80, tmp_path / "", folder=tmp_path).stdout
    assert numbers(found, "resumed at step") == [40] and "model.ckpt-80.index" in found
    assert numbers(found, "averages") == pytest.approx([1.0, -2.0, 0.5], abs=0.1)


def test_a_graph_is_taken_up_by_names(tmp_path):
    found = run("meta_graph.py", 40, folder=tmp_path).stdout
    assert numbers(found, "half way") == numbers(found, "taken up")
    assert numbers(found, "loss")[0] < 1e-4 and numbers(found, "line") == pytest.approx([2.0, -1.0], abs=0.01)


def test_records_are_read_by_threads_to_their_end(tmp_path):
    found = run("records_and_queues.py", 10, folder=tmp_path).stdout
    assert numbers(found, "batches") == [100]
    assert numbers(found, "accuracy")[0] > 0.8  # guessing gives 0.5


def test_a_corridor_is_learnt(tmp_path):
    found = run("dqn.py", 40, folder=tmp_path).stdout
    assert numbers(found, "steps") == [5]  # the shortest way; one that never arrives takes 30


def test_tensorboard_is_given_curves_histograms_images_and_the_graph(tmp_path):
    first, last = numbers(run("tensorboard.py", 30, tmp_path / "log", folder=tmp_path).stdout, "loss")
    assert last < first / 10
    (path,) = (tmp_path / "log").iterdir()
    events = list(read_events(path))
    assert any("layer/weights" == node.name for node in GraphDef.FromString(events[1].graph_def).node)
    values = [value for event in events[2:] for value in event.summary.value]
    kinds = {(value.tag, value.WhichOneof("value")) for value in values}
    assert kinds == {("training/loss", "simple_value"), ("layer/weights_1", "histo"), ("pictures_1/image/0", "image"),
                     ("pictures_1/image/1", "image")}  # fmt: skip


def test_a_program_with_flags_and_a_main_function(tmp_path):
    found = run("flags_and_metrics.py", "--steps=150", "--noregularize", folder=tmp_path)
    assert numbers(found.stdout, "accuracy")[0] > 0.68  # always the commoner answer gives 0.61
    assert "INFO:tensorflow:trained for 150 steps" in found.stderr


def test_a_program_from_before_version_one(tmp_path):
    found = run("before_one_dot_zero.py", 100, folder=tmp_path)
    assert numbers(found.stdout, "both")[0] < 0.05  # it begins at 0.28
    told = [line for line in found.stderr.splitlines() if line.endswith("since TensorFlow 1.0.")]
    assert len(told) == len(set(told)) == 8

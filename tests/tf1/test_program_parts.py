"""What programs are started with and read: flags, the app, files, MNIST."""

import gzip
import struct
from typing import Any

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.compat.v1 import flags
from weft.compat.v1.examples.tutorials.mnist import input_data


@pytest.fixture
def own_flags():
    """Flags of the test alone."""
    before = dict(flags.FLAGS._flags)
    flags.FLAGS._flags.clear()
    flags.FLAGS.unparse_flags()
    yield flags.FLAGS
    flags.FLAGS._flags.clear()
    flags.FLAGS._flags.update(before)
    flags.FLAGS.unparse_flags()


def declare():
    tf.flags.DEFINE_integer("steps", 3, "how many")
    tf.app.flags.DEFINE_float("rate", 0.5, "how fast")
    tf.flags.DEFINE_boolean("verbose", True, "how loud")
    tf.flags.DEFINE_string("folder", None, "where")
    tf.flags.DEFINE_enum("mode", "train", ["train", "test"], "what")
    tf.flags.DEFINE_list("sizes", ["1"], "how big")


def test_a_command_line_gives_flags_their_values(own_flags):
    declare()
    rest = own_flags(["p", "--steps=7", "--rate", "0.25", "--noverbose", "one", "--sizes=1,2", "--", "--two"])
    assert rest == ["p", "one", "--two"]
    assert own_flags.flag_values_dict() == {
        "steps": 7, "rate": 0.25, "verbose": False, "folder": None, "mode": "train", "sizes": ["1", "2"],
    }  # fmt: skip
    own_flags.steps = 9
    assert tf.app.flags.FLAGS.steps == 9


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--stps=1"], "Unknown command line flag 'stps'"), (["--steps=x"], "--steps=x"), (["--mode=other"], "one of"),
     (["--steps"], "Missing value"), (["--verbose=maybe"], "Non-boolean")],
)  # fmt: skip
def test_a_wrong_command_line_is_refused(own_flags, words, message):
    declare()
    with pytest.raises(tf.flags.Error, match=message):
        own_flags(["p", *words])


def test_flags_that_must_be_given_and_flags_declared_twice(own_flags):
    declare()
    tf.flags.mark_flag_as_required("folder")
    with pytest.raises(tf.flags.Error, match="must have a value other than None"):
        own_flags(["p"])
    with pytest.raises(tf.flags.DuplicateFlagError):
        tf.flags.DEFINE_string("steps", "x", "something else")
    with pytest.raises(AttributeError, match="There is no flag --stps"):
        own_flags.stps


def test_an_app_calls_main_with_the_rest_of_the_command_line(own_flags):
    declare()
    seen = []
    with pytest.raises(SystemExit) as caught:
        tf.app.run(lambda argv: seen.append((argv, own_flags.steps)), ["p", "--steps=2", "more"])
    assert seen == [(["p", "more"], 2)] and not caught.value.code


def test_files(tmp_path):
    folder = tmp_path / "a" / "b"
    tf.gfile.MakeDirs(folder)
    with tf.gfile.Open(folder / "note", "w") as file:
        file.write("one\ntwo\n")
    with tf.gfile.FastGFile(folder / "note", "rb") as file:
        assert file.read() == b"one\ntwo\n"
    with tf.gfile.GFile(folder / "note") as file:
        assert list(file) == ["one\n", "two\n"]
    tf.gfile.Copy(folder / "note", folder / "other")
    assert tf.gfile.Glob(str(folder / "*")) == [str(folder / "note"), str(folder / "other")]
    assert tf.gfile.Exists(folder) and tf.gfile.IsDirectory(folder) and tf.gfile.Stat(folder / "note").length == 8
    with pytest.raises(tf.errors.AlreadyExistsError):
        tf.gfile.Copy(folder / "note", folder / "other")
    with pytest.raises(tf.errors.NotFoundError, match="none"):
        tf.gfile.GFile(folder / "none").read()
    tf.gfile.DeleteRecursively(tmp_path / "a")
    assert not tf.gfile.Exists(tmp_path / "a")


def write_idx(path, array):
    head = struct.pack(">" + "i" * (1 + array.ndim), 0x800 + array.ndim, *array.shape)
    with gzip.open(path, "wb") as file:
        file.write(head + array.tobytes())


def test_mnist_from_a_folder_in_batches(tmp_path):
    images = np.arange(20 * 28 * 28, dtype=np.uint8).reshape(20, 28, 28)
    labels = (np.arange(20) % 10).astype(np.uint8)
    for kind in ("train", "t10k"):
        write_idx(tmp_path / f"{kind}-images-idx3-ubyte.gz", images)
        write_idx(tmp_path / f"{kind}-labels-idx1-ubyte.gz", labels)
    mnist = input_data.read_data_sets(str(tmp_path), one_hot=True, validation_size=5)
    assert [part.num_examples for part in mnist] == [15, 5, 20]
    assert mnist.test.images.shape == (20, 784) and mnist.test.images.dtype == np.float32
    assert mnist.test.labels[3].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    seen = []
    for _ in range(3):
        x, y = mnist.train.next_batch(10)
        assert x.shape == (10, 784) and y.shape == (10, 10) and 0.0 <= x.min() and x.max() <= 1.0
        seen.append(x[:, 5])
    assert mnist.train.epochs_completed == 1  # the second of two epochs has just been given out
    first = np.sort(np.concatenate(seen)[:15])
    np.testing.assert_array_equal(first, np.sort(np.concatenate(seen)[15:]))
    with pytest.raises(ValueError, match="Validation size"):
        input_data.read_data_sets(str(tmp_path), validation_size=21)


def test_recurrent_networks_take_fed_lengths_for_batches_of_any_size():
    with tf.Graph().as_default():
        x, lengths = tf.placeholder(tf.float32, [None, 5, 3]), tf.placeholder(tf.int32, [None])
        with tf.variable_scope("dynamic"):
            outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(4), x, sequence_length=lengths, dtype=tf.float32)
        with tf.variable_scope("static"):
            steps, _ = tf.nn.static_rnn(tf.nn.rnn_cell.GRUCell(4), tf.unstack(x, axis=1), sequence_length=lengths,
                                        dtype=tf.float32)  # fmt: skip
        train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(outputs**2) + tf.reduce_sum(steps[-1]))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for batch in (2, 4):
                feed = {x: np.ones((batch, 5, 3)), lengths: [2] * (batch - 1) + [5]}
                found, last, _ = session.run([outputs, steps[-1], train], feed)
                assert np.all(found[:-1, 2:] == 0) and np.all(found[-1] != 0)
                assert np.all(last[:-1] == 0) and np.all(last[-1] != 0)
            with pytest.raises(tf.errors.InvalidArgumentError, match=r"\(2,\)"):
                session.run(outputs, {x: np.ones((3, 5, 3)), lengths: [1, 2]})


@pytest.mark.parametrize("lengths", [[5, 2, 3], "tensor"])
def test_known_numbers_of_lengths_say_how_many_rows_there_are(lengths: Any) -> None:
    x = tf.placeholder(tf.float32, [None, 5, 4])
    given = tf.constant([5, 2, 3]) if lengths == "tensor" else lengths
    cells = [tf.nn.rnn_cell.GRUCell(3) for _ in range(2)]
    (ahead, back), _ = tf.nn.bidirectional_dynamic_rnn(*cells, x, sequence_length=given, dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = session.run([ahead, back], {x: np.ones((3, 5, 4))})
        assert all((part[1, 2:] == 0).all() and (part[1, :2] != 0).all() for part in found)
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
            session.run(ahead, {x: np.ones((2, 5, 4))})

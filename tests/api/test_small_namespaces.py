"""`tf.test`, TensorFlow's own initializers, and what programs ask of the machine. Numbers: TensorFlow 2.21."""

import sys
import time
import unittest

import numpy as np
import pytest

import weft as tf
from weft.api import config
from weft.compat import v1
from weft.runtime import dispatch


def test_initializers_draw_what_tensorflow_draws():
    normal = tf.random_normal_initializer(seed=3)
    expected = [-0.03357924148440361, 0.08380252122879028, -0.04721227288246155, 0.030396947637200356]
    np.testing.assert_allclose(normal([4]), expected, rtol=1e-5)
    np.testing.assert_array_equal(normal([4]), normal([4]))
    uniform = tf.random_uniform_initializer(minval=0, maxval=10, seed=5)
    np.testing.assert_allclose(uniform([2]), [0.6185328960418701, 8.316690444946289], rtol=1e-6)
    np.testing.assert_allclose(tf.random_normal_initializer(1.0, 2.0, seed=7)([2, 3])[1, 1], -3.012507438659668, 1e-5)
    assert tf.random_normal_initializer()([3]).shape == [3]
    assert normal.get_config() == {"mean": 0.0, "stddev": 0.05, "seed": 3}
    with pytest.raises(ValueError, match="floating point"):
        normal([2], tf.int32)


def test_constants_as_initializers():
    assert tf.constant_initializer([1, 2, 3, 4])([2, 2]).numpy().tolist() == [[1, 2], [3, 4]]
    assert tf.constant_initializer(3)([2]).dtype is tf.int32
    assert tf.constant_initializer([1, 2])([2], tf.float32).dtype is tf.float32
    assert tf.ones_initializer()([2]).numpy().tolist() == [1.0, 1.0]
    assert tf.Variable(tf.zeros_initializer()([2, 2])).shape == [2, 2]
    with pytest.raises(TypeError, match="another number of values"):
        tf.constant_initializer([1, 2, 3])([2, 2])


class Comparisons(tf.test.TestCase):
    def test_what_holds(self):
        self.assertAllClose({"a": [1.0, 2.0]}, {"a": tf.constant([1.0, 2.0])})
        self.assertAllClose((tf.ones([2]), 3.0), (np.ones(2), 3.0))
        self.assertAllEqual(tf.range(3), [0, 1, 2])
        self.assertNotAllClose([1.0], [2.0])
        self.assertAllGreater(tf.constant([1, 2]), 0)
        self.assertAllInRange([0.5, 1.0], 0.0, 1.0)
        self.assertAllCloseAccordingToType(np.float16([1.0]), np.float16([1.001]))
        self.assertShapeEqual(np.zeros((2, 3)), tf.zeros([2, 3]))
        self.assertEqual(self.evaluate(tf.constant(3)), 3)

    def test_what_holds_of_collections_and_texts(self):
        self.assertLen([1, 2], 2)
        self.assertEmpty(())
        self.assertNotEmpty("a")
        self.assertBetween(2, 1, 3)
        self.assertSameElements([1, 1, 2], [2, 1])
        self.assertContainsSubset({1}, [1, 2])
        self.assertNoCommonElements([1], [2])
        self.assertContainsInOrder(["a", "c"], "abc")
        self.assertContainsSubsequence([1, 2, 3], [1, 3])
        self.assertSequenceStartsWith([1], (1, 2))
        self.assertStartsWith("abc", "a")
        self.assertEndsWith("abc", "c")
        self.assertRegexMatch("abc", ["x", "b"])
        self.assertArrayNear([1.0], [1.05], 0.1)
        with self.assertRaisesWithPredicateMatch(ValueError, "wrong"):
            raise ValueError("it is wrong")
        with self.assertRaisesOpError("elements"):
            tf.reshape(tf.zeros([3]), [2])
        with self.cached_session() as session:
            self.assertIsNone(session)
        kept = self.create_tempfile(content="text")
        self.assertEqual(kept.read_text(), "text")
        self.assertTrue(kept.full_path.startswith(self.create_tempdir()))
        with self.captureWritesToStream(sys.stdout) as printed:
            print("here")
        self.assertEqual(printed.contents(), "here\n")

    def test_what_does_not_hold_of_collections_and_texts(self):
        for check in (lambda: self.assertLen([1], 2), lambda: self.assertEmpty([1]), lambda: self.assertNotEmpty([]),
                      lambda: self.assertBetween(4, 1, 3), lambda: self.assertSameElements([1], [1, 2]),
                      lambda: self.assertContainsSubset({3}, [1, 2]), lambda: self.assertNoCommonElements([1], [1]),
                      lambda: self.assertContainsInOrder(["c", "a"], "abc"),
                      lambda: self.assertContainsSubsequence([1, 2], [2, 1]),
                      lambda: self.assertArrayNear([1.0], [1.5], 0.1)):  # fmt: skip
            with self.assertRaises(AssertionError):
                check()

    def test_what_does_not(self):
        for check in (lambda: self.assertAllClose([1.0], [1.1]), lambda: self.assertAllEqual([1], [1, 1]),
                      lambda: self.assertNotAllEqual([1], [1]), lambda: self.assertAllInSet([1, 4], {1, 2}),
                      lambda: self.assertAllClose({"a": 1.0}, {"b": 1.0})):  # fmt: skip
            with self.assertRaises(AssertionError):
                check()


def test_names_of_devices():
    spec = tf.DeviceSpec.from_string("/job:ps/task:3/device:GPU:*")
    assert (spec.job, spec.replica, spec.task, spec.device_type, spec.device_index) == ("ps", None, 3, "GPU", None)
    assert spec.make_merged_spec(tf.DeviceSpec(task=1)).to_string() == "/job:ps/task:1/device:GPU:*"
    assert tf.DeviceSpec.from_string("/cpu:0").to_string() == "/device:CPU:0"
    with pytest.raises(ValueError, match="no part of a device's name"):
        tf.DeviceSpec.from_string("/nothing:1")


def test_raw_ops_can_be_asked_for():
    assert not hasattr(tf.raw_ops, "BlockLSTMV2")
    with pytest.raises(AttributeError, match="use the function of tf that does the same"):
        tf.raw_ops.BlockLSTMV2(x=None)
    assert tf.raw_ops.Any(input=[[True], [False]], axis=[0]).numpy().tolist() == [True]
    with pytest.raises(TypeError, match="only takes keyword args"):
        tf.raw_ops.Add(1, 2)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'"):
        tf.raw_ops.Add(x=1)


def test_the_machine(monkeypatch):
    monkeypatch.setattr(config, "_logical", {})
    monkeypatch.setattr(dispatch, "_started", False)
    assert tf.test.is_gpu_available() is False and tf.test.gpu_device_name() == ""
    assert not tf.test.is_built_with_cuda()
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration(memory_limit=100)])
    assert tf.config.get_logical_device_configuration(cpu)[0].memory_limit == 100
    assert tf.get_logger().name == "tensorflow"
    tf.get_logger().setLevel("ERROR")
    tf.get_logger().setLevel("NOTSET")
    now = tf.function(tf.timestamp)
    first = float(now())
    assert abs(first - time.time()) < 60 and float(now()) >= first
    assert issubclass(tf.test.TestCase, unittest.TestCase)


def test_what_engines_are_told_comes_before_the_first_op(monkeypatch, caplog):
    monkeypatch.setattr(config, "_logical", {})
    monkeypatch.setattr(config, "_threads", {"intra": 0, "inter": 0})
    monkeypatch.setenv("WEFT_NUM_THREADS", "1")
    monkeypatch.setattr(dispatch, "_started", False)
    cpu = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    assert tf.config.get_logical_device_configuration(cpu) == two
    if dispatch.engine().name == "native":
        assert "stays whole" in caplog.text
    tf.config.threading.set_intra_op_parallelism_threads(1)
    monkeypatch.setattr(dispatch, "_started", True)
    tf.config.threading.set_intra_op_parallelism_threads(1)  # as it is
    for late in (lambda: tf.config.threading.set_intra_op_parallelism_threads(2),
                 lambda: tf.config.threading.set_inter_op_parallelism_threads(2),
                 lambda: tf.config.set_visible_devices([], "CPU"),
                 lambda: tf.config.set_logical_device_configuration(cpu, two[:1])):  # fmt: skip
        with pytest.raises(RuntimeError, match="cannot be modified after being initialized"):
            late()


def test_devices_of_processes_that_are_not_there(monkeypatch):
    monkeypatch.setitem(config._switches, "cluster", False)
    for name in ("/job:foo", "/task:1", "/job:worker/task:0/cpu:0", "cpu:-1"):
        with pytest.raises(tf.errors.InvalidArgumentError), tf.device(name):
            pass
    with tf.device("/job:localhost/replica:0/task:0/device:CPU:0"):
        assert "CPU:0" in tf.constant(1).device
    tf.config.experimental_connect_to_host("localhost:1234")
    with tf.device("/job:worker/task:0"):
        pass


def test_what_a_build_in_python_has_no_answer_to():
    assert tf.sysconfig.get_build_info() == {"is_cuda_build": False, "is_rocm_build": False, "is_tensorrt_build": False}
    for found in (tf.sysconfig, tf.compat.v1.sysconfig):
        with pytest.raises(AttributeError, match="no headers"):
            found.get_include()


def test_print_shows_structures_texts_and_composite_tensors(capsys):
    x = tf.constant([1, 2])
    tf.print("a", [x, "s"], {"b": x[0], "a": "q"}, tf.constant("text"), np.array([1.0]), output_stream=sys.stdout)
    tf.print(tf.constant("text"), output_stream=sys.stdout)
    tf.print(tf.sparse.from_dense([[0, 1]]), tf.ragged.constant([["a"], []]), sep="|", output_stream=sys.stdout)

    @tf.function
    def traced(rows):
        tf.print(rows, rows.row_lengths(), end="!", output_stream=sys.stdout)

    traced(tf.ragged.constant([[1.5], [2.0, 3.0]]))
    assert capsys.readouterr().out.splitlines() == [
        "a [[1 2], 's'] {'a': 'q', 'b': 1} \"text\" array([1.])",
        "text",
        "'SparseTensor(indices=[[0 1]], values=[1], shape=[1 2])'|[['a'], []]",
        "[[1.500000], [2.000000, 3.000000]] [1 2]!",
    ]


def test_gradients_agree_with_differences():
    exact, numeric = tf.test.compute_gradient(lambda a, b: tf.matmul(a, b) * a, [np.eye(2) * 2, np.ones((2, 2))])
    assert [found.shape for found in exact] == [(4, 4), (4, 4)]
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(exact, numeric, strict=True))
    with pytest.raises(ValueError, match="list of arguments"):
        tf.test.compute_gradient(tf.square, 1.0)


def test_rows_that_are_the_same():
    rows, which, counts = tf.raw_ops.UniqueWithCountsV2(x=[[1, 2], [3, 4], [1, 2]], axis=[0])
    assert rows.numpy().tolist() == [[1, 2], [3, 4]] and which.numpy().tolist() == [0, 1, 0]
    assert counts.numpy().tolist() == [2, 1]
    nan = float("nan")
    assert tf.raw_ops.UniqueV2(x=[[nan], [nan]], axis=[0])[0].shape == (2, 1)
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.raw_ops.UniqueV2(x=[[1]], axis=[])


def test_rows_that_are_the_same_in_graphs_that_are_written():
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.int32, [None, 2], name="x")
        rows, which = tf.raw_ops.UniqueV2(x=x, axis=[0])
        names = [tf.identity(rows).name, tf.identity(which).name]
    message = graph.as_graph_def()
    assert "UniqueV2" in {node.op for node in message.node}
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        found = tf.graph_util.import_graph_def(message, return_elements=["x:0", *names], name="")
        rows, which = session.run(found[1:], {found[0]: [[1, 2], [3, 4], [1, 2]]})
    assert rows.tolist() == [[1, 2], [3, 4]] and which.tolist() == [0, 1, 0]


class Surroundings(tf.test.TestCase):
    """What tests of TensorFlow 1 go by, and rarer comparisons."""

    def test_a_test_has_one_session(self):
        with self.test_session() as session:
            self.assertIsNone(session)
        with tf.Graph().as_default() as graph:
            with self.test_session() as first:
                counter = v1.get_variable("counter", initializer=1.0)
                first.run(v1.global_variables_initializer())
                first.run(counter.assign_add(1.0))
            with self.cached_session() as again, self.session() as other:
                self.assertIs(again, first)
                self.assertIsNot(other, first)
                self.assertEqual(again.run(counter), 2.0)
            with self.test_session(graph=graph) as own:
                self.assertIsNot(own, first)
            with self.assertRaisesRegex(ValueError, "another graph"), self.cached_session(graph=graph):
                pass

    def test_rarer_comparisons(self):
        with self.assertRaisesIncompatibleShapesError():
            tf.ones([2]) + tf.ones([3])
        self.assertContainsExactSubsequence([1, 2, 3], [2, 3])
        self.assertMappingEqual({"a": 1}, {"a": 1}, mapping_type=dict)
        self.assertSequenceAlmostEqual([1.0], [1.00000001])
        self.assertDictAlmostEqual({"a": 1.0}, {"a": 1.00000001})
        self.assertIsSubclass(bool, int)
        self.assertNotIsSubclass(int, bool)
        self.assertNotStartsWith("abc", "b")
        self.assertNotEndsWith("abc", "b")
        self.assertUrlEqual("http://a/b?c=1&d=2", "http://a/b?d=2&c=1")
        self.assertDeviceEqual("/cpu:0", "/device:CPU:0")
        self.assertCommandSucceeds([sys.executable, "-c", "print('well')"], ["well"])
        self.assertCommandFails([sys.executable, "-c", "raise SystemExit('bad')"], [b"bad"])
        self.record_property("loss", 1.0)
        self.assertEqual(self.get_recorded_properties(), {"loss": 1.0})
        for check in (lambda: self.assertContainsExactSubsequence([1, 2, 3], [1, 3]),
                      lambda: self.assertSequenceAlmostEqual([1.0], [1.1]),
                      lambda: self.assertDictAlmostEqual({"a": 1.0}, {"a": 1.1}),
                      lambda: self.assertUrlEqual("http://a/b?c=1", "http://a/b?c=2"),
                      lambda: self.assertDeviceEqual("/cpu:0", "/cpu:1"),
                      lambda: self.assertCommandSucceeds([sys.executable, "-c", "raise SystemExit(1)"])):  # fmt: skip
            with self.assertRaises(AssertionError):
                check()

    def test_numbers_that_are_near(self):
        self.assertNear(np.float32([1.0]), np.float32([1.0001]), 1e-3)
        self.assertNear(np.inf, np.inf, 0.1)
        for other in (1.1, np.nan):
            with self.assertRaises(AssertionError):
                self.assertNear(1.0, other, 1e-3)

    def test_threads_tell_what_went_wrong(self):
        seen = []
        thread = self.checkedThread(seen.append, args=[1])
        thread.start()
        thread.join()
        self.assertEqual(seen, [1])
        failing = self.checkedThread(lambda: int("x"))
        failing.start()
        with self.assertRaisesRegex(AssertionError, "invalid literal"):
            failing.join()

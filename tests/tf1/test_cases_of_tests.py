"""`tf.test.TestCase` in version 1: each test has a graph and a session of its own."""

import unittest

import numpy as np

import weft.compat.v1 as tf


def test_each_test_begins_with_an_empty_graph():
    drawn = []

    class Two(tf.test.TestCase):
        def test_one(self):
            tf.get_variable("same", [1])
            drawn.append(tf.random_normal([2]))
            with self.test_session() as session:
                drawn.append(session.run(drawn.pop()))

        test_other = test_one

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Two).run(result)
    assert result.testsRun == 3 and result.wasSuccessful(), result.errors  # with `test_session`, which is skipped
    np.testing.assert_array_equal(*drawn)

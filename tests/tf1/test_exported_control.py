"""Branches, loops and recurrent networks in files: written as TensorFlow 1's control flow, and read again.

`tools/check_exported_graphs.py` shows the same with TensorFlow itself.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import weft.compat.v1 as tf

_spec = importlib.util.spec_from_file_location(
    "check_exported_graphs", Path(__file__).resolve().parents[2] / "tools" / "check_exported_graphs.py"
)
tool = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tool)
#: operations that TensorFlow has not
OURS = {"Scan", "If", "While", "SumToShape", "PartitionedCall", "CustomGradient"}


@pytest.mark.parametrize("title", sorted(tool.PROGRAMS))
def test_what_is_written_is_read_and_trained_on(title, tmp_path):
    tool.write(title, tmp_path)
    out, slope, losses = tool.json.loads((tmp_path / f"{title}.json").read_text(encoding="utf-8"))
    message = tf.GraphDef.FromString((tmp_path / f"{title}.pb").read_bytes())
    ops = {node.op for node in message.node}
    assert not ops & OURS and ops & {"Enter", "Switch"}
    with tf.Graph().as_default(), tf.Session() as session:
        outputs = tf.import_graph_def(message, return_elements=["out:0", "slope:0"], name="")
        found = session.run(outputs, {"x:0": tool.DATA})
    np.testing.assert_allclose(found[0], out, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[1], slope, rtol=1e-4, atol=1e-5)
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(str(tmp_path / f"{title}.meta"))
        saver.restore(session, str(tmp_path / title))
        for expected in losses:
            session.run("train", {"x:0": tool.DATA})
            np.testing.assert_allclose(session.run("loss:0", {"x:0": tool.DATA}), expected, rtol=1e-4)


def test_effects_of_a_branch_are_written_with_it():
    flag = tf.placeholder(tf.bool, [], name="flag")
    count = tf.Variable(0, name="count")
    added = tf.cond(flag, lambda: tf.assign_add(count, 2), lambda: tf.assign_sub(count, 5))
    tf.identity(added, name="added")
    message = tf.get_default_graph().as_graph_def()
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(message, name="")
        session.run("count/Assign")
        assert [session.run("added:0", {"flag:0": v}) for v in (True, True, False)] == [2, 4, -1]

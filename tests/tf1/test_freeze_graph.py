"""Graph files and checkpoints that become one GraphDef of constants, and graphs cut down to what inference needs."""

from pathlib import Path

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.compat.v1.freeze_graph import freeze_graph
from weft.compat.v1.inference_graphs import optimize_for_inference, strip_unused


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with a graph's files, its checkpoint and its SavedModel."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        w = tf.Variable(np.arange(6.0, dtype=np.float32).reshape(3, 2), name="w")
        b = tf.get_variable("b", [2], initializer=tf.ones_initializer())
        y = tf.identity(tf.identity(tf.matmul(x, w) + b, name="between"), name="y")
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, str(tmp_path / "model.ckpt"))
        tf.train.write_graph(session.graph_def, str(tmp_path), "graph.pbtxt")
        tf.train.write_graph(session.graph_def, str(tmp_path), "graph.pb", as_text=False)
        tf.saved_model.simple_save(session, str(tmp_path / "saved"), {"x": x}, {"y": y})
    return tmp_path


def _answer(definition: tf.GraphDef) -> list[list[float]]:
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(definition, name="")
        return session.run("y:0", {"x:0": [[1.0, 0.0, 1.0]]}).tolist()


@pytest.mark.parametrize("source", ["graph.pb", "graph.pbtxt", "meta", "saved"])
def test_a_graph_and_its_checkpoint_become_constants(written: Path, source: str) -> None:
    options = {"input_graph": "", "input_checkpoint": str(written / "model.ckpt")}
    if source == "meta":
        options["input_meta_graph"] = str(written / "model.ckpt.meta")
    elif source == "saved":
        options["input_saved_model_dir"] = str(written / "saved")
    else:
        options["input_graph"] = str(written / source)
    made = freeze_graph(
        input_saver="", input_binary=not source.endswith("txt"), output_node_names="y", restore_op_name="",
        filename_tensor_name="", output_graph=str(written / "frozen.pb"), clear_devices=True, initializer_nodes="",
        **options,
    )  # fmt: skip
    assert {node.op for node in made.node} <= {"Const", "Identity", "MatMul", "Add", "AddV2", "Placeholder"}
    assert _answer(made) == [[5.0, 7.0]]
    read = tf.GraphDef()
    read.ParseFromString((written / "frozen.pb").read_bytes())
    assert _answer(read) == [[5.0, 7.0]]


def test_a_black_list_keeps_variables(written: Path) -> None:
    made = freeze_graph(str(written / "graph.pb"), "", True, str(written / "model.ckpt"), "y", "", "", "", False, "",
                        variable_names_blacklist="b")  # fmt: skip
    assert {node.name: node.op for node in made.node}["b"] == "VariableV2"
    assert {node.name: node.op for node in made.node}["w"] == "Const"


def test_files_and_names_that_are_missing_are_told(written: Path) -> None:
    def freeze(graph: str, checkpoint: str, names: str) -> None:
        freeze_graph(str(written / graph), "", True, str(written / checkpoint), names, "", "", "", True, "")

    with pytest.raises(OSError, match="graph file .* does not exist"):
        freeze("none.pb", "model.ckpt", "y")
    with pytest.raises(ValueError, match="checkpoint .* doesn't exist"):
        freeze("graph.pb", "nope", "y")
    with pytest.raises(ValueError, match="output_node_names"):
        freeze("graph.pb", "model.ckpt", "")


def test_what_only_training_needs_is_left_out(written: Path) -> None:
    frozen = freeze_graph(str(written / "graph.pb"), "", True, str(written / "model.ckpt"), "y", "", "", "", True, "")
    made = optimize_for_inference(frozen, ["x"], ["y"], tf.float32.as_datatype_enum)
    assert "w/read" not in [node.name for node in made.node]
    assert _answer(made) == [[5.0, 7.0]]
    part = strip_unused(frozen, ["between"], ["y"], tf.float32.as_datatype_enum)
    assert sorted((node.name, node.op) for node in part.node) == [("between", "Placeholder"), ("y", "Identity")]
    with pytest.raises(KeyError, match="input nodes were not found"):
        strip_unused(frozen, ["nothing"], ["y"], tf.float32.as_datatype_enum)

"""Savers: TensorFlow's files, which checkpoints are kept, what is refused. Names and errors are those of 1.15.5."""

import os
import threading

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.formats import bundle


def variables():
    v = tf.Variable([1.0, 2.0], name="v")
    w = tf.Variable(3, name="w")
    return v, w


def names():
    return [f"{op.name}:{op.type}" for op in tf.get_default_graph().get_operations() if op.name.startswith("save")]


def test_its_operations_are_tensorflows():
    variables()
    tf.train.Saver()
    assert names() == [
        "save/filename/input:Const", "save/filename:PlaceholderWithDefault", "save/Const:PlaceholderWithDefault",
        "save/SaveV2/tensor_names:Const", "save/SaveV2/shape_and_slices:Const", "save/SaveV2:SaveV2",
        "save/control_dependency:Identity", "save/RestoreV2/tensor_names:Const",
        "save/RestoreV2/shape_and_slices:Const", "save/RestoreV2:RestoreV2", "save/Assign:Assign",
        "save/Assign_1:Assign", "save/restore_all:NoOp",
    ]  # fmt: skip


def test_what_is_saved_is_restored_and_only_the_newest_are_kept(tmp_path):
    v, w = variables()
    step = tf.train.get_or_create_global_step()
    saver = tf.train.Saver(max_to_keep=2)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        paths = [saver.save(session, tmp_path / "model", global_step=i) for i in range(4)]
        assert [os.path.basename(p) for p in paths] == ["model-0", "model-1", "model-2", "model-3"]
        assert saver.last_checkpoints == paths[2:]
        kept = sorted(name for name in os.listdir(tmp_path) if name.endswith(".index"))
        assert kept == ["model-2.index", "model-3.index"]
        session.run([v.assign([0.0, 0.0]), w.assign(0), step.assign(9)])
        saver.restore(session, tf.train.latest_checkpoint(tmp_path))
        assert session.run([v, w, step])[0].tolist() == [1.0, 2.0] and session.run([w, step]) == [3, 0]
        assert os.path.basename(saver.save(session, tmp_path / "other", global_step=step)) == "other-0"
    state = tf.train.get_checkpoint_state(tmp_path)
    assert os.path.basename(state.model_checkpoint_path) == "other-0"
    assert tf.train.list_variables(tmp_path) == [("global_step", []), ("v", [2]), ("w", [])]
    assert tf.train.load_checkpoint(tmp_path).get_tensor("v").tolist() == [1.0, 2.0]
    assert tf.train.load_variable(tmp_path, "w:0") == 3


def test_names_may_be_others_in_the_file(tmp_path):
    v, _w = variables()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver({"weights": v}).save(session, tmp_path / "part")
        with bundle.BundleReader(path) as reader:
            assert reader.names() == ["weights"]
        session.run(v.assign([5.0, 6.0]))
        tf.train.Saver({"weights": v}).restore(session, path)
        assert session.run(v).tolist() == [1.0, 2.0]


def test_what_is_refused(tmp_path):
    with pytest.raises(ValueError, match="No variables to save"):
        tf.train.Saver()
    v, w = variables()
    saver = tf.train.Saver()
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value"):
            saver.save(session, tmp_path / "early")
        session.run(tf.global_variables_initializer())
        path = saver.save(session, tmp_path / "model")
        with pytest.raises(ValueError, match="not a valid checkpoint"):
            saver.restore(session, tmp_path / "none")
        with pytest.raises(ValueError, match="when it is None"):
            saver.restore(session, None)
        with pytest.raises(ValueError, match="Parent directory of .* doesn't exist"):
            saver.save(session, tmp_path / "no" / "folder" / "model")
        with pytest.raises(TypeError, match="'sess' must be a Session"):
            saver.save(None, tmp_path / "model")
        with pytest.raises(tf.errors.NotFoundError, match="Key other not found in checkpoint"):
            tf.train.Saver({"other": v}).restore(session, path)
        with pytest.raises(tf.errors.InvalidArgumentError, match="v does not fit variable w:0"):
            tf.train.Saver({"v": w}).restore(session, path)
        assert session.run(w) == 3
    with pytest.raises(ValueError, match="same name: v"):
        tf.train.Saver([v, v])


def test_variables_begin_with_a_checkpoints_values(tmp_path):
    with tf.variable_scope("net"):
        tf.get_variable("a", initializer=[1.0, 2.0])
        tf.get_variable("b", initializer=7.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, tmp_path / "model")
    tf.reset_default_graph()
    with tf.variable_scope("new"):
        a = tf.get_variable("a", [2])
        b = tf.get_variable("b", [])
    c = tf.get_variable("c", [2])
    tf.train.init_from_checkpoint(path, {"net/": "new/"})
    tf.train.init_from_checkpoint(path, {"net/a": c})
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for variable, expected in ((a, [1.0, 2.0]), (b, 7.0), (c, [1.0, 2.0])):
            np.testing.assert_array_equal(session.run(variable), expected)
    with pytest.raises(ValueError, match="not found in the checkpoint"):
        tf.train.init_from_checkpoint(path, {"net/none": c})
    with pytest.raises(ValueError, match="different shapes"):
        tf.train.init_from_checkpoint(path, {"net/b": c})


def test_threads_that_save_one_checkpoint_each_write_a_whole_one(tmp_path):
    v, _ = variables()
    saver = tf.train.Saver()
    failed = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())

        def save():
            try:
                for _ in range(6):
                    saver.save(session, str(tmp_path / "model"))
            except Exception as error:  # a thread's error would be lost otherwise
                failed.append(error)

        threads = [threading.Thread(target=save) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed
        session.run(v.assign([0.0, 0.0]))
        saver.restore(session, str(tmp_path / "model"))
        assert session.run(v).tolist() == [1.0, 2.0]
    assert not [name for name in os.listdir(tmp_path) if name.endswith((".weft-new", ".part"))]


def test_a_variable_of_a_graph_that_is_read_from_a_file_is_assigned_by_name(tmp_path):
    variables()
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = saver.save(session, str(tmp_path / "model"))
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.train.import_meta_graph(path + ".meta").restore(session, path)
        more = tf.assign_add(graph.get_tensor_by_name("w:0"), 5)
        rows = tf.scatter_update(graph.get_tensor_by_name("v:0"), [1], [7.0])
        assert session.run(more) == 8 and session.run(rows).tolist() == [1.0, 7.0]
        with pytest.raises(AttributeError, match="Only a variable can be assigned to"):
            tf.assign(graph.get_tensor_by_name("w/read:0"), 1)


def test_what_a_checkpoint_holds_is_printed(tmp_path, capsys):
    from weft.compat.v1.inspect_checkpoint import print_tensors_in_checkpoint_file

    variables()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
    print_tensors_in_checkpoint_file(path, tensor_name="v", all_tensors=False)
    assert capsys.readouterr().out == "tensor_name:  v\n[1. 2.]\n# Total number of params: 3\n"
    print_tensors_in_checkpoint_file(path, "", False)
    assert capsys.readouterr().out.startswith("v (DT_FLOAT) [2]\nw (DT_INT32) []\n")


def test_a_value_of_another_shape_is_restored_where_that_is_asked_for(tmp_path):
    tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="m")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "model"))

    def restored(shape, reshape):
        with tf.Graph().as_default(), tf.Session() as session:
            m = tf.Variable(tf.zeros(shape), name="m")
            tf.train.Saver(reshape=reshape).restore(session, path)
            return session.run(m).tolist()

    assert restored([4], True) == [1.0, 2.0, 3.0, 4.0]
    assert restored([4, 1], True) == [[1.0], [2.0], [3.0], [4.0]]
    for shape, reshape in [([4], False), ([3], True)]:
        with pytest.raises(tf.errors.InvalidArgumentError, match="does not fit variable"):
            restored(shape, reshape)


def test_an_empty_path_is_refused():
    v, _ = variables()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(ValueError, match="save_path is empty"):
            tf.train.Saver([v]).save(session, "")

"""Functions that stand in several namespaces of version 1 are one object, with version 1's parameters and names."""

import numpy as np
import pytest

import weft
import weft.compat.v1 as tf

SAME = """
    batch_to_space_nd=manip.batch_to_space_nd cast=dtypes.cast depth_to_space=nn.depth_to_space diag=linalg.tensor_diag
    div_no_nan=math.divide_no_nan image.decode_png=io.decode_png image.transpose=image.transpose_image
    matrix_solve=linalg.solve matrix_solve_ls=linalg.lstsq matrix_triangular_solve=linalg.triangular_solve
    random_crop=image.random_crop random_normal=random.normal random_uniform=random.uniform
    saturate_cast=dtypes.saturate_cast
    self_adjoint_eigvals=linalg.eigvalsh signal.rfft=spectral.rfft verify_tensor_all_finite=debugging.assert_all_finite
    image.resize_image_with_crop_or_pad=image.resize_with_crop_or_pad
    nn.uniform_candidate_sampler=random.uniform_candidate_sampler
""".split()  # fmt: skip


def _at(path):
    value = tf
    for part in path.split("."):
        value = getattr(value, part)
    return value


@pytest.mark.parametrize("pair", SAME)
def test_one_object(pair):
    first, second = pair.split("=")
    assert _at(first) is _at(second)


def test_outputs_of_one_operation():
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        found = tf.strings.split(["a b", "c"])
        assert [part.name for part in (found.indices, found.values, found.dense_shape)] == [
            f"StringSplit/StringSplitV2:{i}" for i in range(3)
        ]
        assert session.run("StringSplit/StringSplitV2:1").tolist() == [b"a", b"b", b"c"]


def test_beside_the_scope():
    with tf.Graph().as_default():
        tf.reduce_mean(tf.zeros([2]))
        image = tf.zeros([1, 6, 7, 3])
        assert tf.image.sobel_edges(image).name == "Reshape:0"
        assert tf.image.sobel_edges(image).name == "Reshape_1:0"


def test_draws_go_by_the_seed_of_the_graph():
    def drawn(function):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.set_random_seed(4)
            return session.run(function([3]))

    np.testing.assert_array_equal(drawn(tf.random.normal), drawn(tf.random_normal))


def test_areas_with_aligned_corners():
    image = np.arange(4.0, dtype="float32").reshape(1, 1, 4, 1)
    found = tf.Session().run(tf.image.resize_area(image, [1, 7], align_corners=True))
    np.testing.assert_allclose(found.ravel(), [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0], atol=1e-6)


def test_an_error_knows_its_operation():
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        x = tf.placeholder_with_default(np.zeros([2, 3], "float32"), [None, None])
        product = tf.matmul(x, x, name="product")
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            session.run(product)
        assert caught.value.op is product.op
        chosen = tf.gather([1.0, 2.0], tf.placeholder(tf.int32, [], name="row"))
        for row in (0, 5, 5):  # a run that is known by now fails in the same words
            try:
                assert session.run(chosen, {"row:0": row}) == 1.0
            except tf.errors.InvalidArgumentError as error:
                assert error.op is chosen.op
        row = graph.get_tensor_by_name("row:0")
        session.run(chosen, {row: 0})
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            session.run(chosen, {row: 5})
        assert caught.value.op is chosen.op
        element = tf.data.make_one_shot_iterator(tf.data.Dataset.range(0)).get_next()
        with pytest.raises(tf.errors.OutOfRangeError) as caught:
            session.run(element)
        assert caught.value.op.type == "IteratorGetNext"


def test_sizes_that_only_the_run_knows_are_asserted():
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        x, y = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.float32, [None])
        check = tf.debugging.assert_shapes([(x, ("n", None)), (y, "n")])
        session.run(check, {x: np.zeros([3, 2]), y: np.zeros(3)})
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(check, {x: np.zeros([3, 2]), y: np.zeros(4)})


def test_assert_shapes_takes_any_size_for_none():
    assert weft.debugging.assert_shapes([(np.zeros([3, 4]), (None, None))]) is None
    weft.debugging.assert_shapes([(np.zeros([3, 4]), ("...", 4)), (np.zeros([2, 4]), (".", 4))])
    with pytest.raises(ValueError):
        weft.debugging.assert_shapes([(np.zeros([4]), ("*", 3, 4))])


def test_words_of_a_flag_are_parted_by_blanks():
    values = tf.flags.FlagValues()
    tf.flags.DEFINE_spaceseplist("words", [], "", flag_values=values)
    values(["program", "--words=a,b c"])
    assert values.words == ["a,b", "c"]


def test_restoring_after_the_initializers():
    with tf.Graph().as_default():
        restoring = tf.no_op("restoring")
        assert tf.saved_model.main_op_with_restore("restoring").control_inputs
        assert tf.saved_model.main_op_with_restore(restoring).type == "NoOp"

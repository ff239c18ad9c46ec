"""What a session of TensorFlow 1 keeps beside variables: accumulators of gradients, and tensors by their handles."""

import threading

import numpy as np
import pytest

import weft.compat.v1 as tf


def test_an_accumulator_leaves_out_what_belongs_to_a_past_step():
    with tf.Graph().as_default(), tf.Session() as session:
        total = tf.ConditionalAccumulator(tf.float32, [2])
        session.run(total.apply_grad([1.0, 2.0], local_step=0))
        assert session.run(total.take_grad(1)).tolist() == [1.0, 2.0]
        session.run(total.apply_grad([9.0, 9.0], local_step=0))  # the step is 1 by now
        assert session.run(total.num_accumulated()) == 0
        session.run(total.set_global_step(5))
        session.run([total.apply_grad([3.0, 4.0], local_step=5), total.apply_grad([9.0, 9.0], local_step=4)])
        assert session.run(total.take_grad(1)).tolist() == [3.0, 4.0]


def test_who_takes_a_gradient_waits_for_it():
    with tf.Graph().as_default(), tf.Session() as session:
        total = tf.ConditionalAccumulator(tf.float32, [])
        take, give = total.take_grad(2), total.apply_grad(4.0)
        found = []
        thread = threading.Thread(target=lambda: found.append(session.run(take)))
        thread.start()
        session.run(give)
        session.run(give)
        thread.join()
        assert found == [4.0]


def test_closing_the_session_ends_the_waiting():
    with tf.Graph().as_default():
        session = tf.Session()
        total = tf.ConditionalAccumulator(tf.float32, [])
        take = total.take_grad(1)
        session.run(total.num_accumulated())
        failed = []

        def wait():
            try:
                session.run(take)
            except tf.errors.CancelledError as error:
                failed.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        session.close()
        thread.join()
        assert len(failed) == 1


def test_who_waits_for_a_gradient_waits_no_longer_than_the_run_may():
    with tf.Graph().as_default(), tf.Session() as session:
        take = tf.ConditionalAccumulator(tf.float32, []).take_grad(1)
        with pytest.raises(tf.errors.DeadlineExceededError):
            session.run(take, options=tf.RunOptions(timeout_in_ms=20))


def test_rows_are_averaged_over_the_gradients_that_had_them():
    with tf.Graph().as_default(), tf.Session() as session:
        total = tf.SparseConditionalAccumulator(tf.float32, [3, 1])
        session.run([total.apply_grad([0, 2], [[1.0], [2.0]]), total.apply_grad([2], [[6.0]])])
        indices, rows, shape = session.run(total.take_grad(2))
        assert (indices.tolist(), rows.tolist(), shape.tolist()) == ([0, 2], [[1.0], [4.0]], [3, 1])
        with pytest.raises(ValueError, match="incompatible"):
            tf.ConditionalAccumulator(tf.float32, [2]).apply_grad([1.0])


def test_a_handle_stands_for_a_value_until_it_is_deleted():
    with tf.Graph().as_default(), tf.Session() as session:
        kept = session.run(tf.get_session_handle(tf.constant([1.0, 2.0])))
        holder, value = tf.get_session_tensor(kept.handle, tf.float32)
        assert session.run(value * 2.0, {holder: kept.handle}).tolist() == [2.0, 4.0]
        place_of_wrong, wrong = tf.get_session_tensor(kept.handle, tf.int32)
        with pytest.raises(tf.errors.InvalidArgumentError, match="another dtype"):
            session.run(wrong, {place_of_wrong: kept.handle})
        place, delete = tf.delete_session_tensor(kept.handle)
        session.run(delete, {place: kept.handle})
        with pytest.raises(tf.errors.InvalidArgumentError, match="not in the session store"):
            session.run(value, {holder: kept.handle})
        with pytest.raises(tf.errors.InvalidArgumentError, match="not in the session store"):
            kept.eval()


def test_ranks_that_only_the_run_tells_are_checked():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32)
        for check in (tf.assert_rank(x, 1), tf.assert_rank_at_least(x, 1), tf.assert_rank_in(x, [1, 3])):
            session.run(check, {x: [1.0]})
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run(check, {x: 1.0})


def test_creators_make_the_variables_of_a_graph():
    def doubled(next_creator, **options):
        return next_creator(**dict(options, name=options["name"] + "_made"))

    with tf.Graph().as_default(), tf.variable_creator_scope(doubled):
        assert tf.Variable(1.0, name="w").name == "w_made:0"
        assert tf.get_variable("v", [2]).name == "v_made:0"


def test_jacobians_by_differences():
    with tf.Graph().as_default(), tf.Session():
        x = tf.constant(np.ones(3, np.float32))
        assert tf.test.compute_gradient_error(x, [3], x * x, [3], x_init_value=np.ones(3)) < 1e-2

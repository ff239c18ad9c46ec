"""tf.queue where ops run at once and in traced functions; tests/tf1 has those of graphs."""

from __future__ import annotations

import threading

import pytest

import weft as tf


def test_elements_come_in_order() -> None:
    queue = tf.queue.FIFOQueue(5, [tf.int32, tf.float32], shapes=[[], [2]])
    queue.enqueue((1, [1.0, 2.0]))
    queue.enqueue_many(([2, 3], [[3.0, 4.0], [5.0, 6.0]]))
    assert int(queue.size()) == 3
    number, pair = queue.dequeue()
    assert (int(number), pair.numpy().tolist()) == (1, [1.0, 2.0])
    numbers, pairs = queue.dequeue_many(2)
    assert (numbers.numpy().tolist(), pairs.shape) == ([2, 3], (2, 2))
    assert queue.dtypes == [tf.int32, tf.float32]


def test_closed_queues_say_so() -> None:
    queue = tf.queue.FIFOQueue(2, tf.int32, shapes=[()])
    queue.enqueue(7)
    queue.close()
    assert bool(queue.is_closed())
    with pytest.raises(tf.errors.CancelledError):
        queue.enqueue(8)
    assert queue.dequeue_up_to(2).numpy().tolist() == [7]
    with pytest.raises(tf.errors.OutOfRangeError, match="closed and has insufficient elements"):
        queue.dequeue()


def test_named_padded_shuffled_and_ordered_by_priority() -> None:
    named = tf.queue.FIFOQueue(2, [tf.int32, tf.string], names=["a", "b"])
    named.enqueue({"a": 1, "b": "x"})
    assert {key: value.numpy() for key, value in named.dequeue().items()} == {"a": 1, "b": b"x"}
    padded = tf.queue.PaddingFIFOQueue(2, tf.int32, shapes=[[None]])
    padded.enqueue([[1]])
    padded.enqueue([[2, 3]])
    assert padded.dequeue_many(2).numpy().tolist() == [[1, 0], [2, 3]]
    shuffled = tf.queue.RandomShuffleQueue(9, 0, tf.int32, shapes=[()], seed=3)
    shuffled.enqueue_many([list(range(9))])
    assert sorted(shuffled.dequeue_many(9).numpy().tolist()) == list(range(9))
    ordered = tf.queue.PriorityQueue(3, [tf.string], [[]])
    for number, text in ((3, "c"), (1, "a"), (2, "b")):
        ordered.enqueue((tf.constant(number, tf.int64), text))
    assert ordered.dequeue_many(3)[1].numpy().tolist() == [b"a", b"b", b"c"]
    assert tf.queue.QueueBase.from_list(1, [padded, shuffled]).size() == 0


def test_traced_functions_use_queues() -> None:
    queue = tf.queue.FIFOQueue(10, tf.int32, shapes=[()])

    @tf.function
    def fill(count):
        for number in tf.range(count):
            queue.enqueue(number * number)
        return queue.size()

    @tf.function
    def next_one():
        return queue.dequeue() + 1

    assert int(fill(tf.constant(4))) == 4
    assert [int(next_one()) for _ in range(4)] == [1, 2, 5, 10]


def test_threads_wait_for_one_another() -> None:
    queue = tf.queue.FIFOQueue(1, tf.int32, shapes=[()])

    def fill() -> None:
        for number in range(20):
            queue.enqueue(number)
        queue.close()

    thread = threading.Thread(target=fill)
    thread.start()
    found = []
    with pytest.raises(tf.errors.OutOfRangeError):
        while True:
            found.append(int(queue.dequeue()))
    thread.join()
    assert found == list(range(20))


def test_what_does_not_fit() -> None:
    queue = tf.queue.FIFOQueue(2, [tf.int32, tf.float32], shapes=[[], [2]])
    with pytest.raises(ValueError, match="incompatible"):
        queue.enqueue((1, [1.0, 2.0, 3.0]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="one value for each dtype"):
        queue.enqueue((1,))
    with pytest.raises(tf.errors.InvalidArgumentError, match="needs their shapes"):
        tf.queue.FIFOQueue(2, tf.int32).dequeue_many(2)

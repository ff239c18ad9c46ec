"""Programs whose input comes by queues and iterators, for TensorFlow 1.15 and Weft; each ends with `result`."""

FILES = '''
import os
for k in range(3):
    with open(os.path.join(folder, "f%d.csv" % k), "w") as file:
        file.write("a,b\\n" + "".join("%d,%d.5\\n" % (k * 10 + i, i) for i in range(7)))
with open(os.path.join(folder, "fixed.bin"), "wb") as file:
    file.write(bytes(bytearray(range(30))))
writer = tf.python_io.TFRecordWriter(os.path.join(folder, "x.tfrecord"))
for i in range(4):
    feature = tf.train.Feature(int64_list=tf.train.Int64List(value=[i]))
    writer.write(tf.train.Example(features=tf.train.Features(feature={"i": feature})).SerializeToString())
writer.close()
'''

#: one queue runner with one thread each, so that the order is certain
RUNNING = '''
session = tf.Session()
session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
coordinator = tf.train.Coordinator()
threads = tf.train.start_queue_runners(session, coordinator)
result = []
try:
    while len(result) < 12:
        result.append(session.run(fetch))
except tf.errors.OutOfRangeError:
    result.append("end")
coordinator.request_stop()
coordinator.join(threads)
session.close()
'''

PROGRAMS = {
    "string_input_producer": '''
tf.set_random_seed(5)
fetch = tf.train.string_input_producer(["a", "b", "c"], num_epochs=3, seed=3).dequeue()
''',
    "range_input_producer": '''
fetch = tf.train.range_input_producer(4, num_epochs=2, seed=1).dequeue()
''',
    "slice_input_producer": '''
tf.set_random_seed(9)
fetch = tf.train.slice_input_producer([np.arange(5), np.arange(10).reshape(5, 2)], num_epochs=2, seed=4)
''',
    "text_lines": '''
names = tf.train.match_filenames_once(os.path.join(folder, "f*.csv"))
queue = tf.train.string_input_producer(names, num_epochs=1, shuffle=False)
key, value = tf.TextLineReader(skip_header_lines=1).read(queue)
a, b = tf.decode_csv(value, [[0], [0.0]])
fetch = tf.train.batch({"a": a, "b": b}, 4, allow_smaller_final_batch=True)
''',
    "text_lines_dropped": '''
queue = tf.train.string_input_producer([os.path.join(folder, "f1.csv")], num_epochs=2, shuffle=False)
key, value = tf.TextLineReader().read(queue)
fetch = tf.train.batch([value], 5)
''',
    "read_up_to": '''
queue = tf.train.string_input_producer([os.path.join(folder, "f1.csv")], num_epochs=1, shuffle=False)
fetch = tf.TextLineReader().read_up_to(queue, 5)[1]
''',
    "records": '''
queue = tf.train.string_input_producer([os.path.join(folder, "x.tfrecord")], num_epochs=2)
key, value = tf.TFRecordReader().read(queue)
fetch = tf.parse_single_example(value, {"i": tf.FixedLenFeature([], tf.int64)})["i"]
''',
    "fixed_length": '''
queue = tf.train.string_input_producer([os.path.join(folder, "fixed.bin")], num_epochs=1)
key, value = tf.FixedLengthRecordReader(4, header_bytes=1, footer_bytes=1).read(queue)
fetch = tf.decode_raw(value, tf.uint8)
''',
    "fixed_length_hops": '''
queue = tf.train.string_input_producer([os.path.join(folder, "fixed.bin")], num_epochs=1)
key, value = tf.FixedLengthRecordReader(8, hop_bytes=6).read(queue)
fetch = tf.decode_raw(value, tf.uint8)
''',
    "whole_file": '''
queue = tf.train.string_input_producer([os.path.join(folder, "fixed.bin")], num_epochs=1)
fetch = tf.WholeFileReader().read(queue)[1]
''',
    "shuffle_batch": '''
tf.set_random_seed(2)
number = tf.train.range_input_producer(20, num_epochs=1, shuffle=False).dequeue()
fetch = tf.train.shuffle_batch([number, number * 2], 3, 10, 9, seed=4)
''',
    "enqueue_many": '''
fetch = tf.train.batch([tf.train.limit_epochs(tf.constant([[1, 2], [3, 4], [5, 6]]), 2)], 2, enqueue_many=True)
''',
    "dynamic_pad": '''
number = tf.train.range_input_producer(5, num_epochs=1, shuffle=False).dequeue()
fetch = tf.train.batch([tf.fill([number], number)], 2, dynamic_pad=True)
''',
    "maybe_batch": '''
number = tf.train.range_input_producer(12, num_epochs=1, shuffle=False).dequeue()
fetch = tf.train.maybe_batch([number], tf.equal(number % 3, 0), 2)
''',
    "batch_join": '''
number = tf.train.range_input_producer(6, num_epochs=1, shuffle=False).dequeue()
fetch = tf.train.batch_join([[number, tf.as_string(number)]], 3)
''',
}

#: programs that run step by step and give `result` themselves
STEPS = {
    "queues": '''
queue = tf.RandomShuffleQueue(100, 10, [tf.int32, tf.float32], shapes=[[], [2]], seed=7)
fill = queue.enqueue_many([np.arange(50), np.ones([50, 2], np.float32)])
one, many, rest = queue.dequeue(), queue.dequeue_many(5), queue.dequeue_up_to(8)
session = tf.Session()
session.run(fill)
result = [session.run(one[0]) for _ in range(10)] + [session.run(many[0]), session.run(queue.size())]
session.run(queue.close())
result += [session.run(rest[0]) for _ in range(5)]
for attempt in (rest, fill):
    try:
        session.run(attempt)
    except tf.errors.OpError as error:
        result.append(type(error).__name__)
''',
    "other_queues": '''
session = tf.Session()
padding = tf.PaddingFIFOQueue(10, tf.int32, shapes=[[None]])
x = tf.placeholder(tf.int32, [None])
put = padding.enqueue(x)
session.run(put, {x: [1]})
session.run(put, {x: [1, 2, 3]})
result = [session.run(padding.dequeue_many(2)), session.run(padding.size())]
first = tf.PriorityQueue(10, tf.string, [()])
session.run(first.enqueue([np.int64(3), "c"]))
session.run(first.enqueue([np.int64(1), "a"]))
result += session.run(first.dequeue())
named = tf.FIFOQueue(3, [tf.int32, tf.int32], names=["a", "b"])
session.run(named.enqueue({"a": 1, "b": 2}))
result.append(sorted(session.run(named.dequeue()).items()))
queues = [tf.FIFOQueue(5, tf.int32, shapes=[()]) for _ in range(2)]
for number, queue in enumerate(queues):
    session.run(queue.enqueue_many([[number, number + 10]]))
index = tf.placeholder(tf.int32, [])
chosen = tf.QueueBase.from_list(index, queues).dequeue()
result += [session.run(chosen, {index: 1}), session.run(chosen, {index: 0}), session.run(queues[0].is_closed())]
''',
    "iterators": '''
values = tf.placeholder(tf.int64, [None])
offset = tf.Variable(10, dtype=tf.int64)
fed = tf.data.Dataset.from_tensor_slices(values).map(lambda v: v + offset)
numbers = tf.data.Dataset.range(3)
initializable = fed.make_initializable_iterator()
either = tf.data.Iterator.from_structure(fed.output_types, fed.output_shapes)
first, second = either.make_initializer(fed), either.make_initializer(numbers)
handle = tf.placeholder(tf.string, [])
feedable = tf.data.Iterator.from_string_handle(handle, fed.output_types, fed.output_shapes)
once = numbers.make_one_shot_iterator()
from_initializable, from_either, from_feedable = (i.get_next() for i in (initializable, either, feedable))
session = tf.Session()
session.run(tf.global_variables_initializer())
result = []
try:
    session.run(from_initializable)
except tf.errors.FailedPreconditionError:
    result.append("not initialized")
session.run(initializable.initializer, {values: [1, 2]})
session.run(offset.assign(20))
result += [session.run(from_initializable)]
session.run(second)
result += [session.run(from_either)]
session.run(first, {values: [7]})
result += [session.run(from_either)]
try:
    session.run(from_either)
except tf.errors.OutOfRangeError:
    result.append("end")
handles = session.run([initializable.string_handle(), once.string_handle()])
result += [session.run(from_feedable, {handle: handles[1]}) for _ in range(2)]
result += [session.run(from_feedable, {handle: handles[0]})]
''',
    "batches": '''
x, y = np.arange(12, dtype=np.float32).reshape(6, 2), np.arange(6)
pairs = tf.data.Dataset.from_tensor_slices({"x": x, "y": y}).repeat(2).batch(4)
element = pairs.make_one_shot_iterator().get_next()
total = tf.Variable(0.0)
add = total.assign_add(tf.reduce_sum(element["x"]))
session = tf.Session()
session.run(tf.global_variables_initializer())
result = [element["x"].shape.as_list(), element["y"].dtype.name]
result += [session.run([add, element["y"]]) for _ in range(3)]
''',
    "count_up_to": '''
v = tf.Variable(1)
c = v.count_up_to(3) if hasattr(v, "count_up_to") else tf.count_up_to(v, 3)
session = tf.Session()
session.run(tf.global_variables_initializer())
result = [session.run(c), session.run(c), session.run(v)]
try:
    session.run(c)
except tf.errors.OutOfRangeError:
    result.append("end")
''',
}

"""Records in files, read by threads through queues, until the files are through so many times."""

import os
import sys
import tempfile

import numpy as np
import tensorflow as tf

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 30

folder = tempfile.mkdtemp()
rng = np.random.RandomState(0)
files = [os.path.join(folder, f"part-{number}.tfrecords") for number in range(2)]
for name in files:
    with tf.python_io.TFRecordWriter(name) as writer:
        for _ in range(200):
            point = rng.normal(size=3).astype(np.float32)
            feature = {
                "point": tf.train.Feature(bytes_list=tf.train.BytesList(value=[point.tobytes()])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[int(point.sum() > 0)])),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())

queue = tf.train.string_input_producer(files, num_epochs=EPOCHS)
_, serialized = tf.TFRecordReader().read(queue)
parsed = tf.parse_single_example(serialized, features={
    "point": tf.FixedLenFeature([], tf.string), "label": tf.FixedLenFeature([], tf.int64),
})
point = tf.reshape(tf.decode_raw(parsed["point"], tf.float32), [3])
points, labels = tf.train.shuffle_batch([point, parsed["label"]], 40, capacity=400, min_after_dequeue=100)
logits = tf.layers.dense(points, 2)
loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
right = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), labels), tf.float32))
train = tf.train.AdamOptimizer(0.05).minimize(loss)

with tf.Session() as sess:
    sess.run(tf.group(tf.global_variables_initializer(), tf.local_variables_initializer()))
    coordinator = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(sess=sess, coord=coordinator)
    steps, share = 0, 0.0
    try:
        while not coordinator.should_stop():
            _, share = sess.run([train, right])
            steps += 1
    except tf.errors.OutOfRangeError:
        print("batches", steps)
    finally:
        coordinator.request_stop()
    coordinator.join(threads)
    print("accuracy", share)

"""What TensorFlow 1 writes into files and what reads them again: each kind is a writer, whose answers its reader gives.

Files go both ways: `make_tf1_files.py` stores what TensorFlow 1.15 writes, for `tests/tf1/test_exchanged_files.py`;
`tools/check_exchanged_files.py` has TensorFlow read what Weft writes. Python 3.7 or newer.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

X = np.sin(np.arange(12, dtype=np.float32)).reshape(4, 3)
DTYPES = "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 bool complex64 complex128".split()
SECOND = np.array([[1.5, -2.0], [0.25, 8.0]], np.float32)


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, np.ndarray) and value.dtype.kind == "c":
        return [value.real.tolist(), value.imag.tolist()]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


# checkpoints


def held(tf: Any, scale: int) -> dict[str, Any]:
    """Variables of every type, one of them in parts."""
    made = {kind: tf.get_variable("of_" + kind, initializer=(np.arange(6).reshape(2, 3) * scale).astype(kind))
            for kind in DTYPES}  # fmt: skip
    made["text"] = tf.get_variable("text", initializer=np.array([["a", "long"], ["", "x" * scale]]))
    made["scalar"] = tf.get_variable("scope/scalar", initializer=np.float32(0.5 * scale))
    made["empty"] = tf.get_variable("empty", initializer=np.zeros([0, 3], "float32"))
    made["parts"] = tf.get_variable("parts", [5, 4], partitioner=tf.fixed_size_partitioner(3),
                                    initializer=lambda shape, dtype, partition_info: tf.fill(
                                        shape, scale * (partition_info.var_offset[0] + 1.0)))  # fmt: skip
    return made


SAVERS = {"two": {}, "one": {"write_version": 1}, "shards": {"sharded": True}, "one_in_shards": {
    "write_version": 1, "sharded": True}}  # fmt: skip


def write_checkpoints(tf: Any) -> Any:
    made = held(tf, 3)
    values = [tf.convert_to_tensor(value) for value in made.values()]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for name, options in SAVERS.items():
            os.mkdir(name)
            saver = tf.train.Saver(max_to_keep=2, **options)
            for step in (1, 2, 3):
                saver.save(session, os.path.join(name, "model"), step)
        return dict(zip(made, session.run(values)))


def read_checkpoints(tf: Any, expected: Any) -> Any:
    found = []
    for name, options in SAVERS.items():
        tf.reset_default_graph()
        made = held(tf, 0)
        values = [tf.convert_to_tensor(value) for value in made.values()]
        with tf.Session() as session:
            state = tf.train.get_checkpoint_state(name)
            assert len(state.all_model_checkpoint_paths) == 2, state
            path = tf.train.latest_checkpoint(name)
            assert path == state.model_checkpoint_path and os.path.basename(path).startswith("model-3"), path
            tf.train.Saver(**options).restore(session, path)
            found.append(plain(dict(zip(made, session.run(values)))))
        shapes = dict(tf.train.list_variables(path))
        assert shapes["parts"] == [5, 4] and shapes["scope/scalar"] == [] and shapes["empty"] == [0, 3], shapes
        assert plain(tf.train.load_variable(path, "text")) == expected["text"]
    assert all(each == found[0] for each in found)
    return found[0]


# records


COMPRESSIONS = {"plain": "NONE", "gzip": "GZIP", "zlib": "ZLIB"}


def options_of(tf: Any, name: str) -> Any:
    return tf.python_io.TFRecordOptions(getattr(tf.python_io.TFRecordCompressionType, COMPRESSIONS[name]))


def write_records(tf: Any) -> Any:
    texts = []
    for name in COMPRESSIONS:
        with tf.python_io.TFRecordWriter(name, options_of(tf, name)) as writer:
            for number in range(4):
                made = tf.train.Example()
                made.features.feature["number"].int64_list.value.extend(range(-1, number))
                made.features.feature["weight"].float_list.value.extend([number / 4, 1e30])
                made.features.feature["text"].bytes_list.value.append(b"x" * 1000 * number)
                writer.write(made.SerializeToString())
            writer.write(b"")
    for number in range(4):
        texts.append([list(range(-1, number)), [number / 4, float(np.float32(1e30))], "x" * 1000 * number])
    return texts


def read_records(tf: Any, expected: Any) -> Any:
    found = []
    features = {"number": tf.VarLenFeature(tf.int64), "weight": tf.FixedLenFeature([2], tf.float32),
                "text": tf.FixedLenFeature([], tf.string)}  # fmt: skip
    for name in COMPRESSIONS:
        records = list(tf.python_io.tf_record_iterator(name, options_of(tf, name)))
        assert records[-1] == b"" and len(records) == 5
        parsed = []
        dataset = tf.data.TFRecordDataset(name, "" if name == "plain" else COMPRESSIONS[name]).take(4)
        dataset = dataset.map(lambda record: tf.parse_single_example(record, features))
        following = dataset.make_one_shot_iterator().get_next()
        reader = tf.TFRecordReader(options=options_of(tf, name))
        _, value = reader.read(tf.train.string_input_producer([name], num_epochs=1, shuffle=False))
        with tf.Session() as session:
            session.run(tf.local_variables_initializer())
            for _ in range(4):
                made = session.run(following)
                parsed.append(plain([made["number"].values, made["weight"], made["text"]]))
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            assert [session.run(value) for _ in range(5)] == records
            coordinator.request_stop()
            coordinator.join(threads)
        found.append(parsed)
    assert found[0] == found[1] == found[2]
    return found[0]


# event files


def write_events(tf: Any) -> Any:
    x = tf.placeholder(tf.float32, [4, 3], name="x")
    with tf.name_scope("layer"):
        w = tf.get_variable("w", initializer=SECOND[:, :1] * np.ones([1, 3], "float32"))
        y = tf.matmul(x, w, transpose_b=True, name="y")
    tf.summary.scalar("loss", tf.reduce_sum(y))
    tf.summary.histogram("values", y)
    tf.summary.image("picture", tf.reshape(tf.abs(x), [1, 4, 3, 1]))
    tf.summary.audio("sound", tf.reshape(x, [1, 12, 1]), 8000.0)
    tf.summary.text("words", tf.constant(["one", "two words"]))
    tf.summary.tensor_summary("whole", y)
    merged = tf.summary.merge_all()
    expected: dict[str, Any] = {}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        writer = tf.summary.FileWriter("logs", session.graph)
        for step in (0, 7):
            metadata = tf.RunMetadata()
            summary, expected["y"] = session.run(
                [merged, y], {x: X}, tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), metadata)  # fmt: skip
            writer.add_summary(summary, step)
            writer.add_run_metadata(metadata, f"step{step}", step)
        writer.add_meta_graph(tf.train.export_meta_graph(), 9)
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.CHECKPOINT, checkpoint_path="there"), 10)
        writer.close()
    return {"y": expected["y"].tolist(), "values": described(tf, summary)}


def described(tf: Any, summary: Any) -> dict[str, Any]:
    """What a summary says, without what may differ: a picture's compressed bytes."""
    found: dict[str, Any] = {}
    message = tf.Summary.FromString(summary) if isinstance(summary, bytes) else summary
    for value in message.value:
        kind = value.WhichOneof("value")
        plugin = value.metadata.plugin_data.plugin_name
        if kind == "simple_value":
            said: Any = value.simple_value
        elif kind == "histo":
            histogram = value.histo
            said = [histogram.min, histogram.max, histogram.num, histogram.sum, list(histogram.bucket)]
        elif kind == "image":
            said = [value.image.height, value.image.width, value.image.colorspace]
            said.append(picture(tf, value.image.encoded_image_string))
        elif kind == "audio":
            said = [value.audio.sample_rate, value.audio.num_channels, value.audio.length_frames,
                    value.audio.content_type, list(value.audio.encoded_audio_string)]  # fmt: skip
        else:
            said = tf.make_ndarray(value.tensor)
        found[value.tag] = plain([kind, plugin, said])
    return found


def picture(tf: Any, encoded: bytes) -> Any:
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(tf.image.decode_png(encoded)).ravel().tolist()


def read_events(tf: Any, expected: Any) -> Any:
    [name] = os.listdir("logs")
    events = list(tf.train.summary_iterator(os.path.join("logs", name)))
    kinds = [event.WhichOneof("what") for event in events]
    assert kinds[0] == "file_version" and events[0].file_version == "brain.Event:2", events[0]
    assert {"graph_def", "meta_graph_def", "session_log", "tagged_run_metadata"} <= set(kinds), kinds
    summaries = [event for event in events if event.WhichOneof("what") == "summary"]
    assert [event.step for event in summaries] == [0, 7]
    for event in events:
        if event.WhichOneof("what") == "tagged_run_metadata":
            metadata = tf.RunMetadata.FromString(event.tagged_run_metadata.run_metadata)
            named = [node.node_name for device in metadata.step_stats.dev_stats for node in device.node_stats]
            assert event.tagged_run_metadata.tag == f"step{event.step}" and named
    with tf.Graph().as_default():
        tf.train.import_meta_graph(tf.MetaGraphDef.FromString(events[kinds.index("meta_graph_def")].meta_graph_def))
        names = {operation.name for operation in tf.get_default_graph().get_operations()}
        assert {"x", "layer/y", "loss", "w", "sound"} <= names, names
    graph = tf.GraphDef.FromString(events[kinds.index("graph_def")].graph_def)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph, name="")
        session.run("w/Assign")
        y = session.run("layer/y:0", {"x:0": X})
    return {"y": y.tolist(), "values": described(tf, summaries[0].summary)}


# meta graphs: collections, queues with their runners, savers, contexts of branches and loops


def write_meta_graphs(tf: Any) -> Any:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    flag = tf.placeholder_with_default(True, [], name="flag")
    w = tf.get_variable("w", initializer=np.cos(np.arange(3, dtype=np.float32)), regularizer=tf.nn.l2_loss)
    tf.get_variable("seen", initializer=np.int64(3), collections=[tf.GraphKeys.LOCAL_VARIABLES], trainable=False)
    step = tf.train.get_or_create_global_step()

    def turn(i: Any, a: Any) -> Any:
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: tf.tanh(a * w), lambda: a + x)

    looped = tf.while_loop(lambda i, a: i < 4, turn, [0, x])[1]
    y = tf.cond(flag, lambda: tf.reduce_sum(looped * w, 1), lambda: tf.reduce_sum(x, 1), name="choice")
    y = tf.identity(y, name="y")
    loss = tf.add(tf.reduce_mean(tf.square(y)), 0.01 * tf.losses.get_regularization_loss(), name="loss")
    average = tf.train.ExponentialMovingAverage(0.9)
    rate = tf.train.exponential_decay(0.1, step, 2, 0.5)
    trained = tf.train.AdamOptimizer(rate).minimize(loss, global_step=step)
    with tf.control_dependencies([trained]):
        tf.group(average.apply([w]), name="train")
    numbers = tf.train.input_producer(tf.range(5), shuffle=False, name="numbers").dequeue()
    tf.identity(tf.train.batch([numbers * 2], 2), name="batch")
    tf.summary.scalar("mean", loss)
    tf.add_to_collection("tensors", y)
    tf.add_to_collection("tensors", loss)
    for collection, items in {"ints": (3, -4), "floats": (0.5,), "texts": ("a", "b")}.items():
        for item in items:
            tf.add_to_collection(collection, item)
    saver = tf.train.Saver(max_to_keep=3, keep_checkpoint_every_n_hours=2.5)
    results = []
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        session.run("train", {x: X})
        saver.save(session, "model")
        tf.train.export_meta_graph("model.pbtxt", as_text=True)
        for _ in range(3):
            session.run("train", {x: X})
            results.append(float(session.run(loss, {x: X})))
        results.append(session.run(y, {x: X, flag: False}))
        results.append(session.run(tf.gradients(y, [x, w]), {x: X}))
        results.append(session.run([step, average.average(w), rate]))
    return {"results": plain(results), "collections": collections(tf)}


def collections(tf: Any) -> Any:
    """What the collections hold, by name."""
    keys = tf.GraphKeys
    found = {key: [item.name for item in tf.get_collection(key)] for key in (
        keys.GLOBAL_VARIABLES, keys.TRAINABLE_VARIABLES, keys.LOCAL_VARIABLES, keys.GLOBAL_STEP, keys.SUMMARIES,
        keys.REGULARIZATION_LOSSES, keys.TRAIN_OP, keys.MOVING_AVERAGE_VARIABLES, keys.QUEUE_RUNNERS,
        "tensors")}  # fmt: skip
    found.update({key: list(tf.get_collection(key)) for key in ("ints", "texts", "floats")})
    return plain(found)


def read_meta_graphs(tf: Any, expected: Any) -> Any:
    answers = []
    for path in ("model.meta", "model.pbtxt"):
        tf.reset_default_graph()
        saver = tf.train.import_meta_graph(path)
        graph, feeds, results = tf.get_default_graph(), {"x:0": X}, []
        if path == "model.meta":
            definition = saver.as_saver_def()
            assert definition.max_to_keep == 3 and definition.keep_checkpoint_every_n_hours == 2.5, definition
        else:
            saver = tf.train.Saver()
        with tf.Session() as session:
            session.run(tf.local_variables_initializer())
            saver.restore(session, "model")
            for _ in range(3):
                session.run("train", feeds)
                results.append(float(session.run("loss:0", feeds)))
            results.append(session.run("y:0", {"x:0": X, "flag:0": False}))
            x, y = graph.get_tensor_by_name("x:0"), graph.get_tensor_by_name("y:0")
            [w] = tf.trainable_variables()
            results.append(session.run(tf.gradients(y, [x, w]), feeds))
            results.append(session.run([
                tf.train.get_global_step(), "w/ExponentialMovingAverage:0", "ExponentialDecay:0"]))  # fmt: skip
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            assert threads, "no queue runners"
            assert session.run("batch:0").tolist() == [0, 2] and session.run("batch:0").tolist() == [4, 6]
            coordinator.request_stop()
            coordinator.join(threads)
        answers.append({"results": plain(results), "collections": collections(tf)})
    for answer in answers[1:]:
        compare(answers[0], answer)
    return answers[0]


# graphs: one of many operations, with gradients and a training step of each optimizer


def write_graphs(tf: Any) -> Any:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", initializer=SECOND[:1] * np.ones([3, 1], "float32"))
    hidden = tf.nn.relu(tf.matmul(x, w) + 0.1)
    picked = tf.nn.embedding_lookup(w, tf.constant([2, 0]))
    pictures = tf.reshape(tf.tile(x, [1, 4]), [-1, 2, 2, 3])
    convolved = tf.nn.conv2d(pictures, tf.ones([2, 2, 3, 2]) * 0.1, [1, 1, 1, 1], "SAME")
    pooled = tf.nn.max_pool(convolved, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    parts = [hidden, tf.reduce_mean(pooled, [1, 2]), tf.nn.softmax(hidden)]
    out = tf.concat([*parts, tf.gather(hidden, [[0, 1]])[0, :1] + tf.zeros_like(hidden)], 1, name="out")
    tf.string_join([tf.as_string(tf.shape(x)[0]), "rows"], " ", name="strings")
    tf.strided_slice(out, [0, -1], [2, -4], [1, -2], name="sliced")
    tf.identity(tf.nn.top_k(out, 2).indices, name="best")
    tf.gradients(tf.reduce_sum(tf.square(out)) + tf.reduce_sum(picked), w, name="slope")
    tf.identity(tf.convert_to_tensor(tf.gradients(tf.reduce_sum(tf.square(out)) + tf.reduce_sum(picked), w)[0]),
                name="dense_slope")  # fmt: skip
    definition = tf.get_default_graph().as_graph_def()
    tf.train.write_graph(definition, ".", "graph.pb", as_text=False)
    tf.train.write_graph(definition, ".", "graph.pbtxt")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return plain(session.run(FETCHED, {x: X}))


FETCHED = ["out:0", "strings:0", "sliced:0", "best:0", "dense_slope:0"]


def read_graphs(tf: Any, expected: Any) -> Any:
    from google.protobuf import text_format

    binary, text = tf.GraphDef(), tf.GraphDef()
    with tf.gfile.GFile("graph.pb", "rb") as source:
        binary.ParseFromString(source.read())
    with tf.gfile.GFile("graph.pbtxt") as source:
        text_format.Merge(source.read(), text)
    answers = []
    for definition in (binary, text):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.import_graph_def(definition, name="in")
            session.run("in/w/Assign")
            answers.append(plain(session.run(["in/" + name for name in FETCHED], {"in/x:0": X})))
    compare(*answers)
    return answers[0]


def optimizers(tf: Any) -> dict[str, Any]:
    return {
        "descent": tf.train.GradientDescentOptimizer(0.05), "momentum": tf.train.MomentumOptimizer(0.05, 0.9),
        "nesterov": tf.train.MomentumOptimizer(0.05, 0.9, use_nesterov=True), "adam": tf.train.AdamOptimizer(0.05),
        "adagrad": tf.train.AdagradOptimizer(0.05), "adadelta": tf.train.AdadeltaOptimizer(0.5),
        "rmsprop": tf.train.RMSPropOptimizer(0.05),
        "centered": tf.train.RMSPropOptimizer(0.05, 0.9, 0.5, centered=True),
        "ftrl": tf.train.FtrlOptimizer(0.05, l1_regularization_strength=0.01),
        "proximal": tf.train.ProximalGradientDescentOptimizer(0.05, 0.01, 0.01),
        "proximal_adagrad": tf.train.ProximalAdagradOptimizer(0.05),
        "dual": tf.train.AdagradDAOptimizer(0.05, tf.train.get_or_create_global_step()),
    }  # fmt: skip


def write_optimizers(tf: Any) -> Any:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    found = {}
    rates = optimizers(tf)
    for name, optimizer in rates.items():
        with tf.variable_scope(name):
            w = tf.get_variable("w", initializer=np.cos(np.arange(6, dtype=np.float32)).reshape(3, 2))
            table = tf.get_variable("table", initializer=np.sin(np.arange(8, dtype=np.float32)).reshape(4, 2))
            rows = tf.nn.embedding_lookup(table, [1, 3, 1])
            hidden = tf.tanh(tf.matmul(x, w))
            hidden = tf.matmul(hidden, tf.get_variable("v", initializer=SECOND))
            loss = tf.add(tf.reduce_mean(tf.square(hidden - 0.3)), tf.reduce_sum(tf.square(rows)), name="loss")
            gradients = optimizer.compute_gradients(loss, [w, table, tf.trainable_variables()[-1]])
            optimizer.apply_gradients(gradients, name="train")
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run([name + "/train" for name in rates], {x: X})
        saver.save(session, "model")
        for name in rates:
            found[name] = [stepped(session, name) for _ in range(3)]
    return found


def stepped(session: Any, name: str) -> float:
    session.run(name + "/train", {"x:0": X})
    return float(session.run(name + "/loss:0", {"x:0": X}))


def read_optimizers(tf: Any, expected: Any) -> Any:
    saver = tf.train.import_meta_graph("model.meta")
    with tf.Session() as session:
        saver.restore(session, "model")
        return {name: [stepped(session, name) for _ in range(3)] for name in expected}


# saved models


def network(tf: Any) -> tuple[Any, Any]:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", initializer=np.cos(np.arange(6, dtype=np.float32)).reshape(3, 2))
    return x, tf.nn.softmax(tf.matmul(x, w), name="y")


def write_saved_models(tf: Any) -> Any:
    x, y = network(tf)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        tf.saved_model.simple_save(session, "simple", {"x": x}, {"y": y})
        simple = session.run(y, {x: X})
    tf.reset_default_graph()
    x, y = network(tf)
    constants, utils = tf.saved_model.signature_constants, tf.saved_model.utils
    with tf.gfile.GFile("words.txt", "w") as target:
        target.write("zero\none\ntwo\n")
    path = tf.constant("words.txt", name="asset")
    tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, path)
    found = tf.string_split([tf.read_file(path)], "\n").values
    found = tf.gather(found, tf.argmax(y, 1), name="words")
    counter = tf.get_variable("counter", initializer=5, trainable=False)
    main = tf.group(tf.assign_add(counter, 10), name="main")
    text = tf.identity(tf.read_file(path), name="text")
    predict = tf.saved_model.signature_def_utils.predict_signature_def({"x": x}, {"y": y, "words": found})
    classify = tf.saved_model.signature_def_utils.build_signature_def(
        {"x": utils.build_tensor_info(x)}, {"scores": utils.build_tensor_info(y)}, constants.CLASSIFY_METHOD_NAME)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        builder = tf.saved_model.builder.SavedModelBuilder("built")
        builder.add_meta_graph_and_variables(
            session, ["train"], {"mine": predict}, assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS))
        builder.add_meta_graph(
            ["serve", "cpu"], {constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: predict, "classes": classify},
            tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS), main_op=main, clear_devices=True)  # fmt: skip
        builder.save()
        builder.save(as_text=True)
        built = session.run([y, found, text], {x: X})
    return plain({"simple": simple, "built": built})


def read_saved_models(tf: Any, expected: Any) -> Any:
    loader, key = tf.saved_model.loader, tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    with tf.Graph().as_default(), tf.Session() as session:
        assert loader.maybe_saved_model_directory("simple")
        signature = loader.load(session, ["serve"], "simple").signature_def[key]
        simple = session.run(signature.outputs["y"].name, {signature.inputs["x"].name: X})
        assert signature.method_name == "tensorflow/serving/predict"
    answers = []
    for tags in (["serve", "cpu"], ["train"]):
        with tf.Graph().as_default(), tf.Session() as session:
            meta = loader.load(session, tags, "built")
            assert sorted(meta.signature_def) == (["classes", key] if "cpu" in tags else ["mine"]), meta.signature_def
            signature = meta.signature_def[key if "cpu" in tags else "mine"]
            fetches = [signature.outputs["y"].name, signature.outputs["words"].name, "text:0"]
            answers.append(plain(session.run(fetches, {signature.inputs["x"].name: X})))
            assert session.run("counter:0") == (15 if "cpu" in tags else 5)
    compare(*answers)
    return {"simple": plain(simple), "built": answers[0]}


KINDS = {"checkpoints": (write_checkpoints, read_checkpoints), "records": (write_records, read_records),
         "events": (write_events, read_events), "meta_graphs": (write_meta_graphs, read_meta_graphs),
         "graphs": (write_graphs, read_graphs), "optimizers": (write_optimizers, read_optimizers),
         "saved_models": (write_saved_models, read_saved_models)}  # fmt: skip


def write(tf: Any, kind: str, folder: str) -> None:
    """Writes files of a kind, and beside them what they should give."""
    tf.reset_default_graph()
    before = os.getcwd()
    os.chdir(folder)
    try:
        answer = plain(KINDS[kind][0](tf))
        with open("answer.json", "w", encoding="utf-8") as target:
            json.dump(answer, target)
    finally:
        os.chdir(before)


def read(tf: Any, kind: str, folder: str) -> None:
    """Reads files of a kind and compares.

    Raises:
        AssertionError: Where something else comes out of them.
    """
    tf.reset_default_graph()
    before = os.getcwd()
    os.chdir(folder)
    try:
        with open("answer.json", encoding="utf-8") as source:
            expected = json.load(source)
        compare(KINDS[kind][1](tf, expected), expected)
    finally:
        os.chdir(before)


def compare(found: Any, expected: Any, place: str = "") -> None:
    """Two answers, floats within rounding."""
    if isinstance(expected, dict):
        assert sorted(found) == sorted(expected), (place, sorted(found), sorted(expected))
        for key in expected:
            compare(found[key], expected[key], place + "/" + key)
    elif isinstance(expected, list):
        assert len(found) == len(expected), (place, found, expected)
        for number, (one, other) in enumerate(zip(found, expected)):
            compare(one, other, f"{place}/{number}")
    elif isinstance(expected, float):
        assert np.allclose(found, expected, rtol=1e-4, atol=1e-5), (place, found, expected)
    else:
        assert found == expected, (place, found, expected)

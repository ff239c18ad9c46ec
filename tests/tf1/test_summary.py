"""Summaries and the writer of event files; tags, kinds and names are those of TensorFlow 1.15.5."""

import os

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.formats.events import read_events
from weft.formats.messages.graph import GraphDef


def shown(content):
    return [(value.tag, value.WhichOneof("value")) for value in tf.summary.Summary.FromString(content).value]


def test_tags_kinds_and_names():
    x = tf.placeholder(tf.float32, [None, 4, 4, 1])
    with tf.name_scope("train"):
        first = tf.summary.scalar("loss a", tf.constant(1.0))
        second = tf.summary.scalar("loss a", tf.constant(2.0), family="fam")
    pictures = tf.summary.image("im", x, 2)
    sounds = tf.summary.audio("au", tf.zeros([2, 10]), 100.0)
    words = tf.summary.text("te", tf.constant("hi"))
    spread = tf.summary.histogram("hi", x)
    merged = tf.summary.merge_all()
    assert [t.name for t in (first, second, pictures, sounds, words, spread, merged)] == [
        "train/loss_a:0", "train/fam/loss_a:0", "im:0", "au:0", "te:0", "hi:0", "Merge/MergeSummary:0",
    ]  # fmt: skip
    assert first.op.type == "ScalarSummary" and merged.op.type == "MergeSummary"
    with tf.Session() as session:
        content = session.run(merged, {x: np.arange(32).reshape(2, 4, 4, 1) / 31 - 0.2})
        assert isinstance(content, bytes)
        assert shown(content) == [
            ("train/loss_a", "simple_value"), ("fam/train/fam/loss_a", "simple_value"), ("im/image/0", "image"),
            ("im/image/1", "image"), ("au/audio/0", "audio"), ("au/audio/1", "audio"), ("te", "tensor"),
            ("hi", "histo"),
        ]  # fmt: skip
        with pytest.raises(tf.errors.InvalidArgumentError, match="Nan in summary histogram"):
            session.run(spread, {x: np.full((1, 4, 4, 1), np.nan)})
        twice = tf.summary.merge([first, first])
        with pytest.raises(tf.errors.InvalidArgumentError, match="Duplicate tag"):
            session.run(twice)


def test_a_writer_keeps_summaries_and_the_graph(tmp_path):
    with tf.name_scope("model"):
        w = tf.Variable(2.0, name="w")
        loss = tf.square(w)
    note = tf.summary.scalar("loss", loss)
    with tf.Session() as session, tf.summary.FileWriter(tmp_path, session.graph) as writer:
        session.run(tf.global_variables_initializer())
        for step in range(3):
            writer.add_summary(session.run(note), step)
        writer.add_summary(tf.summary.Summary(value=[tf.summary.Summary.Value(tag="own", simple_value=7.0)]), 3)
        with pytest.raises(TypeError, match="add_summary takes"):
            writer.add_summary(note)
    (name,) = os.listdir(tmp_path)
    assert ".tfevents." in name
    _, graph, meta, *rest = read_events(tmp_path / name)
    assert meta.meta_graph_def
    found = {node.name: node for node in GraphDef.FromString(graph.graph_def).node}
    assert found["model/Square"].op == "Square" and list(found["model/Square"].input) == ["model/w/read"]
    values = [(e.step, e.summary.value[0].tag, e.summary.value[0].simple_value) for e in rest]
    assert values == [(0, "loss", 4.0), (1, "loss", 4.0), (2, "loss", 4.0), (3, "own", 7.0)]

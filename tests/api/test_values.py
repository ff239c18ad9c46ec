"""Expressions of public names give what TensorFlow gives, or are refused as it refuses them."""

import functools

import numpy as np
import pytest

import weft as tf
from tests.golden.values import showing

CASES = [(topic, text) for topic in showing.topics() for text in showing.stored(topic)]


@functools.cache
def names_of(topic):
    names = {"tf": tf, "np": np}
    for statement, text in showing.lines(topic):
        if statement:
            exec(text, names)
    return names


@pytest.mark.parametrize("topic", showing.topics())
def test_every_line_is_stored(topic):
    assert list(showing.stored(topic)) == [text for statement, text in showing.lines(topic) if not statement]


@pytest.mark.parametrize("topic,text", CASES, ids=lambda part: part[:70])
def test_gives_the_same(topic, text):
    theirs = showing.stored(topic)[text]
    if isinstance(theirs, dict) and "raises" in theirs:
        with pytest.raises((ValueError, TypeError, NotImplementedError, RuntimeError, IndexError, tf.errors.OpError)):
            eval(text, names_of(topic))
        return
    assert showing.differs(showing.shown(tf, eval(text, names_of(topic))), theirs) is None

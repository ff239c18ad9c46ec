"""TensorFlow 1's `tf.version`."""

from weft.version import COMPILER_VERSION, GIT_VERSION  # noqa: F401

VERSION = "1.15.5"  # the release whose names and behaviour these are
GRAPH_DEF_VERSION = 134
GRAPH_DEF_VERSION_MIN_CONSUMER = 0
GRAPH_DEF_VERSION_MIN_PRODUCER = 0

"""`tf.graph_util` of TensorFlow 2."""

from __future__ import annotations

from weft.compat.v1.graph_import import import_graph_def as import_graph_def

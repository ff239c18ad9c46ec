"""`tf.train`: the messages that training examples are written as."""

from __future__ import annotations

from weft.formats.messages.example import (  # noqa: F401
    BytesList,
    Example,
    Feature,
    FeatureList,
    FeatureLists,
    Features,
    FloatList,
    Int64List,
    SequenceExample,
)

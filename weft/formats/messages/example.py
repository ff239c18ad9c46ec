"""Training examples as TFRecord files hold them: named features, each a list of bytes, floats or integers."""

from __future__ import annotations

from weft.formats.containers import MessageMap, RepeatedMessage, RepeatedScalar
from weft.formats.fields import mapping, message, repeated, repeated_message
from weft.formats.message import Message


class BytesList(Message, proto="tensorflow.BytesList"):
    """A list of byte strings."""

    value: RepeatedScalar[bytes] = repeated(1, "bytes")


class FloatList(Message, proto="tensorflow.FloatList"):
    """A list of single-precision numbers."""

    value: RepeatedScalar[float] = repeated(1, "float")


class Int64List(Message, proto="tensorflow.Int64List"):
    """A list of 64-bit integers."""

    value: RepeatedScalar[int] = repeated(1, "int64")


class Feature(Message, proto="tensorflow.Feature"):
    """One feature: exactly one of the three lists, or none where the value is missing."""

    bytes_list: BytesList = message(1, "tensorflow.BytesList", oneof="kind")
    float_list: FloatList = message(2, "tensorflow.FloatList", oneof="kind")
    int64_list: Int64List = message(3, "tensorflow.Int64List", oneof="kind")


class Features(Message, proto="tensorflow.Features"):
    """Features by name."""

    feature: MessageMap[str, Feature] = mapping(1, "string", "tensorflow.Feature")


class Example(Message, proto="tensorflow.Example"):
    """One training example.

    Example:
        >>> label = Feature(int64_list=Int64List(value=[7]))
        >>> data = Example(features=Features(feature={"label": label})).SerializeToString()
        >>> Example.FromString(data).features.feature["label"].int64_list.value[0]
        7
    """

    features: Features = message(1, "tensorflow.Features")


class FeatureList(Message, proto="tensorflow.FeatureList"):
    """A feature's values over the steps of a sequence."""

    feature: RepeatedMessage[Feature] = repeated_message(1, "tensorflow.Feature")


class FeatureLists(Message, proto="tensorflow.FeatureLists"):
    """Feature lists by name."""

    feature_list: MessageMap[str, FeatureList] = mapping(1, "string", "tensorflow.FeatureList")


class SequenceExample(Message, proto="tensorflow.SequenceExample"):
    """One sequence: features of the whole in `context`, features of each step in `feature_lists`."""

    context: Features = message(1, "tensorflow.Features")
    feature_lists: FeatureLists = message(2, "tensorflow.FeatureLists")

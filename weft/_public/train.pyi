"""Written by tools/make_stubs.py; do not edit."""

from weft.formats.messages.example import BytesList as BytesList
from weft.formats.messages.example import Example as Example
from weft.formats.messages.example import Feature as Feature
from weft.formats.messages.example import FeatureList as FeatureList
from weft.formats.messages.example import FeatureLists as FeatureLists
from weft.formats.messages.example import Features as Features
from weft.formats.messages.example import FloatList as FloatList
from weft.formats.messages.example import Int64List as Int64List
from weft.formats.messages.example import SequenceExample as SequenceExample

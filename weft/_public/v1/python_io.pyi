"""Written by tools/make_stubs.py; do not edit."""

from weft.api.examples import TFRecordOptions as TFRecordOptions
from weft.api.examples import TFRecordWriter as TFRecordWriter
from weft.compat.v1.io import TFRecordCompressionType as TFRecordCompressionType
from weft.compat.v1.io import tf_record_iterator as tf_record_iterator

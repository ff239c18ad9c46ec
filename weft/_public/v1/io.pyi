"""Written by tools/make_stubs.py; do not edit."""

from weft.api.examples import FixedLenFeature as FixedLenFeature
from weft.api.examples import FixedLenSequenceFeature as FixedLenSequenceFeature
from weft.api.examples import TFRecordOptions as TFRecordOptions
from weft.api.examples import TFRecordWriter as TFRecordWriter
from weft.api.examples import VarLenFeature as VarLenFeature
from weft.api.examples import parse_single_sequence_example as parse_single_sequence_example
from weft.api.io import decode_base64 as decode_base64
from weft.api.io import encode_base64 as encode_base64
from weft.compat.v1.io import TFRecordCompressionType as TFRecordCompressionType
from weft.compat.v1.io import decode_csv as decode_csv
from weft.compat.v1.io import decode_raw as decode_raw
from weft.compat.v1.io import parse_example as parse_example
from weft.compat.v1.io import parse_single_example as parse_single_example
from weft.compat.v1.io import read_file as read_file
from weft.compat.v1.io import tf_record_iterator as tf_record_iterator
from weft.compat.v1.io import write_file as write_file

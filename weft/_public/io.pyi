"""Written by tools/make_stubs.py; do not edit."""

from weft.api.examples import FixedLenFeature as FixedLenFeature
from weft.api.examples import FixedLenSequenceFeature as FixedLenSequenceFeature
from weft.api.examples import TFRecordOptions as TFRecordOptions
from weft.api.examples import TFRecordWriter as TFRecordWriter
from weft.api.examples import VarLenFeature as VarLenFeature
from weft.api.examples import parse_example as parse_example
from weft.api.examples import parse_single_example as parse_single_example
from weft.api.examples import parse_single_sequence_example as parse_single_sequence_example
from weft.api.io import decode_base64 as decode_base64
from weft.api.io import decode_raw as decode_raw
from weft.api.io import encode_base64 as encode_base64
from weft.api.tables import decode_csv as decode_csv

"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1 import data_experimental as _experimental
from weft.compat.v1.data import Dataset as Dataset
from weft.compat.v1.data import FixedLengthRecordDataset as FixedLengthRecordDataset
from weft.compat.v1.data import TextLineDataset as TextLineDataset
from weft.compat.v1.data import TFRecordDataset as TFRecordDataset
from weft.compat.v1.iterators import Iterator as Iterator
from weft.compat.v1.iterators import get_output_classes as get_output_classes
from weft.compat.v1.iterators import get_output_shapes as get_output_shapes
from weft.compat.v1.iterators import get_output_types as get_output_types
from weft.compat.v1.iterators import make_initializable_iterator as make_initializable_iterator
from weft.compat.v1.iterators import make_one_shot_iterator as make_one_shot_iterator
from weft.data.dataset import AUTOTUNE as AUTOTUNE
from weft.data.nodes import INFINITE as _INFINITE_CARDINALITY
from weft.data.nodes import UNKNOWN as _UNKNOWN_CARDINALITY
from weft.data.options import Options as Options
from weft.data.structure import DatasetSpec as DatasetSpec

INFINITE_CARDINALITY = _INFINITE_CARDINALITY
UNKNOWN_CARDINALITY = _UNKNOWN_CARDINALITY
experimental = _experimental

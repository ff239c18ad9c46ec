"""Written by tools/make_stubs.py; do not edit."""

from weft.api.array import cast as cast
from weft.api.array import saturate_cast as saturate_cast
from weft.api.math import complex as complex
from weft.base.dtypes import QUANTIZED_DTYPES as QUANTIZED_DTYPES
from weft.base.dtypes import DType as DType
from weft.base.dtypes import as_dtype as as_dtype
from weft.base.dtypes import bfloat16 as bfloat16
from weft.base.dtypes import bool_ as _bool
from weft.base.dtypes import complex64 as complex64
from weft.base.dtypes import complex128 as complex128
from weft.base.dtypes import float16 as _half
from weft.base.dtypes import float16 as float16
from weft.base.dtypes import float32 as float32
from weft.base.dtypes import float64 as _double
from weft.base.dtypes import float64 as float64
from weft.base.dtypes import int8 as int8
from weft.base.dtypes import int16 as int16
from weft.base.dtypes import int32 as int32
from weft.base.dtypes import int64 as int64
from weft.base.dtypes import qint8 as qint8
from weft.base.dtypes import qint16 as qint16
from weft.base.dtypes import qint32 as qint32
from weft.base.dtypes import quint8 as quint8
from weft.base.dtypes import quint16 as quint16
from weft.base.dtypes import resource as resource
from weft.base.dtypes import string as string
from weft.base.dtypes import uint8 as uint8
from weft.base.dtypes import uint16 as uint16
from weft.base.dtypes import uint32 as uint32
from weft.base.dtypes import uint64 as uint64
from weft.base.dtypes import variant as variant

bool = _bool
double = _double
half = _half

"""`tf.dtypes`: element types and casts."""

from weft.api.array import cast, saturate_cast  # noqa: F401
from weft.api.math import complex  # noqa: F401
from weft.base.dtypes import (  # noqa: F401
    QUANTIZED_DTYPES,
    DType,
    as_dtype,
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    qint8,
    qint16,
    qint32,
    quint8,
    quint16,
    resource,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
    variant,
)
from weft.base.dtypes import bool_ as bool  # noqa: F401
from weft.base.dtypes import float16 as half  # noqa: F401
from weft.base.dtypes import float64 as double  # noqa: F401

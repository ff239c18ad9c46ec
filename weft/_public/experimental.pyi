"""Written by tools/make_stubs.py; do not edit."""

from weft.api import dlpack as dlpack
from weft.api import numpy as numpy
from weft.api.experimental import async_clear_error as async_clear_error
from weft.api.experimental import async_scope as async_scope
from weft.api.experimental import enable_strict_mode as enable_strict_mode
from weft.api.experimental import function_executor_type as function_executor_type
from weft.api.extension_types import BatchableExtensionType as BatchableExtensionType
from weft.api.extension_types import ExtensionType as ExtensionType
from weft.api.extension_types import ExtensionTypeBatchEncoder as ExtensionTypeBatchEncoder
from weft.api.extension_types import ExtensionTypeSpec as ExtensionTypeSpec
from weft.api.extension_types import extension_type as extension_type
from weft.data.optional import Optional as Optional

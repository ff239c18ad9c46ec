"""The input pipeline: plans of datasets (`nodes`), what a user holds of them (`dataset`), and readers of files.

The package is `tf.data` itself: its public names load the module that each is in.
"""

from __future__ import annotations

import importlib as _importlib
from typing import TYPE_CHECKING
from typing import Any as _Any

if TYPE_CHECKING:
    from weft.data import experimental as experimental
    from weft.data.dataset import AUTOTUNE as AUTOTUNE
    from weft.data.dataset import Dataset as Dataset
    from weft.data.dataset import NumpyIterator as NumpyIterator
    from weft.data.options import Options as Options
    from weft.data.options import ThreadingOptions as ThreadingOptions
    from weft.data.readers import FixedLengthRecordDataset as FixedLengthRecordDataset
    from weft.data.readers import TextLineDataset as TextLineDataset
    from weft.data.readers import TFRecordDataset as TFRecordDataset
    from weft.data.structure import DatasetSpec as DatasetSpec

_PUBLIC = {
    "AUTOTUNE": ("dataset", "AUTOTUNE"),
    "Dataset": ("dataset", "Dataset"),
    "DatasetSpec": ("structure", "DatasetSpec"),
    "FixedLengthRecordDataset": ("readers", "FixedLengthRecordDataset"),
    "INFINITE_CARDINALITY": ("nodes", "INFINITE"),
    "Iterator": ("dataset", "OwnedIterator"),
    "IteratorSpec": ("optional", "IteratorSpec"),
    "NumpyIterator": ("dataset", "NumpyIterator"),
    "Options": ("options", "Options"),
    "TFRecordDataset": ("readers", "TFRecordDataset"),
    "TextLineDataset": ("readers", "TextLineDataset"),
    "ThreadingOptions": ("options", "ThreadingOptions"),
    "UNKNOWN_CARDINALITY": ("nodes", "UNKNOWN"),
    "experimental": ("experimental", None),
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> _Any:
    found = _PUBLIC.get(name)
    if found is None:
        if name.startswith("__"):
            raise AttributeError(name)
        from weft.base.absent import absent

        raise AttributeError(absent(f"tf.data.{name}", _PUBLIC))
    module, attribute = found
    value = _importlib.import_module(f"weft.data.{module}")
    if attribute is None:
        return value
    globals()[name] = found = getattr(value, attribute)
    return found


#: names of `tf.data.experimental` that stand on a higher floor, where records become features and tables are: the
#: namespace finds them as the top level finds its own, by the name of their module when they are asked for
ABOVE = dict.fromkeys(
    ("DatasetInitializer", "index_table_from_dataset", "make_batched_features_dataset", "parse_example_dataset",
     "table_from_dataset"),
    "weft.api.dataset_features",
)  # fmt: skip


def missing(name: str) -> _Any:
    """A name that `tf.data.experimental` has not of its own."""
    if name in ABOVE:
        return getattr(_importlib.import_module(ABOVE[name]), name)
    from weft.base.absent import absent
    from weft.data import experimental

    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(absent(f"tf.data.experimental.{name}", [*vars(experimental), *ABOVE]))


def __dir__() -> list[str]:
    return sorted(_PUBLIC)

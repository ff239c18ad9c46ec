"""Written by tools/make_stubs.py; do not edit."""

from weft.api import lookup_experimental as _experimental
from weft.api.lookup import KeyValueTensorInitializer as KeyValueTensorInitializer
from weft.api.lookup import StaticHashTable as StaticHashTable
from weft.api.lookup import StaticVocabularyTable as StaticVocabularyTable
from weft.api.lookup import TableInitializerBase as TableInitializerBase
from weft.api.lookup import TextFileIndex as TextFileIndex
from weft.api.lookup import TextFileInitializer as TextFileInitializer

experimental = _experimental

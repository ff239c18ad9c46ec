"""`tf.contrib.learn.preprocessing`: documents as rows of word numbers."""

from __future__ import annotations

import pickle
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from weft.compat.v1.gfile import GFile

#: words: what is left of capitals before a capitalised word, such a word, or letters with what stands within words
_WORDS = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\'\w\-]+", re.UNICODE)


def tokenizer(iterator: Iterable[str]) -> Iterator[list[str]]:
    """The words of each document."""
    for document in iterator:
        yield _WORDS.findall(document)


class CategoricalVocabulary:
    """Numbers for words: 0 for unknown ones, the others in the order in which they came.

    Args:
        unknown_token: What 0 is called.
        support_reverse: Whether words are found by their numbers.
    """

    def __init__(self, unknown_token: str = "<UNK>", support_reverse: bool = True) -> None:
        self._unknown_token, self._support_reverse = unknown_token, support_reverse
        self._mapping: dict[str, int] = {unknown_token: 0}
        self._reverse_mapping = [unknown_token]
        self._freq: Counter[str] = Counter()
        self._freeze = False

    def __len__(self) -> int:
        return len(self._mapping)

    def freeze(self, freeze: bool = True) -> None:
        """Whether new words are unknown from now on."""
        self._freeze = freeze

    def get(self, category: str) -> int:
        """A word's number; a new one gets the next number unless the vocabulary is frozen."""
        if category not in self._mapping:
            if self._freeze:
                return 0
            self._mapping[category] = len(self._mapping)
            self._reverse_mapping.append(category)
        return self._mapping[category]

    def add(self, category: str, count: int = 1) -> None:
        """Counts a word."""
        if self.get(category) > 0:
            self._freq[category] += count

    def trim(self, min_frequency: int, max_frequency: int = -1) -> None:
        """Keeps words that came more than `min_frequency` times (less than `max_frequency`), frequent ones first."""
        ranked = sorted(sorted(self._freq.items(), key=lambda pair: pair[0]), key=lambda pair: pair[1], reverse=True)
        kept = [(w, n) for w, n in ranked if n > min_frequency and (max_frequency <= 0 or n < max_frequency)]
        self._mapping = {self._unknown_token: 0} | {word: place for place, (word, _) in enumerate(kept, start=1)}
        self._reverse_mapping = list(self._mapping)
        self._freq = Counter(dict(kept))

    def reverse(self, class_id: int) -> str:
        """The word of a number."""
        if not self._support_reverse:
            raise ValueError("This vocabulary wasn't initialized with support_reverse to support reverse() function.")
        return self._reverse_mapping[class_id]


class VocabularyProcessor:
    """Documents as rows of word numbers, cut or filled up with 0 to one length.

    Args:
        max_document_length: That length.
        min_frequency: Words that came no more often than this are unknown.
        vocabulary: A `CategoricalVocabulary`; an empty one where None.
        tokenizer_fn: A function of documents that gives the words of each.

    Example:
        >>> from weft.compat.v1.contrib.learn.preprocessing import VocabularyProcessor
        >>> [row.tolist() for row in VocabularyProcessor(3).fit_transform(["a good film", "a film"])]
        [[1, 2, 3], [1, 3, 0]]
    """

    def __init__(self, max_document_length: int, min_frequency: int = 0,
                 vocabulary: CategoricalVocabulary | None = None,
                 tokenizer_fn: Callable[..., Any] | None = None) -> None:  # fmt: skip
        self.max_document_length, self.min_frequency = max_document_length, min_frequency
        self.vocabulary_ = vocabulary or CategoricalVocabulary()
        self._tokenizer = tokenizer_fn or tokenizer

    def fit(self, raw_documents: Iterable[str], unused_y: Any = None) -> VocabularyProcessor:
        """Learns the words, and returns itself."""
        for tokens in self._tokenizer(raw_documents):
            for token in tokens:
                self.vocabulary_.add(token)
        if self.min_frequency > 0:
            self.vocabulary_.trim(self.min_frequency)
        self.vocabulary_.freeze()
        return self

    def fit_transform(self, raw_documents: Iterable[str], unused_y: Any = None) -> Iterator[np.ndarray]:
        """Learns the words of documents, and gives their rows."""
        self.fit(raw_documents)
        return self.transform(raw_documents)

    def transform(self, raw_documents: Iterable[str]) -> Iterator[np.ndarray]:
        """The rows of documents, int64."""
        for tokens in self._tokenizer(raw_documents):
            row = np.zeros(self.max_document_length, np.int64)
            for place, token in enumerate(tokens[: self.max_document_length]):
                row[place] = self.vocabulary_.get(token)
            yield row

    def reverse(self, documents: Iterable[Any]) -> Iterator[str]:
        """The words of rows, with blanks between them."""
        for row in documents:
            yield " ".join(self.vocabulary_.reverse(int(number)) for number in row)

    def save(self, filename: Any) -> None:
        """Keeps it in a file of its own; `restore` reads it."""
        with GFile(filename, "wb") as file:
            file.write(pickle.dumps(self))

    @classmethod
    def restore(cls, filename: Any) -> VocabularyProcessor:
        """What `save` has kept. Such files hold Python objects: read none that you did not write."""
        with GFile(filename, "rb") as file:
            found: VocabularyProcessor = pickle.loads(file.read())
            return found


class ByteProcessor:
    """Documents as rows of bytes, cut or filled up with 0 to one length.

    Args:
        max_document_length: That length.
    """

    def __init__(self, max_document_length: int) -> None:
        self.max_document_length = max_document_length

    def fit(self, x: Any) -> ByteProcessor:
        """Nothing is learned; returns itself."""
        return self

    def fit_transform(self, x: Any) -> Iterator[np.ndarray]:
        """As `transform`."""
        return self.transform(x)

    def transform(self, x: Any) -> Iterator[np.ndarray]:
        """The rows of documents, uint8."""
        for document in x:
            raw = (document if isinstance(document, bytes) else document.encode())[: self.max_document_length]
            yield np.frombuffer(raw.ljust(self.max_document_length, b"\0"), np.uint8).copy()

    def reverse(self, x: Any) -> Iterator[str]:
        """The texts of rows, without the zeros behind them."""
        for row in x:
            yield bytes(bytearray(row)).rstrip(b"\0").decode("utf-8", "replace")

"""Texts as lists of word numbers, in Python: what Keras had before the layer TextVectorization."""

from __future__ import annotations

import collections
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from weft.extend import explain, word_absent

_PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODES = ("binary", "count", "freq", "tfidf")


def text_to_word_sequence(
    input_text: str, filters: str = _PUNCTUATION, lower: bool = True, split: str = " "
) -> list[str]:
    """A text's words.

    Args:
        input_text: The text.
        filters: Characters that are taken for the separator.
        lower: Whether letters become small ones.
        split: The separator.

    Example:
        >>> from weft import keras
        >>> keras.preprocessing.text.text_to_word_sequence("Sail, o ship!")
        ['sail', 'o', 'ship']
    """
    text = input_text.lower() if lower else input_text
    cleaned = text.translate({ord(character): split for character in filters})
    return [word for word in cleaned.split(split) if word]


def hashing_trick(
    text: str, n: int, hash_function: str | Callable[[str], int] | None = None, filters: str = _PUNCTUATION,
    lower: bool = True, split: str = " ", analyzer: Callable[[str], Sequence[str]] | None = None,
) -> list[int]:  # fmt: skip
    """A number from 1 to n - 1 for each word of a text; different words may share one.

    Args:
        text: The text.
        n: How many numbers there are, 0 among them, which no word gets.
        hash_function: A function of a word. None and "md5" are MD5, so that every run gives the same numbers; Python's
            own `hash`, which Keras takes for None, gives others in each process.
        filters: As for `text_to_word_sequence`, like `lower` and `split`.
        lower: See there.
        split: See there.
        analyzer: Cuts the text into words instead.

    Example:
        >>> from weft import keras
        >>> keras.preprocessing.text.hashing_trick("to be or not to be", 50, "md5")
        [15, 5, 8, 36, 15, 5]
    """
    function = _md5 if hash_function is None or hash_function == "md5" else hash_function
    if not callable(function):
        raise ValueError(explain("hashing_trick(): `hash_function` is not known.", expected="a function, 'md5' or None",
                                 received=repr(hash_function)))  # fmt: skip
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    return [function(word) % (n - 1) + 1 for word in words]


def one_hot(
    input_text: str, n: int, filters: str = _PUNCTUATION, lower: bool = True, split: str = " ",
    analyzer: Callable[[str], Sequence[str]] | None = None,
) -> list[int]:  # fmt: skip
    """`hashing_trick` with its usual function: a number for each word, whatever the name says."""
    return hashing_trick(input_text, n, None, filters, lower, split, analyzer)


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


class Tokenizer:
    """Numbers words by how often they occur, the most frequent one first, from 1 on.

    Args:
        num_words: Only words with numbers below this one are given; all where None.
        filters: Characters that separate words, besides `split`.
        lower: Whether letters become small ones.
        split: The separator of words.
        char_level: Whether every character is a word.
        oov_token: A word that stands for all unknown ones, with the number 1; unknown words are left out where None.
        analyzer: Cuts a text into words instead.
        **kwargs: `document_count`, how many texts were seen before; `nb_words`, the old name of `num_words`.

    Attributes:
        word_counts: Word → how often it has occurred.
        word_docs: Word → in how many texts.
        word_index: Word → its number.
        index_word: Number → the word.
        document_count: How many texts were seen.

    Raises:
        TypeError: For any other keyword.

    Example:
        >>> from weft import keras
        >>> tokenizer = keras.preprocessing.text.Tokenizer(oov_token="?")
        >>> tokenizer.fit_on_texts(["the sea, the sea", "the ship"])
        >>> tokenizer.word_index, tokenizer.texts_to_sequences(["the old ship"])
        ({'?': 1, 'the': 2, 'sea': 3, 'ship': 4}, [[2, 1, 4]])
    """

    def __init__(
        self, num_words: int | None = None, filters: str = _PUNCTUATION, lower: bool = True, split: str = " ",
        char_level: bool = False, oov_token: str | None = None,
        analyzer: Callable[[str], Sequence[str]] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        self.num_words = kwargs.pop("nb_words", num_words)
        self.document_count: int = kwargs.pop("document_count", 0)
        if kwargs:
            raise TypeError(explain(f"Tokenizer() got unexpected keyword arguments: {sorted(kwargs)}."))
        self.filters = filters
        self.split = split
        self.lower = lower
        self.char_level = char_level
        self.oov_token = oov_token
        self.analyzer = analyzer
        self.word_counts: dict[str, int] = collections.OrderedDict()
        self.word_docs: dict[str, int] = collections.defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}
        self.index_docs: dict[int, int] = collections.defaultdict(int)

    def _words(self, text: Any) -> Sequence[str]:
        if self.char_level or isinstance(text, list):
            if not self.lower:
                return text  # type: ignore[no-any-return]
            return [word.lower() for word in text] if isinstance(text, list) else text.lower()
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Counts the words of texts, each a string or a list of words, and numbers all words anew."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in dict.fromkeys(words):
                self.word_docs[word] += 1
        ranked = sorted(self.word_counts, key=lambda word: -self.word_counts[word])
        ranked = ranked if self.oov_token is None else [self.oov_token, *ranked]
        self.word_index = dict(zip(ranked, range(1, len(ranked) + 1), strict=True))
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Sequence[Sequence[int]]) -> None:
        """Counts in how many lists of numbers each number stands, for `sequences_to_matrix`."""
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in set(sequence):
                self.index_docs[number] += 1

    def _is_given(self, number: int) -> bool:
        return not self.num_words or number < self.num_words

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """The numbers of the words of texts."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """The numbers of the words of texts, one text after the other."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        for text in texts:
            numbers = [self.word_index.get(word) for word in self._words(text)]
            found = [number if number is not None and self._is_given(number) else unknown for number in numbers]
            yield [number for number in found if number is not None]

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Texts from numbers, words with a space between them."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """Texts from numbers, one after the other."""
        for sequence in sequences:
            known = [self.index_word.get(number) if self._is_given(number) else None for number in sequence]
            words = [self.oov_token if word is None else word for word in known]
            yield " ".join(word for word in words if word is not None)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> Any:
        """`sequences_to_matrix` of the numbers of the words of texts."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode=mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]], mode: str = "binary") -> Any:
        """A row for each list of numbers, a column for each number.

        Args:
            sequences: Lists of numbers.
            mode: What stands where a number occurs: "binary" 1, "count" how often, "freq" its share of the list,
                "tfidf" (1 + log count) · log(1 + texts / (1 + texts that have it)).

        Returns:
            `[lists, num_words]`, float64.

        Raises:
            ValueError: For another mode, and where nothing was fitted that it needs.
        """
        if mode not in _MODES:
            raise ValueError(explain("sequences_to_matrix(): `mode` is not known.", expected=" or ".join(_MODES),
                                     received=repr(mode)))  # fmt: skip
        if not self.num_words and not self.word_index:
            raise ValueError(explain("The number of columns is not known yet.",
                                     hint="give Tokenizer(num_words=…), or call fit_on_texts before"))  # fmt: skip
        if mode == "tfidf" and not self.document_count:
            raise ValueError(explain("'tfidf' needs to know in how many texts a word is.",
                                     hint="call fit_on_texts or fit_on_sequences before"))  # fmt: skip
        columns = self.num_words or len(self.word_index) + 1
        matrix = np.zeros((len(sequences), columns))
        for row, sequence in zip(matrix, sequences, strict=True):
            for number, count in collections.Counter(n for n in sequence if n < columns).items():
                row[number] = self._weight(mode, number, count, len(sequence))
        return matrix

    def _weight(self, mode: str, number: int, count: int, length: int) -> float:
        if mode == "tfidf":
            rarity = np.log(1 + self.document_count / (1 + self.index_docs.get(number, 0)))
            return float((1 + np.log(count)) * rarity)
        return {"binary": 1.0, "count": float(count), "freq": count / length}[mode]

    def get_config(self) -> dict[str, Any]:
        """What `tokenizer_from_json` needs; the tables as JSON."""
        tables = {name: json.dumps(getattr(self, name)) for name in _TABLES}
        names = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
        return {**{name: getattr(self, name) for name in names}, **tables}

    def to_json(self, **kwargs: Any) -> str:
        """The tokenizer as JSON; keywords go to `json.dumps`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


_TABLES = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The tokenizer that `to_json` has written."""
    config = json.loads(json_string)["config"]
    tables = {name: json.loads(config.pop(name)) for name in _TABLES}
    tokenizer = Tokenizer(**config)
    tokenizer.word_counts.update(tables["word_counts"])
    tokenizer.word_docs.update(tables["word_docs"])
    tokenizer.word_index = tables["word_index"]
    tokenizer.index_docs.update({int(number): count for number, count in tables["index_docs"].items()})
    tokenizer.index_word = {int(number): word for number, word in tables["index_word"].items()}
    return tokenizer


word_absent(globals(), "keras.preprocessing.text")

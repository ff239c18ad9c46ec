"""Texts as numbers of words."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft as tf
from weft import extend
from weft.extend import explain, nearest
from weft.keras.core.dtypes import standardize_dtype
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.layer import Layer
from weft.keras.layers.preprocessing.encoding import batches, check_sparse, is_whole
from weft.keras.layers.preprocessing.hashing import as_text
from weft.keras.layers.preprocessing.lookup import StringLookup, refuse_path
from weft.keras.saving import deserialize_keras_object

_PUNCTUATION = r"[!\"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~']"
_STANDARDIZE = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
_SPLIT = ("whitespace", "character")


class TextVectorization(Layer):
    """Texts as numbers of their words, or as vectors that tell which words occur.

    Args:
        max_tokens: The most tokens that `adapt()` may take, special ones included.
        standardize: What is done to the texts first: "lower_and_strip_punctuation", "lower", "strip_punctuation", a
            function of a string tensor, or None.
        split: "whitespace", "character", a function from texts `[batch]` to tokens `[batch, n]` (ragged, or filled up
            with empty strings), or None where the inputs are tokens.
        ngrams: Up to how many tokens in a row make a token of their own; or a tuple of the lengths.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf".
        output_sequence_length: How many tokens a text has in the end, for "int": cut off, or filled up with 0.
        pad_to_max_tokens: Whether vectors are `max_tokens` long even where there are fewer.
        vocabulary: The tokens, or the path of a text file; else `adapt()` finds them.
        idf_weights: How much each token counts, for "tf_idf".
        sparse: Whether the result is a sparse tensor; not with "int".
        ragged: Whether rows keep their lengths, as a ragged tensor; only with "int".
        encoding: Of the texts; "utf-8".
        name: Its name.
        **kwargs: As for every layer.

    Returns:
        For texts `[batch]` or `[batch, 1]`: int64 `[batch, n]`, 0 behind the end of a text and 1 for unknown tokens;
        for "one_hot" `[batch, n, tokens]`, else `[batch, tokens]`.

    Example:
        >>> from weft import keras
        >>> layer = keras.layers.TextVectorization()
        >>> layer.adapt(["a cat", "a dog"])
        >>> layer.get_vocabulary(), layer(["A bird, a cat!"]).numpy().tolist()
        (['', '[UNK]', 'a', 'dog', 'cat'], [[2, 1, 2, 4]])
    """

    _config_keys = ("vocabulary_size",)
    #: what this attribute is called in files
    _saved_names = {"_lookup": "_lookup_layer"}

    _natural_input_dtype = "string"

    def __init__(
        self, max_tokens: int | None = None, standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace", ngrams: Any = None, output_mode: str = "int",
        output_sequence_length: int | None = None, pad_to_max_tokens: bool = False, vocabulary: Any = None,
        idf_weights: Any = None, sparse: bool = False, ragged: bool = False, encoding: str = "utf-8",
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name, **kwargs)
        check_sparse("TextVectorization", sparse, output_mode)
        if ragged and output_mode != "int":
            raise ValueError(explain(
                "TextVectorization: `ragged` may only be true if `output_mode` is 'int'.", received=repr(output_mode)
            ))  # fmt: skip
        self.standardize = _one_of("standardize", standardize, _STANDARDIZE)
        self.split = _one_of("split", split, _SPLIT)
        self.ngrams = _widths(ngrams)
        mode = "multi_hot" if output_mode == "binary" else output_mode
        if output_sequence_length is not None:
            positive_int("TextVectorization", "output_sequence_length", output_sequence_length)
            if mode != "int":
                raise ValueError(explain(
                    "TextVectorization: `output_sequence_length` must not be set if `output_mode` is not 'int'.",
                    received=f"output_mode={output_mode!r}",
                ))  # fmt: skip
        self.max_tokens = max_tokens
        self.output_mode = mode
        self.output_sequence_length = output_sequence_length
        self.pad_to_max_tokens = pad_to_max_tokens
        self.sparse, self.ragged, self.encoding = sparse, ragged, encoding
        self.vocabulary, self.idf_weights = vocabulary, idf_weights
        self.autocast = False
        self._lookup = StringLookup(
            max_tokens=max_tokens, mask_token="", vocabulary=vocabulary, idf_weights=idf_weights, output_mode=mode,
            pad_to_max_tokens=pad_to_max_tokens, encoding=encoding, sparse=sparse, name=f"{self.name}_lookup",
        )  # fmt: skip

    # Vocabulary

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens, in the order of their numbers.

        Args:
            include_special_tokens: Whether the empty one and that for the unknown are among them.
        """
        return self._lookup.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """The number of tokens, the special ones included."""
        return self._lookup.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Gives the layer its tokens. Arguments as for `StringLookup.set_vocabulary`."""
        self._lookup.set_vocabulary(vocabulary, idf_weights)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Makes the vocabulary of the tokens in texts, the most frequent first.

        Args:
            data: An array, a tensor, a list, or an iterable of batches.
            batch_size: Takes no effect: arrays are taken as a whole.
            steps: How many batches to look at; all by default.
        """
        self.reset_state()
        for number, batch in enumerate(batches(data, self)):
            if steps is not None and number >= steps:
                break
            whole = number == 0 and batch.ndim == 1 and is_whole(data)
            self.update_state(batch[:, None] if whole and self.split is None else batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets the tokens that `adapt()` has counted."""
        self._lookup.reset_state()

    def update_state(self, data: Any) -> None:
        """Counts the tokens of one batch of texts."""
        texts = self._texts(tf.convert_to_tensor(data))
        if self.split is None and self.ngrams is None:
            self._lookup.update_state(texts)
            return
        rows, tokens = self._tokens(texts)
        documents: list[list[str]] = [[] for _ in range(int(texts.shape[0]))]
        for row, token in zip(np.asarray(rows).tolist(), np.asarray(tokens).tolist()):
            documents[row].append(token.decode("utf-8", "surrogateescape"))
        for document in documents:
            self._lookup._count(document)

    def finalize_state(self) -> None:
        """Makes the vocabulary of what was counted."""
        self._lookup.finalize_state()

    def save_assets(self, directory: str) -> None:
        """Writes the vocabulary into a folder."""
        self._lookup.save_assets(directory)

    def load_assets(self, directory: str | None) -> None:
        """Reads what `save_assets` wrote."""
        self._lookup.load_assets(directory)

    # Calls

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The symbolic output; `adapt` may find the tokens later."""
        with self._lookup._for_shapes():
            return self._lookup._left_open(super().compute_output_spec(*args, **kwargs))

    def call(self, inputs: Any) -> Any:
        """The numbers."""
        if self._lookup._lacks_tokens():
            raise ValueError(explain(
                f"Layer `{self.name}` (TextVectorization) has no vocabulary yet.",
                hint="call layer.adapt(texts) first, or make it with vocabulary=[...]",
            ))  # fmt: skip
        texts = self._texts(as_text(inputs))
        single = texts.shape.rank == 0
        if self.split is None and self.ngrams is None:
            found = self._lookup(texts)
            return self._to_length(found) if self.output_mode == "int" else found
        texts = tf.expand_dims(texts, 0) if single else texts
        if self.ragged and not single:
            rows, tokens = self._tokens(texts)
            lines = tf.RaggedTensor.from_value_rowids(
                self._lookup(tokens), rows, nrows=tf.shape(texts, out_type="int64")[0]
            )
            return lines if self.output_sequence_length is None else lines[:, : self.output_sequence_length]
        if self.split == "whitespace" and self.ngrams is None:
            length = self.output_sequence_length if self.output_mode == "int" else None
            table = extend.op("string_split_rows", texts, width=length)
        else:
            table = self._dense(*self._tokens(texts), texts)
        found = self._lookup(table)
        if self.output_mode == "int":
            found = self._to_length(found)
        return found[0] if single else found

    def _texts(self, values: Any) -> Any:
        """The texts, made uniform, without an axis of size 1 behind the batch."""
        kind = standardize_dtype(values.dtype)
        if kind != "string":
            raise ValueError(explain(
                f"Layer `{self.name}` (TextVectorization) takes strings.", received=f"dtype {kind}"
            ))  # fmt: skip
        if self.standardize in ("lower", "lower_and_strip_punctuation"):
            values = tf.strings.lower(values)
        if self.standardize in ("strip_punctuation", "lower_and_strip_punctuation"):
            values = tf.strings.regex_replace(values, _PUNCTUATION, "")
        if callable(self.standardize):
            values = self.standardize(values)
        if self.split is None or values.shape.rank < 2:
            return values
        if values.shape.rank > 2 or values.shape[-1] != 1:
            raise ValueError(explain(
                f"Layer `{self.name}` (TextVectorization) splits one text a sample.", received=f"shape {values.shape}",
                expected="shape (batch,) or (batch, 1)", hint="pass split=None where the inputs are tokens already",
            ))  # fmt: skip
        return tf.squeeze(values, -1)

    def _tokens(self, texts: Any) -> tuple[Any, Any]:
        """The tokens of all texts one after the other, and the text that each belongs to."""
        if self.split == "character":
            points, _, splits = extend.op("unicode_decode", texts, input_encoding="UTF-8")
            rows = tf.repeat(tf.range(tf.shape(texts, out_type="int64")[0]), splits[1:] - splits[:-1])
            tokens = tf.strings.unicode_encode(tf.expand_dims(points, -1), "UTF-8")
        elif self.split == "whitespace":
            index, tokens, _ = extend.op("string_split", texts)
            rows = index[:, 0]
        else:
            table = texts if self.split is None else self.split(texts)
            if isinstance(table, tf.RaggedTensor):
                table = table.to_tensor("")
            index = tf.where(tf.not_equal(table, ""))
            rows, tokens = index[:, 0], tf.gather_nd(table, index)
        return (rows, tokens) if self.ngrams is None else _ngrams(rows, tokens, self.ngrams)

    def _dense(self, rows: Any, tokens: Any, texts: Any) -> Any:
        """The tokens `[texts, most tokens]`, filled up with empty strings."""
        lengths = tf.scatter_nd(tf.expand_dims(rows, 1), tf.ones_like(rows), tf.shape(texts)[:1])
        places = tf.range(tf.shape(rows, out_type="int64")[0]) - tf.gather(tf.cumsum(lengths, exclusive=True), rows)
        columns = tf.range(tf.reduce_max(tf.concat([lengths, tf.zeros((1,), dtype="int64")], 0)))
        empty = tf.fill(tf.stack([tf.shape(texts)[0], tf.shape(columns)[0]]), "")
        return tf.tensor_scatter_nd_update(empty, tf.stack([rows, places], axis=1), tokens)

    def _to_length(self, numbers: Any) -> Any:
        length = self.output_sequence_length
        if length is None or numbers.shape.rank < 2 or numbers.shape[-1] == length:
            return numbers
        filled = tf.pad(numbers[:, :length], [[0, 0], [0, length]])[:, :length]
        return tf.ensure_shape(filled, [None, length])

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        own = self._lookup.get_config()
        return {**config, **{key: own[key] for key in ("vocabulary", "idf_weights", "vocabulary_size")}}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer of a configuration. Where that holds no tokens, they are read from a saved model's files."""
        config = dict(config)
        size = config.pop("vocabulary_size", None)
        refuse_path("TextVectorization", config.get("vocabulary"))
        for key in ("standardize", "split"):
            if isinstance(config.get(key), dict):
                config[key] = deserialize_keras_object(config[key])
        layer = cls(**config)
        if config.get("vocabulary") is None:
            layer._lookup._awaited = int(size or 0)
        return layer

    def save_own_variables(self, store: Any) -> None:
        """Puts the weights of tokens into a mapping, where there are any."""
        self._lookup.save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        """Takes the weights of tokens."""
        self._lookup.load_own_variables(store)


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> Any:
    if value is None or callable(value) or value in allowed:
        return value
    raise ValueError(explain(
        f"TextVectorization: `{name}` is {value!r}. {nearest(str(value), allowed)}",
        expected="one of " + ", ".join(repr(word) for word in allowed) + ", a function, or None",
    ))  # fmt: skip


def _widths(ngrams: Any) -> Any:
    if ngrams is None:
        return None
    if isinstance(ngrams, int) and not isinstance(ngrams, bool) and ngrams > 0:
        return ngrams
    if isinstance(ngrams, (tuple, list)) and ngrams and all(isinstance(n, int) and n > 0 for n in ngrams):
        return tuple(ngrams)
    raise ValueError(explain("TextVectorization: `ngrams` is an integer or a tuple of them.", received=repr(ngrams)))


def _ngrams(rows: Any, tokens: Any, ngrams: Any) -> tuple[Any, Any]:
    """All n-grams of the texts, those of a text together: first the shortest."""
    found_rows, found = [], []
    for width in range(1, ngrams + 1) if isinstance(ngrams, int) else ngrams:
        first = tf.range(tf.maximum(tf.shape(tokens)[0] - (width - 1), 0))
        whole = tf.where(tf.equal(tf.gather(rows, first), tf.gather(rows, first + (width - 1))))[:, 0]
        found.append(tf.strings.join([tf.gather(tokens, whole + step) for step in range(width)], separator=" "))
        found_rows.append(tf.gather(rows, whole))
    joined = tf.concat(found_rows, 0)
    order = tf.argsort(joined, stable=True)
    return tf.gather(joined, order), tf.gather(tf.concat(found, 0), order)

"""Categories by vocabulary: each token has a number, and those that are not known share some."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

import weft as tf
from weft import extend
from weft.extend import explain
from weft.keras.core.dtypes import is_int, standardize_dtype
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.layers.layer import Layer
from weft.keras.layers.preprocessing.encoding import batches, check_mode, check_sparse, encode, is_whole
from weft.keras.layers.preprocessing.hashing import as_salt, as_text, buckets
from weft.keras.saving import scopes

_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class Tables:
    """What a lookup layer knows, as variables, so that functions traced before see what comes later.

    Attributes:
        keys: The tokens without the special ones.
        tokens: All tokens, by their numbers.
        idf: How much each token counts, by its number.
    """

    def __init__(self, dtype: str) -> None:
        with tf.init_scope():
            self.keys = tf.Variable(tf.zeros((0,), dtype=dtype) if dtype != "string" else tf.fill((0,), ""),
                                    shape=[None], trainable=False)  # fmt: skip
            self.tokens = tf.Variable(self.keys.value(), shape=[None], trainable=False)
            self.idf = tf.Variable(tf.zeros((0,)), shape=[None], trainable=False)
        for table in (self.keys, self.tokens, self.idf):  # no weights: functions that are saved bring them along
            table.kept_with_functions = True


class IndexLookup(Layer):
    """What StringLookup and IntegerLookup have in common."""

    _key_dtype = "string"

    _config_keys = ("vocabulary_size",)

    def __init__(
        self, max_tokens: int | None, num_oov_indices: int, mask_token: Any, oov_token: Any, vocabulary: Any,
        idf_weights: Any, invert: bool, output_mode: str, sparse: bool, pad_to_max_tokens: bool, salt: Any,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        name = type(self).__name__
        check_sparse(name, sparse, output_mode)
        if max_tokens is not None and max_tokens <= 1:
            raise ValueError(explain(f"{name}: `max_tokens` must be greater than 1.", received=repr(max_tokens)))
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{name}: pad_to_max_tokens=True needs `max_tokens`.")
        if num_oov_indices < 0:
            raise ValueError(explain(f"{name}: `num_oov_indices` must not be below 0.", received=str(num_oov_indices)))
        self.output_mode = check_mode(name, "multi_hot" if output_mode == "binary" else output_mode, _MODES)
        if invert and output_mode != "int":
            raise ValueError(explain(f"{name}: invert=True needs output_mode='int'.", received=repr(output_mode)))
        if idf_weights is not None and self.output_mode != "tf_idf":
            raise ValueError(explain(
                f"{name}: `idf_weights` belong to output_mode='tf_idf'.", received=f"output_mode={output_mode!r}"
            ))  # fmt: skip
        self.max_tokens, self.num_oov_indices = max_tokens, num_oov_indices
        self.mask_token, self.oov_token = mask_token, oov_token
        self.invert, self.sparse, self.pad_to_max_tokens = invert, sparse, pad_to_max_tokens
        self.salt = as_salt(name, salt)
        self.autocast = False
        self.input_vocabulary, self.input_idf_weights = vocabulary, idf_weights
        self._tables = Tables(self._key_dtype)
        self._known: list[Any] = []  # the tokens without the special ones
        self._awaited = 0  # the size of a vocabulary that is still to come, from a file
        self._fixed = False
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # Vocabulary

    def _token(self, token: Any) -> Any:
        """A token as the layer keeps it."""
        raise NotImplementedError

    def _special(self) -> list[Any]:
        masked = [] if self.mask_token is None or self.output_mode != "int" else [self.mask_token]
        return masked + [self.oov_token] * self.num_oov_indices

    @property
    def _first_oov(self) -> int:
        return 0 if self.mask_token is None or self.output_mode != "int" else 1

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens, in the order of their numbers.

        Args:
            include_special_tokens: Whether the mask token and those for the unknown are among them.
        """
        return (self._special() if include_special_tokens else []) + list(self._known)

    def vocabulary_size(self) -> int:
        """The number of tokens, the special ones included."""
        if not self._known and self._awaited:
            return self._awaited
        return len(self._special()) + len(self._known)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Gives the layer its tokens.

        Args:
            vocabulary: The tokens, with the special ones in front or without; or the path of a text file with one a
                line.
            idf_weights: How much each counts, for output_mode="tf_idf".
        """
        name = f"Layer `{self.name}` ({type(self).__name__})"
        if isinstance(vocabulary, (str, os.PathLike)):
            vocabulary = _read_lines(os.fspath(vocabulary), name)
        tokens = [self._token(token) for token in np.asarray(vocabulary, dtype=object).ravel().tolist()]
        if not tokens:
            raise ValueError(f"{name}: the vocabulary is empty.")
        weights = None if idf_weights is None else np.asarray(idf_weights, np.float32).ravel()
        special = self._special()
        if special and tokens[: len(special)] == special:
            tokens = tokens[len(special) :]
            if weights is not None and len(weights) == len(tokens) + len(special):
                weights = weights[len(special) :]
        self._check(tokens, name)
        if self.output_mode == "tf_idf":
            if weights is None:
                raise ValueError(f"{name}: output_mode='tf_idf' needs `idf_weights` with the vocabulary.")
            if len(weights) != len(tokens):
                raise ValueError(explain(
                    f"{name}: `idf_weights` must have one weight a token.", expected=str(len(tokens)),
                    received=str(len(weights)),
                ))  # fmt: skip
        self._fixed = True
        self._keep(tokens, weights)

    def _check(self, tokens: list[Any], name: str) -> None:
        repeated = sorted((token for token, count in Counter(tokens).items() if count > 1), key=str)
        if repeated:
            raise ValueError(explain(f"{name}: tokens occur more than once.", received=repr(repeated[:10])))
        for what, token in (("mask", self.mask_token), ("unknown tokens'", self.oov_token)):
            # Looking up by number needs one meaning for the unknown ones; looking up by token does not.
            if token is not None and token in tokens and (what == "mask" or self.invert):
                raise ValueError(explain(
                    f"{name}: the {what} token {token!r} stands at an unexpected place of the vocabulary, "
                    f"{tokens.index(token)}.",
                    expected=f"no special token, or all of them in front: {self._special()}",
                ))  # fmt: skip
        if self.max_tokens is not None and len(tokens) + len(self._special()) > self.max_tokens:
            raise ValueError(explain(
                f"{name}: the vocabulary is larger than `max_tokens`.", expected=f"at most {self.max_tokens}",
                received=f"{len(tokens) + len(self._special())} with the special tokens",
            ))  # fmt: skip

    def _keep(self, tokens: list[Any], weights: Any) -> None:
        self._known = tokens
        self._tables.keys.assign(self._tensor(tokens))
        self._tables.tokens.assign(self._tensor(self._special() + tokens))
        if weights is not None:
            front = np.full(len(self._special()), weights.mean() if len(weights) else 0.0, np.float32)
            self._tables.idf.assign(np.concatenate([front, weights]).astype(np.float32))
            self._idf = weights

    def _tensor(self, tokens: list[Any]) -> Any:
        if self._key_dtype == "string":
            encoded = [token.encode("utf-8", "surrogateescape") for token in tokens]
            return tf.constant(encoded, dtype="string") if encoded else tf.fill((0,), "")
        return tf.constant(tokens, dtype=self._key_dtype, shape=(len(tokens),))

    # Adapting

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Makes the vocabulary of the tokens in data, the most frequent first.

        Args:
            data: An array, a tensor, a list, or an iterable of batches.
            steps: How many batches to look at; all by default.
        """
        self.reset_state()
        for number, batch in enumerate(batches(data, self)):
            if steps is not None and number >= steps:
                break
            # An array of one axis holds a document an element; a batch of one axis, out of a data set, is a document.
            whole = number == 0 and batch.ndim == 1 and is_whole(data)
            self.update_state(batch[:, None] if whole else batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets the tokens that `adapt()` has counted."""
        if self.__dict__.get("_fixed"):
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) has a fixed vocabulary, so there is nothing to adapt.",
                hint="make it without vocabulary=, then call adapt()",
            ))  # fmt: skip
        self._counts: Counter[Any] = Counter()
        self._documents: Counter[Any] = Counter()
        self._samples = 0
        self._idf = None

    def update_state(self, data: Any) -> None:
        """Counts the tokens of one batch."""
        array = np.asarray(data)
        rows = array.reshape(1, -1) if array.ndim < 2 else array.reshape(len(array), -1)
        for row in rows.tolist():
            self._count([self._token(token) for token in row])

    def _count(self, tokens: list[Any]) -> None:
        """Counts the tokens of one document."""
        self._counts.update(tokens)
        self._documents.update(set(tokens))
        self._samples += 1

    def finalize_state(self) -> None:
        """Makes the vocabulary of what was counted."""
        special = {self.mask_token, self.oov_token}
        counted = [(count, token) for token, count in self._counts.items() if token not in special]
        ordered = sorted(counted, reverse=True)
        room = None if self.max_tokens is None else self.max_tokens - len(self._special())
        tokens = [token for _, token in ordered[:room]]
        weights = None
        if self.output_mode == "tf_idf":
            documents = np.array([self._documents[token] for token in tokens], np.float64)
            weights = np.log(1.0 + self._samples / (1.0 + documents)).astype(np.float32)
        self._keep(tokens, weights)

    # Calls

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The symbolic output; `adapt` may find the tokens later."""
        with self._for_shapes():
            return self._left_open(super().compute_output_spec(*args, **kwargs))

    @contextlib.contextmanager
    def _for_shapes(self) -> Iterator[None]:
        """Inside, no tokens are missed, because only shapes are asked for."""
        self.__dict__["_shapes_alone"] = True
        try:
            yield
        finally:
            del self.__dict__["_shapes_alone"]

    def _left_open(self, found: Any) -> Any:
        """A symbolic output whose last size is unknown where it will be the number of tokens that are still to come."""
        fixed = self.output_mode == "int" or (self.pad_to_max_tokens and self.max_tokens)
        if self._known or self._awaited or fixed or self.invert:
            return found
        return KerasTensor((*tuple(found.shape)[:-1], None), dtype=found.dtype, sparse=found.sparse)

    def _lacks_tokens(self) -> bool:
        return not (self._known or "_shapes_alone" in self.__dict__ or (self._awaited and scopes.is_rebuilding()))

    def call(self, inputs: Any) -> Any:
        """The numbers of tokens; with `invert`, the tokens of numbers."""
        if self._lacks_tokens():
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) has no vocabulary yet.",
                hint="call layer.adapt(data) first, or make it with vocabulary=[...]",
            ))  # fmt: skip
        if self.invert or self.output_mode == "int":
            if isinstance(inputs, tf.RaggedTensor):
                return tf.ragged.map_flat_values(self.call, inputs)
            if isinstance(inputs, tf.SparseTensor):
                return tf.sparse.map_values(self.call, inputs)
        if isinstance(inputs, tf.RaggedTensor):
            inputs = tf.ragged.map_flat_values(lambda tokens: self._numbers(self._as_keys(tokens)), inputs)
            found = inputs.to_tensor(-1)  # a number that leaves no trace
        else:
            values = as_text(inputs)
            if self.invert:
                return self._invert(values)
            found = self._numbers(self._as_keys(values))
        if self.output_mode == "int":
            return found
        size = self.max_tokens if self.pad_to_max_tokens and self.max_tokens else self.vocabulary_size()
        if self.output_mode != "tf_idf":
            return encode(found, size, self.output_mode, "int64", sparse=self.sparse)
        counts = encode(found, size, "count", "float32")
        idf = tf.convert_to_tensor(self._tables.idf)
        found = counts * (tf.pad(idf, [[0, size - tf.shape(idf)[0]]]) if self.pad_to_max_tokens else idf)
        return tf.sparse.from_dense(found) if self.sparse else found

    def _as_keys(self, values: Any) -> Any:
        raise NotImplementedError

    def _numbers(self, values: Any) -> Any:
        keys = tf.convert_to_tensor(self._tables.keys)
        places = extend.op("positions_of", values, keys)
        first, unknown = self._first_oov, self.num_oov_indices
        masked = None if self.mask_token is None else tf.equal(values, self._tensor([self.mask_token])[0])
        if unknown == 0:
            accepted = places >= 0 if masked is None else tf.logical_or(places >= 0, masked)
            tf.debugging.assert_equal(
                tf.reduce_all(accepted), True,
                message=f"{type(self).__name__} `{self.name}`: a token is not in the vocabulary, and num_oov_indices=0 "
                "leaves no number for it",
            )  # fmt: skip
            other: Any = tf.fill(tf.shape(values), tf.constant(-1, "int64"))
        elif unknown == 1:
            other = tf.fill(tf.shape(values), tf.constant(first, "int64"))
        else:
            other = self._bucket(values) + first
        found = tf.where(places >= 0, places + (first + unknown), other)
        if masked is None:
            return found
        # In other forms than numbers, the mask leaves no trace: it gets a number that nothing has.
        return tf.where(masked, tf.constant(0 if self.output_mode == "int" else -1, "int64"), found)

    def _bucket(self, values: Any) -> Any:
        return buckets(values, self.num_oov_indices, self.salt)

    def _invert(self, values: Any) -> Any:
        if not is_int(values.dtype):
            values = tf.cast(values, "int64")
        tokens = tf.convert_to_tensor(self._tables.tokens)
        size = tf.cast(tf.shape(tokens)[0], values.dtype)
        inside = tf.logical_and(values >= 0, values < size)
        found = tf.gather(tokens, tf.where(inside, values, tf.zeros_like(values)))
        return tf.where(inside, found, self._tensor([self.oov_token])[0])

    # Configuration and files

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        kept = self.input_vocabulary is not None  # as tokens: a path may mean something else elsewhere
        config.update(
            vocabulary=list(self._known) if kept else None,
            idf_weights=self._idf.tolist() if kept and self._idf is not None else None,
            oov_token=self.oov_token, mask_token=self.mask_token,
            vocabulary_size=self.vocabulary_size() if self._known else None,
        )  # fmt: skip
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer of a configuration. Where that holds no tokens, they are read from a saved model's files."""
        config = dict(config)
        size = config.pop("vocabulary_size", None)
        refuse_path(cls.__name__, config.get("vocabulary"))
        layer = cls(**config)
        layer._awaited = int(size or 0)
        return layer

    def save_own_variables(self, store: Any) -> None:
        """Puts the weights of tokens into a mapping, where there are any."""
        if self._idf is not None:
            store["idf_weights"] = self._tables.idf.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Takes the weights of tokens; they are used once the tokens are there."""
        self._loaded_idf = store["idf_weights"] if "idf_weights" in store else None

    def save_assets(self, directory: str) -> None:
        """Writes the vocabulary into a folder, one token a line."""
        if self.input_vocabulary is not None or not self._known:
            return
        with open(os.path.join(directory, "vocabulary.txt"), "w", encoding="utf-8", newline="\n") as file:
            file.write("\n".join(str(token) for token in self.get_vocabulary()))
        if self._idf is not None:
            np.save(os.path.join(directory, "idf_weights.npy"), self._idf, allow_pickle=False)

    def load_assets(self, directory: str | None) -> None:
        """Reads what `save_assets` wrote."""
        if self.input_vocabulary is not None or (directory is None and not self._awaited):
            return
        path = os.path.join(directory or "", "vocabulary.txt")
        if directory is None or not os.path.exists(path):
            if not self._awaited:
                return
            raise ValueError(explain(f"the file has no vocabulary for layer `{self.name}`."))
        with open(path, encoding="utf-8", newline="\n") as file:
            lines = file.read().split("\n")
        weights, path = getattr(self, "_loaded_idf", None), os.path.join(directory, "idf_weights.npy")
        if weights is None and os.path.exists(path):
            weights = np.load(path, allow_pickle=False)
        self.set_vocabulary(lines, weights)
        self._fixed = False  # they came from data, and may come from other data again

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        return {**state, "_tables": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        object.__setattr__(self, "_tables", Tables(self._key_dtype))
        if self._known:
            self._keep(self._known, self._idf)


def refuse_path(layer: str, vocabulary: Any) -> None:
    """Refuses a configuration that names a file: it would make loading a model read any file of the machine.

    Raises:
        ValueError: For one, unless code from configurations may run too.
    """
    if isinstance(vocabulary, (str, os.PathLike)) and not scopes.may_run_code():
        raise ValueError(explain(
            f"{layer}: a configuration that names a file with the vocabulary is refused.", received=repr(vocabulary),
            hint="if you trust where it comes from: load_model(path, safe_mode=False)",
        ))  # fmt: skip


def _read_lines(path: str, layer: str) -> list[str]:
    if not os.path.exists(path):
        raise ValueError(explain(f"{layer}: there is no such vocabulary file.", received=path))
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


class StringLookup(IndexLookup):
    """Strings as numbers, by a vocabulary.

    Args:
        max_tokens: The most tokens that `adapt()` may take, special ones included.
        num_oov_indices: How many numbers those share that are not in the vocabulary; with 0 they are refused.
        mask_token: What gets number 0 and stands for nothing.
        oov_token: What unknown numbers become with `invert`.
        vocabulary: The tokens, or the path of a text file; else `adapt()` finds them.
        idf_weights: How much each token counts, for "tf_idf".
        invert: Whether to turn numbers into strings.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf" (counts times weights).
        pad_to_max_tokens: Whether vectors are `max_tokens` long even where there are fewer.
        sparse: Whether the result is a sparse tensor; not with "int".
        encoding: Of the tokens; "utf-8".
        name: Its name.
        salt: An integer or two that make another hash of unknown strings.
        **kwargs: As for every layer.

    Returns:
        int64 numbers of the inputs' shape; for the other modes vectors as of `CategoryEncoding`.

    Example:
        >>> from weft import keras
        >>> layer = keras.layers.StringLookup(vocabulary=["a", "b"])
        >>> layer([["b", "c"]]).numpy().tolist()
        [[2, 0]]
    """

    _natural_input_dtype = "string"

    def __init__(
        self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: str | None = None,
        oov_token: str = "[UNK]", vocabulary: Any = None, idf_weights: Any = None, invert: bool = False,
        output_mode: str = "int", pad_to_max_tokens: bool = False, sparse: bool = False, encoding: str = "utf-8",
        name: str | None = None, salt: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if str(encoding).lower().replace("-", "") != "utf8":
            raise ValueError(f"StringLookup: strings are UTF-8; encoding {encoding!r} is not supported.")
        kwargs.pop("oov_method", None)
        self.encoding = encoding
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode, sparse,
            pad_to_max_tokens, salt, name=name, **kwargs,
        )  # fmt: skip

    def _token(self, token: Any) -> str:
        return token.decode("utf-8", "surrogateescape") if isinstance(token, bytes) else str(token)

    def _as_keys(self, values: Any) -> Any:
        if standardize_dtype(values.dtype) != "string":
            raise ValueError(explain(
                f"Layer `{self.name}` (StringLookup) takes strings.",
                received=f"dtype {standardize_dtype(values.dtype)}",
                hint="use IntegerLookup for integers, or tf.strings.as_string(x)",
            ))  # fmt: skip
        return values


class IntegerLookup(IndexLookup):
    """Integers as numbers from 0 on, by a vocabulary.

    Args:
        max_tokens: The most tokens that `adapt()` may take, special ones included.
        num_oov_indices: How many numbers those share that are not in the vocabulary; with 0 they are refused.
        mask_token: What gets number 0 and stands for nothing.
        oov_token: What unknown numbers become with `invert`.
        vocabulary: The tokens, or the path of a text file; else `adapt()` finds them.
        vocabulary_dtype: "int64" or "int32".
        idf_weights: How much each token counts, for "tf_idf".
        invert: Whether to go from numbers to tokens.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf".
        sparse: Whether the result is a sparse tensor; not with "int".
        pad_to_max_tokens: Whether vectors are `max_tokens` long even where there are fewer.
        oov_method: How unknown integers share their numbers: "floormod" or "farmhash".
        salt: An integer or two that make another hash.
        name: Its name.
        **kwargs: As for every layer.

    Example:
        >>> from weft import keras
        >>> keras.layers.IntegerLookup(vocabulary=[12, 36])([[36, 5]]).numpy().tolist()
        [[2, 0]]
    """

    _key_dtype = "int64"
    _old_arguments = {"max_values": "max_tokens", "mask_value": "mask_token", "oov_value": "oov_token"}

    _natural_input_dtype = "int64"

    def __init__(
        self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: int | None = None,
        oov_token: int = -1, vocabulary: Any = None, vocabulary_dtype: str = "int64", idf_weights: Any = None,
        invert: bool = False, output_mode: str = "int", sparse: bool = False, pad_to_max_tokens: bool = False,
        oov_method: str = "floormod", salt: Any = None, name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if vocabulary_dtype not in ("int32", "int64"):
            raise ValueError(f"IntegerLookup: `vocabulary_dtype` is 'int64' or 'int32', received {vocabulary_dtype!r}.")
        if oov_method not in ("floormod", "farmhash"):
            raise ValueError(f"IntegerLookup: `oov_method` is 'floormod' or 'farmhash', received {oov_method!r}.")
        if salt is not None and oov_method != "farmhash":
            raise ValueError("IntegerLookup: `salt` belongs to oov_method='farmhash'.")
        self.vocabulary_dtype, self.oov_method = vocabulary_dtype, oov_method
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode, sparse,
            pad_to_max_tokens, salt, name=name, **kwargs,
        )  # fmt: skip

    def _token(self, token: Any) -> int:
        return int(token)

    def _as_keys(self, values: Any) -> Any:
        return tf.cast(values, "int64")

    def _bucket(self, values: Any) -> Any:
        if self.oov_method == "farmhash":
            return super()._bucket(values)
        return tf.math.floormod(values, tf.constant(self.num_oov_indices, "int64"))

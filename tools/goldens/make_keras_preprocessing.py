"""Keras' preprocessing layers for numbers, categories and texts: what they give, and what adapt() makes of data."""

from __future__ import annotations

import json
from typing import Any

import _store as store
import keras
import numpy as np

LETTERS = ["a", "b", "c"]
WORDS = [["a", "c", "d"], ["d", "z", "b"]]
NUMBERS = [[12, 1138, 42], [42, 1000, 36]]
TEXTS = ["The cat. Sat, on the mat!", "a  b's CAT"]
BINS = [0.0, 1.0, 2.0]
FLOATS = [[-1.0, 0.0, 0.5], [1.0, 3.0, 1.9]]
MANY = (np.random.default_rng(5).gamma(2.0, size=(40, 3)) * 3).round(3).tolist()
OTHERS = (np.random.default_rng(6).gamma(2.0, size=(10, 3)) * 3).round(3).tolist()
SIGNS = "c!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'at"

#: layer, config, what it adapts to (None: nothing), input
CASES: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("Normalization", {}, MANY, MANY[:3]),
    ("Normalization", {"axis": None}, MANY, MANY[:3]),
    ("Normalization", {"axis": [0, 1]}, MANY, MANY),
    ("Normalization", {"invert": True}, MANY, MANY[:3]),
    ("Normalization", {"mean": [1.0, 2.0, 3.0], "variance": [4.0, 1.0, 0.0]}, None, MANY[:3]),
    ("Normalization", {"mean": 3.0, "variance": 2.0}, None, [[1, 2], [3, 4]]),
    ("Rescaling", {"scale": 0.1, "offset": [1.0, 2.0, 3.0]}, None, MANY[:2]),
    *(("Discretization", {"bin_boundaries": BINS, "output_mode": mode}, None, data)
      for mode in ("int", "one_hot", "multi_hot", "count") for data in (FLOATS, FLOATS[0], [[1.5]])),
    *(("Discretization", {"num_bins": count, "epsilon": epsilon}, MANY, OTHERS)
      for count in (2, 5, 7) for epsilon in (0.01, 0.1, 0.3)),
    *(("CategoryEncoding", {"num_tokens": 4, "output_mode": mode}, None, data)
      for mode in ("one_hot", "multi_hot", "count")
      for data in ([1, 2], [[1], [2]], [[1, 1, 0], [2, 3, 3]], [[[1, 2]], [[0, 3]]])),
    *(("Hashing", {"num_bins": 5, **more}, None, data)
      for data in ([["a"], ["b"], ["c"], [""]], [[1], [22], [-3], [4]], [3, 4])
      for more in ({}, {"salt": 3}, {"salt": [3, 4]}, {"output_mode": "one_hot"}, {"output_mode": "count"})),
    ("Hashing", {"num_bins": 4, "mask_value": ""}, None, [["a"], ["b"], ["c"], [""]]),
    ("Hashing", {"num_bins": 4, "mask_value": 22}, None, [[1], [22], [-3]]),
    *(("HashedCrossing", {"num_bins": 7, "output_mode": mode}, None, data)
      for mode in ("int", "one_hot")
      for data in ([["a", "b", "a"], [1, 2, -101]], [[["a"], ["b"]], [["x"], ["a longer string"]], [[3], [4]]])),
    *(("StringLookup", {"vocabulary": LETTERS, **more}, None, WORDS)
      for more in ({}, {"num_oov_indices": 2}, {"num_oov_indices": 3, "salt": 5},
                   {"num_oov_indices": 3, "salt": [5, 6]},
                   {"mask_token": ""}, {"mask_token": "z"}, {"output_mode": "multi_hot"}, {"output_mode": "count"},
                   {"output_mode": "one_hot"}, {"output_mode": "one_hot", "mask_token": "z"},
                   {"output_mode": "count", "mask_token": "z"},
                   {"output_mode": "tf_idf", "idf_weights": [0.5, 0.6, 0.7]},
                   {"output_mode": "multi_hot", "num_oov_indices": 2},
                   {"max_tokens": 8, "pad_to_max_tokens": True, "output_mode": "count"},
                   {"max_tokens": 8, "pad_to_max_tokens": True, "output_mode": "tf_idf",
                    "idf_weights": [1.0, 2.0, 3.0]})),
    *(("StringLookup", {"vocabulary": LETTERS, "output_mode": mode}, None, data)
      for mode in ("int", "one_hot", "multi_hot") for data in (["a", "z"], [["a"], ["b"]], [[["a", "b"]]])),
    ("StringLookup", {"vocabulary": LETTERS, "num_oov_indices": 0}, None, [["c", "a"]]),
    ("StringLookup", {"vocabulary": ["", "[UNK]", "a"], "mask_token": ""}, None, [["a", "", "q"]]),
    ("StringLookup", {"vocabulary": LETTERS, "invert": True}, None, [[0, 1, 3, 7]]),
    ("StringLookup", {"vocabulary": LETTERS, "invert": True, "mask_token": "m"}, None, [[0, 1, 3, 7, 4]]),
    ("StringLookup", {"vocabulary": LETTERS, "invert": True, "num_oov_indices": 0}, None, [[0, 1, 3]]),
    *(("StringLookup", more, [["x", "b"], ["a", "b"], ["c", "a"], ["é", "[UNK]"]], WORDS)
      for more in ({}, {"max_tokens": 3}, {"mask_token": "b"}, {"output_mode": "tf_idf"}, {"num_oov_indices": 2},
                   {"output_mode": "tf_idf", "max_tokens": 9, "pad_to_max_tokens": True})),
    ("StringLookup", {"output_mode": "tf_idf"}, ["x", "b", "b"], WORDS),
    *(("IntegerLookup", {"vocabulary": [12, 36, 1138, 42], **more}, None, NUMBERS)
      for more in ({}, {"num_oov_indices": 2}, {"num_oov_indices": 3, "oov_method": "farmhash"}, {"mask_token": 1000},
                   {"num_oov_indices": 3, "oov_method": "farmhash", "salt": 4}, {"output_mode": "multi_hot"},
                   {"output_mode": "one_hot"}, {"output_mode": "tf_idf", "idf_weights": [0.5, 0.6, 0.7, 0.8]})),
    ("IntegerLookup", {"vocabulary": [12, 36], "num_oov_indices": 3}, None, [[-5, -7, 37]]),
    ("IntegerLookup", {"vocabulary": [12, 36], "invert": True}, None, [[0, 1, 2]]),
    *(("IntegerLookup", more, [[12, 5, 5], [7, 7, 12]], [[5, 12], [7, 1]])
      for more in ({}, {"max_tokens": 3}, {"mask_token": 7}, {"output_mode": "count"})),
    *(("TextVectorization", more, TEXTS, TEXTS)
      for more in ({}, {"output_mode": "multi_hot"}, {"output_mode": "count"}, {"output_mode": "tf_idf"}, {"ngrams": 2},
                   {"ngrams": [1, 3]}, {"output_sequence_length": 3}, {"output_sequence_length": 9},
                   {"split": "character", "standardize": "lower"}, {"split": None, "standardize": None},
                   {"standardize": "strip_punctuation"}, {"max_tokens": 4},
                   {"max_tokens": 30, "pad_to_max_tokens": True, "output_mode": "count"},
                   {"max_tokens": 30, "pad_to_max_tokens": True, "output_mode": "tf_idf"})),
    *(("TextVectorization", {"vocabulary": ["cat", "the"], **more}, None, data)
      for more in ({}, {"output_mode": "count"}, {"output_sequence_length": 4},
                   {"output_mode": "tf_idf", "idf_weights": [0.5, 0.25]})
      for data in (TEXTS, [["the cat"], ["x"]], ["", ""])),
    ("TextVectorization", {"vocabulary": ["cat", "the"], "split": None}, None, [["the", "cat"], ["x", "the"]]),
    ("TextVectorization", {"vocabulary": ["äh", "ÄH", "cat"]}, None, ["ÄH äh", SIGNS]),
]  # fmt: skip


def plain(value: Any) -> Any:
    """A result as JSON data: dtype, shape, elements."""
    array = np.asarray(value)
    flat = [item.decode() if isinstance(item, bytes) else item for item in array.ravel().tolist()]
    return [array.dtype.name if array.dtype != object else "string", list(array.shape), flat]


def as_data(data: Any) -> Any:
    array = np.array(data)
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def record(kind: str, config: dict[str, Any], data: Any, inputs: Any) -> dict[str, Any]:
    layer = getattr(keras.layers, kind)(**{k: tuple(v) if k == "ngrams" and isinstance(v, list) else v
                                           for k, v in config.items()})  # fmt: skip
    case: dict[str, Any] = {"layer": kind, "config": config, "adapt": data, "input": inputs}
    if data is not None:
        layer.adapt(as_data(data))
    given = tuple(as_data(part) for part in inputs) if kind == "HashedCrossing" else as_data(inputs)
    case["output"] = plain(layer(given))
    if hasattr(layer, "get_vocabulary"):
        case["vocabulary"] = [token if isinstance(token, int) else str(token) if isinstance(token, str) else int(token)
                              for token in layer.get_vocabulary()]  # fmt: skip
    if kind == "Discretization":
        case["bins"] = [float(bound) for bound in layer.bin_boundaries]
    return case


if __name__ == "__main__":
    cases = [record(*case) for case in CASES]
    body = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    info = json.dumps(store.metadata("keras_preprocessing"))
    path = store.GOLDEN_DIR / "keras_preprocessing.json"
    path.write_text(f'{{"meta": {info},\n"cases": [\n{body}\n]}}\n', encoding="utf-8")
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size / 1024:.0f} kB")

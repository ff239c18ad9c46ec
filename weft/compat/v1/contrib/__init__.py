"""`tf.contrib`: what programs use most of it. The rest raises, with what to use in its place."""

from __future__ import annotations

import importlib
from typing import Any

from weft.base.absent import absent, word_absent

_HERE = tuple(
    "crf ctc data distributions framework image layers learn legacy_seq2seq lookup losses metrics opt rnn seq2seq "
    "signal slim tensorboard training util".split()
)


def __getattr__(name: str) -> Any:
    if name in _HERE:
        module = importlib.import_module(f"{__name__}.{name}")
        word_absent(vars(module), f"tf.contrib.{name}")
        return module
    raise AttributeError(absent(f"tf.contrib.{name}", _HERE))


def __dir__() -> list[str]:
    return sorted(_HERE)

"""What TensorFlow gives for the expressions of `tests/golden/values/*.txt`, one JSON file beside each.

    python tools/goldens/make_values.py [topic …]
"""

from __future__ import annotations

import json
import sys

import _store as store
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(store.GOLDEN_DIR.parents[1]))

from tests.golden.values import showing


def main() -> None:
    for topic in sys.argv[1:] or showing.topics():
        names = {"tf": tf, "np": np}
        found = {}
        for statement, text in showing.lines(topic):
            if statement:
                exec(text, names)
                continue
            try:
                found[text] = showing.shown(tf, eval(text, names))
            except Exception as error:
                found[text] = {"raises": type(error).__name__}
        path = showing.HERE / f"{topic}.json"
        body = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in found.items())
        path.write_text(f"{{\n{body}\n}}\n", encoding="utf-8")
        refused = [text for text, value in found.items() if isinstance(value, dict) and "raises" in value]
        print(f"{topic}: {len(found)} expressions, {path.stat().st_size / 1024:.0f} kB, refused: {refused}")


if __name__ == "__main__":
    main()

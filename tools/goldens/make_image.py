"""What TensorFlow's tf.image gives for the expressions of image_programs.py."""

from __future__ import annotations

import json

import _store as store
import image_programs as programs
import numpy as np
import tensorflow as tf

found = store.Store("image")
names = programs.names(tf)
for number, text in enumerate(programs.PROGRAMS):
    result = eval(text, dict(names))
    parts = list(result) if isinstance(result, (tuple, list)) else [result]
    found.case(str(number), program=text, parts=len(parts))
    for place, part in enumerate(parts):
        found.put(f"{number}/{place}", np.asarray(part))
refused = {}
for text in programs.REFUSED:
    try:
        eval(text, dict(names))
    except Exception as error:
        refused[text] = type(error).__name__
    else:
        raise AssertionError(f"TensorFlow takes {text}")
found.case("refused")
found.put("refused", np.asarray(json.dumps(refused)))
found.save()

"""Whether two descriptions of a use say the same; if not, in what they differ."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from conformance.uses import Use

Record = dict[str, Any]
# Relative to the value and to the largest of its array.
TOLERANCE = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 2e-5, "float64": 1e-9, "complex64": 2e-5, "complex128": 1e-9}
# What counts as an array whatever holds it: Weft gives a numpy scalar where TensorFlow gives one, and so on.
_LOOSE = {"float": "array", "int": "array", "bool": "array"}


def data(record: Record) -> np.ndarray:
    if record["dtype"] == "string":
        return np.array(record["data"], dtype=object).reshape(record["shape"])
    name = "float32" if record["dtype"] == "bfloat16" else record["dtype"]
    raw = np.frombuffer(base64.b64decode(record["data"]), np.dtype(name))
    return raw.reshape(record["shape"])


def arrays(use: Use, expected: Record, found: Record, tolerance: float | None) -> str | None:
    for part in ("dtype", "shape"):
        if expected[part] != found[part]:
            return f"{part} {found[part]} instead of {expected[part]}"
    if "name" in expected and expected["name"] != found.get("name"):
        return f"name {found.get('name')!r} instead of {expected['name']!r}"
    if use.random or "data" not in expected:
        return None
    wanted, got = data(expected), data(found)
    if wanted.dtype == object or wanted.dtype.kind not in "fc":
        equal = bool(np.array_equal(wanted, got))
        return None if equal else f"values {str(got.tolist())[:80]} instead of {str(wanted.tolist())[:80]}"
    relative = tolerance or TOLERANCE.get(expected["dtype"], 2e-5)
    finite = wanted[np.isfinite(wanted)]
    size = float(np.abs(finite).max(initial=0.0))
    if np.allclose(got, wanted, rtol=relative, atol=relative * max(size, 1e-6), equal_nan=True):
        return None
    with np.errstate(invalid="ignore"):
        worst = float(np.nanmax(np.abs(got - wanted), initial=0.0))
    return f"values differ by {worst:.3g} of {size:.3g}"


def values(use: Use, expected: Record, found: Record, tolerance: float | None) -> str | None:
    """None where they agree."""
    if expected["kind"] != found["kind"]:
        if _LOOSE.get(expected["kind"]) != found["kind"] and _LOOSE.get(found["kind"]) != expected["kind"]:
            return f"a {found['kind']} instead of a {expected['kind']}"
    if "items" in expected:
        if expected["kind"] in ("dict", "namedtuple"):
            wanted, got = dict(expected["items"]), dict(found["items"])
            if wanted.keys() != got.keys():
                return f"parts {sorted(got.keys() - wanted.keys())} instead of {sorted(wanted.keys() - got.keys())}"
            found = dict(found, items=[[name, got[name]] for name in wanted])  # in whatever order
        if len(expected["items"]) != len(found["items"]):
            return f"{len(found['items'])} parts instead of {len(expected['items'])}"
        for place, (one, other) in enumerate(zip(expected["items"], found["items"])):
            label: object = place
            if isinstance(one, list):
                if one[0] != other[0]:
                    return f"part {other[0]!r} instead of {one[0]!r}"
                label, one, other = one[0], one[1], other[1]
            problem = values(use, one, other, tolerance)
            if problem:
                return f"[{label}] {problem}"
        return None
    if "dtype" in expected and "dtype" in found:
        return arrays(use, expected, found, tolerance)
    for part in ("value", "name"):
        if part in expected and expected[part] != found.get(part) and not use.random:
            return f"{found.get(part)!r} instead of {expected[part]!r}"
    return None


def compare(use: Use, expected: Record, found: Record) -> str | None:
    """None where both agree, else a line about the first difference."""
    if "crashed" in expected:
        return "the original itself crashes: take this use out"
    if "raised" in expected:
        if "raised" not in found:
            return f"accepted; the original raises {expected['raised'][0]}: {expected['message'][:100]}"
        wanted = expected["raised"][0]
        if wanted in found["raised"]:
            return None
        return f"raises {found['raised'][0]} instead of {wanted}"
    if "raised" in found:
        return f"raises {found['raised'][0]} ({found['where']}): {found['message'][:160]}"
    problem = values(use, expected["value"], found["value"], use.within)
    if problem:
        return problem
    if use.printed and expected.get("printed") != found.get("printed"):
        return f"prints {found.get('printed')!r} instead of {expected.get('printed')!r}"
    wanted = dict(expected.get("gradients") or [])
    got = dict(found.get("gradients") or [])
    for name, gradient in wanted.items():
        if name == "error":
            continue  # the original itself has no gradient here
        if name not in got:
            return f"no gradient: {got.get('error', {}).get('value')}"
        if gradient["kind"] == "IndexedSlices" or got[name]["kind"] == "IndexedSlices":
            if gradient["kind"] != got[name]["kind"]:
                return f"gradient of {name}: a {got[name]['kind']} instead of a {gradient['kind']}"
        looser = max(10 * TOLERANCE.get(gradient.get("dtype", ""), 2e-5), use.within or 0.0)
        problem = values(use, gradient, got[name], looser)
        if problem:
            return f"gradient of {name}: {problem}"
    return None

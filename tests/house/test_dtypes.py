"""What takes symbolic tensors compares dtypes by `==`: theirs may be names, which are equal to dtypes, not the same."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_IDENTITY = re.compile(r"(?<!_array)\.dtype is (?!None\b|not None\b)")


def test_dtypes_of_tensors_are_not_compared_by_identity() -> None:
    files = [*(_ROOT / "weft/api").rglob("*.py"), _ROOT / "weft/runtime/frontdoor.py"]
    found = [
        f"{path.relative_to(_ROOT)}:{number}: {line.strip()}"
        for path in sorted(files)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if _IDENTITY.search(line)
    ]
    assert not found, "write ==, for a symbolic tensor's dtype may be a name:\n" + "\n".join(found)

"""Reading the files of uses.

A use is a line of Python, or several: it ends with the first expression that stands alone on the margin without a
semicolon, and this is what is compared.

    tf.add(a, b)
    tf.exp(d)  # within 1e-4            the relative tolerance
    ~ tf.random.normal([3])             drawn numbers: dtypes and shapes are compared, not values
    ! tf.add(a, v[:2])                  both refuse, with the same kind of error
    > tf.print(a)                       what is printed is compared too
    tf.sort(a)  # no gradients
    ~ tf.timestamp()  # no values: why they cannot be compared
    tf.foo(a)  # differs: why, and where that is decided
    tf.bar(a)  # falls short: what is wrong, until it is mended
    @ w = tf.constant([1.0, 2.0])       bound for every later use of this file, as the folder's setup.py is for all

The folder is the dialect: tf2, keras, tf1. A file that begins with `# needs PIL` is left out without that library.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent / "uses"
DIALECTS = ("tf2", "keras", "tf1")
_NOTE = re.compile(
    r"\s+# (?=within|no gradients|no values:|differs:|falls short:)"
    r"(?:within (?P<within>[0-9.e+-]+))?,? ?(?P<still>no gradients)?,? ?"
    r"(?:differs: (?P<differs>.+)|falls short: (?P<short>.+)|no values: (?P<valueless>.+))?$"
)
_MARK = re.compile(r"([~!>@]+) ")


@dataclass(frozen=True)
class Use:
    dialect: str
    file: str  # without its ending
    line: int
    text: str
    setup: str
    random: bool = False
    refused: bool = False
    printed: bool = False
    gradients: bool = True
    within: float | None = None
    differs: str = ""
    short: str = ""
    valueless: str = ""

    @property
    def key(self) -> str:
        """What a stored answer is found by: it changes with whatever could change the answer."""
        setup = hashlib.sha256(self.setup.encode()).hexdigest()[:8]
        return f"{setup}{'~' * self.random}{'>' * self.printed}{'=' * (not self.gradients)} {self.text}"

    def request(self) -> dict[str, object]:
        return {
            "dialect": self.dialect, "text": self.text, "setup": self.setup, "random": self.random,
            "printed": self.printed, "gradients": self.gradients,
        }  # fmt: skip


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Groups of lines that make a use, with the number of the first."""
    gathered: list[str] = []
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        if gathered and not line[:1].isspace() and _whole(gathered):
            yield start, "\n".join(gathered)
            gathered = []
        if gathered:
            gathered.append(line)
        elif line.strip() and not line.startswith("#"):
            gathered, start = [line], number
    if gathered:
        yield start, "\n".join(gathered).rstrip()


def _whole(lines: list[str]) -> bool:
    """Whether these lines are a use: they parse, and end in an expression, or bind something by `@`."""
    text = "\n".join(lines)
    mark = _MARK.match(text)
    try:
        body = ast.parse(text[mark.end() :] if mark else text).body
    except SyntaxError:
        return False
    return (isinstance(body[-1], ast.Expr) and not text.endswith(";")) or bool(mark and "@" in mark[1])


def read(dialect: str, file: Path) -> list[Use]:
    general = ROOT / dialect / "setup.py"
    setup = general.read_text() if general.exists() else ""
    found = []
    for line, block in _blocks(file.read_text()):
        mark = _MARK.match(block)
        marks = mark[1] if mark else ""
        text = block[mark.end() :] if mark else block
        note = _NOTE.search(text)
        if note is not None:
            text = text[: note.start()]
        ast.parse(text, f"{file}:{line}")
        if "@" in marks:
            setup += text + "\n"
            continue
        found.append(
            Use(
                dialect, file.stem, line, text, setup, "~" in marks, "!" in marks, ">" in marks,
                not (note and note["still"]), float(note["within"]) if note and note["within"] else None,
                (note and note["differs"]) or "", (note and note["short"]) or "",
                (note and note["valueless"]) or "",
            )
        )  # fmt: skip
    return found


def files(dialect: str) -> list[Path]:
    """The files of uses, in the order in which they run: `lasting.txt`, whose uses nothing takes back, comes last."""
    return sorted((ROOT / dialect).glob("*.txt"), key=lambda file: (file.stem == "lasting", file.stem))


def lacking(file: Path) -> str | None:
    """The library that a file says it needs, `# needs PIL`, where it is not installed."""
    found = re.match(r"# needs (\w+)", file.read_text())
    return found[1] if found and importlib.util.find_spec(found[1]) is None else None


def read_all(dialect: str) -> list[Use]:
    """The uses of all files but those whose libraries are not installed."""
    return [use for file in files(dialect) if not lacking(file) for use in read(dialect, file)]


def chains(text: str) -> set[str]:
    """The dotted names in a use that start at the library: `tf.nn.relu`, `keras.layers.Dense`.

    What a use imports by an old path counts under it: after `from tensorflow.python.framework import ops`,
    `ops.GraphKeys` is `tf.python.framework.ops.GraphKeys`.
    """
    found = set()
    imported: dict[str, str] = {}

    class Visitor(ast.NodeVisitor):
        def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
            top, _, path = (node.module or "").partition(".")
            if top == "tensorflow":
                for part in node.names:
                    whole = ".".join(["tf", *([path] if path else []), part.name])
                    imported[part.asname or part.name] = whole
                    found.add(whole)

        def visit_Import(self, node: ast.Import) -> None:
            for part in node.names:
                if part.asname and part.name.startswith("tensorflow."):
                    imported[part.asname] = "tf" + part.name.removeprefix("tensorflow")

        def visit_Attribute(self, node: ast.Attribute) -> None:
            parts: list[str] = []
            at: ast.expr = node
            while isinstance(at, ast.Attribute):
                parts.append(at.attr)
                at = at.value
            if isinstance(at, ast.Name) and (at.id in ("tf", "keras") or at.id in imported):
                found.add(".".join([imported.get(at.id, at.id), *reversed(parts)]))
            self.generic_visit(node)

    Visitor().visit(ast.parse(text))
    return found

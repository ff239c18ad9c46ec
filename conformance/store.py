"""The originals' answers, kept so that the comparison runs where the originals are not installed."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from conformance.uses import Use

ROOT = Path(__file__).resolve().parents[1]
ANSWERS = ROOT / "tests" / "golden" / "conformance"
WORKER = Path(__file__).resolve().parent / "worker.py"
MODULES = {"tf2": "tensorflow", "keras": "tensorflow", "tf1": "tensorflow"}
OURS = {"tf2": "weft", "keras": "weft", "tf1": "weft.compat.v1"}


def path(dialect: str, file: str) -> Path:
    return ANSWERS / dialect / f"{file}.json"


def load(dialect: str, file: str) -> dict[str, Any]:
    where = path(dialect, file)
    return json.loads(where.read_text()) if where.exists() else {}


def _ask(python: str, dialect: str, request: dict[str, Any]) -> tuple[list[Any], str]:
    """Runs the worker in the interpreter that has the original: its answers, and why there are no more of them."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "request.json"), Path(folder, "answer.json")
        question.write_text(json.dumps(request))
        command = [python, str(WORKER), MODULES[dialect], str(question), str(answer)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if not answer.exists():
            raise SystemExit(f"{python} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        return [json.loads(line) for line in answer.read_text().splitlines()], done.stderr[-300:]


def ask(python: str, uses: list[Use]) -> list[Any]:
    """The original's answers; where it crashes, that is the answer, and it is started again for the rest."""
    answers: list[Any] = []
    while len(answers) < len(uses):
        rest = [use.request() for use in uses[len(answers) :]]
        found, last_words = _ask(python, uses[0].dialect, {"uses": rest})
        answers += found
        if len(answers) < len(uses):
            answers.append({"crashed": last_words})
    return answers


def record(python: str, uses: list[Use], everything: bool) -> int:
    """Asks the original about uses without a stored answer (or all of them), drops what no file holds any more."""
    groups: dict[tuple[str, str], list[Use]] = {}
    for use in uses:
        groups.setdefault((use.dialect, use.file), []).append(use)
    known = {} if everything else {group: load(*group) for group in groups}
    new = [use for group, members in groups.items() for use in members if use.key not in known.get(group, {})]
    fresh = dict(zip(new, ask(python, new)))
    for group, members in groups.items():
        answers = known.get(group, {})
        kept = {use.key: fresh[use] if use in fresh else answers[use.key] for use in members}
        if kept != answers:
            where = path(*group)
            where.parent.mkdir(parents=True, exist_ok=True)
            lines = [f"{json.dumps(key)}: {json.dumps(answer)}" for key, answer in kept.items()]
            where.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return len(new)


def names(dialect: str) -> list[str]:
    """The original's public names, as `record_names` stored them."""
    where = ANSWERS / f"{dialect}_names.txt"
    return where.read_text().split() if where.exists() else []


def record_names(python: str, dialect: str) -> None:
    [found], _ = _ask(python, dialect, {"names": True, "dialect": dialect})
    ANSWERS.mkdir(parents=True, exist_ok=True)
    (ANSWERS / f"{dialect}_names.txt").write_text("\n".join(found) + "\n")



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


def ask(python: str, dialect: str, request: dict[str, Any]) -> Any:
    """Runs the worker in the interpreter that has the original; what it prints is dropped."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "request.json"), Path(folder, "answer.json")
        question.write_text(json.dumps(request))
        command = [python, str(WORKER), MODULES[dialect], str(question), str(answer)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not answer.exists():
            raise SystemExit(f"{python} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        return json.loads(answer.read_text())


def record(python: str, uses: list[Use], everything: bool) -> int:
    """Asks the original about uses without a stored answer (or all of them), drops what no file holds any more."""
    asked = 0
    groups: dict[tuple[str, str], list[Use]] = {}
    for use in uses:
        groups.setdefault((use.dialect, use.file), []).append(use)
    wanted: dict[str, list[tuple[str, list[Use]]]] = {}
    for (dialect, file), members in groups.items():
        known = {} if everything else load(dialect, file)
        new = [use for use in members if use.key not in known]
        if new or set(known) - {use.key for use in members}:
            wanted.setdefault(dialect, []).append((file, new))
    for dialect, files in wanted.items():
        answers = ask(python, dialect, {"files": [[use.request() for use in new] for _, new in files]})
        for (file, new), records in zip(files, answers):
            known = {} if everything else load(dialect, file)
            known.update({use.key: answer for use, answer in zip(new, records)})
            asked += len(new)
            kept = {use.key: known[use.key] for use in groups[dialect, file]}
            where = path(dialect, file)
            where.parent.mkdir(parents=True, exist_ok=True)
            lines = [f"{json.dumps(key)}: {json.dumps(answer)}" for key, answer in kept.items()]
            where.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return asked


def names(dialect: str) -> list[str]:
    """The original's public names, as `record_names` stored them."""
    where = ANSWERS / f"{dialect}_names.txt"
    return where.read_text().split() if where.exists() else []


def record_names(python: str, dialect: str) -> None:
    found = ask(python, dialect, {"names": True, "dialect": dialect})
    ANSWERS.mkdir(parents=True, exist_ok=True)
    (ANSWERS / f"{dialect}_names.txt").write_text("\n".join(found) + "\n")



"""Results in a file, so that several runs make one page and nothing measured is lost when a run is ended."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from benchmarks.jobs import Job
from benchmarks.race import Result


@dataclasses.dataclass
class Record:
    """What was measured so far, by the job's name, and with which commands.

    Attributes:
        file: Where it is kept; None for nowhere.
        results: The newest result of each job.
        commands: The commands that they come from.
    """

    file: Path | None = None
    results: dict[str, Result] = dataclasses.field(default_factory=dict)
    commands: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    def open(cls, file: Path | None) -> Record:
        """What a file holds, if it is there.

        Raises:
            ValueError: Where it holds something else.
        """
        record = cls(file)
        if file is not None and file.exists():
            kept = json.loads(file.read_text(encoding="utf-8"))
            if not isinstance(kept, dict) or set(kept) != {"commands", "results"}:
                raise ValueError(f"{file} holds something else than results of benchmarks; name another file")
            record.commands = kept["commands"]
            record.results = {data["job"]["name"]: _result(data) for data in kept["results"]}
        return record

    def add(self, result: Result) -> None:
        """Takes a result in place of an older one of its job, and writes the file."""
        self.results[result.job.name] = result
        if self.file is not None:
            data = {"commands": self.commands, "results": list(map(dataclasses.asdict, self.results.values()))}
            self.file.write_text(json.dumps(data, indent=1), encoding="utf-8")


def _result(data: dict[str, Any]) -> Result:
    job = dict(data["job"])
    if isinstance(job["bar"], list):
        job["bar"] = tuple(job["bar"])
    return Result(**{**data, "job": Job(**job)})

"""Checking one slice of a file by staging it, in a process of its own where there are several."""

from collections import Counter

import msgspec

from batchdrop.check.objects import LocalObjects, Place
from batchdrop.domain.estimate import Estimate
from batchdrop.domain.ids import ShardIndex
from batchdrop.domain.job import Job
from batchdrop.domain.shard import Shard, Slice
from batchdrop.rows.sidecar import read_invalid
from batchdrop.rows.values import Problem
from batchdrop.settings import Settings
from batchdrop.steps.context import Files
from batchdrop.steps.stage import stage_rows

MOST_SHOWN = 100
"""Bad rows of a slice that are told one by one; the rest are counted."""


class Bad(msgspec.Struct, frozen=True):
    """A bad row, by its line and number in the slice, or in the file: a line from 1, a row from 0."""

    line: int
    row: int
    problem: Problem


class SliceReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a slice holds."""

    rows: int
    lines: int
    invalid: int
    bad: tuple[Bad, ...]
    codes: dict[str, int]
    sample: bytes
    estimate: Estimate


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to check a slice."""

    place: Place
    settings: Settings
    job: Job
    index: int
    slice: Slice


class SilentLog:
    """Says nothing: the report tells all there is."""

    def info(self, event: str, **fields: object) -> None:
        """Say nothing."""

    def warning(self, event: str, **fields: object) -> None:
        """Say nothing."""

    def error(self, event: str, **fields: object) -> None:
        """Say nothing."""


class NumberedTokens:
    """Tokens of one process; nothing here is shared with another."""

    def __init__(self) -> None:
        """Begin at one."""
        self._given = 0

    def fresh(self) -> str:
        """Give the next."""
        self._given += 1
        return f"t{self._given}"


def check_slice(task: Task) -> SliceReport:
    """Stage a slice."""
    seen = _Seen()
    objects = LocalObjects(task.place, {"invalid.jsonl": seen.refused, "requests.jsonl": seen.asked})
    files = Files(objects=objects, tokens=NumberedTokens(), log=SilentLog(), settings=task.settings)
    shard = Shard(job=task.job.id, index=ShardIndex(task.index), slice=task.slice)
    staged = stage_rows(files, task.job, shard)
    return SliceReport(
        rows=staged.rows,
        lines=staged.lines,
        invalid=staged.invalid,
        bad=tuple(seen.bad),
        codes=dict(seen.codes),
        sample=seen.sample,
        estimate=staged.estimate,
    )


class _Seen:
    """What passed by while a slice was staged."""

    def __init__(self) -> None:
        self.bad: list[Bad] = []
        self.codes: Counter[str] = Counter()
        self.sample = b""

    def asked(self, lines: bytes) -> None:
        self.sample = self.sample or lines[: lines.index(b"\n")]

    def refused(self, lines: bytes) -> None:
        for found in read_invalid([lines]):
            self.codes[found.problem.code] += 1
            if len(self.bad) < MOST_SHOWN:
                self.bad.append(Bad(found.line, found.row, found.problem))

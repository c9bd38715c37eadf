"""Progress on a terminal: a table that is redrawn, or where there is none to redraw a line for each change."""

import shutil
import time
from collections.abc import Sequence
from typing import TextIO

from infra.local.progress import JobProgress

_HEAD = ("input", "state", "rows staged", "batches running", "rows answered")
_CLEAR_LINE = "\x1b[2K"


class Screen:
    """Shows how far jobs are. Times are seconds since the screen was made."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._redraws = out.isatty()
        self._started = time.monotonic()
        self._drawn = 0
        self._last: dict[str, JobProgress] = {}

    def show(self, jobs: Sequence[JobProgress]) -> None:
        """Show how far the jobs are now."""
        if self._redraws:
            self._draw(table(fitting(jobs, shutil.get_terminal_size().lines - 3)))
        else:
            for job in jobs:
                if self._last.get(job.job) != job:
                    self._print(line(job))
        self._last = {job.job: job for job in jobs}

    def say(self, text: str) -> None:
        """Print a line of text; a table goes on below it."""
        self._drawn = 0
        self._print(text)

    def _print(self, text: str) -> None:
        print(f"{time.monotonic() - self._started:6.1f} s  {text}", file=self._out, flush=True)

    def _draw(self, rows: Sequence[str]) -> None:
        width = shutil.get_terminal_size().columns - 1
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        print(up + "\n".join(_CLEAR_LINE + row[:width] for row in rows), file=self._out, flush=True)
        self._drawn = len(rows)


def fitting(jobs: Sequence[JobProgress], most: int) -> list[JobProgress]:
    """Choose the jobs that fit a screen, in their order: those that go on before those that ended."""
    chosen = sorted(range(len(jobs)), key=lambda index: (jobs[index].ended, -index))[: max(most, 1)]
    return [jobs[index] for index in sorted(chosen)]


def table(jobs: Sequence[JobProgress]) -> list[str]:
    """Lay progress out in columns: a head, then a row per job."""
    rows = [_HEAD, *((job.name, job.state, str(job.staged), str(job.batches), str(job.answered)) for job in jobs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return [
        "  ".join(cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(cells))  # noqa: PLR2004  # names left, numbers right
        for cells in (list(zip(row, widths, strict=True)) for row in rows)
    ]


def line(job: JobProgress) -> str:
    """Say in one line how far a job is."""
    invalid = f" ({job.invalid} invalid)" if job.invalid else ""
    batches = f"{job.batches} {'batch' if job.batches == 1 else 'batches'} running"
    return f"{job.name}  {job.state}: {job.staged} rows staged{invalid}, {batches}, {job.answered} rows answered"

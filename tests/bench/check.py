"""`python -m tests.bench.check`: how fast `batchdrop check` takes a long CSV, in what memory, how soon it speaks."""

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

ROOT = Path(__file__).parents[2]
PROMPT = """---
model: gemini-3.5-flash-lite
config: {temperature: 0}
output: {schema: {sentiment(enum): [positive, negative, neutral], reason: string}}
---
{{role "system"}}You label reviews of a shop.
{{role "user"}}Product: {{product}}
{{review}}
"""
BROKEN_ROW = 500
_WORDS = [
    "the",
    "chair",
    "is",
    "comfortable",
    "and",
    "sturdy",
    "but",
    "it",
    "came",
    "late",
    "with",
    "a",
    "small",
    "scratch",
    "on",
    "one",
    "leg",
]
_COMMAND = "import sys; from batchdrop.check.cli import main; sys.exit(main(sys.argv[1:]))"
_LOOK_EVERY = 0.05
_KIB = 1024


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """What one run took: seconds, and the most resident bytes of all its processes at one moment."""

    rows: int
    bytes: int
    wall: float
    cpu: float
    first_error: float
    peak: int


def main(arguments: Sequence[str]) -> int:
    """Measure, and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.check", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        took = measure(Path(folder), asked.rows)
    print(
        f"{took.rows:,} rows, {took.bytes / 1e6:,.0f} MB: {took.rows / took.wall:,.0f} rows/s"
        f" on {os.cpu_count()} processors ({took.rows / took.cpu:,.0f} a second of CPU),"
        f" {took.peak / 1e6:,.0f} MB of memory, first error after {took.first_error:.2f} s"
    )
    return 0


def measure(folder: Path, rows: int) -> Timing:
    """Check a file of so many rows, one of them broken, in processes of its own."""
    size = _write(folder, rows)
    started, before = time.perf_counter(), _cpu()
    with subprocess.Popen(
        [sys.executable, "-c", _COMMAND, "check", "rows.csv"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "functions")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as run:
        peak = _Peak(run.pid)
        if run.stdout is None:
            raise AssertionError("its output is a pipe")
        first_error, said = _read(run.stdout, started)
        wall = time.perf_counter() - started
    if run.returncode != 1 or f"{rows:,}, 1 of them invalid" not in said:
        raise AssertionError(f"exit code {run.returncode}: {said}")
    return Timing(rows=rows, bytes=size, wall=wall, cpu=_cpu() - before, first_error=first_error, peak=peak.end())


def _write(folder: Path, rows: int) -> int:
    source = random.Random(rows)
    (folder / "default.prompt").write_text(PROMPT)
    path = folder / "rows.csv"
    with path.open("w") as file:
        file.write("id,product,review\n")
        for row in range(rows):
            review = " ".join(source.choices(_WORDS, k=12))
            file.write("broken\n" if row == BROKEN_ROW else f'{row},Chair {row % 97},"{review}, all in all"\n')
    return path.stat().st_size


def _read(output: IO[bytes], started: float) -> tuple[float, str]:
    first = output.readline()
    after = time.perf_counter() - started
    return after, (first + output.read()).decode()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Peak:
    """Looks at the memory of a process and of those that it started, as long as it runs."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._most = 0
        self._ended = threading.Event()
        self._looker = threading.Thread(target=self._look)
        self._looker.start()

    def end(self) -> int:
        self._ended.set()
        self._looker.join()
        return self._most

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_EVERY):
            self._most = max(self._most, sum(map(_resident, [self._process, *_children(self._process)])))


def _children(process: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def _resident(process: int) -> int:
    """Memory of its own and its share of what it has in common with others."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * _KIB for line in lines if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m tests.bench`: how fast the steps are, in how much memory, beside what could be and what else there is."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from tests.bench.cases import CASES, Case
from tests.bench.install import install_duckdb
from tests.bench.report import Entry, entry, summary, table
from tests.bench.runner import CACHE, ROOT, Runner
from tests.bench.sizes import LARGE, QUICK, Size, parse_size, rows_of


class Report(msgspec.Struct, frozen=True):
    """The whole outcome, as `--json` prints it."""

    commit: str
    at: datetime
    rounds: int
    entries: list[Entry]


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for, and print it. 1 with `--strict` if something that must hold does not."""
    asked = _parser().parse_args(arguments)
    missing = install_duckdb(CACHE / "packages")
    if missing:
        _say(f"!!! {missing}")
    sizes = [parse_size(text) for text in asked.sizes.split(",")] if asked.sizes else _sizes(large=asked.large)
    cases = [case for case in CASES if asked.cases in case.name]
    runner = Runner(asked.rounds, ["DuckDB join"] if missing else [], _say)
    entries = _run(runner, cases, sizes)
    report = Report(_commit(), datetime.now(UTC), asked.rounds, entries)
    (CACHE / "last.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    _print(report, as_json=asked.json)
    return int(asked.strict and not all(found.holds for found in entries))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--sizes", help="rows as 10k,1M or bytes as 50MB,5GB; the default is 10k,200k")
    parser.add_argument("--large", action="store_true", help="50 MB, 500 MB and 5 GB instead, to see memory grow")
    parser.add_argument("--cases", default="", help="only cases whose name holds this text")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, in turn; ratios are medians")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--strict", action="store_true", help="exit with 1 unless all that must hold holds")
    return parser


def _sizes(*, large: bool) -> list[Size]:
    return [parse_size(text) for text in (LARGE if large else QUICK)]


def _run(runner: Runner, cases: Sequence[Case], sizes: Sequence[Size]) -> list[Entry]:
    entries: list[Entry] = []
    for case in cases:
        for size in sizes:
            entries.append(entry(runner.run(case, size.text, rows_of(case, size))))
            _say(summary(entries[-1]))
    return entries


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
        return
    head = f"commit {report.commit}, {report.at:%Y-%m-%d %H:%M} UTC, {report.rounds} rounds"
    sys.stdout.write(f"\n{head}\n\n{table(report.entries)}")


def _commit() -> str:
    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S607
        return done.stdout.strip()

    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if git("status", "--porcelain") else "")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

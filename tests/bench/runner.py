"""Measuring a case: its rivals and our step in turn, A B A B, each time in a process of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from tests.bench.cases import Case, Measured
from tests.bench.child import Order, Reply
from tests.bench.data import data_file

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "bench"
_WARM_ROWS = 20
_JOIN_BYTES = 10**9
"""Joins that hold all answers in memory are not run on more."""
_DISK_FACTORS = {"stage": 2, "collect": 4, None: 6}
"""What a step and those before it write, over what it reads."""
_JOINS = ("orjson join", "stdlib join", "DuckDB join")


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """All runs of a case at a size. `refused` tells why there are none; `left_out` which rivals were not run."""

    case: str
    size: str
    rows: int
    ours: list[Measured] = []
    rivals: dict[str, list[Measured]] = {}
    refused: str = ""
    left_out: dict[str, str] = {}


class Failed(Exception):
    """A measurement broke; the text has what it said last."""


class Runner:
    """Runs cases, below a folder that it clears up."""

    def __init__(self, rounds: int, missing: Sequence[str], say: Callable[[str], None]) -> None:
        self._rounds = rounds
        self._missing = missing
        self._say = say
        self._folder = CACHE / "runs" / str(os.getpid())

    def run(self, case: Case, size: str, rows: int) -> Result:
        """Measure one case at one size."""
        room = shutil.disk_usage(CACHE).free
        needed = rows * max(case.answer_bytes, 1_500) * _DISK_FACTORS[case.step]
        if needed > room:
            return self._refuse(case, size, rows, f"needs {needed / 1e9:.0f} GB of disk, {room / 1e9:.0f} GB are free")
        try:
            return self._measure(case, size, rows)
        except Failed as failed:
            return self._refuse(case, size, rows, str(failed))
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _measure(self, case: Case, size: str, rows: int) -> Result:
        warm, order = self._order(case, _WARM_ROWS, "warm"), self._order(case, rows, "full")
        refused = [reply.refused for reply in map(_do, (warm, order)) if reply.refused]
        if refused:
            return self._refuse(case, size, rows, refused[0])
        left_out = self._left_out(case, rows)
        rivals: dict[str, list[Measured]] = {name: [] for name in self._rivals(case) if name not in left_out}
        result = Result(case=case.name, size=size, rows=rows, rivals=rivals, left_out=left_out)
        for number in range(self._rounds):
            self._say(f"{case.name}, {rows:,} rows: round {number + 1} of {self._rounds}")
            for name, runs in result.rivals.items():
                runs.append(_measured(msgspec.structs.replace(order, do="rival", rival=name)))
            result.ours.append(_measured(msgspec.structs.replace(order, do="ours", warm=warm.folder)))
        return result

    def _order(self, case: Case, rows: int, name: str) -> Order:
        folder = self._folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        data = data_file(CACHE / "data", case.data, rows)
        native = data if case.data == "native" else data_file(CACHE / "data", "native", min(rows, 20_000))
        return Order(do="prepare", case=case.name, data=str(data), rows=rows, folder=str(folder), native=str(native))

    def _rivals(self, case: Case) -> tuple[str, ...]:
        return ((case.limit,) if case.limit else ()) + case.rivals

    def _left_out(self, case: Case, rows: int) -> dict[str, str]:
        large = rows * case.answer_bytes > _JOIN_BYTES
        why = {name: "not installed" for name in self._rivals(case) if name in self._missing}
        return why | {name: "more than memory holds" for name in self._rivals(case) if large and name in _JOINS}

    def _refuse(self, case: Case, size: str, rows: int, why: str) -> Result:
        self._say(f"{case.name}, {rows:,} rows: not measured: {why}")
        return Result(case=case.name, size=size, rows=rows, refused=why)


def _measured(order: Order) -> Measured:
    reply = _do(order)
    if reply.measured is None:
        raise Failed(reply.refused or "no measurement")
    return reply.measured


def _do(order: Order) -> Reply:
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'functions'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.child", msgspec.json.encode(order).decode()],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment,
    )
    if done.returncode:
        (CACHE / "failed.log").write_text(done.stderr)
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise Failed(f"{order.rival or order.do}: {last[0]} (the whole of it is in {CACHE / 'failed.log'})")
    return msgspec.json.decode(done.stdout, type=Reply)

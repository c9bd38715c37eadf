"""What the runs say: medians, ratios to rivals of the same round, and whether what must hold holds."""

from collections.abc import Callable, Sequence
from statistics import median

import msgspec

from tests.bench.cases import CASES, MEMORY_MB, Bound, Case, Measured
from tests.bench.runner import Result

MB = 1_000_000
_MILLION = 1_000_000


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """Our speed over a rival's: the median of the rounds by CPU seconds, with its extremes, and by the wall.

    What must hold is judged by CPU seconds, of all threads: the wall also tells who else uses the machine.
    Rows a second, by the wall, and the worst peak are the rival's own.
    """

    rival: str
    cpu: float
    least: float
    most: float
    wall: float
    rows_per_second: float
    peak_mb: float
    must: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the ratio is what it must be."""
        return self.must is None or self.cpu >= self.must


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the table: medians of all rounds. `peak_mb` is the worst."""

    case: str
    size: str
    rows: int
    refused: str = ""
    rows_per_second: float = 0.0
    mb: float = 0.0
    mb_per_second: float = 0.0
    cpu_seconds_per_million: float = 0.0
    peak_mb: float = 0.0
    ratios: list[Ratio] = []
    left_out: dict[str, str] = {}
    steps: dict[str, dict[str, float]] = {}
    verdict: str = ""

    @property
    def holds(self) -> bool:
        """Whether all that must hold holds."""
        return self.verdict == "holds"


def entry(result: Result) -> Entry:
    """Sum up the runs of a case at a size."""
    if result.refused:
        return Entry(
            case=result.case, size=result.size, rows=result.rows, refused=result.refused, verdict="not measured"
        )
    case = next(case for case in CASES if case.name == result.case)
    ratios = [_ratio(name, result.ours, runs, case) for name, runs in result.rivals.items()]
    peak = max(run.spent.peak for run in result.ours) / MB
    return Entry(
        case=result.case,
        size=result.size,
        rows=result.rows,
        rows_per_second=_median(result.ours, lambda run: run.rate),
        mb=result.ours[0].bytes / MB,
        mb_per_second=_median(result.ours, lambda run: run.bytes / MB / run.spent.wall),
        cpu_seconds_per_million=_median(result.ours, lambda run: _MILLION / run.cpu_rate),
        peak_mb=peak,
        ratios=ratios,
        left_out=result.left_out,
        steps=_steps(result.ours),
        verdict=_verdict(ratios, peak, case, result.left_out),
    )


def summary(found: Entry) -> str:
    """What to tell of a case while others are still to come."""
    if found.refused:
        return f"{found.case}, {found.size}: not measured"
    return (
        f"{found.case}, {found.size}: {found.rows_per_second:,.0f} rows/s in {found.peak_mb:,.0f} MB, {found.verdict}"
    )


def table(entries: Sequence[Entry]) -> str:
    """Lay the entries out for a person, each with its rivals below it."""
    lines = [_row("case", "size", "rows", "MB", "rows/s", "MB/s", "CPU s/M rows", "peak MB", "must hold")]
    lines.append("-" * len(lines[0]))
    for found in entries:
        lines += _lines(found)
    return "\n".join(lines) + "\n"


def _lines(found: Entry) -> list[str]:
    if found.refused:
        return [_row(found.case, found.size, f"{found.rows:,}", *("-",) * 5, f"NOT MEASURED: {found.refused}")]
    main = _row(
        found.case,
        found.size,
        f"{found.rows:,}",
        f"{found.mb:,.1f}",
        f"{found.rows_per_second:,.0f}",
        f"{found.mb_per_second:,.1f}",
        f"{found.cpu_seconds_per_million:,.1f}",
        f"{found.peak_mb:,.0f}",
        found.verdict,
    )
    return [main, *map(_ratio_line, found.ratios), *_left_out(found), *_step_lines(found)]


def _ratio_line(ratio: Ratio) -> str:
    must = "" if ratio.must is None else f", must be {ratio.must:g}: {'holds' if ratio.holds else 'FAILS'}"
    spread = f"{ratio.least:.2f} to {ratio.most:.2f}, by the wall {ratio.wall:.2f}{must}"
    own = f"itself {ratio.rows_per_second:,.0f} rows/s in {ratio.peak_mb:,.0f} MB"
    return f"    {ratio.cpu:7.2f} x {ratio.rival}: {spread}; {own}"


def _left_out(found: Entry) -> list[str]:
    return [f"          - x {rival} (not run: {why})" for rival, why in found.left_out.items()]


def _step_lines(found: Entry) -> list[str]:
    if len(found.steps) < 2:
        return []
    return [
        f"    {name:>9}: {spent['wall']:8.2f} s, {spent['cpu']:8.2f} s CPU, peak {spent['peak_mb']:4.0f} MB"
        for name, spent in found.steps.items()
    ]


def _row(case: str, *cells: str) -> str:
    widths = (8, 12, 9, 10, 8, 13, 8)
    rest = "".join(f"{cell:>{width}}" for cell, width in zip(cells[:-1], widths, strict=True))
    return f"{case:<26}{rest}  {cells[-1]}"


def _median(runs: Sequence[Measured], value: Callable[[Measured], float]) -> float:
    return median(value(run) for run in runs)


def _ratio(name: str, ours: Sequence[Measured], theirs: Sequence[Measured], case: Case) -> Ratio:
    walls = [our.rate / their.rate for our, their in zip(ours, theirs, strict=True)]
    cpus = [our.cpu_rate / their.cpu_rate for our, their in zip(ours, theirs, strict=True)]
    must = next((bound.at_least for bound in case.bounds if bound.rival == name), None)
    return Ratio(
        rival=name,
        cpu=median(cpus),
        least=min(cpus),
        most=max(cpus),
        wall=median(walls),
        rows_per_second=_median(theirs, lambda run: run.rate),
        peak_mb=max(run.spent.peak for run in theirs) / MB,
        must=must,
    )


def _verdict(ratios: Sequence[Ratio], peak: float, case: Case, left_out: dict[str, str]) -> str:
    broken = [f"{ratio.cpu:.2f} < {ratio.must:g} x {ratio.rival}" for ratio in ratios if not ratio.holds]
    if peak > MEMORY_MB:
        broken.append(f"{peak:.0f} > {MEMORY_MB} MB")
    if broken:
        return f"FAILS: {', '.join(broken)}"
    return "holds" + _unproven(case.bounds, left_out)


def _unproven(bounds: Sequence[Bound], left_out: dict[str, str]) -> str:
    unproven = [bound.rival for bound in bounds if bound.rival in left_out]
    return f" (speed beside {', '.join(unproven)} is measured at smaller sizes)" if unproven else ""


def _steps(runs: Sequence[Measured]) -> dict[str, dict[str, float]]:
    return {
        name: {
            "wall": median(run.steps[name].wall for run in runs),
            "cpu": median(run.steps[name].cpu for run in runs),
            "peak_mb": max(run.steps[name].peak for run in runs) / MB,
        }
        for name in runs[0].steps
    }

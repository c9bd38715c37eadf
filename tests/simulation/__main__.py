"""Breaks the service in every way that the scenarios and the chaos know, and says which promises held."""

import argparse
import os
import sys
import time
from collections.abc import Iterator

from tests.simulation.chaos import Script
from tests.simulation.faults import read_faults
from tests.simulation.hunt import hunt
from tests.simulation.plans import Failure, Report
from tests.simulation.runner import Summary, perform_all, quick, sum_up, whole
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.schedule import explain
from tests.simulation.shrink import command, kind_of, shrink
from tests.simulation.sites import all_sites

_SEEDS = 100
_QUICK_SEEDS = 10
_MOST_SHOWN = 10


def main() -> int:
    """Run what is asked for; 0 if all promises held."""
    _same_hashes()
    options = _options()
    if options.replay is not None:
        return _replay(options.scenario[0], options.seed, options.replay)
    if options.hunt:
        return _hunt(options.hunt, options.scenario)
    began = time.monotonic()
    tasks = quick(_QUICK_SEEDS) if options.quick else whole(options.seeds)
    if options.scenario:
        tasks = [task for task in tasks if task.scenario in options.scenario]
    summary = sum_up(_watched(perform_all(tasks, options.workers), len(tasks)))
    return _tell(summary, time.monotonic() - began, covers=not options.scenario)


def _watched(reports: Iterator[Report], tasks: int) -> Iterator[Report]:
    """Show each kind of failure when it is first met, and how far the work has come."""
    shown: set[str] = set()
    schedules = tenths = 0
    for number, report in enumerate(reports, 1):
        yield report
        schedules += report.schedules
        if 10 * number // tasks > tenths:
            tenths = 10 * number // tasks
            sys.stderr.write(f"{10 * tenths} % of the parts, {schedules:,} schedules\n")
        for failure in report.failures:
            if kind_of(failure) not in shown and len(shown) < _MOST_SHOWN:
                shown.add(kind_of(failure))
                _show(failure)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part that takes less than a minute")
    parser.add_argument("--scenario", choices=SCENARIOS, nargs="+", help="these only")
    parser.add_argument("--seed", type=int, default=0, help="of the schedule to replay")
    parser.add_argument("--replay", metavar="FAULTS", help="run one schedule, and print its log")
    parser.add_argument("--hunt", type=int, metavar="N", help="run up to N schedules, until the first that fails")
    parser.add_argument("--seeds", type=int, default=_SEEDS, help=f"of each scenario's storm ({_SEEDS})")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time (2)")
    options = parser.parse_args()
    if options.replay is not None and len(options.scenario or ()) != 1:
        parser.error("--replay needs one --scenario")
    return options


def _same_hashes() -> None:
    """Start anew with fixed hashes: the order of a set of strings must not differ between two runs of a schedule."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(  # noqa: S606  # itself
            sys.executable,
            [sys.executable, "-m", "tests.simulation", *sys.argv[1:]],
            os.environ | {"PYTHONHASHSEED": "0"},
        )


def _replay(name: str, seed: int, faults: str) -> int:
    outcome = explain(SCENARIOS[name], seed, Script(read_faults(faults)), _say)
    for problem in outcome.broken:
        _say(f"broken: {problem}")
    _say(f"violations={len(outcome.broken)}")
    return 1 if outcome.broken else 0


def _hunt(most: int, names: list[str] | None) -> int:
    scenarios = [SCENARIOS[name] for name in names or SCENARIOS]
    schedules, failure = hunt(most, [scenario for scenario in scenarios if scenario.share == 1])
    if failure is not None:
        _show(failure)
    _say(f"schedules={schedules} violations={0 if failure is None else 1}")
    return 0 if failure is None else 1


def _tell(summary: Summary, seconds: float, *, covers: bool) -> int:
    missed = summary.missed() if covers else []
    for site, side in missed:
        _say(f"never struck: {site}, {'before' if side == 'b' else 'after'} its effect")
    sides = 2 * len(all_sites())
    struck = sides - len(summary.missed())
    _say(
        f"scenarios={len(SCENARIOS)} schedules={summary.schedules} effects={struck}/{sides}"
        f" ({100 * struck // sides} %) seconds={seconds:.0f} in_ten_minutes={600 * summary.schedules / seconds:.0f}"
        f" processor={summary.seconds:.0f} violations={len(summary.failures)}"
    )
    return 1 if summary.failures or missed else 0


def _show(failure: Failure) -> None:
    smallest = shrink(failure, SCENARIOS[failure.scenario])
    _say(f"\n{failure.scenario}: {'; '.join(smallest.broken[:3])}")
    _say(f"  {command(smallest)}\n")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

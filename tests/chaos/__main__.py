"""`python -m tests.chaos`: a large storm, bounded in time. Exit code 1 if anything does not hold."""

import argparse
import sys
import time
from datetime import UTC, datetime

from infra.local.paths import new_run
from infra.local.stack import Stack, StackOptions
from tests.chaos.storm import Weather, settings_in, storm


def main() -> int:
    """Run the storm and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--share", type=float, default=0.05, help="share of requests and events that go wrong")
    parser.add_argument("--kills", type=int, default=100, help="how many functions are killed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--run-seconds", type=int, default=9, help="how long a function may run")
    parser.add_argument("--seconds", type=float, default=1800, help="patience until the last manifest")
    options = parser.parse_args()
    started = time.monotonic()
    weather = Weather(
        files=options.files,
        rows=options.rows,
        share=options.share,
        kills=options.kills,
        seed=options.seed,
        run_seconds=options.run_seconds,
    )
    settings = settings_in(weather)
    run = StackOptions(run=new_run(datetime.now(UTC)), tick_seconds=1.0, settings=settings, notice=lambda _: None)
    with Stack(run) as stack:
        report = storm(stack, weather, options.seconds)
    print(
        f"{report.rows} rows = {report.results} results + {report.errors} errors in {options.files} files; "
        f"{report.killed} functions killed, {report.storage_faults} storage and {report.vertex_faults} Vertex faults; "
        f"{time.monotonic() - started:.0f} s; violations={len(report.violations)}"
    )
    for violation in report.violations[:20]:
        print(f"  {violation}")
    return 1 if report.violations or report.rows != weather.rows else 0


if __name__ == "__main__":
    sys.exit(main())

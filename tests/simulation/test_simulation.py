"""The simulation in small, as part of the tests; and that it can be trusted."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.simulation.chaos import Script
from tests.simulation.faults import Fault, Kind, Point, Side, parse_fault, read_faults, write_faults
from tests.simulation.plans import Failure, chance
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.schedule import run
from tests.simulation.shrink import shrink
from tests.simulation.sites import all_sites
from tests.simulation.world import World

ROOT = Path(__file__).parents[2]


def test_a_minute_of_chaos_breaks_no_promise() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--quick"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"functions{os.pathsep}."},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "violations=0" in ran.stdout, ran.stdout + ran.stderr
    assert ran.returncode == 0


def test_a_schedule_is_the_same_each_time() -> None:
    scenario = SCENARIOS["coalesced-files"]
    first, second = (run(scenario, 5, chance(scenario, 5, 700)) for _ in range(2))
    assert first == second
    assert len(first.struck) > 1


def test_a_storm_and_the_replay_of_its_faults_are_the_same_run() -> None:
    scenario = SCENARIOS["throttled-create"]
    storm = run(scenario, 3, chance(scenario, 3, 600))
    replay = run(scenario, 3, Script(read_faults(write_faults(storm.struck))))
    assert replay == storm


@pytest.mark.parametrize(
    "text", ["submit-j1#1@12b!freeze=700", "finalized:x/a.jsonl!lose", "tick-3#2@1a!crash", "vertex:2!expire"]
)
def test_a_fault_is_read_as_it_was_written(text: str) -> None:
    assert str(parse_fault(text)) == text


@pytest.mark.parametrize("text", ["", "submit", "submit!sing", "@12b!crash"])
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fault|sing"):
        parse_fault(text)


def test_a_broken_promise_is_told_with_the_smallest_schedule_that_breaks_it() -> None:
    never_twice = msgspec.structs.replace(SCENARIOS["small-file"], also=_tries)
    jumps = tuple(Fault(Point("plan-j1-0#1", effect, Side.AFTER), Kind.JUMP, 5) for effect in (3, 5, 7))
    death = _at_create(Kind.DIE)
    outcome = run(never_twice, 0, Script((*jumps, death)))
    failure = Failure(scenario="small-file", seed=0, faults=outcome.struck, broken=outcome.broken)
    assert len(failure.faults) == 4
    assert shrink(failure, never_twice).faults == (death,)


def test_a_sleeper_wakes_after_its_batch_was_taken_over() -> None:
    outcome = run(msgspec.structs.replace(SCENARIOS["small-file"], also=_tries), 0, Script([_at_create(Kind.FREEZE)]))
    assert outcome.broken == ("a batch was tried 2 times",)


def test_every_call_of_a_port_in_the_steps_is_known() -> None:
    calls = {site.call for site in all_sites()}
    assert calls >= {"batches.create", "documents.commit", "objects.write_at"}
    assert len(all_sites()) > 100


def _at_create(kind: Kind) -> Fault:
    calm = run(SCENARIOS["small-file"], 0, Script(()), keep=True)
    point = next(point for point, site in calm.passed if site.call == "batches.create")
    return Fault(point, kind, 800)


def _tries(world: World) -> Iterator[str]:
    for batch in world.ledger.mirror.batches.values():
        if batch.tries > 1:
            yield f"a batch was tried {batch.tries} times"

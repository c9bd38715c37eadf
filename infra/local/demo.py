"""`make demo`: the samples through the whole service on this machine, with what became of them."""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.local.errors import run_for_person
from infra.local.paths import CACHE, SAMPLES, new_run, shown
from infra.local.progress import JobProgress, read_progress
from infra.local.report import differences, report, summary
from infra.local.results import ResultsFolder
from infra.local.screen import Screen
from infra.local.signals import end_on_signals
from infra.local.stack import Stack, StackOptions

OUTPUT_FOLDER = CACHE / "demo" / "output"
_SECONDS = 120.0
_SECONDS_WITH_A_REAL_MODEL = 3600.0
_LOOK_SECONDS = 0.25
_DROPPED = frozenset({".csv", ".jsonl", ".prompt"})

Expected = Mapping[str, Mapping[str, str | int]]


def main() -> int:
    """Run the demo. Returns 0 only if every job ended as `samples/expected.json` says."""
    end_on_signals()
    expected: Expected = json.loads((SAMPLES / "expected.json").read_text())
    run = new_run(datetime.now(UTC))
    seconds, model = _who_answers(os.environ)
    print("Starting Batchdrop on this machine: Firestore emulator, storage, Vertex, Eventarc, four functions ...")
    print(model)
    screen = Screen(sys.stdout)
    with Stack(StackOptions(run=run, notice=screen.say)) as stack:
        screen.say(f"up; logs in {shown(run)}")
        for name, path in samples():
            stack.upload(path, name)
        screen.say(
            f"dropped the samples into gs://batchdrop-input: {len(expected)} jobs; a few rows are broken on purpose\n"
        )
        jobs = _watch(stack, screen, expected.keys(), seconds)
        wrong = _conclude(stack, jobs, expected)
    shutil.rmtree(run / "storage", ignore_errors=True)
    print(*summary(wrong, run), sep="\n")
    if not wrong:
        print(f"All of it is in {shown(OUTPUT_FOLDER)}. To drop files of your own: make up")
    return 1 if wrong else 0


def samples() -> list[tuple[str, Path]]:
    """The samples to drop, by the name each gets in the input bucket."""
    paths = sorted(path for path in SAMPLES.rglob("*") if path.suffix in _DROPPED)
    return [(path.relative_to(SAMPLES).as_posix(), path) for path in paths]


def _who_answers(environment: Mapping[str, str]) -> tuple[float, str]:
    """Tell how long the jobs may take, in seconds, and what to tell the person about the answers."""
    if environment.get("OPENAI_BASE_URL"):
        return _SECONDS_WITH_A_REAL_MODEL, f"The model at {environment['OPENAI_BASE_URL']} answers."
    if environment.get("GEMINI_API_KEY"):
        return _SECONDS_WITH_A_REAL_MODEL, "Gemini answers, with your GEMINI_API_KEY."
    return _SECONDS, (
        "A stand-in model answers, by rule from the prompt. For a real one, set GEMINI_API_KEY,"
        " or OPENAI_BASE_URL and OPENAI_MODEL."
    )


def _watch(stack: Stack, screen: Screen, names: Iterable[str], seconds: float) -> list[JobProgress]:
    """Show progress until all jobs ended, or the time is up."""
    waiting, deadline = set(names), time.monotonic() + seconds
    while True:
        jobs = read_progress(stack.firestore)
        screen.show(jobs)
        if waiting <= {job.name for job in jobs if job.ended}:
            return jobs
        if time.monotonic() > deadline:
            screen.say(f"not all jobs ended within {seconds:g} s")
            return jobs
        time.sleep(_LOOK_SECONDS)


def _conclude(stack: Stack, jobs: Sequence[JobProgress], expected: Expected) -> dict[str, list[str]]:
    """Copy the results here, tell of each job, and return what is not as expected, by name."""
    shutil.rmtree(OUTPUT_FOLDER, ignore_errors=True)
    ResultsFolder(stack.storage, OUTPUT_FOLDER).update()
    last_states = {job.name: job.state for job in jobs}
    wrong: dict[str, list[str]] = {}
    for name, wanted in expected.items():
        manifest = stack.manifest(name)
        found = differences(wanted, manifest)
        if manifest is None:
            found.append(f"its last state was {last_states.get(name, 'none: it was never planned')}")
        else:
            print("", *report(OUTPUT_FOLDER, name, SAMPLES / name, manifest), sep="\n")
        if found:
            wrong[name] = found
    print()
    return wrong


if __name__ == "__main__":
    sys.exit(run_for_person(main))

"""`make up`: the service on this machine until Ctrl-C, with a folder to drop files into."""

import argparse
import contextlib
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from infra.local.errors import run_for_person
from infra.local.folder import Stamp, changes, look
from infra.local.installation import INPUT, OUTPUT, PROJECT
from infra.local.paths import CACHE, SAMPLES, new_run, shown
from infra.local.progress import read_progress
from infra.local.results import ResultsFolder
from infra.local.screen import Screen
from infra.local.signals import end_on_signals
from infra.local.stack import Ports, Stack, StackOptions

_LOOK_SECONDS = 0.5


def main() -> int:
    """Run until Ctrl-C."""
    end_on_signals()
    arguments = _parser().parse_args()
    ports = Ports(storage=arguments.storage_port, firestore=arguments.firestore_port, vertex=arguments.vertex_port)
    run = new_run(datetime.now(UTC))
    arguments.drop.mkdir(parents=True, exist_ok=True)
    arguments.results.mkdir(parents=True, exist_ok=True)
    screen = Screen(sys.stdout)
    with Stack(StackOptions(run=run, ports=ports, notice=screen.say)) as stack:
        print(_welcome(stack, arguments.drop, arguments.results), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            _serve(stack, screen, arguments.drop, arguments.results)
        print("\nEnding all of it ...")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local.up", description="Batchdrop on this machine.")
    parser.add_argument("drop", nargs="?", type=Path, default=CACHE / "drop", help="folder to watch")
    parser.add_argument("--results", type=Path, default=CACHE / "results", help="folder that results are copied to")
    for name in ("storage", "firestore", "vertex"):
        parser.add_argument(f"--{name}-port", type=int, default=0, help="a free one unless given")
    return parser


def _welcome(stack: Stack, drop: Path, results: Path) -> str:
    return f"""
Batchdrop is up. Ctrl-C ends all of it.

  Drop files here    {shown(drop)}   (copied to gs://{INPUT}; a file deleted here is deleted there)
  Results come here  {shown(results)}   (copied from gs://{OUTPUT})
  For example        cp -r {shown(SAMPLES)}/reviews {shown(drop)}/

  With any Google client:
    STORAGE_EMULATOR_HOST={stack.storage_url}
    FIRESTORE_EMULATOR_HOST={stack.firestore_host}   (project {PROJECT}, database {stack.database})
    Vertex AI at {stack.vertex_url}
  Logs               {shown(stack.logs)}
"""


def _serve(stack: Stack, screen: Screen, drop: Path, results: Path) -> None:
    copy = ResultsFolder(stack.storage, results)
    done: dict[str, Stamp] = {}
    before: dict[str, Stamp] = {}
    while True:
        now = look(drop)
        for line in _carry_over(stack, drop, done, changes_between=(before, now)):
            screen.say(line)
        before = now
        screen.show(read_progress(stack.firestore))
        for path in copy.update():
            screen.say(f"result  {shown(path)}")
        time.sleep(_LOOK_SECONDS)


def _carry_over(
    stack: Stack, drop: Path, done: dict[str, Stamp], changes_between: tuple[dict[str, Stamp], dict[str, Stamp]]
) -> list[str]:
    """Bring the bucket up to date with the folder; `done` keeps what was brought."""
    before, now = changes_between
    todo = changes(done, before, now)
    for name in todo.upload:
        with contextlib.suppress(FileNotFoundError):  # the next look will see that it is gone
            stack.upload(drop / name, name)
            done[name] = now[name]
    for name in todo.delete:
        stack.delete(name)
        del done[name]
    return [f"dropped  {name}" for name in todo.upload] + [f"deleted  {name}" for name in todo.delete]


if __name__ == "__main__":
    sys.exit(run_for_person(main))

"""Folders of this checkout. All that the local stack writes lies under `.cache` and `.venv`."""

import os
import shutil
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
RUNS = CACHE / "local"
FUNCTIONS = ROOT / "functions"
SAMPLES = Path(__file__).resolve().parent / "samples"
_RUNS_KEPT = 5


def new_run(now: datetime) -> Path:
    """Make the folder of a run's logs and objects, and remove all but the newest few."""
    RUNS.mkdir(parents=True, exist_ok=True)
    for old in sorted(RUNS.iterdir())[: -_RUNS_KEPT + 1]:
        if not _in_use(old):
            shutil.rmtree(old, ignore_errors=True)
    folder = RUNS / f"{now:%Y%m%d-%H%M%S-%f}-{os.getpid()}"
    folder.mkdir()
    return folder


def shown(path: Path) -> str:
    """Write a path as a person in the checkout would."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _in_use(run: Path) -> bool:
    pid = run.name.rpartition("-")[2]
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True

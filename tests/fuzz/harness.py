"""Fuzzing one target in a process of its own: `python -m tests.fuzz.harness <engine> <target> <seconds> <folder>`.

The folder takes the corpus that grows and the inputs that broke something. A check that raises ends the process.
"""

import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from hypothesis import given, settings

from tests.fuzz.inputs import INPUTS

MOST_BYTES = 4096
SEEDS = Path(__file__).parent / "seeds"
_CORPUS = Path(__file__).parents[1] / "corpus"
_SHARED = {"csv": "csv", "jsonl": "json", "native": "json", "request": "json"}
"""Targets that also begin with the cases of the corpus tests."""


def main() -> None:
    """Fuzz until the time is over."""
    engine, target, seconds, folder = sys.argv[1:]
    {"atheris": with_atheris, "hypothesis": with_hypothesis}[engine](target, int(seconds), Path(folder))


def with_atheris(target: str, seconds: int, folder: Path) -> None:
    """Let coverage of the data plane guide libFuzzer."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["batchdrop.rows"], enable_loader_override=False):
        check = _guarded(target)
    grown = folder / "corpus" / target
    broken = folder / "broken"
    for each in (grown, broken):
        each.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", f"-max_len={MOST_BYTES}", "-timeout=120", "-rss_limit_mb=1500"]
    quiet = ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={broken}/{target}-"]
    atheris.Setup([target, *options, *quiet, str(grown), *map(str, _seed_folders(target))], check)
    atheris.Fuzz()


def with_hypothesis(target: str, seconds: int, folder: Path) -> None:
    """Build inputs blindly, by Hypothesis: weaker, but it needs nothing that is not in the locks."""
    check = _guarded(target)

    @settings(database=None, deadline=None)
    @given(INPUTS[target])
    def one(data: bytes) -> None:
        check(data)

    random, until, runs = Random(1), time.monotonic() + seconds, 0
    fuzz = one.hypothesis.fuzz_one_input  # type: ignore[attr-defined]  # put there by `given`
    while time.monotonic() < until:
        data = random.randbytes(random.randrange(64, 2048))
        _keep_if_broken(fuzz, data, folder / "broken" / f"{target}-hypothesis")
        runs += 1
    sys.stdout.write(f"{target}: {runs} inputs\n")


def _keep_if_broken(fuzz: Callable[[bytes], object], data: bytes, path: Path) -> None:
    try:
        fuzz(data)
    except BaseException:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        raise


def _guarded(target: str) -> Callable[[bytes], None]:
    targets = importlib.import_module("tests.fuzz.targets").TARGETS
    guard: Callable[[bytes], None] = importlib.import_module("tests.fuzz.guard").Guard(targets[target])
    return guard


def _seed_folders(target: str) -> list[Path]:
    folders = [SEEDS / target]
    if target in _SHARED:
        folders.append(_CORPUS / _SHARED[target])
    return [folder for folder in folders if folder.is_dir()]


if __name__ == "__main__":
    main()

"""`python -m tests.fuzz`: every target for its share of the time; 1 if one broke."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "fuzz"
PACKAGES = CACHE / "packages"
NAMES = ("csv", "jsonl", "head", "compressed", "native", "request", "prompt", "answers")
_LEAST_SECONDS = 2
_TROUBLE = " === Uncaught Python exception"


def main(arguments: Sequence[str]) -> int:
    """Fuzz what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--targets", default=",".join(NAMES), help=f"of {', '.join(NAMES)}")
    asked = parser.parse_args(arguments)
    names = asked.targets.split(",")
    engine = _engine()
    share = max(_LEAST_SECONDS, asked.seconds // len(names))
    broken = [name for name in names if not _fuzz(engine, name, share)]
    _say(f"broken: {', '.join(broken)}; the inputs are in {CACHE / 'broken'}" if broken else "nothing broke")
    return int(bool(broken))


def _engine() -> str:
    """Atheris, which is installed on the first call; Hypothesis where it cannot be."""
    if (PACKAGES / "atheris").is_dir():
        return "atheris"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*pip, "--only-binary", ":all:", "--target", str(PACKAGES), "atheris"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return "atheris"
    reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    _say(f"!!! atheris could not be installed ({reason}): fuzzing without coverage, by Hypothesis")
    return "hypothesis"


def _fuzz(engine: str, name: str, seconds: int) -> bool:
    """Fuzz one target, and show what it said if it broke."""
    path = os.pathsep.join(map(str, (ROOT / "functions", ROOT, PACKAGES)))
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.harness", engine, name, str(seconds), str(CACHE)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
    )
    if done.returncode:
        _say(done.stdout[max(0, done.stdout.find(_TROUBLE)) :])
    _say(f"{name}: {'BROKEN' if done.returncode else 'fine'}, {_runs(done.stdout)}, {seconds} s by {engine}")
    return done.returncode == 0


def _runs(output: str) -> str:
    """The count of inputs, as the engine tells it."""
    for line in output.splitlines():
        if line.startswith("stat::number_of_executed_units:"):
            return f"{line.split()[-1]} inputs"
        if line.endswith(" inputs"):
            return line.partition(": ")[2]
    return "unknown number of inputs"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

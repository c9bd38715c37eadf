"""Take a safeguard away, and the simulation notices."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
_MOST_SCHEDULES = 1000


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_simulation_fails_within_a_thousand_schedules_without(mutant: Mutant, tmp_path: Path) -> None:
    functions = tmp_path / "functions"
    shutil.copytree(ROOT / "functions", functions, ignore=shutil.ignore_patterns("__pycache__"))
    mutant.apply(functions)
    ran = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--hunt", str(_MOST_SCHEDULES), "--scenario", *mutant.scenarios],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{functions}{os.pathsep}."},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert mutant.broken in ran.stdout
    assert "violations=1" in ran.stdout

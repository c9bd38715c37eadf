import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(400)
def test_a_small_storm_loses_no_row_and_pays_none_twice() -> None:
    weather = ["--files", "4", "--rows", "400", "--kills", "4", "--run-seconds", "4", "--seconds", "300"]
    storm = [sys.executable, "-m", "tests.chaos", *weather]
    run = subprocess.run(storm, cwd=ROOT, capture_output=True, text=True, check=False)
    told = run.stdout.splitlines()[-1] if run.stdout else run.stderr
    assert run.returncode == 0, told
    assert re.match(
        r"400 rows = \d+ results \+ \d+ errors in 4 files; [1-9]\d* functions killed, [1-9]\d* storage", told
    )
    assert told.endswith("violations=0")

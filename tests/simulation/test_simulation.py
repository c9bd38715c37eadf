import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
def test_no_crash_loss_or_delay_breaks_a_promise() -> None:
    simulation = [sys.executable, "-m", "tests.simulation", "--quick"]
    environment = {"PYTHONPATH": f"{ROOT / 'functions'}:{ROOT}"}
    run = subprocess.run(simulation, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert re.search(r"scenarios=\d+ schedules=[1-9]\d{2,} .* violations=0$", run.stdout.strip())

import contextlib
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.paths import ROOT, SAMPLES
from infra.local.ports import accepts, wait_until

SECONDS = 90.0


@contextlib.contextmanager
def command(log: Path, module: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run one of the commands, its output in a file, and make sure that it ends."""
    with log.open("wb") as out:
        process = subprocess.Popen(  # this Python, on our own modules
            [sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def endpoints(log: Path) -> list[tuple[str, int]]:
    """Wait until the stack is up, and read what it printed of endpoints."""
    wait_until(lambda: "Logs" in log.read_text(), SECONDS, f"the stack to be up, in {log}")
    found = re.findall(r"(127\.0\.0\.1):(\d+)", log.read_text())
    assert len(found) == 3
    return [(host, int(port)) for host, port in found]


def none_accepts(endpoints: list[tuple[str, int]]) -> bool:
    return not any(accepts(host, port) for host, port in endpoints)


def test_the_demo_ends_well_and_tells_of_every_job(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with command(log, "infra.local.demo") as demo:
        code = demo.wait(SECONDS)
    output = log.read_text()
    assert code == 0, output
    for name, expected in json.loads((SAMPLES / "expected.json").read_text()).items():
        assert f"{name}: {expected['state']}, {expected['rows']} rows" in output
    assert "Every job ended as it should." in output


def test_a_dropped_file_comes_back_answered_and_ctrl_c_ends_everything(tmp_path: Path) -> None:
    log, drop, results = tmp_path / "log", tmp_path / "drop", tmp_path / "results"
    with command(log, "infra.local.up", str(drop), "--results", str(results)) as up:
        listening = endpoints(log)
        assert all(accepts(host, port) for host, port in listening)
        (drop / "greetings").mkdir()
        (drop / "greetings" / "names.csv").write_text("id,name\n1,Ada\n2,Grace\n")
        (drop / "greetings" / "default.prompt").write_text("---\nmodel: gemini-3.5-flash-lite\n---\nGreet {{name}}.\n")
        manifest = results / "greetings" / "names.csv" / "manifest.json"
        wait_until(manifest.is_file, SECONDS, f"{manifest}; see {log}")
        up.send_signal(signal.SIGINT)
        code = up.wait(SECONDS)
    assert code == 0, log.read_text()
    assert json.loads(manifest.read_text())["counts"]["results"] == 2
    (file,) = manifest.parent.glob("*/results.csv")
    assert file.read_text().startswith("id,name,")
    assert none_accepts(listening)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running_however_the_command_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    log = tmp_path / "log"
    with command(log, "infra.local.up", str(tmp_path / "drop"), "--results", str(tmp_path / "results")) as up:
        listening = endpoints(log)
        up.send_signal(number)
        up.wait(SECONDS)
        wait_until(lambda: none_accepts(listening), 20.0, f"the end of {listening}")

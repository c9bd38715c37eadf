"""`pip install .` gives the command, in an environment of its own."""

import json
import os
import site
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NATIVE = '{"request": {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}}\n'


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed from a wheel; what it depends on comes from the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(ROOT)],
        check=True,
    )
    venv.create(folder / "own", with_pip=False)
    (wheel,) = folder.glob("*.whl")
    own = folder / "own" / "bin" / "python"
    subprocess.run(
        [*pip, "--python", str(own), "install", "--no-deps", "--no-index", str(wheel)],
        check=True,
    )
    (packages,) = (folder / "own" / "lib").glob("python*/site-packages")
    (packages / "tests.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return folder / "own" / "bin" / "batchdrop"


def test_the_installed_command_checks_a_file_without_settings_or_credentials(command: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(NATIVE * 3)
    run = subprocess.run(
        [command, "check", "a.jsonl", "--model", "gemini-3.5-flash", "--json"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(run.stdout)
    assert (found["outlook"], found["rows"]) == ("runs", 3)
    assert found["estimate"]["cost"]["currency"] == "USD"


def test_the_package_depends_on_what_the_lock_allows_and_on_no_client_of_the_cloud() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    allowed = {line.split("  #")[0].strip() for line in (ROOT / "requirements.in").read_text().splitlines()}
    assert set(project["dependencies"]) <= allowed
    assert not [name for name in project["dependencies"] if name.startswith(("google-cloud", "functions-framework"))]

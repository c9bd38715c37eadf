"""The real terraform, on a temporary copy of what it reads."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import msgspec

ROOT = Path(__file__).parents[2]

REQUIRED = "BATCHDROP_REQUIRE_TERRAFORM"
"""Set where a missing terraform must fail the suite instead of skipping a part of it."""

_INIT_SECONDS = 400.0
_RUN_SECONDS = 240.0
_READ = ("functions", "infra", "requirements.txt", "pyproject.toml")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".terraform*", "local", "*.tfstate*")

_LOCAL_BACKEND = """terraform {
  backend "local" {}
}
"""
"""Instead of the bucket with the state, which a test has no rights on."""

Json = dict[str, Any]


class Unavailable(Exception):
    """Terraform cannot be run here; the message says why and what to do."""


class Ran(msgspec.Struct, frozen=True):
    """How a command ended, and all that it said."""

    code: int
    said: str


class Terraform:
    """Runs commands in one folder of the copy, `infra` unless told."""

    def __init__(self, copy: Path, folder: str = "infra") -> None:
        self._copy = copy
        self.folder = copy / folder

    @classmethod
    def on_copy(cls, to: Path) -> Self:
        """Copy what terraform reads."""
        for name in _READ:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, to / name, ignore=_LEFT_OUT)
            else:
                shutil.copy(ROOT / name, to / name)
        (to / "infra" / "backend_override.tf").write_text(_LOCAL_BACKEND)
        return cls(to)

    def at(self, folder: str) -> "Terraform":
        """Run in another folder of the same copy."""
        return Terraform(self._copy, folder)

    def init(self) -> None:
        """Fetch the providers.

        Raises:
            Unavailable: there is no terraform, or it gets no providers.
        """
        if shutil.which("terraform") is None:
            raise Unavailable("there is no terraform on the PATH; install Terraform 1.11 or newer")
        ran = self.run("init", "-input=false", seconds=_INIT_SECONDS)
        if ran.code != 0:
            said = " ".join(ran.said.split())
            error = said[max(said.find("Error: "), 0) :][:300]
            raise Unavailable(f"terraform init failed; it needs the provider registry. It said: {error}")

    def run(self, *arguments: str, seconds: float = _RUN_SECONDS) -> Ran:
        """Run a command to its end."""
        command = ["terraform", arguments[0], "-no-color", *arguments[1:]]
        try:
            ended = subprocess.run(
                command,
                cwd=self.folder,
                env=_environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Ran(-1, f"{' '.join(command)} did not end within {seconds:.0f} s")
        return Ran(ended.returncode, ended.stdout)

    def planned(self, test_file: str) -> Json:
        """Run one file of tests, and return the plan of its only run as JSON."""
        ran = self.run("test", f"-filter=tests/{test_file}", "-verbose", "-json")
        plans = [message["test_plan"] for message in _messages(ran.said) if message["type"] == "test_plan"]
        if ran.code != 0 or len(plans) != 1:
            raise AssertionError(f"{test_file} gave {len(plans)} plans: {ran.said[:5000]}")
        plan: Json = plans[0]
        return plan

    def evaluated(self, expression: str) -> Any:  # any JSON
        """What an expression of the configuration gives, from files and defaults alone."""
        command = ["terraform", "console", "-var=project_id=acme-batch"]
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=_environment(),
            input=f"jsonencode({expression})\n",
            capture_output=True,
            text=True,
            timeout=_RUN_SECONDS,
            check=False,
        )
        if ended.returncode != 0:
            raise AssertionError(f"{expression} cannot be evaluated: {ended.stderr[-2000:]}")
        return json.loads(json.loads(ended.stdout))


def _messages(said: str) -> Iterator[Json]:
    for line in said.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def _environment() -> dict[str, str]:
    """The registry is asked once and not for long; what it gave is kept for the next run."""
    kept = ROOT / ".cache" / "terraform-plugins"
    kept.mkdir(parents=True, exist_ok=True)
    patience = {"TF_REGISTRY_DISCOVERY_RETRY": "0", "TF_REGISTRY_CLIENT_TIMEOUT": "10"}
    quiet = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    cache = {"TF_PLUGIN_CACHE_DIR": str(kept), "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1"}
    return {**cache, **patience, **quiet, **os.environ}

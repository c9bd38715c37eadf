"""Running gcloud."""

import json
import subprocess
from typing import Any


class GcloudFailed(Exception):
    """A gcloud command failed; the message has the command and what it said."""


def gcloud(*arguments: str) -> str:
    """Run a command and return what it printed.

    Raises:
        GcloudFailed: it ended with an error.
    """
    command = ["gcloud", *arguments, "--quiet"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise GcloudFailed(f"{' '.join(command)}: {ended.stderr.strip()}")
    return ended.stdout


def described(*arguments: str) -> dict[str, Any]:
    """Run a command that prints JSON, and return it."""
    found: dict[str, Any] = json.loads(gcloud(*arguments, "--format=json"))
    return found

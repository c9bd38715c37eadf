"""Try an installation: python3 -m infra.deploy.smoke OUTPUTS.json --model MODEL.

First a file of which too little is sound: its manifest shows that events, functions, database and buckets work
together, within minutes and for nothing. Then one of two rows that Gemini answers, which waits in Vertex's queue.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.deploy.gcloud import GcloudFailed, gcloud
from infra.deploy.outputs import Outputs, read_outputs
from infra.deploy.subscriptions import check

_BROKEN_LINES = 20


class SmokeFailed(Exception):
    """What was tried did not come to what it should; the message says what to look at."""


@dataclass(frozen=True)
class Trial:
    """One file to drop, the state its job must end in, and the seconds to wait for that."""

    name: str
    content: str
    state: str
    seconds: float


def trials(wait_seconds: float) -> tuple[Trial, ...]:
    """The files, in the order in which they are tried."""
    return (
        Trial("refused.jsonl", _request("yes") + "no request\n" * _BROKEN_LINES, "REJECTED", min(wait_seconds, 900)),
        Trial("asked.jsonl", "".join(_request(word) for word in ("yes", "no")), "SUCCEEDED", wait_seconds),
    )


def smoke(outputs: Outputs, folder: str, model: str, wait_seconds: float, every_seconds: float) -> None:
    """Try all of it; what was dropped and made is deleted if it went well.

    Raises:
        SmokeFailed: something did not.
    """
    wrong = check(outputs)
    if wrong:
        raise SmokeFailed("Subscriptions are not as they should be: " + "; ".join(wrong))
    _put(outputs, f"{folder}/default.prompt", f"---\nmodel: {model}\n---\n")
    for trial in trials(wait_seconds):
        _put(outputs, f"{folder}/{trial.name}", trial.content)
        manifest = _manifest(outputs, f"{folder}/{trial.name}", trial.seconds, every_seconds)
        if manifest["state"] != trial.state:
            raise SmokeFailed(f"{trial.name} ended {manifest['state']}, not {trial.state}: {manifest.get('reason')}")
        print(f"{trial.name} ended {trial.state}, as it should.")
    gcloud("storage", "rm", "--recursive", f"gs://{outputs.input_bucket}/{folder}")
    gcloud("storage", "rm", "--recursive", f"gs://{outputs.output_bucket}/{folder}")


def _request(word: str) -> str:
    content = {"role": "user", "parts": [{"text": f"Answer with the single word {word}."}]}
    return json.dumps({"request": {"contents": [content]}}) + "\n"


def _put(outputs: Outputs, name: str, content: str) -> None:
    with tempfile.TemporaryDirectory() as here:
        file = Path(here, "file")
        file.write_text(content)
        gcloud("storage", "cp", str(file), f"gs://{outputs.input_bucket}/{name}")


def _manifest(outputs: Outputs, name: str, seconds: float, every_seconds: float) -> dict[str, Any]:
    """Wait for a file's manifest."""
    manifest = f"gs://{outputs.output_bucket}/{name}/manifest.json"
    deadline = time.monotonic() + seconds
    while True:
        try:
            found: dict[str, Any] = json.loads(gcloud("storage", "cat", manifest))
        except GcloudFailed as missing:
            if time.monotonic() >= deadline:
                raise SmokeFailed(f"No {manifest} after {seconds:.0f} s; the input stays. {missing}") from missing
            time.sleep(every_seconds)
        else:
            return found


def main(arguments: Sequence[str]) -> int:
    """Try an installation."""
    parser = argparse.ArgumentParser(prog="python3 -m infra.deploy.smoke")
    parser.add_argument("outputs", type=Path, help="what `terraform output -json` printed")
    parser.add_argument("--model", required=True, help="the model to ask")
    parser.add_argument("--folder", default=f"smoke/{os.environ.get('BUILD_ID') or int(time.time())}")
    parser.add_argument("--wait-seconds", type=float, default=3600, help="for the answer of the two rows")
    parser.add_argument("--every-seconds", type=float, default=15)
    given = parser.parse_args(arguments)
    try:
        smoke(read_outputs(given.outputs), given.folder, given.model, given.wait_seconds, given.every_seconds)
    except SmokeFailed as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Measures a job of many rows, from create to its end: `python -m infra.local.vertex.measure --rows 200000`.

The server and a storage stand-in run as processes of their own, in a temporary folder.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import orjson

_ROOT = Path(__file__).parents[3]
_BUCKET = "measured"
_JOBS = "/v1/projects/measured/locations/global/batchPredictionJobs"
_LABELS = ["positive", "negative", "neutral", "mixed"]
_WORDS = """great broke arrived late love waste money nice colour works poorly refund asked quick delivery cable battery
box soft never again the it was with for and very not a but my""".split()  # noqa: SIM905  # a text is easier to read
_REVIEW_WORDS = 30
_LOOK_S = 0.2
_ANSWER_S = 60.0


class Measured(msgspec.Struct, frozen=True):
    """Seconds from create to the end, CPU seconds and peak memory (MB) of the server's process."""

    rows: int
    seconds: float
    cpu_s: float
    peak_mb: float


def main(arguments: Sequence[str]) -> int:
    """Measure, and say what came out."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.vertex.measure", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    found = measured(parser.parse_args(arguments).rows)
    print(
        f"{found.rows} rows in {found.seconds:.1f} s ({found.rows / found.seconds:.0f} rows/s),"
        f" {found.cpu_s:.1f} s of CPU, {found.peak_mb:.0f} MB at most"
    )
    return 0


def measured(rows: int) -> Measured:
    """Run one job of `rows` rows that classify short reviews by a schema."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vertex-measure-")))
        storage, _ = stack.enter_context(_process("infra.local.storage", "--root", str(folder / "storage")))
        _put(storage, _written(folder / "in.jsonl", rows))
        quick = ("--queue-s", "0", "--pending-s", "0", "--run-s", "0", "--answers", "stand-in")
        url, child = stack.enter_context(_process("infra.local.vertex", "--storage", storage, *quick))
        begun = time.monotonic()
        _run(url, rows)
        seconds = time.monotonic() - begun
        child.terminate()
        _, _, used = os.wait4(child.pid, 0)
    kilobyte = 1024 if sys.platform == "darwin" else 1
    return Measured(rows, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / kilobyte / 1024)


@contextmanager
def _process(module: str, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server as a child, and its URL, which it prints first."""
    command = [sys.executable, "-m", module, "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        try:
            yield next(iter(child.stdout or ())).split()[-1], child
        finally:
            child.terminate()


def _written(path: Path, rows: int) -> Path:
    chance = random.Random(rows)  # noqa: S311  # texts, not secrets
    with path.open("wb") as file:
        for row in range(rows):
            review = " ".join(chance.choices(_WORDS, k=_REVIEW_WORDS))
            file.write(orjson.dumps({"custom_id": f"r-{row}", "request": _request(review)}) + b"\n")
    return path


def _request(review: str) -> dict[str, Any]:
    properties = {"sentiment": {"type": "STRING", "enum": _LABELS}, "reason": {"type": "STRING"}}
    return {
        "systemInstruction": {"parts": [{"text": "You label reviews of a shop."}]},
        "contents": [{"role": "user", "parts": [{"text": f"Review: {review}"}]}],
        "generationConfig": {
            "temperature": 0,
            "responseMimeType": "application/json",
            "responseSchema": {"type": "OBJECT", "properties": properties, "required": list(properties)},
        },
    }


def _put(storage: str, path: Path) -> None:
    httpx.post(f"{storage}/storage/v1/b", params={"project": "measured"}, json={"name": _BUCKET}).raise_for_status()
    with path.open("rb") as file:
        httpx.post(
            f"{storage}/upload/storage/v1/b/{_BUCKET}/o",
            params={"uploadType": "media", "name": "in.jsonl"},
            content=file,
            timeout=_ANSWER_S,
        ).raise_for_status()


def _run(url: str, rows: int) -> None:
    body = {
        "displayName": "measured",
        "model": "publishers/google/models/gemini-3.5-flash",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [f"gs://{_BUCKET}/in.jsonl"]}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": f"gs://{_BUCKET}/out"}},
    }
    with httpx.Client(base_url=url, timeout=_ANSWER_S) as client:
        name = client.post(_JOBS, json=body).raise_for_status().json()["name"]
        while "endTime" not in (job := client.get(f"/v1/{name}").raise_for_status().json()):
            time.sleep(_LOOK_S)
    if job.get("completionStats") != {"successfulCount": str(rows)}:
        raise RuntimeError(f"The job ended in {job['state']}: {job.get('error') or job.get('completionStats')}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

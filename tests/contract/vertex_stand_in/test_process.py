"""The Vertex stand-in as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from google.cloud.storage import Client as StorageClient

from infra.local.storage import StorageServer
from infra.local.vertex.__main__ import model_of
from infra.local.vertex.control import VertexControl
from infra.local.vertex.gcs import GcsStorage
from infra.local.vertex.models.stand_in import StandIn
from tests.contract.vertex_stand_in.support import numbered, rigged, until

_ROOT = Path(__file__).parents[3]
_STARTED = "vertex listening on "
_LIGHT = """
import sys, infra.local.vertex.__main__
heavy = {"google.api_core", "google.auth", "google.cloud.aiplatform_v1", "batchdrop"} & set(sys.modules)
print(", ".join(sorted(heavy)))
"""


_NOWHERE = "http://127.0.0.1:9"
_JOBS = "/v1/projects/p/locations/global/batchPredictionJobs"
_QUICK = ("--queue-s", "0", "--pending-s", "0", "--run-s", "0")


def job_of(uri: str, output: str) -> Mapping[str, object]:
    return {
        "displayName": "x",
        "model": "publishers/google/models/gemini-3.5-flash",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [uri]}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": output}},
    }


def state_of(url: str, name: str) -> str:
    return str(httpx.get(f"{url}/v1/{name}").json()["state"])


@contextmanager
def process(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server as a child, and its URL."""
    command = [sys.executable, "-m", "infra.local.vertex", *arguments]
    over = {**os.environ, **(environment or {})}
    with subprocess.Popen(command, cwd=_ROOT, env=over, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield child, child.stdout.readline().strip().removeprefix(_STARTED)
        finally:
            child.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_with_zero_on_a_signal(number: signal.Signals) -> None:
    with process("--storage", _NOWHERE) as (child, url):
        jobs = httpx.get(f"{url}{_JOBS}")
        child.send_signal(number)

        assert child.wait(timeout=10) == 0
        assert (jobs.status_code, jobs.json()) == (200, {})


def test_it_ends_soon_while_a_model_keeps_it_waiting(
    storage_server: StorageServer, storage_client: StorageClient
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, rigged(storage_server.url, storage_client) as rig:
        model = {"OPENAI_BASE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}", "OPENAI_MODEL": "m"}
        body = job_of(rig.put("in.jsonl", numbered(10)), f"gs://{rig.bucket.name}/out")
        with process("--storage", storage_server.url, *_QUICK, environment=model) as (child, url):
            httpx.post(f"{url}{_JOBS}", json=body).raise_for_status()
            silent.settimeout(40)
            silent.accept()[0].close()
            silent.accept()[0].close()
            child.terminate()

            assert child.wait(timeout=10) == 0
        assert rig.outputs() == []


def test_its_storage_may_be_away_when_a_job_needs_it() -> None:
    with process("--storage", _NOWHERE, *_QUICK) as (_, url):
        name = httpx.post(f"{url}{_JOBS}", json=job_of("gs://bucket/in.jsonl", "gs://bucket/out")).json()["name"]
        while "error" not in (job := httpx.get(f"{url}/v1/{name}").json()):
            assert job["state"] in {"JOB_STATE_QUEUED", "JOB_STATE_PENDING"}

    assert (job["state"], job["error"]["code"]) == ("JOB_STATE_FAILED", 13)


def test_its_time_can_be_made_to_stand_still_and_moved_by_hand() -> None:
    with (
        process("--storage", _NOWHERE, "--clock", "standing", "--queue-s", "3600") as (_, url),
        VertexControl(url) as control,
    ):
        name = httpx.post(f"{url}{_JOBS}", json=job_of("gs://bucket/in.jsonl", "gs://bucket/out")).json()["name"]
        begun = control.now()
        until(lambda: state_of(url, name) == "JOB_STATE_QUEUED")
        assert control.advance(3600) == begun + timedelta(hours=1)
        until(lambda: state_of(url, name) != "JOB_STATE_QUEUED")


def test_it_imports_no_client_of_google_and_nothing_of_the_service() -> None:
    finished = subprocess.run([sys.executable, "-c", _LIGHT], cwd=_ROOT, capture_output=True, text=True, check=False)

    assert (finished.stdout, finished.stderr) == ("\n", "")


@pytest.mark.parametrize(
    ("environment", "answers"),
    [
        ({}, "StandIn"),
        ({"GEMINI_API_KEY": "k"}, "Gemini"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_MODEL": "m", "GEMINI_API_KEY": "k"}, "OpenAI"),
    ],
)
def test_the_environment_says_who_answers(environment: Mapping[str, str], answers: str) -> None:
    storage = GcsStorage(_NOWHERE)
    model = model_of("auto", environment, storage, StandIn())

    assert type(model).__name__ == answers
    model.close()
    storage.close()


def test_an_address_without_a_model_is_refused_with_the_remedy() -> None:
    storage = GcsStorage(_NOWHERE)
    with pytest.raises(SystemExit, match="Set OPENAI_BASE_URL and OPENAI_MODEL"):
        model_of("auto", {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, storage, StandIn())
    storage.close()

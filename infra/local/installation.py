"""The names of the local installation, and the environments of its processes."""

import os
from collections.abc import Mapping

from infra.local.ports import LOOPBACK

PROJECT = "batchdrop-local"
DATABASE = "batchdrop"
MODEL = "gemini-3.5-flash-lite"
INPUT, WORK = "batchdrop-input", "batchdrop-work"
PREDICTIONS, OUTPUT = "batchdrop-predictions", "batchdrop-output"
BUCKETS = (INPUT, WORK, PREDICTIONS, OUTPUT)

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ")


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """Keep the few variables that a local process needs: no proxy and no credential is among them."""
    return {name: environment[name] for name in _INHERITED if name in environment}


def function_environment(
    *, firestore_host: str, storage_url: str, vertex_url: str, database: str, over: Mapping[str, str]
) -> dict[str, str]:
    """Make the functions' environment: the settings of the service and the three endpoints, then `over`."""
    return {
        **inherited(os.environ),
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "INPUT_BUCKET": INPUT,
        "WORK_BUCKET": WORK,
        "PREDICTIONS_BUCKET": PREDICTIONS,
        "OUTPUT_BUCKET": OUTPUT,
        "FIRESTORE_DATABASE": database,
        "FIRESTORE_EMULATOR_HOST": firestore_host,
        "STORAGE_EMULATOR_HOST": storage_url,
        "VERTEX_ENDPOINT": vertex_url,
        "VERTEX_LOCATION": "global",
        # Else the client asks for each bucket's metadata in the background, for traces that nobody collects.
        "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA": "true",
        "DEFAULT_MODEL": MODEL,
        **over,
    }


def model_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Make the Vertex stand-in's environment: everything, for GEMINI_API_KEY or OPENAI_*; no proxy to ourselves."""
    around = ",".join(filter(None, [environment.get("NO_PROXY", ""), LOOPBACK, "localhost"]))
    return {**environment, "NO_PROXY": around, "no_proxy": around}

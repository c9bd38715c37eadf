"""Serves the stand-in until it is told to stop: `python -m infra.local.vertex --storage URL`."""

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing

from infra.local.vertex.gcs import GcsStorage
from infra.local.vertex.models.base import Model
from infra.local.vertex.models.gemini import Gemini, GeminiAccess
from infra.local.vertex.models.openai import OpenAI, OpenAIAccess
from infra.local.vertex.models.stand_in import StandIn
from infra.local.vertex.ports import Storage
from infra.local.vertex.server import VertexServer
from infra.local.vertex.settings import Settings

_DEFAULTS = Settings()


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve; returns when a signal has ended it."""
    options = _options().parse_args(arguments)
    settings = Settings(
        queue_s=options.queue_s,
        pending_s=options.pending_s,
        run_s=options.run_s,
        max_running=options.max_running,
        models=tuple(options.models) or _DEFAULTS.models,
        any_current=not options.models,
    )
    with closing(GcsStorage(options.storage)) as storage:
        _serve(options, settings, storage, environment)
    return 0


def _serve(options: argparse.Namespace, settings: Settings, storage: Storage, environment: Mapping[str, str]) -> None:
    server = VertexServer(
        storage=storage,
        model=model_of(options.answers, environment, storage),
        settings=settings,
        host=options.host,
        port=options.port,
    )
    # The server hands a signal on once it has ended; here it has done its work.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    # Jobs compute in threads: callers of the API must not wait five milliseconds for each step of theirs.
    sys.setswitchinterval(0.0005)
    print(f"vertex listening on {server.url}", flush=True)
    server.serve()


def model_of(answers: str, environment: Mapping[str, str], storage: Storage) -> Model:
    """Who answers: as named, or with `auto` the first that the environment has an address or a key for."""
    base_url, key = environment.get("OPENAI_BASE_URL", ""), environment.get("GEMINI_API_KEY", "")
    if answers == "openai" or (answers == "auto" and base_url):
        name = environment.get("OPENAI_MODEL", "")
        if not base_url or not name:
            raise SystemExit("Set OPENAI_BASE_URL and OPENAI_MODEL to answer with an OpenAI-compatible server.")
        return OpenAI(OpenAIAccess(base_url, name, environment.get("OPENAI_API_KEY", "")), storage)
    if answers == "gemini" or (answers == "auto" and key):
        if not key:
            raise SystemExit("Set GEMINI_API_KEY to answer with Gemini.")
        return Gemini(GeminiAccess(key), storage)
    return StandIn()


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local.vertex", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--storage", required=True, help="base URL of the Cloud Storage JSON API")
    parser.add_argument("--queue-s", type=float, default=_DEFAULTS.queue_s, help="time in QUEUED")
    parser.add_argument("--pending-s", type=float, default=_DEFAULTS.pending_s, help="least time in PENDING")
    parser.add_argument("--run-s", type=float, default=_DEFAULTS.run_s, help="least time in RUNNING")
    parser.add_argument("--max-running", type=int, default=_DEFAULTS.max_running, help="jobs at work at once")
    parser.add_argument("--models", nargs="*", default=(), help="the only model ids that exist")
    parser.add_argument("--answers", choices=("auto", "stand-in", "gemini", "openai"), default="auto")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

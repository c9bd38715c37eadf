"""Serves the stand-in until it is told to stop: `python -m infra.local.vertex --storage URL`."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing

from infra.local.vertex.clock import SimClock
from infra.local.vertex.gcs import GcsStorage
from infra.local.vertex.models.base import Model
from infra.local.vertex.models.gemini import Gemini, GeminiAccess
from infra.local.vertex.models.openai import OpenAI, OpenAIAccess
from infra.local.vertex.models.stand_in import StandIn
from infra.local.vertex.options import parsed, settings_of
from infra.local.vertex.ports import Storage
from infra.local.vertex.server import VertexServer


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve; returns when a signal has ended it."""
    options = parsed(arguments)
    # What jobs do, for the person who waits for them; httpx would tell of every request.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("infra.local.vertex").setLevel(logging.INFO)
    with closing(GcsStorage(options.storage)) as storage:
        _serve(options, storage, environment)
    return 0


def _serve(options: argparse.Namespace, storage: Storage, environment: Mapping[str, str]) -> None:
    stand_in = StandIn(implicit_cache=options.implicit_cache)
    server = VertexServer(
        storage=storage,
        model=model_of(options.answers, environment, storage, stand_in),
        settings=settings_of(options),
        clock=SimClock(standing=options.clock == "standing"),
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


def model_of(answers: str, environment: Mapping[str, str], storage: Storage, stand_in: Model) -> Model:
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
    return stand_in


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

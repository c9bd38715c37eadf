"""`python -m infra.local.storage --port 0 --root DIR [--notify URL]`, until SIGTERM or SIGINT."""

import argparse
import logging
import signal
import threading
from contextlib import ExitStack
from pathlib import Path

from infra.local.storage.events import HttpNotifier
from infra.local.storage.server import StorageServer


def main() -> None:
    """Serve until a signal comes."""
    arguments = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="storage: %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with ExitStack() as stack:
        notifiers = [HttpNotifier(url) for url in arguments.notify]
        server = StorageServer(arguments.root, listeners=notifiers, host=arguments.host, port=arguments.port)
        stack.enter_context(server)
        for notifier in notifiers:
            stack.enter_context(notifier)
        print(f"storage listening on {server.url}", flush=True)
        stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local.storage", description="A stand-in for Cloud Storage.")
    parser.add_argument("--root", type=Path, required=True, help="the folder that holds everything")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument(
        "--notify", action="append", default=[], metavar="URL", help="post every event there; repeatable"
    )
    return parser


if __name__ == "__main__":
    main()

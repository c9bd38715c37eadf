"""Takes the storage stand-in's notices: `POST /` with `{"type", "bucket", "data": object resource}`."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.local.ports import LOOPBACK

Notice = Callable[[str, str, dict[str, Any]], None]
"""Takes the event's type, the bucket and the object resource."""


class Receiver:
    """An HTTP server for notices, in threads of its own."""

    def __init__(self, take: Notice, port: int = 0) -> None:
        self._server = _Server((LOOPBACK, port), _handler(take))
        self.url = f"http://{LOOPBACK}:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="eventarc-receiver")

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End, and free the port."""
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


def _handler(take: Notice) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            try:
                notice = json.loads(body)
                take(notice["type"], notice["bucket"], notice["data"])
            except (ValueError, KeyError, TypeError) as error:
                self.send_error(400, f"not a notice: {type(error).__name__}")
                return
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Keep the terminal for the person in front of it."""

    return Handler

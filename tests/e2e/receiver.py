"""A tiny HTTP server that stands where a function would."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from infra.local.ports import wait_until


@dataclass(frozen=True, slots=True)
class Received:
    """One request; header names are lower-case."""

    headers: dict[str, str]
    body: bytes


class Receiver:
    """Keeps every request, and answers the n-th, from 0, with `answer(n)`."""

    def __init__(self, answer: Callable[[int], int] = lambda _: 204) -> None:
        self.received: list[Received] = []
        self.most_at_once = 0
        self._at_once = 0
        self._answer = answer
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(self, count: int, seconds: float = 20.0) -> list[Received]:
        """Wait for so many requests, and return all."""
        wait_until(lambda: len(self.received) >= count, seconds, f"{count} requests")
        return list(self.received)

    def _take(self, received: Received) -> int:
        with self._lock:
            number = len(self.received)
            self.received.append(received)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return self._answer(number)
        finally:
            with self._lock:
                self._at_once -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(take(Received(headers, body)))
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
                pass

        return Handler

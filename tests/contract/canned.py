"""A server that says what it is told to, for answers that no stand-in would give."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """One reply; status 0 closes the connection without any."""

    status: int
    body: bytes = b"{}"
    headers: dict[str, str] = {}


class CannedServer:
    """Gives its answers one after the other, the last again and again, and remembers the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self._answers = list(answers)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def say(self, *answers: Answer) -> None:
        """Give these answers after those."""
        self._answers.extend(answers)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _next(self) -> Answer:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        canned = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the name that http.server calls
                self._reply()

            do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815  # the names that http.server calls

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
                """Say nothing."""

            def _reply(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                canned.requests.append((self.command, self.path, body))
                answer = canned._next()
                if answer.status == 0:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer.body)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

        return Handler

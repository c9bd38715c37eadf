"""The server: in a thread of this process, or as the whole of it."""

import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Self

import uvicorn

from infra.local.vertex.app import application
from infra.local.vertex.clock import Clock, SimClock
from infra.local.vertex.gcs import GcsStorage
from infra.local.vertex.models.base import Model
from infra.local.vertex.models.stand_in import StandIn
from infra.local.vertex.ports import Storage
from infra.local.vertex.runner import Runner
from infra.local.vertex.service import JobService
from infra.local.vertex.settings import Settings
from infra.local.vertex.world import World

_BACKLOG = 1024


def random_id() -> int:
    """A positive int64 of nineteen digits, as Vertex numbers its jobs."""
    return 10**18 + secrets.randbelow(8 * 10**18)


class VertexServer:
    """A running stand-in: `with VertexServer(storage_url=...) as server: server.url`.

    Storage is reached over its JSON API at `storage_url`, or is given as `storage`. Without a `model` the stand-in
    answers; the model is closed with the server. It listens from the moment it is made; `port` 0 takes a free one.
    """

    def __init__(  # noqa: PLR0913  # everything that comes from outside is handed in here
        self,
        *,
        storage_url: str = "",
        storage: Storage | None = None,
        model: Model | None = None,
        settings: Settings = Settings(),  # noqa: B008  # frozen
        clock: Clock | None = None,
        new_id: Callable[[], int] = random_id,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        if storage is None and not storage_url:
            raise ValueError("name the storage to read from and write to: storage_url or storage")
        self._closing = ExitStack()
        answers = model or StandIn()
        self._closing.callback(answers.close)
        if storage is None:
            storage = self._closing.enter_context(closing(GcsStorage(storage_url)))
        world = World(settings, storage, answers, clock or SimClock())
        self._closing.callback(world.ledger.close)
        runner = Runner(world)
        self._closing.callback(runner.close)
        app = application(world, JobService(world, runner, new_id))
        self._socket = _listening(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:8090`."""
        return f"http://{self.host}:{self.port}"

    def serve(self) -> None:
        """Serve until told to stop, by `stop` or (in the main thread) by SIGINT or SIGTERM."""
        try:
            self._uvicorn.run(sockets=[self._socket])
        finally:
            self._closing.close()
            self._socket.close()

    def stop(self) -> None:
        """Make `serve` return."""
        self._uvicorn.should_exit = True

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve, name="vertex", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join()


def _listening(host: str, port: int) -> socket.socket:
    # asyncio turns Nagle's delay off only where the protocol is named; with it each reply waits for 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    return listener

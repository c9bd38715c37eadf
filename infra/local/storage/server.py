"""Starts and stops the server; it runs on a thread of its own, in this process."""

import socket
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from infra.local.storage.app import StorageApp
from infra.local.storage.blobs import Blobs
from infra.local.storage.calls import Services
from infra.local.storage.catalog import Catalog
from infra.local.storage.events import EventBus, Listener, event_of
from infra.local.storage.faults import Faults
from infra.local.storage.model import Change, Clock
from infra.local.storage.shelf import Shelf
from infra.local.storage.uploads import Uploads

_IDLE_S = 240
_SHUTDOWN_S = 1


class StorageServer:
    """A storage stand-in over a folder, reachable at `url` until the `with` block ends.

    A later server over the same folder finds the same buckets, objects and unfinished uploads. Port 0 takes
    a free one. Listeners are called in the order of the commits, each on a thread of its own.
    """

    def __init__(  # noqa: PLR0913  # everything that comes from outside is handed in here
        self,
        root: Path,
        *,
        listeners: Sequence[Listener] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        root.mkdir(parents=True, exist_ok=True)
        blobs = Blobs(root / "blobs")
        self._socket = _listen(host, port)
        try:
            self._catalog = Catalog(root / "catalog.sqlite", announce=self._publish, remove=blobs.remove)
        except BaseException:
            self._socket.close()
            raise
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        self.faults = Faults()
        self._bus = EventBus(listeners)
        shelf = Shelf(self._catalog, blobs, clock, new_id)
        self._uploads = Uploads(shelf)
        self._uploads.sweep()
        blobs.sweep(self._catalog.named_blobs())
        app = StorageApp(Services(shelf, self._uploads, self.faults))
        self._server = uvicorn.Server(_config(app))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def start(self) -> None:
        """Begin to answer. The port accepts connections already before."""
        self._thread.start()

    def stop(self) -> None:
        """End open requests within a second, deliver what is queued for listeners, close the files."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self._bus.close()
        self._uploads.close()
        self._catalog.close()

    def _publish(self, change: Change) -> None:
        self._bus.publish(event_of(change, self.url))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _listen(host: str, port: int) -> socket.socket:
    # asyncio turns Nagle's delay off only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        advice = "Choose another port, or 0 for a free one."
        raise OSError(error.errno, f"Cannot listen on {host}:{port}: {error.strerror}. {advice}") from error
    listener.listen(2048)
    return listener


def _config(app: StorageApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )

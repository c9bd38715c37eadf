"""What the tests of the storage stand-in share: clients, recorded events, the server as a process."""

import base64
import io
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from uuid import uuid4

import google_crc32c
from google.auth.credentials import AnonymousCredentials, Credentials
from google.cloud.storage import Blob, Bucket, Client

from infra.local.storage import EventKind, StorageEvent, StorageServer

ROOT = Path(__file__).parents[3]
WAIT_S = 10.0
MARKER = "marker"
anonymous: Callable[[], Credentials] = AnonymousCredentials


@contextmanager
def connected(url: str) -> Iterator[Client]:
    client = Client(project="local", credentials=anonymous(), client_options={"api_endpoint": url})
    try:
        yield client
    finally:
        client.close()


def crc32c(content: bytes) -> str:
    """The checksum as the API writes it, from Google's own implementation."""
    return base64.b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode()


def new_bucket(client: Client, *, versioned: bool = False) -> Bucket:
    bucket = client.bucket(f"bucket-{uuid4().hex}")
    bucket.versioning_enabled = versioned
    return client.create_bucket(bucket)


def put(bucket: Bucket, name: str, content: bytes = b"content", **options: object) -> Blob:
    blob = bucket.blob(name)
    blob.upload_from_string(content, **options)
    return blob


def path_of(blob: Blob) -> str:
    return f"/storage/v1{blob.path}"


class Recorder:
    """A listener. To know that all is there, it waits for an upload that comes after it."""

    def __init__(self) -> None:
        self._events: queue.Queue[StorageEvent] = queue.Queue()

    def __call__(self, event: StorageEvent) -> None:
        self._events.put(event)

    def take(self, bucket: Bucket) -> list[StorageEvent]:
        marker = put(bucket, f"{MARKER}-{uuid4().hex}")
        found: list[StorageEvent] = []
        while (event := self._events.get(timeout=WAIT_S)).data["name"] != marker.name:
            if event.bucket == bucket.name and not event.data["name"].startswith(MARKER):
                found.append(event)
        return found


def told(events: list[StorageEvent]) -> list[tuple[EventKind, str]]:
    return [(event.kind, event.data["name"]) for event in events]


class Zeros(io.RawIOBase):
    """Endless memory-free content that cannot be rewound and does not know its size."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        count = self._left if size < 0 else min(size, self._left)
        self._left -= count
        self._position += count
        return bytes(count)


class Drain(io.RawIOBase):
    """Counts what is written and keeps nothing."""

    def __init__(self) -> None:
        self.count = 0

    def writable(self) -> bool:
        return True

    def write(self, chunk: bytes, /) -> int:  # type: ignore[override]  # only bytes ever come here
        self.count += len(chunk)
        return len(chunk)


class ServerProcess:
    """`python -m infra.local.storage`, as the local stack starts it."""

    def __init__(self, root: Path, *options: str) -> None:
        command = [sys.executable, "-m", "infra.local.storage", "--port", "0", "--root", str(root), *options]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.greeting = self._process.stdout.readline()
        self.url = self.greeting.strip().rpartition(" ")[2]

    def memory_peak(self) -> int:
        """Bytes of the largest resident set so far."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self._process.stdout is not None
        self._process.send_signal(number)
        code = self._process.wait(WAIT_S)
        self._process.stdout.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.end(signal.SIGKILL)


@contextmanager
def serving(root: Path, *listeners: Recorder) -> Iterator[tuple[StorageServer, Client]]:
    with StorageServer(root, listeners=listeners) as server, connected(server.url) as client:
        yield server, client

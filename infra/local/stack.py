"""The whole service on this machine, for as long as a block lasts."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from infra.local.clients import firestore_client, storage_client
from infra.local.errors import LocalError
from infra.local.eventarc import NO_FAULTS, Backoff, Eventarc, Faults, Wiring
from infra.local.eventarc.events import Database
from infra.local.eventarc.routing import FUNCTIONS, StorageRoutes
from infra.local.firestore import FirestoreEmulator
from infra.local.functions import THREADS, Deployment, Functions
from infra.local.installation import (
    BUCKETS,
    DATABASE,
    INPUT,
    OUTPUT,
    PREDICTIONS,
    PROJECT,
    function_environment,
    inherited,
    model_environment,
)
from infra.local.paths import FUNCTIONS as SOURCE
from infra.local.paths import ROOT
from infra.local.ports import LOOPBACK, free_ports
from infra.local.process import Child, Command, Processes

if TYPE_CHECKING:
    from google.cloud.firestore import Client as FirestoreClient
    from google.cloud.storage import Client as StorageClient

_START_SECONDS = 60.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports to listen on; 0 takes a free one."""

    storage: int = 0
    firestore: int = 0
    vertex: int = 0


@dataclass(frozen=True, slots=True)
class StackOptions:
    """How to run.

    `run`: folder for logs and objects. `settings`: environment of the functions, over the defaults.
    `firestore_host`: an emulator that runs already. `database`: by default a fresh one, if the emulator may hold
    others' jobs. `tick_seconds`: 0 for no ticks of their own. `vertex`: further arguments of the Vertex stand-in.
    `source`: folder with the functions' `main.py`. `notice` takes what the person in front should know.
    """

    run: Path
    ports: Ports = field(default_factory=Ports)
    settings: Mapping[str, str] = field(default_factory=dict)
    firestore_host: str = ""
    database: str = ""
    tick_seconds: float = 2.0
    backoff: Backoff = field(default_factory=Backoff)
    faults: Faults = NO_FAULTS
    seed: int = 0
    vertex: tuple[str, ...] = ()
    source: Path = SOURCE
    notice: Callable[[str], None] = print


class Stack:
    """Firestore emulator, storage and Vertex stand-ins, Eventarc and the four functions.

    `eventarc` has the faults and the ticks. `storage` and `firestore` are Google's clients.
    """

    eventarc: Eventarc
    storage: "StorageClient"
    firestore: "FirestoreClient"

    def __init__(self, options: StackOptions) -> None:
        self.options = options
        storage, vertex, *functions = free_ports(2 + len(FUNCTIONS))
        self.storage_url = f"http://{LOOPBACK}:{options.ports.storage or storage}"
        self.vertex_url = f"http://{LOOPBACK}:{options.ports.vertex or vertex}"
        environment = dict(os.environ)
        if options.firestore_host:
            environment["FIRESTORE_EMULATOR_HOST"] = options.firestore_host
        log = options.run / "firestore.log"
        self._emulator = FirestoreEmulator(log, port=options.ports.firestore or None, environment=environment)
        self.firestore_host = self._emulator.host
        self.database = options.database or (DATABASE if self._emulator.own else f"{DATABASE}-{options.run.name}")
        settings = function_environment(
            firestore_host=self.firestore_host,
            storage_url=self.storage_url,
            vertex_url=self.vertex_url,
            database=self.database,
            over=options.settings,
        )
        ports = dict(zip(FUNCTIONS, functions, strict=True))
        deployment = Deployment(ports, settings, options.run, options.source)
        self._functions = Functions(deployment, options.notice)
        self.functions = self._functions.urls
        self._ending = ExitStack()

    @property
    def logs(self) -> Path:
        """The folder with each process's log, and Eventarc's."""
        return self.options.run

    def __enter__(self) -> Self:
        self.options.run.mkdir(parents=True, exist_ok=True)
        with ExitStack() as starting:
            self._start(starting)
            self._ending = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    def _start(self, starting: ExitStack) -> None:
        """Start all processes first, and wait for them after that."""
        processes = starting.enter_context(Processes())
        self.eventarc = starting.enter_context(self._make_eventarc(starting))
        storage, vertex = self._start_stand_ins(processes)
        starting.enter_context(self._functions)
        starting.enter_context(self._emulator)
        starting.callback(self.eventarc.stop)
        self.storage = storage_client(self.storage_url, PROJECT)
        starting.callback(self.storage.close)
        storage.wait_for("storage listening on", _START_SECONDS)
        self._make_buckets()
        vertex.wait_for("vertex listening on", _START_SECONDS)
        self._functions.wait()
        self.firestore = firestore_client(self.firestore_host, PROJECT, self.database)
        starting.callback(self.firestore.close)
        self.eventarc.listen(self.firestore_host)
        if self.options.tick_seconds > 0:
            self.eventarc.tick_every(self.options.tick_seconds)

    def _make_eventarc(self, starting: ExitStack) -> Eventarc:
        journal = starting.enter_context((self.logs / "eventarc.log").open("a", buffering=1))
        wiring = Wiring(
            functions=self.functions,
            routes=StorageRoutes(INPUT, PREDICTIONS),
            database=Database(PROJECT, self.database),
            concurrency=THREADS,
            backoff=self.options.backoff,
        )
        options = self.options
        return Eventarc(
            wiring,
            lambda line: print(f"{datetime.now(UTC):%H:%M:%S.%f} {line}", file=journal),
            faults=options.faults,
            seed=options.seed,
        )

    def _start_stand_ins(self, processes: Processes) -> tuple[Child, Child]:
        objects, notify = str(self.options.run / "storage"), self.eventarc.notify_url
        storage = ["--port", _port(self.storage_url), "--root", objects, "--notify", notify]
        vertex = ["--port", _port(self.vertex_url), "--storage", self.storage_url, *self.options.vertex]
        return (
            processes.start(self._stand_in("storage", storage, inherited(os.environ))),
            processes.start(self._stand_in("vertex", vertex, model_environment(os.environ))),
        )

    def _stand_in(self, name: str, arguments: list[str], environment: Mapping[str, str]) -> Command:
        module = [sys.executable, "-m", f"infra.local.{name}"]
        return Command(f"The {name} stand-in", [*module, *arguments], environment, self.logs / f"{name}.log", ROOT)

    def _make_buckets(self) -> None:
        for name in BUCKETS:
            bucket = self.storage.bucket(name)
            bucket.versioning_enabled = name == INPUT
            if not bucket.exists():
                bucket.create()

    def upload(self, content: Path | bytes, name: str, content_type: str | None = None) -> int:
        """Put an object into the input bucket. Returns its generation."""
        blob = self.storage.bucket(INPUT).blob(name)
        if isinstance(content, bytes):
            blob.upload_from_string(content, content_type=content_type or "application/octet-stream")
        else:
            blob.upload_from_filename(str(content), content_type=content_type)
        return int(blob.generation)

    def delete(self, name: str) -> None:
        """Delete the live object of that name from the input bucket; a missing one is no error."""
        self.storage.bucket(INPUT).delete_blobs([name], on_error=lambda _: None)

    def output(self, name: str) -> bytes:
        """Read an object of the output bucket, by the name that a manifest gives it."""
        return bytes(self.storage.bucket(OUTPUT).blob(name).download_as_bytes())

    def manifest(self, name: str) -> dict[str, Any] | None:
        """Read the manifest of an input name; None while there is none."""
        from google.api_core.exceptions import NotFound  # noqa: PLC0415  # as slow as the clients it belongs to

        try:
            manifest: dict[str, Any] = json.loads(self.output(f"{name}/manifest.json"))
        except NotFound:
            return None
        return manifest

    def wait_for(self, name: str, timeout: float = 60.0, generation: int | None = None) -> dict[str, Any]:
        """Wait for the manifest of an input name, of one generation of it if given.

        Raises:
            LocalError: none came in time; the message has the states of that name's jobs.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            manifest = self.manifest(name)
            if manifest and (generation is None or int(manifest["input"]["generation"]) == generation):
                return manifest
            time.sleep(_LOOK_SECONDS)
        raise LocalError(
            f"No manifest for {name} after {timeout:g} s. Its jobs: {self._jobs_of(name) or 'none'}."
            f" {self.eventarc.open} events are not acknowledged. The logs are in {self.logs}."
        )

    def kill(self, function: str) -> None:
        """Kill a function in the middle of whatever it does. It is started again."""
        self._functions.kill(function)

    def tick(self) -> None:
        """Send a tick now, and wait until it is answered."""
        self.eventarc.tick()

    def _jobs_of(self, name: str) -> list[str]:
        jobs = [job.to_dict() or {} for job in self.firestore.collection("jobs").stream()]
        mine = [job for job in jobs if job.get("input", {}).get("name") == name]
        return [f"{job.get('id')} {job.get('state')} {job.get('reason') or ''}".strip() for job in mine]


def _port(url: str) -> str:
    return url.rpartition(":")[2]

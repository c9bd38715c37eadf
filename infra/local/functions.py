"""The four functions, each a process under functions-framework, as in the cloud: gunicorn, one worker, threads."""

import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local.errors import LocalError
from infra.local.eventarc.routing import COLLECT, DISPATCH, FUNCTIONS, INTAKE, STAGE
from infra.local.paths import FUNCTIONS as SOURCE
from infra.local.ports import LOOPBACK, accepts, wait_until
from infra.local.process import Child, Command, Processes

THREADS: Mapping[str, int] = {INTAKE: 4, STAGE: 2, DISPATCH: 4, COLLECT: 2}
"""Requests at once, per function; Eventarc sends no more than these at a time."""

_START_SECONDS = 60.0
_RESTART_SECONDS = 0.3
_LONGEST_RUN_SECONDS = 540


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is deployed: ports by entry point, settings, where logs go, the folder with `main.py`."""

    ports: Mapping[str, int]
    environment: Mapping[str, str]
    logs: Path
    source: Path = SOURCE


class Functions:
    """The functions, for as long as the block lasts. One that dies is started again, and `notice` is told."""

    def __init__(self, deployment: Deployment, notice: Callable[[str], None]) -> None:
        self._deployment = deployment
        self._notice = notice
        self._children: dict[str, Child] = {}
        self._stopped = threading.Event()
        self._watchers: list[threading.Thread] = []
        self._processes = Processes()
        self._sockets = ""
        self._ending = ExitStack()

    @property
    def urls(self) -> dict[str, str]:
        """Where each function listens."""
        return {name: f"http://{LOOPBACK}:{port}" for name, port in self._deployment.ports.items()}

    def __enter__(self) -> Self:
        if not (self._deployment.source / "main.py").is_file():
            raise LocalError(f"{self._deployment.source / 'main.py'} is missing: there are no functions to run.")
        with ExitStack() as starting:
            self._sockets = starting.enter_context(tempfile.TemporaryDirectory(prefix="batchdrop-"))
            starting.enter_context(self._processes)
            for name in FUNCTIONS:
                self._children[name] = self._start(name)
            self._ending = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._ending.close()
        for watcher in self._watchers:
            watcher.join()

    def wait(self) -> None:
        """Wait until all of them take requests, and from then on start again what dies.

        Raises:
            LocalError: one cannot start; the message has the end of its log.
        """
        for name in FUNCTIONS:
            wait_until(partial(self._takes_requests, name), _START_SECONDS, f"function {name}")
        self._watch()

    def kill(self, name: str) -> None:
        """Kill a function's processes at once, in the middle of whatever they do. It is started again."""
        self._processes.kill(self._children[name])

    def _takes_requests(self, name: str) -> bool:
        child = self._children[name]
        if child.ended():
            raise child.failure("ended while starting")
        return accepts(LOOPBACK, self._deployment.ports[name])

    def _start(self, name: str) -> Child:
        framework = [sys.executable, "-m", "functions_framework"]
        listen = ["--target", name, "--source", "main.py", "--host", LOOPBACK]
        port = ["--port", str(self._deployment.ports[name])]
        log = self._deployment.logs / f"{name}.log"
        arguments, source = [*framework, *listen, *port], self._deployment.source
        return self._processes.start(Command(f"Function {name}", arguments, self._environment(name), log, source))

    def _environment(self, name: str) -> dict[str, str]:
        sockets = Path(self._sockets, name)
        sockets.mkdir(exist_ok=True)
        return {
            **self._deployment.environment,
            "WORKERS": "1",
            "THREADS": str(THREADS[name]),
            "CLOUD_RUN_TIMEOUT_SECONDS": str(_LONGEST_RUN_SECONDS),
            "THREADED_TIMEOUT_ENABLED": "true",
            "PYTHONUNBUFFERED": "1",
            "FUNCTION_TARGET": name,
            "K_SERVICE": name,
            "XDG_RUNTIME_DIR": str(sockets),  # else all four gunicorns put one control socket into the home folder
        }

    def _watch(self) -> None:
        for name in FUNCTIONS:
            watcher = threading.Thread(target=self._keep_running, args=(name,), name=f"watch-{name}", daemon=True)
            watcher.start()
            self._watchers.append(watcher)

    def _keep_running(self, name: str) -> None:
        while True:
            child = self._children[name]
            code = child.process.wait()
            if self._stopped.wait(_RESTART_SECONDS):
                return
            self._processes.kill(child)
            try:
                self._children[name] = self._start(name)
            except LocalError:
                if self._stopped.is_set():
                    return
                raise
            self._notice(f"Function {name} ended with exit code {code} and was started again; see {child.command.log}")

"""Google's Firestore emulator, started and ended."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local.errors import LocalError
from infra.local.firestore_jar import find_jar
from infra.local.java import find_java
from infra.local.ports import LOOPBACK, accepts, free_ports, wait_until
from infra.local.process import Child, Command, Processes

_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.language=en")
"""Less compiling, less collecting: up in half the time. The emulator speaks English only."""
_START_SECONDS = 60.0
_PASSED_ON = ("PATH", "HOME", "LANG", "JAVA_HOME", "TMPDIR")


class FirestoreEmulator:
    """An emulator for as long as the block lasts: the one FIRESTORE_EMULATOR_HOST names, else one of its own.

    `host` is `address:port`, what FIRESTORE_EMULATOR_HOST wants. `own` tells whether it was started here.
    """

    def __init__(self, log: Path, *, port: int | None = None, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._log = log
        given = self._environment.get("FIRESTORE_EMULATOR_HOST", "")
        self.own = not given
        self.host = given or f"{LOOPBACK}:{port or free_ports(1)[0]}"
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            child = self._start(starting.enter_context(Processes())) if self.own else None
            self._wait(child)
            self._ending = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    def _start(self, processes: Processes) -> Child:
        jar = find_jar(self._environment)
        java = find_java(self._environment, jar.java)
        address, _, port = self.host.rpartition(":")
        listen = ["start", "--host", address, "--port", port, "--database-mode=firestore-native"]
        environment = {name: self._environment[name] for name in _PASSED_ON if name in self._environment}
        arguments = [java, *_JVM, "-cp", str(jar.path), _MAIN, *listen]
        return processes.start(Command("The Firestore emulator", arguments, environment, self._log))

    def _wait(self, child: Child | None) -> None:
        address, _, port = self.host.rpartition(":")
        if not port.isdigit():
            raise LocalError(f"FIRESTORE_EMULATOR_HOST is {self.host!r}; it must be address:port.")

        def answers() -> bool:
            if child is not None and child.ended():
                raise child.failure("ended while starting")
            return accepts(address, int(port))

        seconds = _START_SECONDS if child else 2.0
        wait_until(answers, seconds, f"an answer of the Firestore emulator at {self.host}")

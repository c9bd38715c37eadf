"""Child processes that never outlive their parent.

Each child leads a process group of its own. A guard process knows the groups and reads a pipe from the parent:
when the pipe closes, because the parent ended or was killed, the guard kills every group it still knows.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local.errors import LocalError
from infra.local.ports import wait_until

_GRACE_SECONDS = 2.0
_LAST_LINES = 12
_GUARD = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
groups = set()
for line in sys.stdin:
    (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


@dataclass(frozen=True, slots=True)
class Command:
    """What to start. `environment` is the child's whole environment; its output is appended to `log`."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    folder: Path | None = None


class Child:
    """A running child and its process group."""

    def __init__(self, command: Command) -> None:
        self.command = command
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("ab") as log:
            self._log_start = log.tell()
            self.process = subprocess.Popen(
                list(command.arguments),
                env=dict(command.environment),
                cwd=command.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id, which is the id of the group too."""
        return self.process.pid

    def ended(self) -> bool:
        """Tell whether the process has ended."""
        return self.process.poll() is not None

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the process and all it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
            os.killpg(self.pid, number)

    def output(self) -> str:
        """What it has written since it was started."""
        with self.command.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def wait_for(self, text: str, seconds: float) -> str:
        """Wait for a line with that text in its output, and return the line.

        Raises:
            LocalError: it ended first, or the time is up.
        """
        found: list[str] = []

        def look() -> bool:
            ended = self.ended()
            lines = self.output().splitlines(keepends=True)
            found.extend(line.strip() for line in lines if text in line and line.endswith("\n"))
            if ended and not found:
                raise self.failure("ended while starting")
            return bool(found)

        wait_until(look, seconds, f"'{text}' from {self.command.name}, in {self.command.log}")
        return found[0]

    def failure(self, what: str) -> LocalError:
        """Make the error that tells what happened to this process, with the end of its log."""
        tail = "\n".join("  | " + line for line in self.output().splitlines()[-_LAST_LINES:])
        code = self.process.poll()
        exit_code = "" if code is None else f" with exit code {code}"
        return LocalError(f"{self.command.name} {what}{exit_code}. Its log is {self.command.log}:\n{tail}")


class Processes:
    """Starts children, and ends all of them when the block ends, whatever ends it."""

    def __init__(self) -> None:
        self._children: set[Child] = set()
        self._lock = threading.Lock()
        self._guard: subprocess.Popen[str] | None = None
        self._open = False

    def __enter__(self) -> Self:
        self._open = True
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARD], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._open = False
        self.end(*self._children)
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait()

    def start(self, command: Command) -> Child:
        """Start a child.

        Raises:
            LocalError: the program cannot be run, or the block has ended.
        """
        with self._lock:
            if not self._open:
                raise LocalError(f"{command.name} cannot be started: the block that ends it has ended itself.")
            try:
                child = Child(command)
            except OSError as error:
                raise LocalError(f"{command.name} cannot be started: {error}") from error
            self._children.add(child)
            self._tell_guard(f"+{child.pid}")
            return child

    def end(self, *children: Child) -> None:
        """End children and all they started: politely, and after two seconds by force."""
        for child in children:
            child.signal_group(signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            self.kill(child)

    def kill(self, child: Child) -> None:
        """Kill a child and all it started, at once. One that was killed before is left alone."""
        with self._lock:
            if child not in self._children:
                return
        child.signal_group(signal.SIGKILL)
        child.process.wait()
        with self._lock:
            if child in self._children:
                self._children.discard(child)
                self._tell_guard(f"-{child.pid}")

    def _tell_guard(self, line: str) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.write(line + "\n")
            self._guard.stdin.flush()

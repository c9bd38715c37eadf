"""Log lines as Cloud Logging reads them from a function's output: one JSON object per line."""

import threading
import traceback
from enum import StrEnum
from typing import TextIO

import msgspec


class Severity(StrEnum):
    """Levels, by Cloud Logging's names (docs: logging/docs/structured-logging)."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class JsonLog:
    """Writes `severity`, `message` (the event), `component` and the fields.

    A field `error` that holds an exception becomes its text, and its stack goes to `stack_trace`, where
    Error Reporting looks for it.
    """

    def __init__(self, stream: TextIO, component: str) -> None:
        """`component` is the function that logs."""
        self._stream = stream
        self._component = component
        self._lock = threading.Lock()

    def info(self, event: str, **fields: object) -> None:
        """Record what happened."""
        self._write(Severity.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Record what is odd, and was dealt with."""
        self._write(Severity.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Record what a person must look at."""
        self._write(Severity.ERROR, event, fields)

    def _write(self, severity: Severity, event: str, fields: dict[str, object]) -> None:
        frame = {"severity": severity, "message": event, "component": self._component}
        line = msgspec.json.encode(_with_stack(fields) | frame, enc_hook=str).decode()
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()


def _with_stack(fields: dict[str, object]) -> dict[str, object]:
    error = fields.get("error")
    if not isinstance(error, BaseException):
        return fields
    stack = "".join(traceback.format_exception(error))
    return fields | {"error": f"{type(error).__name__}: {error}", "stack_trace": stack}

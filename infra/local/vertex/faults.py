"""Faults as a resource: what is to go wrong, how often, and how often it has.

`count` is how often a fault happens; null is without end, which row faults do unless told otherwise.
"""

import threading
from typing import Literal

import msgspec

from infra.local.vertex.states import JobState

Method = Literal["create", "get", "list", "cancel", "delete"]
EndState = Literal[
    "JOB_STATE_SUCCEEDED",
    "JOB_STATE_FAILED",
    "JOB_STATE_CANCELLED",
    "JOB_STATE_EXPIRED",
    "JOB_STATE_PARTIALLY_SUCCEEDED",
]


class MethodFault(msgspec.Struct, frozen=True, tag_field="on", tag="method", forbid_unknown_fields=True):
    """An API method answers with an HTTP status; with `after`, the call takes effect all the same."""

    method: Method
    status: int
    message: str = ""
    after: bool = False
    count: int | None = 1

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:  # noqa: PLR2004  # the range that HTTP has for errors
            raise ValueError("status must be 400 to 599")


class JobFault(msgspec.Struct, frozen=True, tag_field="on", tag="job", forbid_unknown_fields=True):
    """A job whose display name contains `display_name` goes its own way.

    It waits `delay_s` longer in PENDING, and then ends in `state` with `code` and `message`: before it runs, or
    once `rows` rows are answered. With `never` it stays RUNNING after those rows (or all) until it is cancelled.
    """

    display_name: str = ""
    state: EndState | None = None
    code: int = 13
    message: str = ""
    rows: int | None = None
    delay_s: float = 0.0
    never: bool = False
    count: int | None = 1

    @property
    def end(self) -> JobState | None:
        """The state it ends in, if it is made to."""
        return JobState[self.state] if self.state else None


class RowFault(msgspec.Struct, frozen=True, tag_field="on", tag="row", forbid_unknown_fields=True):
    """One thing that happens to rows, chosen by part of their `custom_id` or by place in the input, of some jobs.

    `status` refuses the row with that text, unanswered and unbilled; all else happens to an answered row:
    `drop` leaves it out (`counted`: completionStats still has it), `duplicate` writes it twice, `finish_reason`
    and `block_reason` change how the model ended, `swap` exchanges its answer with that of the next row.
    `every` takes each Nth row of a job's input.
    """

    custom_id: str = ""
    every: int | None = None
    display_name: str = ""
    status: str = ""
    drop: bool = False
    counted: bool = False
    duplicate: bool = False
    finish_reason: str = ""
    block_reason: str = ""
    swap: bool = False
    count: int | None = None

    def __post_init__(self) -> None:
        effects = (self.status, self.drop, self.duplicate, self.finish_reason, self.block_reason, self.swap)
        if sum(map(bool, effects)) != 1:
            raise ValueError(
                "a row fault has exactly one of status, drop, duplicate, finish_reason, block_reason, swap"
            )
        if self.every is not None and self.every < 1:
            raise ValueError("every must be 1 or more")

    def hits(self, display_name: str, custom_id: str, index: int) -> bool:
        """Whether it concerns the row at `index` (from 0) of the input of a job."""
        if self.every is not None and (index + 1) % self.every:
            return False
        return self.custom_id in custom_id and self.display_name in display_name


Fault = MethodFault | JobFault | RowFault


class Scripted(msgspec.Struct, frozen=True, rename="camel"):
    """A fault with the number it is known by, and how often it has happened."""

    id: int
    fault: Fault
    consumed: int = 0

    @property
    def live(self) -> bool:
        """Whether it can happen again."""
        return self.fault.count is None or self.consumed < self.fault.count


class FaultBook:
    """The scripted faults; each that happens is counted. Safe to use from several threads."""

    def __init__(self) -> None:
        self._faults: dict[int, Scripted] = {}
        self._last_id = 0
        self._lock = threading.Lock()
        self._rows = False

    def add(self, fault: Fault) -> Scripted:
        """Script one more fault; the oldest that fits happens first."""
        with self._lock:
            self._last_id += 1
            self._faults[self._last_id] = scripted = Scripted(self._last_id, fault)
            self._rows = self._rows or isinstance(fault, RowFault)
            return scripted

    def all(self) -> list[Scripted]:
        """Every fault, spent ones too."""
        with self._lock:
            return list(self._faults.values())

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()
            self._rows = False

    def method(self, method: Method) -> MethodFault | None:
        """The fault that this call of an API method meets."""
        with self._lock:
            for scripted in self._faults.values():
                fault = scripted.fault
                if isinstance(fault, MethodFault) and fault.method == method and scripted.live:
                    self._consume(scripted)
                    return fault
        return None

    def job(self, display_name: str) -> JobFault | None:
        """The fault that a new job meets."""
        with self._lock:
            for scripted in self._faults.values():
                fault = scripted.fault
                if isinstance(fault, JobFault) and fault.display_name in display_name and scripted.live:
                    self._consume(scripted)
                    return fault
        return None

    def row(self, display_name: str, custom_id: str, index: int) -> RowFault | None:
        """The fault that a row meets."""
        if not self._rows:
            return None
        with self._lock:
            for scripted in self._faults.values():
                fault = scripted.fault
                if isinstance(fault, RowFault) and scripted.live and fault.hits(display_name, custom_id, index):
                    self._consume(scripted)
                    return fault
        return None

    def unspent(self, fault: RowFault) -> None:
        """A fault that was handed out for a row could not happen after all."""
        with self._lock:
            for scripted in self._faults.values():
                if scripted.fault is fault:
                    self._consume(scripted, -1)
                    return

    def _consume(self, scripted: Scripted, by: int = 1) -> None:
        counted = msgspec.structs.replace(scripted, consumed=scripted.consumed + by)
        self._faults[scripted.id] = counted

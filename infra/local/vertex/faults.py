"""Faults as values: what is to go wrong, and how often.

`count` is how often a fault happens; null is without end, which row faults do unless told otherwise.
Delays are seconds of the server's clock, save those of methods, which are real.
"""

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
HeldState = Literal[
    "JOB_STATE_QUEUED", "JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_PAUSED", "JOB_STATE_UPDATING"
]


class MethodFault(msgspec.Struct, frozen=True, tag_field="on", tag="method", forbid_unknown_fields=True):
    """A call of an API method goes wrong: before it takes effect, or with `after` once it has.

    It waits `delay_s` and then answers with the HTTP status `status`; 0 lets the call go on after the delay. With
    `drop` the connection is closed without an answer.
    """

    method: Method
    status: int = 0
    message: str = ""
    after: bool = False
    drop: bool = False
    delay_s: float = 0.0
    count: int | None = 1

    def __post_init__(self) -> None:
        if self.status and not 400 <= self.status <= 599:  # noqa: PLR2004  # the range that HTTP has for errors
            raise ValueError("status must be 400 to 599")
        if not (self.status or self.drop or self.delay_s):
            raise ValueError("a method fault has a status, drop or delay_s")


class JobFault(msgspec.Struct, frozen=True, tag_field="on", tag="job", forbid_unknown_fields=True):
    """A job whose display name contains `display_name` goes its own way.

    It stays `queue_s` longer in QUEUED and `delay_s` longer in PENDING, and then ends in `state` with `code` and
    `message`: before it runs, or once `rows` rows are answered. With `never` it stays in `held_in` until it is
    cancelled or its time is over; in RUNNING, PAUSED and UPDATING after those rows, or all.

    It is missing from lists for `list_lag_s`. A cancellation takes `cancel_s`, or with `ignores_cancel` none happens
    and the job runs to its end. The predictions appear `finalize_s` after the end. With `uncounted` the total is
    unknown, and completionStats say so.
    """

    display_name: str = ""
    state: EndState | None = None
    code: int = 13
    message: str = ""
    rows: int | None = None
    queue_s: float = 0.0
    delay_s: float = 0.0
    never: bool = False
    held_in: HeldState = "JOB_STATE_RUNNING"
    list_lag_s: float = 0.0
    cancel_s: float = 0.0
    ignores_cancel: bool = False
    finalize_s: float = 0.0
    uncounted: bool = False
    count: int | None = 1

    @property
    def end(self) -> JobState | None:
        """The state it ends in, if it is made to."""
        return JobState[self.state] if self.state else None


class RowFault(msgspec.Struct, frozen=True, tag_field="on", tag="row", forbid_unknown_fields=True):
    """One thing that happens to rows, chosen by part of their `custom_id` or by place in the input, of some jobs.

    `status` refuses the row with that text, unanswered and unbilled, and `delay_s` answers it later. All else happens
    to an answered row: `drop` leaves it out (`counted`: completionStats still has it), `duplicate` writes it twice,
    `swap` exchanges its answer with that of the next row, `swap_keys` what stands beside the request (so that each row
    comes back under the other's key), `line` writes that text in its place, `answer` is what the
    model says instead, `finish_reason` and `block_reason` change how it ended, `omit` names what is missing from
    `usageMetadata`. `every` takes each Nth row of a job's input.
    """

    custom_id: str = ""
    every: int | None = None
    display_name: str = ""
    status: str = ""
    delay_s: float = 0.0
    drop: bool = False
    counted: bool = False
    duplicate: bool = False
    swap: bool = False
    swap_keys: bool = False
    line: str = ""
    answer: str = ""
    finish_reason: str = ""
    block_reason: str = ""
    omit: tuple[str, ...] = ()
    count: int | None = None

    def __post_init__(self) -> None:
        if sum(bool(getattr(self, effect)) for effect in ROW_EFFECTS) != 1:
            raise ValueError(f"a row fault has exactly one of {', '.join(ROW_EFFECTS)}")
        if self.every is not None and self.every < 1:
            raise ValueError("every must be 1 or more")

    @property
    def takes_two(self) -> bool:
        """Whether it needs another row."""
        return self.swap or self.swap_keys

    def hits(self, display_name: str, custom_id: str, index: int) -> bool:
        """Whether it concerns the row at `index` (from 0) of the input of a job."""
        if self.every is not None and (index + 1) % self.every:
            return False
        return self.custom_id in custom_id and self.display_name in display_name


ROW_EFFECTS = (
    "status",
    "delay_s",
    "drop",
    "duplicate",
    "swap",
    "swap_keys",
    "line",
    "answer",
    "finish_reason",
    "block_reason",
    "omit",
)

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

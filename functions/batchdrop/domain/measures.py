"""What the service measures of itself: log lines that infra/metrics.tf makes metrics of, by the same names."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Event(StrEnum):
    """Log lines that are measured. All others are for people."""

    BATCH_COLLECTED = "batch.collected"
    EVENT_FAILED = "event.failed"
    JOB_ENDED = "job.ended"
    ROWS_ENDED = "rows.ended"
    SHARD_COLLECTED = "shard.collected"
    SHARD_STAGED = "shard.staged"
    TICK_DONE = "tick.done"
    TURN_OLDEST = "turn.oldest"
    TURN_SENT_AGAIN = "turn.sent_again"


class Measure(msgspec.Struct, frozen=True):
    """A metric: the lines of `events` counted, or the numbers in their field `value` distributed, by `labels`.

    Labels are fields too; `component`, which every line has, is the function that wrote it.
    """

    name: str
    events: tuple[Event, ...]
    value: str = ""
    labels: tuple[str, ...] = ()


MEASURES = (
    Measure("jobs", (Event.JOB_ENDED,), labels=("state",)),
    Measure("cost_usd", (Event.JOB_ENDED,), value="cost_usd", labels=("model", "prompt")),
    Measure("rows", (Event.ROWS_ENDED,), value="rows", labels=("outcome",)),
    Measure(
        "rows_per_second",
        (Event.SHARD_STAGED, Event.BATCH_COLLECTED),
        value="rows_per_second",
        labels=("component",),
    ),
    Measure("retried_rows", (Event.SHARD_COLLECTED,), value="retried"),
    Measure("oldest_turn_seconds", (Event.TURN_OLDEST,), value="seconds", labels=("function",)),
    Measure("running_batches", (Event.TICK_DONE,), value="running_batches"),
    Measure("ticks", (Event.TICK_DONE,)),
    Measure("turns_sent_again", (Event.TURN_SENT_AGAIN,)),
    Measure("failed_events", (Event.EVENT_FAILED,), labels=("component",)),
)

_SHORTEST_SECONDS = 0.001


def per_second(count: int, begun: datetime, ended: datetime) -> float:
    """How many a second; no time at all counts as a millisecond."""
    return round(count / max((ended - begun).total_seconds(), _SHORTEST_SECONDS), 1)

"""The states of a job, and the moves between them that the service makes."""

import enum
from collections.abc import Mapping


class JobState(enum.IntEnum):
    """`google.cloud.aiplatform.v1.JobState`: REST sends the name, or the number where the call asks for it."""

    JOB_STATE_UNSPECIFIED = 0
    JOB_STATE_QUEUED = 1
    JOB_STATE_PENDING = 2
    JOB_STATE_RUNNING = 3
    JOB_STATE_SUCCEEDED = 4
    JOB_STATE_FAILED = 5
    JOB_STATE_CANCELLING = 6
    JOB_STATE_CANCELLED = 7
    JOB_STATE_PAUSED = 8
    JOB_STATE_EXPIRED = 9
    JOB_STATE_UPDATING = 10
    JOB_STATE_PARTIALLY_SUCCEEDED = 11


ENDS = frozenset(
    {
        JobState.JOB_STATE_SUCCEEDED,
        JobState.JOB_STATE_FAILED,
        JobState.JOB_STATE_CANCELLED,
        JobState.JOB_STATE_EXPIRED,
        JobState.JOB_STATE_PARTIALLY_SUCCEEDED,
    }
)

TIMED_ENDS = frozenset({JobState.JOB_STATE_SUCCEEDED, JobState.JOB_STATE_FAILED, JobState.JOB_STATE_CANCELLED})
"""The ends that `end_time` is documented for; for the others it stays unset."""

_STOPS = frozenset({JobState.JOB_STATE_CANCELLING, *ENDS})
_BREAKS = frozenset({JobState.JOB_STATE_PAUSED, JobState.JOB_STATE_UPDATING})

MOVES: Mapping[JobState, frozenset[JobState]] = {
    # A create answers PENDING, and a job polled a little later has been seen QUEUED.
    JobState.JOB_STATE_PENDING: frozenset({JobState.JOB_STATE_QUEUED, JobState.JOB_STATE_RUNNING, *_STOPS}),
    JobState.JOB_STATE_QUEUED: frozenset({JobState.JOB_STATE_PENDING, *_STOPS}),
    JobState.JOB_STATE_RUNNING: _STOPS | _BREAKS,
    JobState.JOB_STATE_PAUSED: _STOPS,
    JobState.JOB_STATE_UPDATING: _STOPS,
    JobState.JOB_STATE_CANCELLING: frozenset(
        {JobState.JOB_STATE_SUCCEEDED, JobState.JOB_STATE_FAILED, JobState.JOB_STATE_CANCELLED}
    ),
}
"""From each state the ones that may follow; CANCELLING as its description in the discovery document says."""

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

_STOPS = frozenset({JobState.JOB_STATE_CANCELLING, *ENDS})

MOVES: Mapping[JobState, frozenset[JobState]] = {
    JobState.JOB_STATE_QUEUED: frozenset({JobState.JOB_STATE_PENDING, *_STOPS}),
    JobState.JOB_STATE_PENDING: frozenset({JobState.JOB_STATE_RUNNING, *_STOPS}),
    JobState.JOB_STATE_RUNNING: _STOPS,
    JobState.JOB_STATE_CANCELLING: frozenset(
        {JobState.JOB_STATE_SUCCEEDED, JobState.JOB_STATE_FAILED, JobState.JOB_STATE_CANCELLED}
    ),
}
"""From each state the ones that may follow; CANCELLING as its description in the discovery document says."""

"""Exceptions, one class for each thing a caller can do about them.

Texts leave the process (functions-framework answers with them), so they never hold row data.
"""

from batchdrop.domain.reasons import Reason


class BatchdropError(Exception):
    """Base of all errors of this package."""


class Transient(BatchdropError):
    """It may work later. Raise it out of the function, and the event is delivered again."""


class Conflict(BatchdropError):
    """Somebody else wrote first. Load again and decide again."""


class Refused(BatchdropError):
    """The job cannot go on as it is. Close it with this reason; do not retry."""

    def __init__(self, reason: Reason) -> None:
        """Keep the reason whole, for the document and the manifest."""
        super().__init__(reason.message)
        self.reason = reason


class ObjectGone(BatchdropError):
    """The object, or that generation of it, does not exist (any more)."""


class TimeIsUp(BatchdropError):
    """The run has used its time. Keep what is done, and leave the rest to the next run."""


class BadSettings(BatchdropError):
    """The environment is not what the service needs; the message lists every mistake."""


class CreateRefused(BatchdropError):
    """Vertex will never take this request as it is (400, 403, 404). There is no job."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the HTTP status beside Vertex's own words."""
        super().__init__(f"Vertex refused to create the batch job with HTTP {status}: {message}")
        self.status = status
        self.vertex_message = message


class CreateThrottled(BatchdropError):
    """Vertex is over a quota (429). There is no job; try again later."""


class CreateUnknown(BatchdropError):
    """No clear answer (5xx, time-out, lost reply). There may be a job, so look before creating again."""

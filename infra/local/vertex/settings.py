"""What can be set on the server."""

from typing import Literal

import msgspec

CURRENT_MODELS = (
    "gemini-4-argon",
    "gemini-3.8-flash",
    "gemini-3.7-flash",
    "gemini-3.6-flash",
    "gemini-3.5-flash",
    "gemini-3.5-flash-lite",
    "gemini-3.1-flash-lite",
    "gemini-3.1-pro-preview",
    "gemini-3-flash-preview",
)
RETIRED_FAMILIES = ("gemini-1.", "gemini-2.", "gemini-pro", "gemini-ultra")
_HOUR = 3600.0

Echo = Literal["verbatim", "nulls"]
OverRun = Literal["JOB_STATE_EXPIRED", "JOB_STATE_CANCELLED"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the server behaves. Times are seconds.

    A job waits `queue_s` and for one of `max_running` places, is imported in PENDING for at least `pending_s`,
    and then runs for at least `run_s`, over which its rows are spread evenly. One that has not begun to run
    `queue_limit_s` after its creation expires; one that has run for `run_limit_s` ends in `over_run` with the rows
    that are done. Of a job that runs longer than `export_every_s` the done rows are exported that often, and output
    above `file_bytes` is split. A new job is missing from lists for `list_lag_s`.

    `echo` is how a request comes back: as it was sent, or as a table row, with nulls for what other rows have.
    With `coerce_numbers` texts beside it that look like numbers come back as numbers.
    `models` are the ids that exist; `any_current` also takes every other `gemini-*` id outside `retired`.
    """

    queue_s: float = 0.2
    pending_s: float = 0.1
    run_s: float = 0.5
    queue_limit_s: float = 72 * _HOUR
    run_limit_s: float = 24 * _HOUR
    over_run: OverRun = "JOB_STATE_EXPIRED"
    list_lag_s: float = 0.0
    export_every_s: float = 60.0
    file_bytes: int = 1_000_000_000
    max_running: int = 8
    max_rows: int = 200_000
    max_bytes: int = 1_000_000_000
    echo: Echo = "verbatim"
    coerce_numbers: bool = False
    models: tuple[str, ...] = CURRENT_MODELS
    retired: tuple[str, ...] = RETIRED_FAMILIES
    any_current: bool = True

    def serves(self, model_id: str) -> bool:
        """Whether a Google model of this id exists."""
        if model_id in self.models:
            return True
        return self.any_current and model_id.startswith("gemini-") and not model_id.startswith(self.retired)

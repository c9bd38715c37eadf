"""What can be set on the server."""

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


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the server behaves. Times are seconds.

    A job waits `queue_s` and for one of `max_running` places, is imported in PENDING for at least `pending_s`,
    and then runs for at least `run_s`, over which its rows are spread evenly.
    `models` are the ids that exist; `any_current` also takes every other `gemini-*` id outside `retired`.
    """

    queue_s: float = 0.2
    pending_s: float = 0.1
    run_s: float = 0.5
    max_running: int = 8
    max_rows: int = 200_000
    max_bytes: int = 1_000_000_000
    models: tuple[str, ...] = CURRENT_MODELS
    retired: tuple[str, ...] = RETIRED_FAMILIES
    any_current: bool = True

    def serves(self, model_id: str) -> bool:
        """Whether a Google model of this id exists."""
        if model_id in self.models:
            return True
        return self.any_current and model_id.startswith("gemini-") and not model_id.startswith(self.retired)

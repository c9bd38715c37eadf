"""Who would have been billed for what: every request that the model answered."""

import threading
from collections import Counter

import msgspec

from infra.local.vertex.jobs import Job


class BilledJob(msgspec.Struct, frozen=True, rename="camel"):
    """A job and how many of its requests were answered."""

    name: str
    display_name: str
    answered: int


class Billed(msgspec.Struct, frozen=True, rename="camel"):
    """Answered requests by job, and by the `custom_id` of their row (rows without one count for the job alone)."""

    jobs: tuple[BilledJob, ...]
    custom_ids: dict[str, int]

    @property
    def answered(self) -> int:
        """All answered requests."""
        return sum(job.answered for job in self.jobs)

    @property
    def repeated(self) -> dict[str, int]:
        """The `custom_id`s that were answered more than once."""
        return {custom_id: count for custom_id, count in self.custom_ids.items() if count > 1}


class Ledger:
    """Counts answered requests. Safe to use from several threads."""

    def __init__(self) -> None:
        self._jobs: Counter[tuple[str, str]] = Counter()
        self._custom_ids: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answered(self, job: Job, custom_id: str) -> None:
        """One request of `job` was answered."""
        with self._lock:
            self._jobs[job.name, job.spec.display_name] += 1
            if custom_id:
                self._custom_ids[custom_id] += 1

    def billed(self) -> Billed:
        """All so far."""
        with self._lock:
            jobs = tuple(BilledJob(name, display, count) for (name, display), count in self._jobs.items())
            return Billed(jobs, dict(self._custom_ids))

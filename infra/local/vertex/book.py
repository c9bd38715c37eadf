"""The jobs of this process. Each change is one step under a lock; readers get values."""

import threading
from collections.abc import Callable, Iterable

from infra.local.vertex.jobs import Job, JobName, Parent
from infra.local.vertex.states import ENDS


class JobBook:
    """All jobs by name, newest last."""

    def __init__(self) -> None:
        self._jobs: dict[JobName, Job] = {}
        self._lock = threading.Lock()

    def add(self, job: Job) -> None:
        """Enter a new job."""
        with self._lock:
            self._jobs[job.name] = job

    def find(self, name: JobName) -> Job | None:
        """The job as it stands."""
        with self._lock:
            return self._jobs.get(name)

    def below(self, parent: Parent) -> Iterable[Job]:
        """The jobs of a project and location, newest first."""
        prefix = parent.job("")
        with self._lock:
            return [job for name, job in reversed(self._jobs.items()) if name.startswith(prefix)]

    def change(self, name: JobName, by: Callable[[Job], Job]) -> Job:
        """Replace a job by what `by` makes of it, and return that. A deleted job raises KeyError."""
        with self._lock:
            self._jobs[name] = changed = by(self._jobs[name])
            return changed

    def remove(self, name: JobName) -> Job | None:
        """Forget a job that has ended; returns it, or None if it is unknown or still alive."""
        with self._lock:
            job = self._jobs.get(name)
            return self._jobs.pop(name) if job and job.state in ENDS else None

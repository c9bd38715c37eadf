"""Starts jobs, each in its own thread, and stops them."""

import threading
import time

from infra.local.vertex.faults import JobFault
from infra.local.vertex.jobs import Job, JobName
from infra.local.vertex.life import Life
from infra.local.vertex.slots import Slots
from infra.local.vertex.world import World

_CLOSE_S = 1.0


class Runner:
    """The jobs at work, and those that wait for a place."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._slots = Slots(world.settings.max_running, world.clock)
        self._lives: dict[JobName, tuple[Life, threading.Thread]] = {}
        self._lock = threading.Lock()

    def start(self, job: Job, fault: JobFault) -> None:
        """Let a new job live."""
        life = Life(self._world, self._slots, job, fault)
        # Daemon: a job that waits on a slow model must not keep the process alive.
        thread = threading.Thread(target=self._live, args=(life, job.name), name=job.job_id, daemon=True)
        with self._lock:
            self._lives[job.name] = life, thread
        thread.start()

    def cancel(self, name: JobName) -> None:
        """Ask a job to stop; nothing happens if it has ended."""
        with self._lock:
            found = self._lives.get(name)
        if found is not None:
            found[0].cancel()

    def close(self) -> None:
        """Stop everything, without traces in storage, and wait for it a little."""
        self._world.closing.set()
        with self._lock:
            lives = list(self._lives.values())
        for life, _ in lives:
            life.close()
        until = time.monotonic() + _CLOSE_S
        for _, thread in lives:
            thread.join(max(0.0, until - time.monotonic()))

    def _live(self, life: Life, name: JobName) -> None:
        try:
            life.live()
        finally:
            with self._lock:
                del self._lives[name]

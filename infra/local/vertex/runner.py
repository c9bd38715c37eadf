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
        self._slots = Slots(world.settings.max_running)
        self._stops: dict[JobName, threading.Event] = {}
        self._threads: dict[JobName, threading.Thread] = {}
        self._lock = threading.Lock()

    def start(self, job: Job) -> None:
        """Let a new job live."""
        fault = self._world.faults.job(job.spec.display_name) or JobFault()
        stop = threading.Event()
        life = Life(self._world, self._slots, job, fault, stop)
        # Daemon: a job that waits on a slow model must not keep the process alive.
        thread = threading.Thread(target=self._live, args=(life, job.name), name=job.job_id, daemon=True)
        with self._lock:
            self._stops[job.name], self._threads[job.name] = stop, thread
        thread.start()

    def stop(self, name: JobName) -> None:
        """Ask a job to stop; nothing happens if it has ended."""
        with self._lock:
            stop = self._stops.get(name)
        if stop is not None:
            stop.set()
            self._slots.wake()

    def close(self) -> None:
        """Stop everything, without traces in storage, and wait for it a little."""
        self._world.closing.set()
        with self._lock:
            threads = list(self._threads.items())
        for name, _ in threads:
            self.stop(name)
        until = time.monotonic() + _CLOSE_S
        for _, thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _live(self, life: Life, name: JobName) -> None:
        try:
            life.live()
        finally:
            with self._lock:
                del self._stops[name], self._threads[name]

"""A job from its creation to its end."""

import logging
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec

from infra.local.vertex import texts
from infra.local.vertex.answering import Run
from infra.local.vertex.ends import (
    CANCELLED,
    EXPIRED,
    CancelAskedError,
    End,
    JobExpiredError,
    JobFailedError,
    ended,
    over_run,
    planned_end,
)
from infra.local.vertex.faults import JobFault
from infra.local.vertex.importer import Imported
from infra.local.vertex.jobs import Job, moved, output_directory
from infra.local.vertex.moving import exporting, taken
from infra.local.vertex.pacing import Pace
from infra.local.vertex.predictions import Predictions
from infra.local.vertex.rows import Echo
from infra.local.vertex.slots import Slots
from infra.local.vertex.states import JobState
from infra.local.vertex.world import World

_LOG = logging.getLogger(__name__)
_BREAKS = frozenset({JobState.JOB_STATE_PAUSED, JobState.JOB_STATE_UPDATING})
_QUEUED, _PENDING, _RUNNING = JobState.JOB_STATE_QUEUED, JobState.JOB_STATE_PENDING, JobState.JOB_STATE_RUNNING


class Life:
    """The life of one job, in a thread of its own."""

    def __init__(self, world: World, slots: Slots, job: Job, fault: JobFault) -> None:
        self._world = world
        self._slots = slots
        self._job = job
        self._fault = fault
        self._stop = threading.Event()
        self._expiry = job.created + timedelta(seconds=world.settings.queue_limit_s)
        self._ended = False

    def cancel(self) -> None:
        """Somebody wants it to stop."""
        if not self._fault.ignores_cancel:
            self.close()

    def close(self) -> None:
        """It must stop."""
        self._stop.set()
        self._world.clock.wake()

    def live(self) -> None:
        """Live it to the end. Whatever goes wrong is the end of the job, and its error."""
        try:
            end = self._lived()
        except CancelAskedError:
            end = CANCELLED
        except JobExpiredError:
            end = EXPIRED
        except JobFailedError as failed:
            _LOG.warning("%s: %s", self._job.name, failed)
            end = End(JobState.JOB_STATE_FAILED, failed.failure)
        except Exception:  # noqa: BLE001  # a thread has no caller; the job must end, and the log says why
            _LOG.exception("%s broke down", self._job.name)
            end = End(JobState.JOB_STATE_FAILED, texts.SYSTEM_ERROR)
        self._end(end)

    def _lived(self) -> End:
        settings, fault = self._world.settings, self._fault
        self._stay(_QUEUED, settings.queue_s + fault.queue_s)
        with self._slots.held(self._stop, self._expiry) as held:
            if not held:
                raise CancelAskedError if self._stop.is_set() else JobExpiredError
            self._stay(_PENDING, settings.pending_s + fault.delay_s)
            if fault.end and fault.rows is None and not fault.never:
                return planned_end(fault, self._job)
            imported = taken(self._job, self._world.storage, settings)
            with imported.rows:
                return self._run(imported)

    def _run(self, imported: Imported) -> End:
        settings, clock = self._world.settings, self._world.clock
        now = clock.now()
        directory = output_directory(self._job.spec.output_prefix, now)
        pace = Pace(clock, self._stop, settings.run_s, now + timedelta(seconds=settings.run_limit_s))
        echo = Echo(settings, imported.shape)
        with Predictions(self._world.storage, directory, echo, settings.file_bytes) as predictions:
            run = Run(self._world, self._job, self._fault, predictions, len(imported.rows))
            self._advance(_RUNNING, output_directory=directory, stats=run.stats)
            with exporting(self._job, predictions.uri):
                end = self._end_of(run, imported, pace)
                self._finish(predictions, end)
            return end

    def _end_of(self, run: Run, imported: Imported, pace: Pace) -> End:
        whole = run.answer(imported.rows, pace)
        if whole and self._fault.never and not self._stop.is_set():
            self._hold(run, pace)
            whole = False
        if self._stop.is_set():
            return CANCELLED
        return planned_end(self._fault, self._job) if whole else over_run(self._world.settings)

    def _hold(self, run: Run, pace: Pace) -> None:
        held = JobState[self._fault.held_in]
        # A job that is being cancelled pauses no more; it keeps what it has and ends.
        with suppress(CancelAskedError):
            if held in _BREAKS:
                self._advance(held)
        run.hold(pace)

    def _finish(self, predictions: Predictions, end: End) -> None:
        """Export the rows: before the job is seen to have ended, or after that where a fault says so."""
        if not end.output:
            return
        if self._fault.finalize_s:
            now = self._world.clock.now()
            self._end(end)
            self._linger(now, self._fault.finalize_s)
        if not self._world.closing.is_set():
            predictions.finish()

    def _stay(self, state: JobState, seconds: float) -> None:
        """Go to a state before the run, and stay there for a time, or for good if a fault says so."""
        due = self._world.clock.now() + timedelta(seconds=seconds)
        self._advance(state)
        held = self._fault.never and self._fault.held_in == state.name
        if self._world.clock.wait_for(self._stop.is_set, self._expiry if held else min(due, self._expiry)):
            raise CancelAskedError
        if self._world.clock.now() >= self._expiry:
            raise JobExpiredError

    def _advance(self, state: JobState, **fields: Any) -> None:
        now = self._world.clock.now()

        def by(job: Job) -> Job:
            if job.state is not JobState.JOB_STATE_CANCELLING:
                return msgspec.structs.replace(moved(job, state, now), **fields)
            if not self._fault.ignores_cancel:
                raise CancelAskedError
            started = now if state is _RUNNING else job.started
            return msgspec.structs.replace(job, updated=now, started=started, **fields)

        self._job = self._world.book.change(self._job.name, by)
        _LOG.info("%s: %s", self._job.name, self._job.state.name)

    def _end(self, end: End) -> None:
        """Show the end, once; a server that closes shows none."""
        shown = self._world.book.find(self._job.name)
        if self._ended or shown is None:
            return
        self._ended = True
        if end is CANCELLED and shown.cancelled is not None:
            self._linger(shown.cancelled, self._fault.cancel_s)
        if not self._world.closing.is_set():
            now = self._world.clock.now()
            job = self._world.book.change(self._job.name, lambda job: ended(job, end, now))
            _LOG.info("%s: %s", job.name, job.state.name)

    def _linger(self, begun: datetime, seconds: float) -> None:
        self._world.clock.wait_for(self._world.closing.is_set, begun + timedelta(seconds=seconds))

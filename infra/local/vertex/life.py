"""A job from QUEUED to its end."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from infra.local.vertex import texts
from infra.local.vertex.answering import Run
from infra.local.vertex.book import CancelAskedError
from infra.local.vertex.ends import CANCELLED, End, JobFailedError, ended, planned_end
from infra.local.vertex.faults import JobFault
from infra.local.vertex.importer import imported, split_uri
from infra.local.vertex.jobs import Failure, Job, Stats, moved, output_directory, project_number
from infra.local.vertex.ports import AccessDeniedError, BucketUnknownError, StorageFailedError
from infra.local.vertex.predictions import Predictions
from infra.local.vertex.shape import ImportRefusedError
from infra.local.vertex.slots import Slots
from infra.local.vertex.spool import RowSpool
from infra.local.vertex.states import JobState
from infra.local.vertex.world import World

_LOG = logging.getLogger(__name__)


class Life:
    """The life of one job; `stop` is set when it is asked to end early, or the server closes."""

    def __init__(self, world: World, slots: Slots, job: Job, fault: JobFault, stop: threading.Event) -> None:
        self._world = world
        self._slots = slots
        self._job = job
        self._fault = fault
        self._stop = stop

    def live(self) -> None:
        """Live it to the end. Whatever goes wrong is the end of the job, and its error."""
        try:
            end = self._lived()
        except CancelAskedError:
            end = CANCELLED
        except JobFailedError as failed:
            end = End(JobState.JOB_STATE_FAILED, failed.failure)
        except Exception:  # noqa: BLE001  # a thread has no caller; the job must end, and the log says why
            _LOG.exception("%s broke down", self._job.name)
            end = End(JobState.JOB_STATE_FAILED, texts.SYSTEM_ERROR)
        if not self._world.closing.is_set():
            now = self._world.clock.now()
            self._world.book.change(self._job.name, lambda job: ended(job, end, now))

    def _lived(self) -> End:
        settings = self._world.settings
        self._wait(settings.queue_s)
        with self._slots.held(self._stop) as held:
            if not held:
                raise CancelAskedError
            self._advance(JobState.JOB_STATE_PENDING)
            self._wait(settings.pending_s + self._fault.delay_s)
            if self._fault.end and self._fault.rows is None and not self._fault.never:
                return planned_end(self._fault, cancelled=False)
            with self._input() as spool:
                return self._run(spool)

    def _run(self, spool: RowSpool) -> End:
        directory = output_directory(self._job.spec.output_prefix, self._world.clock.now())
        predictions = Predictions(self._world.storage, directory, len(spool))
        self._advance(JobState.JOB_STATE_RUNNING, directory, predictions.stats)
        with self._export_errors(predictions):
            Run(self._world, self._job, spool, predictions, self._stop).answer(self._fault.rows)
            if self._fault.never:
                self._stop.wait()
            end = planned_end(self._fault, cancelled=self._stop.is_set())
            if self._world.closing.is_set() or not end.output:
                predictions.abort()
            else:
                predictions.finish()
        return end

    def _advance(self, state: JobState, directory: str | None = None, stats: Stats | None = None) -> None:
        now = self._world.clock.now()

        def by(job: Job) -> Job:
            return msgspec.structs.replace(moved(job, state, now), output_directory=directory, stats=stats)

        self._world.book.advance(self._job.name, by)

    def _wait(self, seconds: float) -> None:
        if self._world.clock.wait(seconds, self._stop):
            raise CancelAskedError

    def _input(self) -> RowSpool:
        spec, storage = self._job.spec, self._world.storage
        buckets = [split_uri(uri)[0] for uri in (*spec.input_uris, spec.output_prefix)]
        try:
            for bucket in dict.fromkeys(buckets):
                storage.require_bucket(bucket)
            return imported(storage, spec.input_uris, self._world.settings)
        except BucketUnknownError as unknown:
            raise JobFailedError(texts.bucket_unknown(unknown.bucket)) from unknown
        except ImportRefusedError as refused:
            raise JobFailedError(texts.import_failed(str(refused))) from refused
        except AccessDeniedError as denied:
            doing = f"read {', '.join(spec.input_uris)}"
            raise JobFailedError(self._denied("storage.objects.get", doing)) from denied
        except StorageFailedError as failed:
            raise JobFailedError(texts.SYSTEM_ERROR) from failed

    @contextmanager
    def _export_errors(self, predictions: Predictions) -> Iterator[None]:
        try:
            yield
        except AccessDeniedError as denied:
            failure = self._denied("storage.objects.create", f"write {predictions.uri}")
            raise JobFailedError(failure) from denied
        except (StorageFailedError, BucketUnknownError) as failed:
            raise JobFailedError(texts.EXPORT_FAILED) from failed

    def _denied(self, permission: str, doing: str) -> Failure:
        project = self._job.name.split("/")[1]
        return texts.access_denied(project_number(project), permission, doing)
